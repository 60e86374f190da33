"""How the Management API v3 admits, refuses and answers, and what its views share."""

import re
from datetime import datetime
from typing import Any

from chalicelib.core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    LimitReached,
    NotFound,
    Refusal,
    TooMany,
    Unauthorized,
    Unavailable,
)
from chalicelib.core.monitors import Monitor
from chalicelib.core.tenancy import Caller
from chalicelib.dialects import ids
from chalicelib.dialects.healthchecks import parse, render
from chalicelib.dialects.http import Answer, Manners, Request, Visit, WrongMethod, patience
from chalicelib.services import access
from chalicelib.storage.keys import Lane
from chalicelib.toolbox import Toolbox

KEY_LENGTH = 32
UNIQUE_KEY = re.compile(r"[0-9a-f]{40}")


def admit(tools: Toolbox, request: Request, now: datetime) -> Caller:
    """Let in who names a key in a header, or in the body of a POST; the header wins (R249-R253)."""
    given = parse.document(request.body).get("api_key") if request.method == "POST" else None
    secret = request.key or (given if isinstance(given, str) else "")
    if len(secret) != KEY_LENGTH:
        raise Unauthorized("missing api key")
    try:
        return access.enter(tools, secret, Lane.V3, now)
    except Unauthorized as error:
        raise Unauthorized("wrong api key") from error


STATUSES: dict[type[Exception], int] = {
    Invalid: 400,
    Unauthorized: 401,
    Forbidden: 403,
    LimitReached: 403,
    NotFound: 404,
    WrongMethod: 405,
    Conflict: 409,
    TooMany: 429,
    Unavailable: 503,
}


def refuse(refusal: Exception, now: datetime) -> Answer:
    """Return Healthchecks' own answers: one sentence under `error`; 403 and 405 are empty (R252, R320)."""
    status = STATUSES.get(type(refusal), 500)
    match refusal:
        case Forbidden() | LimitReached() | WrongMethod():
            return Answer(status)
        case Conflict():
            return Answer(status, str(refusal))
        case Invalid() | Unauthorized() | NotFound() | TooMany():
            return Answer(status, {"error": sentence(refusal)}, patience(refusal, now))
        case Unavailable():
            return Answer(status, {"error": "temporarily unavailable"}, patience(refusal, now))
    return Answer(status, {"error": "internal error"})


def sentence(refusal: Refusal) -> str:
    """Return the documented sentence about a field, or the refusal's own."""
    if isinstance(refusal, NotFound):
        return "not found"
    if isinstance(refusal, Invalid):
        return f"json validation error: {refusal}" if refusal.field else refusal.reason
    return str(refusal)


def dress(methods: tuple[str, ...]) -> dict[str, str]:
    """Return the CORS headers of every answer, errors included."""
    return {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Headers": "X-Api-Key",
        "Access-Control-Allow-Methods": ", ".join((*methods, "OPTIONS")),
        "Access-Control-Max-Age": "600",
    }


MANNERS = Manners(admit, refuse, dress)


def find(visit: Visit) -> Monitor:
    """Return the check by its id, or by the unique key that read-only keys are shown (R278, R279)."""
    code = visit.request.params["code"]
    if UNIQUE_KEY.fullmatch(code):
        return access.own_by_unique_key(visit.tools, visit.caller, code)
    return access.own(visit.tools, visit.caller, canonical(code))


def writable(visit: Visit) -> str:
    """Return the id of the check that the caller wants to change; raises as Healthchecks does (R258)."""
    require_write(visit)
    return canonical(visit.request.params["code"])


def require_write(visit: Visit) -> None:
    """Raise what Healthchecks answers to a read-only key that wants more (R258)."""
    if not visit.caller.may_write:
        raise Unauthorized("wrong api key")


def canonical(code: str) -> str:
    """Return the id that *code* is, or spells as other dialects do; raises NotFound."""
    return ids.read(ids.MONITOR, code)


def shown(visit: Visit, monitor: Monitor) -> dict[str, Any]:
    """Return *monitor* as the caller may see it."""
    place = render.Place(visit.site, visit.ping_site, visit.tools.settings.mail_domain)
    return render.check(monitor, place, visit.now, readonly=not visit.caller.may_write)
