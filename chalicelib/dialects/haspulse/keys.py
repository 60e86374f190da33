"""/v1/api-keys: the keys of a project, or of a whole organization; each secret is shown once."""

from typing import Any

from chalicelib.core.errors import Invalid
from chalicelib.core.tenancy import ApiKey, Caller, Level, Permission
from chalicelib.dialects.haspulse import fields, manners, parse
from chalicelib.dialects.http import Answer, Visit, iso_z
from chalicelib.services import access
from chalicelib.services import keys as services
from chalicelib.services.keys import PREFIXES, KeyWish

MANNERS = manners.MANNERS


class NewKey(parse.Form, frozen=True):
    """POST /v1/api-keys (R68)."""

    name: str
    permission: str | None = None
    level: str | None = None
    project_id: str | None = None
    style: str | None = None

    def check(self) -> None:
        """Raise Invalid for a name that cannot be shown, and for a style that there is not."""
        parse.check_name(self.name)
        if self.style is not None and self.style not in PREFIXES:
            raise Invalid("style", f"must be one of {', '.join(PREFIXES)}")

    @property
    def wish(self) -> KeyWish:
        """What the key is to be; raises Invalid."""
        permission = fields.one_of(Permission, self.permission, "permission") or Permission.WRITE
        level = fields.one_of(Level, self.level, "level") or Level.PROJECT
        if level is Level.ORGANIZATION and self.project_id is not None:
            raise Invalid("projectId", "does not go with level ORGANIZATION")
        return KeyWish(self.name, services.prefix_of(self.style or "haspulse", permission), level, permission)


def keys(visit: Visit) -> Answer:
    """List the keys, without their secrets, or issue one (R8, R67, R68)."""
    if visit.request.method == "GET":
        found = services.list_(visit.tools, visit.caller)
        return Answer(200, {"apiKeys": [_shown(key) for key in found]})
    form = parse.read(visit.request.body, NewKey)
    wish = form.wish
    made = services.create(visit.tools, _acting(visit, form.project_id), wish, visit.now)
    return Answer(201, {"apiKey": _shown(made.key), "fullKey": made.secret})


def key(visit: Visit) -> Answer:
    """Take one key back, the one in use as well as any other (R69, R70)."""
    services.revoke(visit.tools, visit.caller, parse.id_of(visit, services.MISSING), visit.now)
    return Answer(204)


def _acting(visit: Visit, project_id: str | None) -> Caller:
    """Return the caller, acting in the project that the form names."""
    if project_id is None:
        return visit.caller
    if not project_id:
        raise Invalid("projectId", "must be the id of a project")
    return access.acting_in(visit.tools, visit.caller, project_id.lower())


def _shown(shown: ApiKey) -> dict[str, Any]:
    return {
        "id": shown.key_id,
        "projectId": shown.project_id or None,
        "name": shown.name,
        "keyPrefix": shown.prefix,
        "level": shown.level.name,
        "permission": shown.permission.name,
        "lastUsedAt": iso_z(shown.last_used),
        "createdAt": iso_z(shown.created),
    }
