"""Once a week, what it came to: told to the channels that ask for it (R209)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.core.alerts import Alert, Reason
from chalicelib.core.errors import NotFound
from chalicelib.core.incidents import Incident
from chalicelib.core.monitors import Monitor
from chalicelib.core.rollups import Grain
from chalicelib.core.spans import Span
from chalicelib.core.status import Category, Status
from chalicelib.core.summaries import iso_seconds
from chalicelib.messages import DeliveryNotice, from_text, to_text
from chalicelib.services import history
from chalicelib.storage.deliveries import Delivery
from chalicelib.toolbox import Toolbox

WEEK = timedelta(days=7)
MONDAY = 0
HOURS = range(8, 12)  # UTC; the first of them sends it, the others see to what was missed
MOST_SHOWN = 20
MOST_ASKED = 100  # monitors, each of which costs three Queries


def tick(tools: Toolbox, now: datetime) -> None:
    """Queue, on Mondays, the digest of the week that ended at midnight; again, it queues no second one."""
    if now.weekday() != MONDAY or now.hour not in HOURS:
        return
    ended = to_text(Grain.DAY.floor(now))
    notices = []
    for project_id, channel_id in tools.channels.subscribers():
        story = f"digest#{project_id}#{ended}"
        try:
            tools.channels.find(project_id, channel_id)
        except NotFound:
            tools.channels.unsubscribe(project_id, channel_id)  # it went with its project
            continue
        tools.deliveries.queue(Delivery(story, channel_id, now, str(Reason.DIGEST)))
        notices.append(DeliveryNotice(story, project_id, channel_id))
    tools.queues.deliver(notices)


def of_week(tools: Toolbox, blank: Alert, key: tuple[str, str], now: datetime) -> Alert:
    """Return what a project's week came to; *key* is the project's id, and when the week ended."""
    project_id, ended = key[0], from_text(key[1])
    week = Span(ended - WEEK, ended)
    monitors = tools.monitors.of_project(project_id)
    told = [
        incident
        for incident in tools.incidents.of_project(project_id)
        if not incident.held and _overlap(incident, week, now)
    ]
    down = [incident for incident in told if incident.category is Category.INCIDENT]
    ailing = _uptimes(tools, monitors, {incident.monitor_id for incident in down}, week, now)
    figures = {
        "period_start": iso_seconds(week.start),
        "period_end": iso_seconds(week.end),
        "monitors": len(monitors),
        "monitors_by_status": _counts(monitors),
        "uptime_percent": _average(ailing, len(monitors)),
        "downtime_seconds": sum(_seconds(incident, week, now) for incident in down),
        "incidents": len(down),
        "longest_incidents": _longest(down, week, now),
        "performance_events": sum(incident.category is Category.PERFORMANCE for incident in told),
        "least_available": ailing[:MOST_SHOWN],
        "expiring_domains": [one.title for one in told if one.category is Category.DOMAIN and one.is_open],
    }
    return replace(blank, at=ended, name=blank.project, figures=figures).told_as(Reason.DIGEST)


def _overlap(incident: Incident, week: Span, now: datetime) -> timedelta:
    return Span(incident.created, incident.resolved or now).within(week).length


def _seconds(incident: Incident, week: Span, now: datetime) -> int:
    return int(_overlap(incident, week, now).total_seconds())


def _counts(monitors: Iterable[Monitor]) -> dict[str, int]:
    statuses = [monitor.state.status for monitor in monitors]
    return {status.value: statuses.count(status) for status in Status}


def _longest(down: Iterable[Incident], week: Span, now: datetime) -> list[dict[str, Any]]:
    """Return which incidents lasted longest in the week."""
    rows: list[dict[str, Any]] = [
        {"id": one.incident_id, "title": one.title, "seconds": _seconds(one, week, now)} for one in down
    ]
    return sorted(rows, key=lambda row: row["seconds"], reverse=True)[:MOST_SHOWN]


def _uptimes(
    tools: Toolbox, monitors: Iterable[Monitor], ailing: set[str], week: Span, now: datetime
) -> list[dict[str, Any]]:
    """Return the uptime of those that were down, the least first; all others were up all the time."""
    found = [monitor for monitor in monitors if monitor.spec.monitor_id in ailing][:MOST_ASKED]
    tallies = [history.uptime(tools, monitor, week, now) for monitor in found]
    rows: list[dict[str, Any]] = [
        {"id": monitor.spec.monitor_id, "name": monitor.spec.title, "uptime_percent": tally.percent}
        for monitor, tally in zip(found, tallies, strict=True)
        if tally.percent is not None
    ]
    return sorted(rows, key=lambda row: row["uptime_percent"])


def _average(ailing: list[dict[str, Any]], n_monitors: int) -> float | None:
    """Return how many percent all monitors were up, each counted alike; None without any."""
    if not n_monitors:
        return None
    lost: float = sum(100 - row["uptime_percent"] for row in ailing)
    return round(100 - lost / n_monitors, 3)
