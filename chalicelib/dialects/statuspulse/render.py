"""Our model in StatusPulse's words: snake_case, flat, and moments with Z."""

import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

from chalicelib.core.heartbeats import view
from chalicelib.core.incidents import Incident
from chalicelib.core.monitors import Monitor, Spec
from chalicelib.core.probing import phase
from chalicelib.core.status import Status, Verdict
from chalicelib.core.targets import Watch
from chalicelib.dialects import ids
from chalicelib.dialects.http import Visit, iso_z
from chalicelib.dialects.statuspulse import hearing, targets, urls, windows
from chalicelib.dialects.statuspulse.wishes import DEFAULT
from chalicelib.storage.setups import Setup

SECOND = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)
OF_HEARTBEATS = {"new": "pending", "up": "up", "grace": "late", "down": "down", "paused": "paused"}


def state(visit: Visit, shown: Monitor, *, in_maintenance: bool) -> str:
    """Return where a monitor stands; maintenance lies over all but a pause (R103-R107, R380)."""
    if in_maintenance and shown.state.status is not Status.PAUSED:
        return "maintenance"
    if shown.spec.watch is None:
        return OF_HEARTBEATS[view(shown.spec, shown.state, visit.now)]
    told = phase(shown.state).value
    return "degraded" if told == "up" and shown.state.verdict is Verdict.DEGRADED else told


def monitor(visit: Visit, shown: Monitor, setup: Setup, *, in_maintenance: bool) -> dict[str, Any]:
    """Return a monitor as it was asked for, without secrets, and how it stands (R90)."""
    return {
        "monitor_id": ids.spell(ids.MONITOR, shown.spec.monitor_id),
        "state": state(visit, shown, in_maintenance=in_maintenance),
        **asked(shown.spec, setup),
        "created_at": iso_z(shown.spec.created),
        "updated_at": iso_z(shown.spec.updated or shown.spec.created),
    }


def config(spec: Spec, setup: Setup) -> dict[str, Any]:
    """Return what of a monitor people may change; *version* changes with it (R116-R121)."""
    own = windows.own(setup.windows, spec)
    others = [
        {"window_id": window.window_id} | windows.shown(window)
        for window in windows.shared(setup.windows, spec)
    ]
    document = asked(spec, setup) | {"maintenance_windows": [windows.shown(window) for window in own]}
    # What is masked shows no change; when it was changed does.
    told = json.dumps([document, iso_z(spec.updated), str(spec.updated)], sort_keys=True)
    return {
        "monitor_id": ids.spell(ids.MONITOR, spec.monitor_id),
        "version": sha256(told.encode()).hexdigest()[:32],
        **document,
        "shared_maintenance_windows": others,
    }


def asked(spec: Spec, setup: Setup) -> dict[str, Any]:
    """Return the fields of a request that would make a monitor like this one."""
    policies = {policy.policy_id: policy.name for policy in setup.policies}
    return {
        "name": spec.name,
        "type": spec.kind.value,
        **(_watch(spec.watch) if spec.watch else {}),
        **hearing.shown(spec, urls.shown(setup.channels), policies),
        "tags": spec.tags.split(),
        "description": spec.desc or None,
    }


def _watch(watch: Watch) -> dict[str, Any]:
    return {
        **targets.shown(watch.target),
        "interval_seconds": watch.interval // SECOND,
        "regions": list(watch.regions),
        "timeout_ms": watch.timeout // MILLISECOND,
        "degraded_threshold_ms": _slowness(watch),
        "failure_threshold": watch.failure_threshold,
        "recovery_threshold": watch.recovery_threshold,
    }


def _slowness(watch: Watch) -> int | dict[str, int] | None:
    if not watch.slow_ms_in:
        return watch.slow_ms or None
    everywhere = {DEFAULT: watch.slow_ms} if watch.slow_ms else {}
    return everywhere | dict(watch.slow_ms_in)


def active_incident(shown: Incident) -> dict[str, Any]:
    """Return an incident as it stands in a monitor's status (R105)."""
    return {
        "incident_id": ids.spell(ids.INCIDENT, shown.incident_id),
        "state": _incident_state(shown),
        "title": shown.title,
        "severity": hearing.severity(shown.impact),
        "started_at": iso_z(shown.created),
        "acknowledged_at": iso_z(shown.acknowledged),
        "assignee": shown.assignee or None,
    }


def incident(shown: Incident, message: str) -> dict[str, Any]:
    """Return an incident, and in one sentence what was done to it (R110-R114)."""
    return {
        **active_incident(shown),
        "message": message,
        "monitor_id": ids.spell(ids.MONITOR, shown.monitor_id) if shown.monitor_id else None,
        "acknowledged_by": shown.acknowledged_by or None,
        "resolved_at": iso_z(shown.resolved),
        "external_ids": shown.external_ids,
    }


def _incident_state(shown: Incident) -> str:
    """Return how far people have come with it."""
    if shown.resolved:
        return "resolved"
    return "acknowledged" if shown.acknowledged else "triggered"
