"""/api/v1/monitors: what is watched, and how its last day was."""

from typing import Any

from chalicelib.core.errors import Forbidden, NotFound
from chalicelib.core.monitors import Monitor
from chalicelib.dialects.http import Answer, Visit
from chalicelib.dialects.indiepulse import manners, parse, render
from chalicelib.services import access, last_day, listing

MANNERS = manners.MANNERS
MISSING = "Monitor not found"


def monitors(visit: Visit) -> Answer:
    """List the workspace's monitors, in the order of their creation (R160-R164)."""
    page = parse.page_of(visit.request)
    found = listing.specs(visit.tools, visit.caller)
    shown = visit.tools.monitors.with_states(list(parse.part(found, page)))
    maintained = listing.maintained(visit.tools, [monitor.spec for monitor in shown], visit.now)
    data = [render.monitor(one, visit.now, in_maintenance=one.spec.monitor_id in maintained) for one in shown]
    return Answer(200, {"data": data, "meta": parse.meta(len(found), page)})


def monitor(visit: Visit) -> Answer:
    """Show one monitor with what its last 24 hours came to (R165-R168)."""
    found = find(visit)
    is_maintained = bool(listing.maintained(visit.tools, [found.spec], visit.now))
    shown = render.monitor(found, visit.now, in_maintenance=is_maintained)
    return Answer(200, {"data": shown | {"stats_24h": _stats(visit, found)}})


def _stats(visit: Visit, monitor: Monitor) -> dict[str, Any]:
    if monitor.spec.watch:
        return render.probed(last_day.of_probes(visit.tools, monitor, visit.now))
    kept = visit.caller.plan.pings_kept
    return render.pinged(last_day.of_pings(visit.tools, monitor, kept, visit.now))


def find(visit: Visit) -> Monitor:
    """Return the monitor in the path; anybody else's is not found (R135, R168)."""
    try:
        return access.own(visit.tools, visit.caller, parse.id_of(visit.request, "id", MISSING))
    except (Forbidden, NotFound) as error:
        raise NotFound(MISSING) from error
