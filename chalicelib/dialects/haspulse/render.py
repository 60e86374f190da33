"""Our model in Haspulse's words: camelCase, and moments with Z."""

from typing import Any

from chalicelib.channels import transport_for
from chalicelib.core.alerts import Channel
from chalicelib.dialects.http import iso_z
from chalicelib.storage.deliveries import Delivery


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
    }


def delivery(shown: Delivery) -> dict[str, Any]:
    """Return a line of a channel's log."""
    return {
        "id": shown.story,
        "event": shown.reason,
        "status": shown.fate.value,
        "attempts": shown.attempts,
        "error": shown.outcome or None,
        "createdAt": iso_z(shown.created),
        "settledAt": iso_z(shown.settled),
    }
