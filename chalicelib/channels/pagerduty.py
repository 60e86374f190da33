"""PagerDuty by its Events API v2: an incident triggers an alert there, and its end resolves it (R115).

Nobody is paged for a missed service level, nor for a week's digest: there would be nothing to resolve.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from chalicelib.channels import letters, wording
from chalicelib.channels.base import MASK, Outlet
from chalicelib.channels.fields import choice, shaped
from chalicelib.channels.posting import GONE, in_json, post
from chalicelib.core.alerts import Alert, Reason
from chalicelib.core.summaries import iso_seconds
from chalicelib.core.words import one_line

ROUTING_KEY = re.compile(r"[0-9A-Za-z]{32}")
SEVERITIES = ("critical", "error", "warning", "info")
INVALID = 400  # PagerDuty's answer to a routing key that is not, or no longer, one

SUMMARY_LIMIT = 1024
SOURCE_LIMIT = 255
TRIGGER, ACKNOWLEDGE, RESOLVE = "trigger", "acknowledge", "resolve"
SYSTEM = "pagerduty"  # what tickets of ours call it

# What the channel's own severity is too loud for.
MILDER = {Reason.TEST: "info", Reason.SLOWED: "warning", Reason.EXPIRING: "warning"}
SILENT = frozenset({Reason.SLA_MISSED, Reason.DIGEST})


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
        """Send *alert* as one event, as several, or as none where nobody is to be paged; raises SendError."""
        key = self._config["routingKey"]
        for told in events(alert, self._config["severity"]):
            call = in_json(self.addresses[self._config["region"]], {"routing_key": key, **told}, alert)
            post(call, self._outlet, (key,), gone=(*GONE, INVALID))


def actions(alert: Alert) -> tuple[str, ...]:
    """Return what *alert* does to the alert at PagerDuty, in order.

    One repeated after half of it failed does no harm: to trigger twice is to trigger once.
    """
    if alert.reason in SILENT:
        return ()
    if alert.reason in (Reason.TEST, Reason.WAS_DOWN):
        return TRIGGER, RESOLVE
    if alert.reason is Reason.ACKNOWLEDGED:
        return (ACKNOWLEDGE,)
    return (RESOLVE,) if alert.reason.closes else (TRIGGER,)


def events(alert: Alert, severity: str) -> Iterator[dict[str, Any]]:
    """Yield *alert* as events, without the routing key.

    What the incident is called at PagerDuty may have become known only after its beginning was told under
    our own name: whatever follows goes to both, and PagerDuty passes over the one that it does not know.
    """
    for action in actions(alert):
        first, *others = names(alert)
        for key in (first,) if action == TRIGGER else (first, *others):
            yield event(alert, action, key, severity)


def names(alert: Alert) -> list[str]:
    """Return the keys by which events about one incident are deduplicated, that which people gave first."""
    given = alert.incident.external_ids.get(SYSTEM) if alert.incident else ""
    ours = alert.incident_id or alert.delivery_id
    return list(dict.fromkeys(filter(None, (given, ours))))


def event(alert: Alert, action: str, key: str, severity: str) -> dict[str, Any]:
    """Return *alert* as one event about what PagerDuty knows by *key*."""
    told = {"event_action": action, "dedup_key": key}
    if action != TRIGGER:
        return told
    return {
        **told,
        "client": "Wakeful",
        "payload": {
            "summary": one_line(letters.sentence(alert), SUMMARY_LIMIT),
            "source": one_line(alert.target or wording.title(alert), SOURCE_LIMIT),
            "severity": MILDER.get(alert.reason, severity),
            "timestamp": iso_seconds(alert.at),
            "group": one_line(alert.project),
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
