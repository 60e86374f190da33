"""/v1/channels: ways to reach people, a test of each, and the log of what was sent."""

from typing import Any

from chalicelib.channels import canonical
from chalicelib.core.alerts import Channel
from chalicelib.core.errors import Invalid
from chalicelib.dialects.haspulse import manners, parse, render
from chalicelib.dialects.http import Answer, Visit
from chalicelib.services import channels as services
from chalicelib.services.channels import ChannelWish

MANNERS = manners.MANNERS
ID_LIMIT = 200


class NewChannel(parse.Form, frozen=True):
    """POST /v1/channels (R43)."""

    type: str
    name: str
    config: dict[str, Any]

    def check(self) -> None:
        """Raise Invalid for a name that cannot be shown."""
        parse.check_name(self.name)


class ChannelChanges(parse.Form, frozen=True):
    """PATCH /v1/channels/{id}: what is not given stays (R45)."""

    type: str | None = None
    name: str | None = None
    config: dict[str, Any] | None = None

    def check(self) -> None:
        """Raise Invalid for a name that cannot be shown."""
        parse.check_name(self.name)


class Replay(parse.Form, frozen=True):
    """POST /v1/channels/{id}/deliveries: the message to send once more."""

    delivery_id: str

    def check(self) -> None:
        """Raise Invalid for what no message is called."""
        if not 1 <= len(self.delivery_id) <= ID_LIMIT:
            raise Invalid("deliveryId", f"must have 1 to {ID_LIMIT} characters")


def channels(visit: Visit) -> Answer:
    """List the project's channels, or create one (R41, R43, R44)."""
    if visit.request.method == "GET":
        shown = [render.channel(channel) for channel in services.list_(visit.tools, visit.caller)]
        return Answer(200, {"channels": shown})
    wish = parse.read(visit.request.body, NewChannel)
    made = services.add(
        visit.tools, visit.caller, ChannelWish(wish.name, wish.config, kind=wish.type), visit.now
    )
    return Answer(201, render.channel(made))


def channel(visit: Visit) -> Answer:
    """Show, change or delete one channel (R42, R45, R46)."""
    channel_id = _id(visit)
    if visit.request.method == "GET":
        return Answer(200, render.channel(services.find(visit.tools, visit.caller, channel_id)))
    if visit.request.method == "DELETE":
        services.remove(visit.tools, visit.caller, channel_id, visit.now)
        return Answer(204)
    wish = parse.read(visit.request.body, ChannelChanges)
    if wish.type is not None:
        _check_kind(wish.type, services.find(visit.tools, visit.caller, channel_id))
    changed = services.amend(
        visit.tools, visit.caller, channel_id, ChannelWish(wish.name, wish.config), visit.now
    )
    return Answer(200, render.channel(changed))


def test(visit: Visit) -> Answer:
    """Really send a test message, and tell the outcome (R47, R48)."""
    outcome = services.test(visit.tools, visit.caller, _id(visit), visit.now)
    return Answer(200, {"success": True} if outcome.sent else {"success": False, "error": outcome.error})


def deliveries(visit: Visit) -> Answer:
    """List what was sent over one channel, or send once more what was given up."""
    channel_id = _id(visit)
    if visit.request.method == "GET":
        log = services.deliveries(visit.tools, visit.caller, channel_id)
        return Answer(200, {"deliveries": [render.delivery(line) for line in log]})
    wish = parse.read(visit.request.body, Replay)
    services.replay(visit.tools, visit.caller, channel_id, wish.delivery_id, visit.now)
    return Answer(202, {"success": True})


def _check_kind(name: str, channel: Channel) -> None:
    """Raise Invalid unless *name* is what the channel's type is called, or another word for it."""
    kind, _ = canonical(name, {})
    if kind != channel.kind:
        raise Invalid("type", "cannot change")


def _id(visit: Visit) -> str:
    return parse.id_of(visit, "Channel not found")
