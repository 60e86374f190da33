"""How the Haspulse dialect admits, refuses and answers."""

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

CODES: tuple[tuple[type[Exception], str], ...] = (
    (Invalid, "BAD_REQUEST"),
    (Unauthorized, "UNAUTHORIZED"),
    (Forbidden, "FORBIDDEN"),
    (LimitReached, "LIMIT_EXCEEDED"),
    (NotFound, "NOT_FOUND"),
    (WrongMethod, "METHOD_NOT_ALLOWED"),
    (Conflict, "CONFLICT"),
    (TooMany, "RATE_LIMITED"),
    (Unavailable, "UNAVAILABLE"),
)


def admit(tools: Toolbox, request: Request, now: datetime) -> Caller:
    """Let in who names a key in a header; never from the URL (R1-R5)."""
    try:
        return access.enter(tools, request.key, Lane.V1, now)
    except Unauthorized as error:
        raise Unauthorized("Invalid or missing API key") from error


def refuse(refusal: Exception, now: datetime) -> Answer:
    """Return an upper-case code and a human sentence (R71-R77)."""
    for kind, code in CODES:
        if isinstance(refusal, kind):
            told = {"error": code, "message": sentence(refusal)}
            return Answer(status_of(refusal), told, patience(refusal, now))
    return Answer(500, {"error": "INTERNAL_ERROR", "message": "Something went wrong on our side"})


def sentence(refusal: Exception) -> str:
    """Return the refusal's sentence, without what only an operator may know.

    One about a field begins with the field's name, letter by letter: clients look for it.
    """
    if isinstance(refusal, Invalid) and refusal.field:
        return str(refusal)
    if isinstance(refusal, Unavailable):
        return "Temporarily unavailable, please try again"
    text = str(refusal)
    return text[:1].upper() + text[1:]


MANNERS = Manners(admit, refuse, open_to_browsers)
