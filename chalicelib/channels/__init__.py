"""The kinds of channel. A new kind is one file and one line here; only what is used is imported."""

from importlib import import_module
from typing import cast

from chalicelib.channels.base import Transport
from chalicelib.core.errors import Invalid

TRANSPORTS = {
    "EMAIL": ("email", "Email"),
    "SLACK": ("slack", "Slack"),
    "WEBHOOK": ("webhook", "Webhook"),
}


def transport_for(kind: str) -> type[Transport]:
    """Return the class that speaks to channels of *kind*; raise Invalid for a kind that there is not."""
    if kind not in TRANSPORTS:
        raise Invalid("type", f"must be one of {', '.join(TRANSPORTS)}")
    module, name = TRANSPORTS[kind]
    return cast("type[Transport]", getattr(import_module(f"chalicelib.channels.{module}"), name))
