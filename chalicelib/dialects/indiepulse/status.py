"""/api/v1/status: the whole workspace at a glance."""

from collections import Counter

from chalicelib.core.monitors import Monitor
from chalicelib.dialects.http import Answer, Visit
from chalicelib.dialects.indiepulse import manners, render
from chalicelib.services import incidents, watching

MANNERS = manners.MANNERS
OF_INCIDENTS = ("id", "type", "title", "status", "severity", "created_at")


def status(visit: Visit) -> Answer:
    """Count what is up, down and unknown, and name what goes on (R193-R197)."""
    found = watching.list_(visit.tools, visit.caller)
    probed = [monitor for monitor in found if monitor.spec.watch]
    beating = [monitor for monitor in found if not monitor.spec.watch]
    active = [render.incident(one) for one in incidents.list_(visit.tools, visit.caller) if one.is_open]
    states = Counter(_state(visit, monitor) for monitor in probed)
    beats = Counter(_state(visit, monitor) for monitor in beating)
    data = {
        "monitors": {
            "total": len(probed),
            "up": states["UP"] + states["INVESTIGATING"],
            "down": states["DOWN"] + states["RECOVERING"],
            "unknown": states["PENDING"] + states["PAUSED"],
        },
        "heartbeats": {
            "total": len(beating),
            "healthy": beats["UP"] + beats["INVESTIGATING"],
            "missed": beats["DOWN"],
        },
        "active_incidents": [{name: one[name] for name in OF_INCIDENTS} for one in active],
        "active_performance_events": [],
        "overall_status": "degraded" if active else "operational",
    }
    return Answer(200, {"data": data})


def _state(visit: Visit, monitor: Monitor) -> str:
    return render.monitor_state(monitor, visit.now, in_maintenance=False)
