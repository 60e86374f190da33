"""/v1/channels: ways to reach people, a test of each, and the log of what was sent."""

from chalicelib.core.errors import NotFound
from chalicelib.core.signals import CANONICAL_UUID
from chalicelib.dialects.haspulse import manners, parse, render
from chalicelib.dialects.http import Answer, Visit
from chalicelib.services import tenancy

MANNERS = manners.MANNERS


def channels(visit: Visit) -> Answer:
    """List the project's channels, or create one (R41, R43, R44)."""
    if visit.request.method == "GET":
        shown = [render.channel(channel) for channel in tenancy.channels(visit.tools, visit.caller)]
        return Answer(200, {"channels": shown})
    wish = parse.read(visit.request.body, parse.NewChannel)
    made = tenancy.add_channel(visit.tools, visit.caller, wish.type, wish.name, wish.config, visit.now)
    return Answer(201, render.channel(made))


def channel(visit: Visit) -> Answer:
    """Show, change or delete one channel (R42, R45, R46)."""
    channel_id = _id(visit)
    if visit.request.method == "GET":
        return Answer(200, render.channel(tenancy.find_channel(visit.tools, visit.caller, channel_id)))
    if visit.request.method == "DELETE":
        tenancy.remove_channel(visit.tools, visit.caller, channel_id, visit.now)
        return Answer(204)
    wish = parse.read(visit.request.body, parse.ChannelChanges)
    changed = tenancy.amend_channel(visit.tools, visit.caller, channel_id, wish.name, wish.config)
    return Answer(200, render.channel(changed))


def test(visit: Visit) -> Answer:
    """Really send a test message, and tell the outcome (R47, R48)."""
    outcome = tenancy.test_channel(visit.tools, visit.caller, _id(visit), visit.now)
    return Answer(200, {"success": True} if outcome.sent else {"success": False, "error": outcome.error})


def deliveries(visit: Visit) -> Answer:
    """List what was sent over one channel, or send once more what was given up."""
    channel_id = _id(visit)
    if visit.request.method == "GET":
        log = tenancy.deliveries(visit.tools, visit.caller, channel_id)
        return Answer(200, {"deliveries": [render.delivery(line) for line in log]})
    wish = parse.read(visit.request.body, parse.Replay)
    tenancy.replay_delivery(visit.tools, visit.caller, channel_id, wish.delivery_id)
    return Answer(202, {"success": True})


def _id(visit: Visit) -> str:
    channel_id = visit.request.params["id"]
    if not CANONICAL_UUID.fullmatch(channel_id):
        raise NotFound("Channel not found")
    return channel_id
