"""How the IndiePulse dialect admits, refuses and answers."""

from datetime import datetime

from chalicelib.core.errors import Forbidden, Invalid, Refusal, TooMany, Unauthorized, Unavailable
from chalicelib.core.tenancy import Caller
from chalicelib.dialects.http import Answer, Manners, Request, open_to_browsers, patience, status_of
from chalicelib.services import access
from chalicelib.storage.keys import Lane
from chalicelib.toolbox import Toolbox


def admit(tools: Toolbox, request: Request, now: datetime) -> Caller:
    """Let in who names a key of a plan that has this API; never from the URL (R130-R134)."""
    caller = access.enter(tools, request.key, Lane.V1, now)
    if not caller.plan.indie:
        raise Forbidden("API key is suspended: the plan does not include this API")
    return caller


def refuse(refusal: Exception, now: datetime) -> Answer:
    """Return one sentence under `error` (R217)."""
    return Answer(status_of(refusal), {"error": sentence(refusal)}, patience(refusal, now))


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
    text = str(refusal) if isinstance(refusal, Refusal) else "Internal server error"
    return text[:1].upper() + text[1:]


def admit_anyone(tools: Toolbox, request: Request, now: datetime) -> None:
    """Let everybody in: the token is the secret (R143, R177)."""


MANNERS = Manners(admit, refuse, open_to_browsers)
OPEN = Manners(admit_anyone, refuse, open_to_browsers)
