"""Our model in Haspulse's words: camelCase, and moments with Z."""

from datetime import datetime, timedelta
from typing import Any

from chalicelib.channels import transport_for
from chalicelib.core.alerts import Channel, Fate
from chalicelib.core.heartbeats import deadline, expected_at, view
from chalicelib.core.monitors import Monitor, State
from chalicelib.core.schedules import Cron, Every, OnCalendar, Schedule
from chalicelib.core.status import Status
from chalicelib.core.targets import Watch
from chalicelib.dialects.haspulse import targets
from chalicelib.dialects.http import iso_z
from chalicelib.storage.deliveries import Delivery

SECOND = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)
HOUR = timedelta(hours=1)
STATUSES = {"new": "NEW", "up": "UP", "grace": "LATE", "down": "DOWN", "paused": "PAUSED"}
RHYTHM = ("scheduleType", "scheduleValue", "timezone")
WATCH = (
    *("target", "intervalSeconds", "timeoutSeconds", "regions"),
    *("failureThreshold", "recoveryThreshold", "slowMs"),
)


def channel(shown: Channel) -> dict[str, Any]:
    """Return a channel, its secrets masked (R41-R44)."""
    return {
        "id": shown.channel_id,
        "projectId": shown.project_id,
        "type": shown.kind,
        "name": shown.name,
        "config": transport_for(shown.kind).mask(shown.config),
        "broken": bool(shown.broken),
        "lastError": shown.last_error or None,
        "createdAt": iso_z(shown.created),
        "updatedAt": iso_z(shown.updated or shown.created),
    }


def delivery(shown: Delivery) -> dict[str, Any]:
    """Return a line of a channel's log; a message that waits to be sent again says until when."""
    return {
        "id": shown.story,
        "event": shown.reason,
        "status": shown.fate.value,
        "attempts": shown.attempts,
        "error": shown.outcome or None,
        "createdAt": iso_z(shown.created),
        "nextAttemptAt": iso_z(shown.lease_until if shown.fate in (Fate.QUEUED, Fate.RETRYING) else None),
        "settledAt": iso_z(shown.settled),
    }


def status(monitor: Monitor, now: datetime) -> str:
    """Return NEW, UP, LATE (due, but in its grace time), DOWN or PAUSED (R27)."""
    return STATUSES[view(monitor.spec, monitor.state, now)]


def check(shown: Monitor, site: str, now: datetime, *, in_maintenance: bool) -> dict[str, Any]:
    """Return a check, its ping URL at *site* if any; what means nothing to its type is null (R9, R25-R27)."""
    spec, state = shown.spec, shown.state
    told = status(shown, now)
    return {
        "id": spec.monitor_id,
        "projectId": spec.project_id,
        "name": spec.name,
        "slug": spec.slug,
        "type": spec.kind.name,
        "status": told,
        "statusSince": iso_z(_since(shown, told)),
        **_rhythm(None if spec.watch else spec.schedule),
        "graceSeconds": None if spec.watch else spec.grace // SECOND,
        "alertOnRecovery": spec.tells_recovery,
        "reminderIntervalHours": spec.remind_every // HOUR if spec.remind_every else None,
        "channelIds": list(spec.channels),
        "tags": spec.tags.split(),
        "description": spec.desc or None,
        "pingUrl": f"{site}/ping/{spec.monitor_id}" if site and not spec.watch else None,
        **_runs(state),
        "nextExpectedAt": iso_z(expected_at(spec, state)) if told in ("UP", "LATE") else None,
        "started": state.last_start is not None,
        **_watch(spec.watch),
        "lastCheckedAt": iso_z(state.judged_at),
        "lastVerdict": state.verdict.value if state.verdict else None,
        "inMaintenance": in_maintenance,
        "createdAt": iso_z(spec.created),
        "updatedAt": iso_z(spec.updated or spec.created),
    }


def _since(shown: Monitor, told: str) -> datetime | None:
    """Return when what is *told* began; what the clock alone tells is not written down yet."""
    spec, state = shown.spec, shown.state
    if told == "LATE":
        return expected_at(spec, state)
    if told == "DOWN" and state.status is not Status.DOWN:
        return deadline(spec, state)
    return state.since


def _rhythm(schedule: Schedule | None) -> dict[str, Any]:
    """Return when pings are due; the value is text whatever its type."""
    match schedule:
        case Every(period):
            told = ("PERIOD", str(period // SECOND), "UTC")
        case Cron(expression, zone):
            told = ("CRON", expression, zone)
        case OnCalendar(expression, zone):
            told = ("ONCALENDAR", expression, zone)
        case _:
            return dict.fromkeys(RHYTHM)
    return dict(zip(RHYTHM, told, strict=True))


def _runs(state: State) -> dict[str, Any]:
    """Return when a job last told of itself, and how long its last run took."""
    took = state.last_duration
    return {
        "lastPingAt": iso_z(state.last_ping),
        "lastStartedAt": iso_z(_last_start(state)),
        "lastDurationMs": None if took is None else took // MILLISECOND,
    }


def _last_start(state: State) -> datetime | None:
    """Return when the run began that goes on, else the one that the last ping ended."""
    if state.last_start or state.last_duration is None or state.last_ping is None:
        return state.last_start
    return state.last_ping - state.last_duration


def _watch(watch: Watch | None) -> dict[str, Any]:
    """Return how a target is watched; no regions mean all of them."""
    if watch is None:
        return dict.fromkeys(WATCH)
    seconds = watch.timeout / SECOND
    told = (
        targets.shown(watch.target),
        watch.interval // SECOND,
        int(seconds) if seconds.is_integer() else seconds,
        list(watch.regions),
        watch.failure_threshold,
        watch.recovery_threshold,
        watch.slow_ms or None,
    )
    return dict(zip(WATCH, told, strict=True))
