"""How our pages admit, refuse and are dressed."""

from collections.abc import Mapping
from datetime import datetime

from chalicelib.core.errors import Conflict, NotFound, Unavailable
from chalicelib.dialects.http import Answer, Manners, Request, WrongMethod, patience, status_of
from chalicelib.toolbox import Toolbox
from chalicelib.web.pages import page

DRESS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the address of a page may be a secret
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
STILL = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
ALIVE = f"{STILL}; script-src 'self'; connect-src 'self'"


def admit(tools: Toolbox, request: Request, now: datetime) -> None:
    """Let everybody in: a link is signed, and a page by itself tells nothing."""


def manners(missing: str, root: str, policy: str = STILL) -> Manners:
    """Return how pages behave that may do what the content security *policy* says.

    *missing* tells people that there is no such page; *root* leads from there to where our paths begin.
    """

    def refuse(refusal: Exception, now: datetime) -> Answer:
        heading, sentence = _told(refusal, missing)
        shown = page("told.html.j2", root, heading=heading, sentence=sentence)
        return shown._replace(status=status_of(refusal), headers=_all(shown.headers, patience(refusal, now)))

    def dress(_: tuple[str, ...]) -> dict[str, str]:
        return _all(DRESS, {"Content-Security-Policy": policy})

    return Manners(admit, refuse, dress)


def _told(refusal: Exception, missing: str) -> tuple[str, str]:
    """Return a heading and a sentence for people who know nothing of us."""
    match refusal:
        case NotFound():
            return "Not found", missing
        case WrongMethod():
            return "Not like this", "This address does not take such a request."
        case Conflict() | Unavailable():
            return "One moment, please", "That did not work just now. Please try again."
    return "Sorry", "Something went wrong on our side. Please try again later."


def _all(*headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for some in headers for name, value in some.items()}
