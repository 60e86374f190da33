"""How the StatusPulse dialect admits, refuses and answers."""

from datetime import datetime

from chalicelib.core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    InvalidFields,
    LimitReached,
    NotFound,
    Refusal,
    TooMany,
    Unauthorized,
    Unavailable,
)
from chalicelib.core.tenancy import Caller
from chalicelib.dialects.http import (
    Answer,
    Manners,
    Request,
    WrongMethod,
    open_to_browsers,
    patience,
    status_of,
)
from chalicelib.services import access
from chalicelib.storage.keys import Lane
from chalicelib.toolbox import Toolbox


class Stale(Conflict):
    """The request presumes a version that is no longer the present one."""


PRECONDITION_FAILED = 412
CODES: tuple[tuple[type[Exception], str], ...] = (
    (Invalid, "invalid_request"),
    (Unauthorized, "unauthorized"),
    (Forbidden, "forbidden"),
    (LimitReached, "limit_reached"),
    (NotFound, "not_found"),
    (WrongMethod, "method_not_allowed"),
    (Stale, "precondition_failed"),
    (Conflict, "conflict"),
    (TooMany, "rate_limited"),
    (Unavailable, "unavailable"),
)


def admit(tools: Toolbox, request: Request, now: datetime) -> Caller:
    """Let in who names a key in a header; never from the URL (R82, R83)."""
    try:
        return access.enter(tools, request.key, Lane.V1, now)
    except Unauthorized as error:
        raise Unauthorized("Invalid or missing API token") from error


def refuse(refusal: Exception, now: datetime) -> Answer:
    """Return a code, a sentence, and every field at fault (R86-R89, R126-R128)."""
    status = PRECONDITION_FAILED if isinstance(refusal, Stale) else status_of(refusal)
    code = next((code for kind, code in CODES if isinstance(refusal, kind)), "internal_error")
    message = sentence(refusal)
    details = [{"field": field, "message": reason} for field, reason in faults_of(refusal)]
    error = {"code": code, "message": message, "details": details}
    return Answer(status, {"error": error, "message": message}, patience(refusal, now))


def sentence(refusal: Exception) -> str:
    """Return the refusal's sentence, without what only an operator may know."""
    match refusal:
        case Invalid():
            return str(refusal)
        case Unavailable():
            return "Temporarily unavailable, please try again"
    text = str(refusal) if isinstance(refusal, Refusal) else "Something went wrong on our side"
    return text[:1].upper() + text[1:]


def faults_of(refusal: Exception) -> tuple[tuple[str, str], ...]:
    """Return (field, reason) of each value that *refusal* is about."""
    match refusal:
        case InvalidFields():
            return refusal.faults
        case Invalid():
            return ((refusal.field, refusal.reason),)
    return ()


MANNERS = Manners(admit, refuse, open_to_browsers)
