"""How the IndiePulse dialect admits, refuses and answers."""

from datetime import datetime

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
from chalicelib.core.tenancy import Caller
from chalicelib.dialects.http import Answer, Manners, Request, WrongMethod, open_to_browsers, patience
from chalicelib.services import access
from chalicelib.storage.keys import Lane
from chalicelib.toolbox import Toolbox

STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (Invalid, 400),
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
    """Let in who names a key of a plan that has this API; never from the URL (R130-R134)."""
    caller = access.enter(tools, request.key, Lane.V1, now)
    if not caller.plan.indie:
        raise Forbidden("API key is suspended: the plan does not include this API")
    return caller


def refuse(refusal: Exception, now: datetime) -> Answer:
    """Return one sentence under `error` (R217)."""
    for kind, status in STATUSES:
        if isinstance(refusal, kind):
            return Answer(status, {"error": sentence(refusal)}, patience(refusal, now))
    return Answer(500, {"error": "Internal server error"})


def sentence(refusal: Exception) -> str:
    """Return the document's own words where it has some (R131, R132, R142), else the refusal's."""
    match refusal:
        case Unauthorized():
            return "Invalid API key"
        case TooMany():
            return "Rate limit exceeded, please try again later"
        case Unavailable():
            return "Temporarily unavailable, please try again"
        case Invalid():
            return str(refusal)
    text = str(refusal)
    return text[:1].upper() + text[1:]


def admit_anyone(tools: Toolbox, request: Request, now: datetime) -> None:
    """Let everybody in: the token is the secret (R143, R177)."""


MANNERS = Manners(admit, refuse, open_to_browsers)
OPEN = Manners(admit_anyone, refuse, open_to_browsers)
