"""A signal arrives: it is counted, logged, and acknowledged only when both are durable."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.metrics import Metric
from chalicelib.core.signals import Action, Arrival, Ping, minute_of
from chalicelib.toolbox import Toolbox

REMEMBERED = 10_000  # monitors whose last minute a warm process keeps in mind


def record(tools: Toolbox, monitor_id: str, arrival: Arrival, now: datetime) -> None:
    """Take one signal; raises NotFound, and TooMany past 1,000 a minute.

    A plain success on a monitor that is up takes the steady road: one update and one put, no read.
    """
    if arrival.action is Action.SUCCESS:
        n = _count_steady(tools, monitor_id, arrival, now)
        if n:
            tools.pings.record(Ping(monitor_id, n, now, arrival.action, arrival))
            tools.measure(Metric.PINGS)
            return
    from chalicelib.services.receiving import take

    take(tools, monitor_id, arrival, now)


@dataclass(frozen=True, slots=True)
class SlugAddress:
    """Where a signal goes that names a project's key and a slug; *create* makes what is not there yet."""

    ping_key: str
    slug: str
    create: bool = False


def record_by_slug(tools: Toolbox, to: SlugAddress, arrival: Arrival, now: datetime) -> bool:
    """Take one signal for the monitor that carries a slug; return whether it had to be created first.

    Raises NotFound, Conflict for a slug that several monitors carry, and TooMany (R375).
    """
    project = tools.projects.of_ping_key(to.ping_key)
    found = tools.monitors.with_slug(project.project_id, to.slug)
    if len(found) > 1:
        raise Conflict("ambiguous slug")
    if found:
        record(tools, found[0], arrival, now)
        return False
    if not to.create:
        raise NotFound("Check not found")
    from chalicelib.services.watching import provision

    monitor_id, is_new = provision(tools, project, to.slug, now)
    record(tools, monitor_id, arrival, now)
    return is_new


def _count_steady(tools: Toolbox, monitor_id: str, arrival: Arrival, now: datetime) -> int:
    """Return the number of a plain success, or 0 where it is not so plain and must be decided."""
    minute = minute_of(now)
    same_minute = tools.minutes_seen.get(monitor_id) == minute
    try:
        n = tools.states.count_steady(monitor_id, arrival.arrival_id, now, same_minute=same_minute)
    except Conflict:
        return 0
    finally:
        if len(tools.minutes_seen) > REMEMBERED:
            tools.minutes_seen.clear()
        tools.minutes_seen[monitor_id] = minute
    return n
