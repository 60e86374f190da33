"""Who changed what, when, by which key: noted after the change, readable for a key of organization level."""

import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.core.audits import Entry
from chalicelib.core.errors import Unavailable
from chalicelib.core.incidents import identify
from chalicelib.core.tenancy import Caller
from chalicelib.services import access
from chalicelib.toolbox import Toolbox

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Deed:
    """A change: *action* is what was changed and how, as `check.paused`; *details* hold no values."""

    action: str
    object_id: str
    object_name: str = ""
    project_id: str = ""
    details: dict[str, Any] = field(default_factory=dict)


def note(tools: Toolbox, caller: Caller, deed: Deed, now: datetime) -> None:
    """Add *deed* to the trail of the caller's organization.

    The change is made by now: where the trail does not answer, the log keeps the line instead.
    """
    entry = Entry(
        identify(now, tools.new_id()),
        caller.key.organization_id,
        deed.project_id,
        now,
        caller.key.key_id,
        caller.key.name,
        deed.action,
        deed.object_id,
        deed.object_name,
        deed.details,
    )
    try:
        tools.audits.add(entry)
    except Unavailable:
        log.error(  # noqa: TRY400  the fault is told elsewhere
            "not in the audit trail: %s",
            entry,
            extra={"organization_id": entry.organization_id, "project_id": entry.project_id},
        )


def trail(tools: Toolbox, caller: Caller, before: str, limit: int) -> list[Entry]:
    """Return up to *limit* changes older than the entry *before* ("" for the newest), the newest first.

    Raises Forbidden for a key of project level.
    """
    access.require_organization(caller)
    return tools.audits.before(caller.key.organization_id, before, limit)
