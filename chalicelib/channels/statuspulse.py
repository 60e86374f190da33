"""Webhooks of StatusPulse: changes of state, missed service levels, and incidents (R122-R125)."""

from typing import Any

from chalicelib.channels import signed, wording
from chalicelib.channels.base import Outlet
from chalicelib.channels.sentences import EVENTS
from chalicelib.channels.signed import SEVERITIES, iso_ms, secrets_of, sign, written
from chalicelib.core.alerts import Alert, Reason
from chalicelib.core.consensus import Result
from chalicelib.core.ids import INCIDENT, MONITOR, spell
from chalicelib.core.steps import Cause

CHANGED = "monitor.state_changed"
# What is not named here is called as everywhere.
TYPES = EVENTS | {
    Reason.WENT_DOWN: CHANGED,
    Reason.RECOVERED: CHANGED,
    Reason.WAS_DOWN: CHANGED,
    Reason.STILL_DOWN: "incident.reminder",
    Reason.CALLED_OFF: CHANGED,
    Reason.ESCALATED: "incident.escalated",
    Reason.SLOWED: CHANGED,
    Reason.SPED_UP: CHANGED,
    Reason.SLA_MISSED: "sla.breached",
}
# From which state to which, where the alert does not know better.
CHANGES = {
    Reason.WENT_DOWN: ("up", "down"),
    Reason.RECOVERED: ("down", "up"),
    Reason.WAS_DOWN: ("down", "up"),
    Reason.CALLED_OFF: ("down", "paused"),
    Reason.SLOWED: ("up", "degraded"),
    Reason.SPED_UP: ("degraded", "up"),
}


class StatusPulse:
    """The transport of kind STATUSPULSE."""

    def __init__(self, config: dict[str, Any], outlet: Outlet) -> None:
        self._config = config
        self._outlet = outlet

    @staticmethod
    def check(config: dict[str, Any], *, allow_private: bool) -> dict[str, Any]:
        """Return {url, secret, previousSecret}: only the first need be given, but then nothing is signed."""
        return signed.checked(config, allow_private=allow_private, needs_secret=False)

    @staticmethod
    def mask(config: dict[str, Any]) -> dict[str, Any]:
        """Return the host of the URL, and which secrets there are."""
        return signed.masked(config)

    def send(self, alert: Alert) -> None:
        """Send *alert*; raises SendError."""
        body = written(document(alert))
        headers = {"X-StatusPulse-Delivery": alert.delivery_id}
        if secrets := secrets_of(self._config):
            headers["X-StatusPulse-Signature"] = sign(body, self._outlet.clock(), *secrets)
        signed.deliver(body, alert, self._config, self._outlet, headers)


def document(alert: Alert) -> dict[str, Any]:
    """Return what is told of *alert*: an envelope, and in it what there is to say of this type."""
    return {
        "id": alert.delivery_id,
        "type": TYPES[alert.reason],
        "created_at": iso_ms(alert.at),
        "data": _data(alert),
    }


def _data(alert: Alert) -> dict[str, Any]:
    if alert.reason in CHANGES:
        return _change(alert)
    match alert.reason:
        case Reason.SLA_MISSED:
            return _breach(alert)
        case Reason.EXPIRING | Reason.RENEWED:
            return {**alert.figures, "monitor": _monitor(alert)}
        case Reason.DIGEST:
            return dict(alert.figures)
        case Reason.CHANNEL_BROKE | Reason.TEST:
            channel = {"channel_id": alert.monitor_id, "name": alert.name}
            return {
                "channel": channel,
                "message": wording.headline(alert),
                "reason": wording.why(alert) or None,
            }
    return {"incident": _incident(alert), "monitor": _monitor(alert)}


def _change(alert: Alert) -> dict[str, Any]:
    """Return a change of state (R122)."""
    before, after = CHANGES[alert.reason]
    if alert.reason is Reason.WENT_DOWN and alert.old:
        before = alert.old.value
    if alert.cause is Cause.OVERTAKEN:
        after = alert.summary.get("status", after)  # it is not slow any more, for it does not answer
    return {
        "from": before,
        "to": after,
        "reason": wording.why(alert) or None,
        "time": iso_ms(alert.at),
        "monitor": _monitor(alert),
        "regions": [_region(result) for result in alert.evidence],
        "incident_id": _incident_id(alert),
        "external_ids": _external_ids(alert),
    }


def _breach(alert: Alert) -> dict[str, Any]:
    """Return that a service level is missed (R123): of its error budget nothing remains."""
    figures = alert.figures
    window = {
        "period": figures.get("period"),
        "start": figures.get("period_start"),
        "end": figures.get("period_end"),
    }
    return {
        "target_pct": figures.get("target"),
        "actual_pct": figures.get("actual"),
        "window": window,
        "downtime_seconds": figures.get("downtime_seconds"),
        "error_budget_seconds": figures.get("budget_seconds"),
        "error_budget_remaining_seconds": 0,
        "monitor": _monitor(alert),
    }


def _incident(alert: Alert) -> dict[str, Any]:
    """Return what people tell of, or what nobody has taken on (R124)."""
    told = alert.incident
    began = told.created if told else alert.began or alert.at
    return {
        "incident_id": _incident_id(alert),
        "state": _state(alert),
        "title": told.title if told else wording.headline(alert).rstrip("."),
        "severity": SEVERITIES[told.impact if told else alert.severity],
        "assignee": (told.assignee or None) if told else None,
        "notes": alert.updates[-1] if alert.updates else None,
        "started_at": iso_ms(began),
        "resolved_at": iso_ms(alert.at) if alert.reason.closes else None,
        "external_ids": _external_ids(alert),
    }


def _state(alert: Alert) -> str:
    if alert.reason.closes:
        return "resolved"
    is_taken = alert.reason is Reason.ACKNOWLEDGED or (alert.incident and alert.incident.acknowledged)
    return "acknowledged" if is_taken else "triggered"


def _monitor(alert: Alert) -> dict[str, Any] | None:
    if not alert.monitor_id:
        return None
    return {
        "monitor_id": spell(MONITOR, alert.monitor_id),
        "name": alert.name,
        "type": alert.kind.value,
        "url": alert.target or None,
    }


def _region(result: Result) -> dict[str, Any]:
    return {
        "region": result.region,
        "state": result.verdict.value.lower() if result.verdict else "unknown",
        "latency_ms": None if result.ms is None else round(result.ms),
        "error": result.error or None,
    }


def _incident_id(alert: Alert) -> str | None:
    return spell(INCIDENT, alert.incident_id) if alert.incident_id else None


def _external_ids(alert: Alert) -> dict[str, str]:
    return alert.incident.external_ids if alert.incident else {}
