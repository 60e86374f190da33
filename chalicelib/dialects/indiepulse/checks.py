"""/api/v1/monitors/{id}/checks: what each region found, or what a job sent; the newest first."""

from chalicelib.dialects.http import Answer, Visit
from chalicelib.dialects.indiepulse import manners, parse, render
from chalicelib.dialects.indiepulse.monitors import find
from chalicelib.services import history
from chalicelib.storage import rounds

MANNERS = manners.MANNERS


def checks(visit: Visit) -> Answer:
    """List one page of a monitor's results, or of its pings (R169-R172)."""
    page = parse.page_of(visit.request)
    monitor = find(visit)
    monitor_id = monitor.spec.monitor_id
    if monitor.spec.watch:
        rows, total = history.results(visit.tools, monitor, page.number, page.size, visit.now)
        data = [render.check(*row) for row in rows]
        return Answer(
            200, {"data": data, "meta": parse.meta(total, page) | {"retention_days": rounds.RETENTION.days}}
        )
    kept = visit.tools.pings.latest(monitor_id, monitor.state.n_pings, visit.caller.plan.pings_kept)
    data = [render.ping(monitor_id, ping) for ping in parse.part(kept, page)]
    return Answer(200, {"data": data, "meta": parse.meta(len(kept), page) | {"data_type": "heartbeat_pings"}})
