"""/api/v1/uptime-monitors/{id}/checks: what the rounds of a monitor found."""

from chalicelib.dialects.hooklistener import manners, parse, render
from chalicelib.dialects.hooklistener.manners import find
from chalicelib.dialects.http import Answer, Visit
from chalicelib.services import history

MANNERS = manners.MANNERS


def checks(visit: Visit) -> Answer:
    """List what the rounds of one monitor found, the newest first (R242-R244)."""
    monitor = find(visit)
    page, size = parse.page(visit.request)
    rounds, total = history.page(visit.tools, monitor, page, size, visit.now)
    rows = [render.check(shown) for shown in rounds]
    return Answer(200, {"data": rows, "page": page, "page_size": size, "total": total})
