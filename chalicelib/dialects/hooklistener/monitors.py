"""/api/v1/uptime-monitors: URLs that are watched."""

from chalicelib.core.status import Kind
from chalicelib.dialects.hooklistener import manners, parse, render, watches
from chalicelib.dialects.hooklistener.manners import find
from chalicelib.dialects.http import Answer, Visit
from chalicelib.services import access, watching

MANNERS = manners.MANNERS
HTTP = frozenset({Kind.HTTP})


def monitors(visit: Visit) -> Answer:
    """List the HTTP monitors, or create one (R221-R237, R247)."""
    if visit.request.method == "GET":
        found = watching.list_(visit.tools, visit.caller, kinds=HTTP)
        return Answer(200, {"data": [render.monitor(monitor) for monitor in found]})
    access.require_write(visit.caller)  # 403 comes before 422
    wish = watches.creation(_given(visit, parse.NewMonitor))
    made = watching.create(visit.tools, visit.caller, wish, visit.now)
    return Answer(201, {"data": render.monitor(made)})


def monitor(visit: Visit) -> Answer:
    """Show, change or delete one monitor (R238-R241)."""
    if visit.request.method == "GET":
        return Answer(200, {"data": render.monitor(find(visit))})
    access.require_write(visit.caller)
    monitor_id = find(visit).spec.monitor_id  # 404 comes before 422
    if visit.request.method == "DELETE":
        watching.delete(visit.tools, visit.caller, monitor_id, visit.now)
        return Answer(204)
    wish = watches.change(_given(visit, parse.MonitorChanges))
    changed = watching.amend(visit.tools, visit.caller, monitor_id, wish, visit.now)
    return Answer(200, {"data": render.monitor(changed)})


def _given(visit: Visit, kind: type[parse.NewMonitor | parse.MonitorChanges]) -> dict[str, object]:
    return parse.given(visit.request.body, kind, allow_private=visit.tools.settings.allow_private_targets)
