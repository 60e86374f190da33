"""The kinds of channel. A new kind is one file and one line here; only what is used is imported."""

from importlib import import_module
from typing import Any, cast

from chalicelib.channels.base import Transport
from chalicelib.core.errors import Invalid

TRANSPORTS = {
    "APPRISE": ("through_apprise", "ThroughApprise"),
    "DISCORD": ("discord", "Discord"),
    "EMAIL": ("email", "Email"),
    "INDIEPULSE": ("indiepulse", "IndiePulse"),
    "JIRA": ("jira", "Jira"),
    "NTFY": ("ntfy", "Ntfy"),
    "OPSGENIE": ("opsgenie", "Opsgenie"),
    "PAGERDUTY": ("pagerduty", "PagerDuty"),
    "SLACK": ("slack", "Slack"),
    "SMS": ("sms", "Sms"),
    "SNS_TOPIC": ("sns", "SnsTopic"),
    "STATUSPULSE": ("statuspulse", "StatusPulse"),
    "TEAMS": ("teams", "Teams"),
    "TELEGRAM": ("telegram", "Telegram"),
    "WEBHOOK": ("webhook", "Webhook"),
}

# Those that tell programs all there is: the incident, its timeline and its tickets, and whose it is.
STORIED = frozenset({"INDIEPULSE", "JIRA", "PAGERDUTY", "STATUSPULSE"})

# Those that are sent a test event when they are created (R210).
GREETED = frozenset({"INDIEPULSE"})

# What other documents call a kind and its fields, and ours: a kind may keep its name.
ALIASES = {
    "SLACK": ("SLACK", {"webhookUrl": "url"}),
    "SLACK_WEBHOOK": ("SLACK", {"webhookUrl": "url"}),
}


def transport_for(kind: str) -> type[Transport]:
    """Return the class that speaks to channels of *kind*; raise Invalid for a kind that there is not."""
    if kind not in TRANSPORTS:
        raise Invalid("type", f"must be one of {', '.join(TRANSPORTS)}")
    module, name = TRANSPORTS[kind]
    return cast("type[Transport]", getattr(import_module(f"chalicelib.channels.{module}"), name))


def canonical(kind: str, config: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return (kind, config) as they are stored, given under whatever name there is for them (R44).

    What has no other name comes back as it is; whether there is such a kind is not asked here.
    """
    kind, names = ALIASES.get(kind, (kind, {}))
    return kind, {names.get(name, name): value for name, value in config.items()}
