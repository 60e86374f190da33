"""People issue keys, and take them back."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.core.errors import Conflict, LimitReached, NotFound
from chalicelib.core.tenancy import PLANS, ApiKey, Caller, Level, Organization, Permission, hash_secret
from chalicelib.services import access
from chalicelib.services.auditing import Deed, note
from chalicelib.toolbox import Toolbox

SECRET_LENGTH = 32  # of every key, prefix included: Healthchecks' clients check it (R252)
SHOWN = 4  # letters past its prefix that lists show
TRIES = 25
PREFIXES = {  # what the keys of each product begin with, so that people know them again; any key opens all
    "haspulse": "hp_",
    "statuspulse": "sk_live_",
    "indiepulse": "ip_live_",
    "hooklistener": "hklst_",
    "healthchecks": "hcw_",
}
READ_PREFIXES = {"healthchecks": "hcr_"}
MISSING = "API key not found"


def prefix_of(style: str, permission: Permission) -> str:
    """Return what a key begins with that is made in the *style* of a product, one of PREFIXES."""
    reading = READ_PREFIXES.get(style) if permission is Permission.READ else None
    return reading or PREFIXES[style]


@dataclass(frozen=True, slots=True)
class KeyWish:
    """What a new key is to be; *prefix* tells people which dialect it was made for."""

    name: str
    prefix: str = "hp_"
    level: Level = Level.PROJECT
    permission: Permission = Permission.WRITE


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key, and the secret that nobody can read again."""

    key: ApiKey
    secret: str


def list_(tools: Toolbox, caller: Caller) -> list[ApiKey]:
    """Return the keys that *caller* manages: its project's, or all of its organization (R67)."""
    owners = access.reach(tools, caller)
    if caller.is_wide:
        owners = [caller.key.organization_id, *owners]
    return [key for owner in owners for key in tools.keys.of_owner(owner)]


def create(tools: Toolbox, caller: Caller, wish: KeyWish, now: datetime) -> NewKey:
    """Issue a key for the project that *caller* acts in, or for its organization (R8, R68).

    Raises Forbidden for a wider key than the caller's own, and LimitReached past the plan's.
    """
    access.require_write(caller)
    if wish.level is Level.ORGANIZATION:
        access.require_organization(caller)
    organization = tools.organizations.find(caller.key.organization_id)
    project_id = "" if wish.level is Level.ORGANIZATION else caller.project_id
    made = issue(tools, organization, project_id, wish, now)
    note(tools, caller, _deed("created", made.key), now)
    return made


def revoke(tools: Toolbox, caller: Caller, key_id: str, now: datetime) -> None:
    """Take a key back: the next call with it is refused; a key may revoke itself (R69).

    Raises NotFound, also for the keys of others.
    """
    access.require_write(caller)
    # Its own key is in the caller's hand; a list may not show yet what was issued this very second.
    known = [caller.key] if key_id == caller.key.key_id else list_(tools, caller)
    found = next((key for key in known if key.key_id == key_id), None)
    if found is None:
        raise NotFound(MISSING)
    tools.keys.revoke(found)
    note(tools, caller, _deed("revoked", found), now)


def issue(
    tools: Toolbox, organization: Organization, project_id: str, wish: KeyWish, now: datetime
) -> NewKey:
    """Store a new key; raises LimitReached past the plan's, NotFound where its project is gone."""
    secret = wish.prefix + tools.new_secret(SECRET_LENGTH - len(wish.prefix))
    key = ApiKey(
        hash_secret(secret),
        tools.new_id(),
        organization.organization_id,
        project_id,
        wish.name,
        secret[: len(wish.prefix) + SHOWN],
        wish.level,
        wish.permission,
        organization.plan,
        now,
    )
    limit = PLANS[organization.plan].keys
    for attempt in range(TRIES):
        try:
            tools.keys.issue(key, limit)
        except Conflict:
            if tools.organizations.find(organization.organization_id).n_keys >= limit:
                raise LimitReached("the plan allows no more API keys") from None
            if project_id:
                tools.projects.find(project_id)
            tools.back_off(attempt)
        else:
            return NewKey(key, secret)
    raise Conflict("too many others create keys at the moment")


def _deed(what: str, key: ApiKey) -> Deed:
    return Deed(f"api_key.{what}", key.key_id, key.name, key.project_id)
