"""/api/v1/heartbeat/{token}: jobs say that they are well, or that they are not."""

from chalicelib.core.errors import NotFound
from chalicelib.dialects.arrivals import arrival
from chalicelib.dialects.http import Answer, Visit
from chalicelib.dialects.indiepulse import manners, parse
from chalicelib.services import pinging

MANNERS = manners.OPEN
MISSING = "Monitor not found"


def success(visit: Visit) -> Answer:
    """Take a success (R177, R178)."""
    monitor_id = _record(visit, "")
    # The steady road reads nothing: the name that the document promises costs one read of its own.
    name = visit.tools.monitors.load(monitor_id).spec.title
    return Answer(200, {"ok": True, "monitor_id": monitor_id, "name": name})


def fail(visit: Visit) -> Answer:
    """Take a failure, which opens an incident at once (R180, R181)."""
    return Answer(200, {"ok": True, "monitor_id": _record(visit, "fail"), "ping_type": "fail"})


def _record(visit: Visit, action: str) -> str:
    monitor_id = parse.id_of(visit.request, "token", MISSING)
    signal = arrival(visit.request, action, visit.tools.new_id())
    try:
        pinging.record(visit.tools, monitor_id, signal, visit.now)
    except NotFound as error:
        raise NotFound(MISSING) from error
    return monitor_id
