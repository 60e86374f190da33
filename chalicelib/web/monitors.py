"""/monitors/{id}: a monitor's page, which holds nothing but a script that asks our API."""

from chalicelib.core.errors import NotFound
from chalicelib.core.signals import CANONICAL_UUID
from chalicelib.dialects.http import Answer, Visit
from chalicelib.web.manners import ALIVE, manners
from chalicelib.web.pages import page

ROOT = "../"

MANNERS = manners("A monitor's page has the monitor's id at its end; this is none.", ROOT, ALIVE)


def monitor(visit: Visit) -> Answer:
    """Show the same page for every monitor, there or not: only a key opens what it shows (R214)."""
    monitor_id = visit.request.params["id"]
    if not CANONICAL_UUID.fullmatch(monitor_id.lower()):
        raise NotFound("no monitor's id")
    if visit.request.path.endswith("/"):
        return Answer(308, "", {"Location": f"../{monitor_id}"})  # from here ROOT would lead elsewhere
    return page("monitor.html.j2", ROOT)
