"""How the Hooklistener dialect admits, refuses and answers, and what its views share."""

from datetime import datetime
from typing import Any

from chalicelib.core.errors import Forbidden, Invalid, NotFound, Refusal, Unauthorized, Unavailable
from chalicelib.core.monitors import Monitor
from chalicelib.core.tenancy import Caller
from chalicelib.dialects import ids
from chalicelib.dialects.hooklistener import watches
from chalicelib.dialects.hooklistener.parse import Malformed
from chalicelib.dialects.http import (
    Answer,
    Manners,
    Request,
    Visit,
    open_to_browsers,
    patience,
    status_of,
)
from chalicelib.services import access
from chalicelib.storage.keys import Lane
from chalicelib.toolbox import Toolbox

UNPROCESSABLE = 422


def admit(tools: Toolbox, request: Request, now: datetime) -> Caller:
    """Let in who names a key in a header; never from the URL (R219, R220)."""
    return access.enter(tools, request.key, Lane.V1, now)


def refuse(refusal: Exception, now: datetime) -> Answer:
    """Return one sentence under `error`; about a value, also which field it is and why (R220, R224, R239)."""
    is_of_a_value = isinstance(refusal, Invalid) and not isinstance(refusal, Malformed)
    status = UNPROCESSABLE if is_of_a_value else status_of(refusal)
    return Answer(status, told(refusal), patience(refusal, now))


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
    sentence = str(refusal) if isinstance(refusal, Refusal) else "Internal server error"
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
