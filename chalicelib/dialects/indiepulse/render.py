"""Our model in IndiePulse's words: two fields of state, whole seconds, and moments with Z."""

from datetime import datetime, timedelta
from typing import Any

from chalicelib.core.consensus import Result, Round
from chalicelib.core.heartbeats import view
from chalicelib.core.incidents import Incident, Stage, Update
from chalicelib.core.maintenance import Window
from chalicelib.core.monitors import Monitor
from chalicelib.core.probing import phase
from chalicelib.core.schedules import Every
from chalicelib.core.signals import Action, Ping
from chalicelib.core.status import Impact, Status
from chalicelib.core.summaries import target
from chalicelib.core.uptime import floored
from chalicelib.dialects import ids
from chalicelib.dialects.http import iso_z
from chalicelib.services.last_day import Pinged, Probed

SECOND = timedelta(seconds=1)
OF_HEARTBEATS = {"new": None, "up": "UP", "grace": "UP", "down": "DOWN", "paused": None}
STATES = {"new": "PENDING", "up": "UP", "grace": "INVESTIGATING", "down": "DOWN", "paused": "PAUSED"}
SEVERITIES = {Impact.CRITICAL: "critical", Impact.MAJOR: "major", Impact.MINOR: "minor", Impact.NONE: "minor"}
PING_TYPES = {Action.SUCCESS: "success", Action.FAIL: "fail", Action.START: "start", Action.LOG: "log"}


def status(monitor: Monitor, now: datetime) -> str | None:
    """Return what the last round said, or the last ping; None before the first (R144, R149)."""
    if monitor.spec.watch:
        return monitor.state.verdict.value if monitor.state.verdict else None
    return OF_HEARTBEATS[view(monitor.spec, monitor.state, now)]


def monitor_state(monitor: Monitor, now: datetime, *, in_maintenance: bool) -> str:
    """Return where the state machine stands; maintenance lies over all but a pause (R144-R152)."""
    if in_maintenance and monitor.state.status is not Status.PAUSED:
        return "MAINTENANCE"
    if monitor.spec.watch:
        return phase(monitor.state).value.upper()
    return STATES[view(monitor.spec, monitor.state, now)]


def monitor(shown: Monitor, now: datetime, *, in_maintenance: bool) -> dict[str, Any]:
    """Return a monitor as it stands in lists (R161, R162); its heartbeat token is its id, a secret, too."""
    spec, state, watch = shown.spec, shown.state, shown.spec.watch
    period = spec.schedule.period if isinstance(spec.schedule, Every) else None
    return {
        "id": spec.monitor_id,
        "name": spec.title,
        "url": target(spec) or None,
        "status": status(shown, now),
        "monitor_state": monitor_state(shown, now, in_maintenance=in_maintenance),
        "monitor_type": spec.kind.value,
        "check_interval": watch.interval // SECOND if watch else None,
        "heartbeat_token": None if watch else spec.monitor_id,
        "heartbeat_interval": period // SECOND if period and not watch else None,
        "heartbeat_grace": None if watch else spec.grace // SECOND,
        "last_heartbeat_at": None if watch else iso_z(state.last_ping),
        "created_at": iso_z(spec.created),
        "last_checked_at": iso_z(state.judged_at),
    }


def probed(shown: Probed) -> dict[str, Any]:
    """Return what the last day's probes found; rows are counted by region (R166)."""
    return {
        "total_checks": shown.checks,
        "down_count": shown.down,
        "degraded_count": shown.degraded,
        "uptime_percent": None if shown.percent is None else floored(shown.percent),
    }


def pinged(shown: Pinged) -> dict[str, Any]:
    """Return what a job told in the last day (R167)."""
    total = shown.successful + shown.failed
    return {"total_pings": total, "successful": shown.successful, "failed": shown.failed}


def check(shown: Round, result: Result) -> dict[str, Any]:
    """Return what one region found in one round (R169)."""
    name = f"{shown.at.isoformat()} {result.region}"
    return {
        "id": ids.within(shown.monitor_id, name),
        "status": result.verdict.value if result.verdict else None,
        "response_time": None if result.ms is None else round(result.ms),
        "status_code": result.code,
        "checked_at": iso_z(shown.at),
        "region": result.region,
        "error": result.error or None,
    }


def ping(monitor_id: str, shown: Ping) -> dict[str, Any]:
    """Return a ping of a heartbeat (R170)."""
    arrival = shown.arrival
    return {
        "id": ids.within(monitor_id, str(shown.n)),
        "pinged_at": iso_z(shown.at),
        "source_ip": arrival.remote_addr or None,
        "ping_type": PING_TYPES.get(arrival.action, "ignored"),
        "user_agent": arrival.agent or None,
        "method": arrival.method or None,
        "exit_status": arrival.exit_status,
    }


def incident(shown: Incident) -> dict[str, Any]:
    """Return an incident as an event (R158, R185, R191)."""
    return {
        "id": shown.incident_id,
        "type": shown.category.value,
        "title": shown.title,
        "status": shown.stage.capitalize(),
        "severity": SEVERITIES[shown.impact],
        "created_at": iso_z(shown.created),
        "resolved_at": iso_z(shown.resolved),
        "monitor_id": shown.monitors[0] if shown.monitors else None,
    }


def update(shown: Update) -> dict[str, Any]:
    """Return a line of a timeline (R189)."""
    return {
        "id": shown.update_id,
        "status": shown.stage.capitalize(),
        "message": shown.message,
        "created_at": iso_z(shown.at),
    }


def window(shown: Window, now: datetime, *, is_active: bool) -> dict[str, Any]:
    """Return a maintenance window as an event: Scheduled, Active or Resolved (R158, R384)."""
    is_over = not is_active and shown.ends <= now and not shown.rrule
    return {
        "id": shown.window_id,
        "type": "MAINTENANCE",
        "title": shown.title,
        "status": Stage.RESOLVED.capitalize() if is_over else "Active" if is_active else "Scheduled",
        "severity": "minor",
        "created_at": iso_z(shown.starts),
        "resolved_at": iso_z(shown.ends) if is_over else None,
        "monitor_id": shown.monitors[0] if shown.monitors else None,
    }
