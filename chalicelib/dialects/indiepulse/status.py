"""/api/v1/status: the whole workspace at a glance."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from chalicelib.core.incidents import Incident
from chalicelib.core.monitors import Monitor
from chalicelib.core.status import Category
from chalicelib.dialects.http import Answer, Visit
from chalicelib.dialects.indiepulse import domains, manners, render
from chalicelib.services import incidents, watching

MANNERS = manners.MANNERS
ACTIVE = ("id", "type", "title", "status", "severity", "created_at")
SLOW = ("id", "type", "title", "status", "created_at")


def status(visit: Visit) -> Answer:
    """Count what is up, down and unknown, and name what goes on (R193-R197)."""
    found = watching.list_(visit.tools, visit.caller)
    probed = [monitor for monitor in found if monitor.spec.watch]
    beating = [monitor for monitor in found if not monitor.spec.watch]
    told = incidents.list_(visit.tools, visit.caller, only_open=True)
    active = _active(told, Category.INCIDENT, ACTIVE)
    slow = _active(told, Category.PERFORMANCE, SLOW)
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
        "domains": domains.summary(visit, [monitor.spec for monitor in found], told),
        "active_incidents": active,
        "active_performance_events": slow,
        "overall_status": "degraded" if active else "performance_degraded" if slow else "operational",
    }
    return Answer(200, {"data": data})


def _active(told: Iterable[Incident], category: Category, names: Iterable[str]) -> list[dict[str, Any]]:
    """Return what goes on of a *category*, each with the fields of *names* (R195)."""
    shown = (render.incident(one) for one in told if one.is_open and one.category is category)
    return [{name: one[name] for name in names} for one in shown]


def _state(visit: Visit, monitor: Monitor) -> str:
    return render.monitor_state(monitor, visit.now, in_maintenance=False)
