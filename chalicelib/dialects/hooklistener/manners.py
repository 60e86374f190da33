"""How the Hooklistener dialect admits, refuses and answers, and what its views share."""

from datetime import datetime
from typing import Any

from chalicelib.core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    LimitReached,
    NotFound,
    TooMany,
    Unauthorized,
    Unavailable,
)
from chalicelib.core.monitors import Monitor
from chalicelib.core.tenancy import Caller
from chalicelib.dialects import ids
from chalicelib.dialects.hooklistener import watches
from chalicelib.dialects.hooklistener.parse import Malformed
from chalicelib.dialects.http import Answer, Manners, Request, Visit, WrongMethod, open_to_browsers, patience
from chalicelib.services import access
from chalicelib.storage.keys import Lane
from chalicelib.toolbox import Toolbox

STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (Malformed, 400),
    (Invalid, 422),
    (Unauthorized, 401),
    (Forbidden, 403),
    (LimitReached, 403),
    (NotFound, 404),
    (WrongMethod, 405),
    (Conflict, 409),
    (TooMany, 429),
    (Unavailable, 503),
)


def admit(tools: Toolbox, request: Request, now: datetime) -> Caller:
    """Let in who names a key in a header; never from the URL (R219, R220)."""
    return access.enter(tools, request.key, Lane.V1, now)


def refuse(refusal: Exception, now: datetime) -> Answer:
    """Return one sentence under `error`; about a value, also which field it is and why (R220, R224, R239)."""
    for kind, status in STATUSES:
        if isinstance(refusal, kind):
            return Answer(status, told(refusal), patience(refusal, now))
    return Answer(500, {"error": "Internal server error"})


def told(refusal: Exception) -> dict[str, Any]:
    """Return the refusal's own words, or the document's; not what only an operator may know."""
    match refusal:
        case Invalid():
            return {"error": str(refusal), "field": refusal.field, "reason": refusal.reason}
        case Unauthorized():
            return {"error": "Authentication required"}
        case NotFound():
            return {"error": "Not found"}
        case Unavailable():
            return {"error": "Temporarily unavailable, please try again"}
    sentence = str(refusal)
    return {"error": sentence[:1].upper() + sentence[1:]}


MANNERS = Manners(admit, refuse, open_to_browsers)


def find(visit: Visit) -> Monitor:
    """Return the caller's HTTP monitor; anybody else's, and any other kind, is not found (R222, R239)."""
    try:
        found = access.own(visit.tools, visit.caller, ids.read(ids.MONITOR, visit.request.params["id"]))
    except Forbidden as error:
        raise NotFound("Not found") from error
    watches.http_of(found.spec)
    return found
