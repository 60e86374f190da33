"""PagerDuty by its Events API v2: an outage triggers an alert there, and its end resolves it."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from chalicelib.channels import letters, wording
from chalicelib.channels.base import MASK, Outlet
from chalicelib.channels.fields import choice, shaped
from chalicelib.channels.posting import GONE, in_json, post
from chalicelib.core.alerts import Alert, Reason
from chalicelib.core.summaries import iso_seconds

ROUTING_KEY = re.compile(r"[0-9A-Za-z]{32}")
SEVERITIES = ("critical", "error", "warning", "info")
INVALID = 400  # PagerDuty's answer to a routing key that is not, or no longer, one

SUMMARY_LIMIT = 1024
SOURCE_LIMIT = 255
TRIGGER, RESOLVE = "trigger", "resolve"


class PagerDuty:
    """The transport of kind PAGERDUTY."""

    addresses: ClassVar[Mapping[str, str]] = {
        "us": "https://events.pagerduty.com/v2/enqueue",
        "eu": "https://events.eu.pagerduty.com/v2/enqueue",
    }

    def __init__(self, config: dict[str, Any], outlet: Outlet) -> None:
        self._config = config
        self._outlet = outlet

    @staticmethod
    def check(config: dict[str, Any], *, allow_private: bool) -> dict[str, Any]:
        """Return {routingKey, severity, region}: only the first need be given (R44)."""
        del allow_private  # PagerDuty's addresses are ours to know
        must = "must be the 32 letters and digits of an Events API v2 integration"
        return {
            "routingKey": shaped(config, "routingKey", ROUTING_KEY, must),
            "severity": choice(config, "severity", SEVERITIES, "critical"),
            "region": choice(config, "region", PagerDuty.addresses, "us"),
        }

    @staticmethod
    def mask(config: dict[str, Any]) -> dict[str, Any]:
        """Return all but the routing key: whoever knows it may wake people."""
        return {**config, "routingKey": MASK}

    def send(self, alert: Alert) -> None:
        """Send *alert* as one event, or as two where it is over already; raises SendError."""
        key = self._config["routingKey"]
        for action in actions(alert):
            body = {"routing_key": key, **event(alert, action, self._config["severity"])}
            call = in_json(self.addresses[self._config["region"]], body, alert)
            post(call, self._outlet, (key,), gone=(*GONE, INVALID))


def actions(alert: Alert) -> tuple[str, ...]:
    """Return what *alert* does to the alert at PagerDuty, in order.

    One repeated after half of it failed does no harm: to trigger twice is to trigger once.
    """
    if alert.reason in (Reason.TEST, Reason.WAS_DOWN):
        return TRIGGER, RESOLVE
    return (RESOLVE,) if alert.reason.ends_an_outage else (TRIGGER,)


def event(alert: Alert, action: str, severity: str) -> dict[str, Any]:
    """Return *alert* as an event, without its key; all events about one outage are deduplicated as one."""
    told = {"event_action": action, "dedup_key": alert.incident_id or alert.delivery_id}
    if action == RESOLVE:
        return told
    return {
        **told,
        "client": "Wakeful",
        "payload": {
            "summary": wording.one_line(letters.sentence(alert), SUMMARY_LIMIT),
            "source": wording.one_line(alert.target or wording.title(alert), SOURCE_LIMIT),
            "severity": "info" if alert.reason is Reason.TEST else severity,
            "timestamp": iso_seconds(alert.at),
            "group": wording.one_line(alert.project),
            "class": wording.event(alert),
            "custom_details": _details(alert),
        },
    }


def _details(alert: Alert) -> dict[str, str]:
    rows = [
        *wording.facts(alert),
        (letters.CARRIED.rstrip(":"), wording.said(alert)),
        ("Delivery", alert.delivery_id),
    ]
    return {label: text for label, text in rows if text}
