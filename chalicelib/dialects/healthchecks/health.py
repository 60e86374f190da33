"""The Management API v3: whether the database answers; asked without a key."""

from datetime import datetime

from chalicelib.core.errors import Unavailable
from chalicelib.dialects.healthchecks import manners
from chalicelib.dialects.http import Answer, Manners, Request, Visit
from chalicelib.toolbox import Toolbox


def admit(tools: Toolbox, request: Request, now: datetime) -> None:
    """Let everybody in."""


MANNERS = Manners(admit, manners.refuse, manners.dress)


def status(visit: Visit) -> Answer:
    """Ask the database something small (R370, R371)."""
    try:
        visit.tools.ticks.outages(visit.now)
    except Unavailable:
        return Answer(500, "the database does not answer", {"Content-Type": "text/plain"})
    return Answer(200, "OK", {"Content-Type": "text/plain"})
