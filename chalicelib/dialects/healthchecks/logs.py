"""The Management API v3: what a check has been through, its pings and its flips."""

from datetime import UTC, datetime, timedelta

from chalicelib.core.errors import Invalid, NotFound
from chalicelib.core.runs import durations
from chalicelib.core.status import Status
from chalicelib.dialects.healthchecks import manners, render
from chalicelib.dialects.healthchecks.manners import find, writable
from chalicelib.dialects.http import Answer, Visit
from chalicelib.services import reporting

MANNERS = manners.MANNERS
LONGEST = 31_536_000  # seconds back: a year
LATEST = 10_000_000_000  # seconds since 1970
DIGITS = 11  # more are too large, whatever they say
HIGHEST_N = 10**15


def pings(visit: Visit) -> Answer:
    """List the newest pings of one check (R340-R347)."""
    code = writable(visit)
    found = reporting.pings(visit.tools, visit.caller, code)
    took = durations(found)
    return Answer(200, {"pings": [render.ping(ping, took.get(ping.n), visit.site) for ping in found]})


def body(visit: Visit) -> Answer:
    """Return the body of one ping, byte for byte (R348-R350)."""
    code, n = writable(visit), visit.request.params["n"]
    if not (n.isascii() and n.isdigit() and len(n) < len(str(HIGHEST_N))):
        raise NotFound("Ping not found")
    kept = reporting.ping_body(visit.tools, visit.caller, code, int(n))
    return Answer(200, kept, {"Content-Type": "text/plain"})


def flips(visit: Visit) -> Answer:
    """List when one check went up and down (R351-R358)."""
    monitor = find(visit)
    start, end = _span(visit)
    found = reporting.flips(visit.tools, monitor, start, end, visit.now)
    return Answer(200, [render.flip(flip.at, is_up=flip.new is Status.UP) for flip in found])


def _span(visit: Visit) -> tuple[datetime | None, datetime | None]:
    """Return from when up to when flips are asked for; `start` is inclusive, `end` is not (R353-R356)."""
    seconds = _number(visit, "seconds", LONGEST) if visit.request.first("seconds") else None
    start, end = _number(visit, "start", LATEST), _number(visit, "end", LATEST)
    beginnings = [datetime.fromtimestamp(start, UTC)] if start is not None else []
    if seconds:
        beginnings.append(visit.now - timedelta(seconds=seconds))
    return max(beginnings, default=None), None if end is None else datetime.fromtimestamp(end, UTC)


def _number(visit: Visit, name: str, highest: int) -> int | None:
    text = visit.request.first(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS) or int(text) > highest:
        raise Invalid("", f"{name} is not a number from 0 to {highest}")
    return int(text)
