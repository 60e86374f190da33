"""/v1/audit: who changed what, for keys of organization level."""

from collections.abc import Mapping
from typing import Any

from chalicelib.core.audits import Entry
from chalicelib.core.errors import Invalid
from chalicelib.core.signals import CANONICAL_UUID
from chalicelib.dialects.haspulse import manners, parse
from chalicelib.dialects.http import Answer, Visit, iso_z
from chalicelib.services import auditing

MANNERS = manners.MANNERS
DEFAULT_LIMIT = 50
SPELLED = {  # our names of what was given, where a request here says otherwise
    "grace": "graceSeconds",
    "tells_recovery": "alertOnRecovery",
    "remind_every": "reminderIntervalHours",
    "channels": "channelIds",
    "desc": "description",
    "stage": "status",
    "monitors": "checkIds",
    "starts": "startsAt",
    "ends": "endsAt",
    "rrule": "recurrence",
}


def trail(visit: Visit) -> Answer:
    """List up to ?limit changes that are older than the entry ?before, the newest first."""
    limit = parse.number_in(visit.request, "limit", 1, parse.PAGE_LIMIT, DEFAULT_LIMIT)
    before = (visit.request.first("before") or "").lower()
    if before and not CANONICAL_UUID.fullmatch(before):
        raise Invalid("before", "must be the id of an entry")
    found = auditing.trail(visit.tools, visit.caller, before, limit + 1)
    following = found[limit - 1].entry_id if len(found) > limit else None
    return Answer(200, {"entries": [_shown(entry) for entry in found[:limit]], "next": following})


def _shown(shown: Entry) -> dict[str, Any]:
    return {
        "id": shown.entry_id,
        "at": iso_z(shown.at),
        "action": shown.action,
        "objectId": shown.object_id,
        "objectName": shown.object_name,
        "projectId": shown.project_id or None,
        "keyId": shown.key_id,
        "keyName": shown.key_name,
        "details": _spelled(shown.details),
    }


def _spelled(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return *details* with the fields that were given named as requests name them."""
    if "fields" not in details:
        return dict(details)
    return {**details, "fields": [SPELLED.get(field, field) for field in details["fields"]]}
