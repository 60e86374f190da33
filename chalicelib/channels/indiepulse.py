"""Webhooks as IndiePulse sends them (R201-R216)."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from chalicelib.channels import signed, wording
from chalicelib.channels.base import Outlet
from chalicelib.channels.sentences import EVENTS
from chalicelib.channels.signed import SEVERITIES, hexdigest, iso_ms, secrets_of, sign, written
from chalicelib.core.alerts import Alert, Reason
from chalicelib.core.incidents import Stage
from chalicelib.core.insights import insight
from chalicelib.core.routes import Topic
from chalicelib.core.status import Category, Kind

# Those of the document, and words of ours for what it does not know; the rest is called as everywhere.
EVENT_TYPES = EVENTS | {
    Reason.WENT_DOWN: "incident.created",
    Reason.RECOVERED: "incident.resolved",
    Reason.WAS_DOWN: "incident.resolved",
    Reason.STILL_DOWN: "incident.reminder",
    Reason.CALLED_OFF: "incident.resolved",
    Reason.ESCALATED: "incident.escalated",
    Reason.SLOWED: "performance.created",
    Reason.SPED_UP: "performance.resolved",
    Reason.TRIGGERED: "incident.created",
}
# Within which events that are no incidents have their ids.
NAMESPACE = UUID("5f0e6a52-8c1b-4b57-9d3e-2f6a7c9b1d04")
CATEGORIES = {Topic.PERFORMANCE: Category.PERFORMANCE, Topic.DOMAIN: Category.DOMAIN}


class IndiePulse:
    """The transport of kind INDIEPULSE."""

    def __init__(self, config: dict[str, Any], outlet: Outlet) -> None:
        self._config = config
        self._outlet = outlet

    @staticmethod
    def check(config: dict[str, Any], *, allow_private: bool) -> dict[str, Any]:
        """Return {url, secret, previousSecret}: the first two must be given (R44, R201, R211).

        While a secret is replaced, the old one is *previousSecret*, and `""` ends that time.
        """
        return signed.checked(config, allow_private=allow_private, needs_secret=True)

    @staticmethod
    def mask(config: dict[str, Any]) -> dict[str, Any]:
        """Return the host of the URL, and which secrets there are."""
        return signed.masked(config)

    def send(self, alert: Alert) -> None:
        """Send *alert*; raises SendError.

        The document's own signature is by the newest secret alone, and bears no time; that of the second
        header is by both, and does.
        """
        body = written(document(alert))
        newest = self._config["secret"]
        headers = {
            "X-IndiePulse-Signature": hexdigest(body, newest),
            "X-IndiePulse-Signature-V2": sign(body, self._outlet.clock(), *secrets_of(self._config)),
            "X-IndiePulse-Delivery": alert.delivery_id,
        }
        signed.deliver(body, alert, self._config, self._outlet, headers)


def document(alert: Alert) -> dict[str, Any]:
    """Return what is told of *alert* (R202-R204, R215).

    An outage that was over before anybody heard of it is told once, as resolved: that says when it began.
    """
    told = {
        "event_type": EVENT_TYPES[alert.reason],
        "timestamp": iso_ms(_moment(alert)),
        "workspace": {"id": alert.organization_id or None, "name": alert.organization or None},
    }
    if alert.reason is Reason.DIGEST:
        return {**told, "digest": dict(alert.figures)}
    told |= {"monitor": _monitor(alert), "event": _event(alert), "ai_insight": insight(alert)}
    if alert.reason is Reason.CHANNEL_BROKE:
        told["channel"] = {"id": alert.monitor_id, "name": alert.name}
    if alert.figures:
        told[alert.reason.topic.value] = dict(alert.figures)
    return told


def _moment(alert: Alert) -> datetime:
    """Return when it happened; of what maintenance held back: when it became an incident."""
    return max(alert.at, alert.incident.created) if alert.incident else alert.at


def _monitor(alert: Alert) -> dict[str, Any] | None:
    if alert.reason is Reason.TEST:
        # Receivers that were written by the document read a monitor in every event.
        return {"id": alert.monitor_id, "name": alert.name, "url": None, "monitor_type": "http"}
    if not alert.monitor_id or alert.reason is Reason.CHANNEL_BROKE:
        return None
    shown: dict[str, Any] = {
        "id": alert.monitor_id,
        "name": alert.name,
        "url": alert.target or None,
        "monitor_type": alert.kind.value,
    }
    if alert.kind is Kind.HEARTBEAT:
        last = alert.summary.get("last_ping")
        shown["heartbeat"] = {
            "interval": alert.summary.get("timeout"),  # none where a calendar says when
            "grace": alert.summary.get("grace"),
            "last_ping_at": iso_ms(datetime.fromisoformat(last)) if last else None,
        }
    return shown


def _event(alert: Alert) -> dict[str, Any]:
    incident = alert.incident
    category = incident.category if incident else CATEGORIES.get(alert.reason.topic, Category.INCIDENT)
    created = incident.created if incident else alert.began or alert.at
    shown: dict[str, Any] = {
        "id": alert.incident_id or str(uuid5(NAMESPACE, alert.delivery_id)),
        "title": incident.title if incident else wording.headline(alert).rstrip("."),
        "status": _stage(alert).capitalize(),
        "severity": SEVERITIES[incident.impact if incident else alert.severity],
        "type": category.value,
        "created_at": iso_ms(created),
        "dashboard_url": alert.dashboard_url or None,
        "acknowledge_url": alert.acknowledge_url or None,
    }
    if alert.reason.closes:
        shown["resolved_at"] = iso_ms(alert.at)
        shown["downtime_seconds"] = max(0, int((alert.at - created).total_seconds()))
    if incident and incident.tickets:
        shown["external_ids"] = incident.external_ids
    if incident and incident.assignee:
        shown["assignee"] = incident.assignee
    return shown


def _stage(alert: Alert) -> Stage:
    """Return how far people had come with it: what is told late is told as it was."""
    if alert.reason.closes:
        return Stage.RESOLVED
    stage = alert.incident.stage if alert.incident else Stage.INVESTIGATING
    return Stage.INVESTIGATING if stage is Stage.RESOLVED else stage
