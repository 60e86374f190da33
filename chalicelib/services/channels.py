"""People manage a project's channels: the ways to reach them."""

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chalicelib.channels import GREETED, canonical, transport_for
from chalicelib.core.alerts import Channel, Fate, Reason
from chalicelib.core.errors import NotFound, Unavailable
from chalicelib.core.monitors import Spec
from chalicelib.core.routes import Rule
from chalicelib.core.tenancy import Caller
from chalicelib.messages import DeliveryNotice, to_text
from chalicelib.services import access, watching
from chalicelib.services.auditing import Deed, note
from chalicelib.services.composing import compose
from chalicelib.services.delivering import Outcome, attempt
from chalicelib.services.delivering import replay as send_again
from chalicelib.services.policies import without_channel
from chalicelib.storage.deliveries import Delivery
from chalicelib.toolbox import Toolbox

LOG_LENGTH = 100

log = logging.getLogger(__name__)


def list_(tools: Toolbox, caller: Caller) -> list[Channel]:
    """Return the caller's channels in the order of their creation, project by project (R41)."""
    return [
        channel
        for project_id in access.reach(tools, caller)
        for channel in tools.channels.of_project(project_id)
    ]


def find(tools: Toolbox, caller: Caller, channel_id: str) -> Channel:
    """Return one channel; raises NotFound, and Forbidden for another project's (R7, R42)."""
    project_id = access.require_reach(
        tools, caller, tools.channels.project_of(channel_id), "Channel not found"
    )
    return tools.channels.find(project_id, channel_id)


@dataclass(frozen=True, slots=True)
class ChannelWish:
    """What a channel is to be; None stays as it is."""

    name: str | None
    config: dict[str, Any] | None
    kind: str = ""


def add(tools: Toolbox, caller: Caller, wish: ChannelWish, now: datetime) -> Channel:
    """Store a new channel; raises Invalid naming the field at fault (R43, R44)."""
    access.require_write(caller)
    kind, config = canonical(wish.kind, wish.config or {})
    channel = Channel(
        channel_id=tools.new_id(),
        project_id=caller.project_id,
        kind=kind,
        name=wish.name or "",
        config=_checked(tools, kind, config),
        created=now,
    )
    is_greeted = kind in GREETED
    access.add_to_project(
        tools, channel.project_id, lambda: tools.channels.add(channel, subscribes=is_greeted)
    )
    if is_greeted:
        _greet(tools, channel, now)
    note(tools, caller, _deed("created", channel), now)
    return channel


def _greet(tools: Toolbox, channel: Channel, now: datetime) -> None:
    """Have a new channel sent a test, which its receiver may wait for (R210); nobody waits for it here.

    The channel is there already: whoever were told that it failed would add a second one.
    """
    story = f"test#{channel.channel_id}#{to_text(now)}"
    try:
        tools.deliveries.queue(Delivery(story, channel.channel_id, now, str(Reason.TEST)))
        tools.queues.deliver([DeliveryNotice(story, channel.project_id, channel.channel_id)])
    except Unavailable:
        log.warning(
            "a channel is not greeted", extra={"channel_id": channel.channel_id, "kind": channel.kind}
        )


def amend(tools: Toolbox, caller: Caller, channel_id: str, wish: ChannelWish, now: datetime) -> Channel:
    """Change a channel's name or parts of its configuration; what was broken gets a new chance (R45)."""
    access.require_write(caller)
    channel = replace(find(tools, caller, channel_id), updated=now)
    if wish.name is not None:
        channel = replace(channel, name=wish.name)
    if wish.config is not None:
        _, given = canonical(channel.kind, wish.config)
        config = _checked(tools, channel.kind, channel.config | given)
        channel = replace(channel, config=config, broken="", last_error="")
    tools.channels.save(channel)
    note(tools, caller, _deed("changed", channel), now)
    return channel


def remove(tools: Toolbox, caller: Caller, channel_id: str, now: datetime) -> None:
    """Delete a channel and take it off every monitor, rule and policy; what is on its way is not sent (R46).

    Raises Conflict while a step of an escalation policy calls it alone.
    """
    access.require_write(caller)
    channel = find(tools, caller, channel_id)
    policies = without_channel(tools.policies.of_project(channel.project_id), channel_id, now)
    for before, after in policies:
        tools.policies.save(before, after)
    for spec in tools.monitors.specs_of(channel.project_id):
        if _names(spec, channel_id):
            with suppress(NotFound):  # deleted meanwhile, and its channels with it
                watching.amend(tools, caller, spec.monitor_id, _without(channel_id), now)
    # Last of all: a crash before this leaves the channel there to be deleted again.
    tools.channels.remove(channel.project_id, channel_id)
    note(tools, caller, _deed("deleted", channel), now)


def _names(spec: Spec, channel_id: str) -> bool:
    return channel_id in spec.channels or any(channel_id in rule.channels for rule in spec.rules)


def _without(channel_id: str) -> dict[str, Any]:
    """Return the wish for a monitor without a channel; a rule that would send nothing anywhere goes."""

    def rest(channels: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(other for other in channels if other != channel_id)

    def rules(spec: Spec) -> tuple[Rule, ...]:
        kept = (replace(rule, channels=rest(rule.channels)) for rule in spec.rules)
        return tuple(rule for rule in kept if rule.channels)

    return {"channels": lambda spec: rest(spec.channels), "rules": rules}


def test(tools: Toolbox, caller: Caller, channel_id: str, now: datetime) -> Outcome:
    """Really send a test message, by the road that alerts take, and tell how it went (R47, R48)."""
    access.require_write(caller)
    channel = find(tools, caller, channel_id)
    delivery = Delivery(f"test#{channel_id}#{tools.new_id()}", channel_id, now, str(Reason.TEST))
    tools.deliveries.queue(delivery)
    claimed = tools.deliveries.claim(delivery, now)
    outcome = attempt(tools, channel, compose(tools, claimed, channel, now))
    fate = Fate.SENT if outcome.sent else Fate.FAILED
    tools.deliveries.settle(claimed, fate, outcome.error, tools.clock())
    if outcome.error != channel.last_error:
        tools.channels.note_error(channel.project_id, channel_id, outcome.error, broken=False)
    note(tools, caller, _deed("tested", channel), now)
    return outcome


def deliveries(tools: Toolbox, caller: Caller, channel_id: str) -> list[Delivery]:
    """Return the newest messages to one channel, and how they fared."""
    find(tools, caller, channel_id)
    return tools.deliveries.of_channel(channel_id, LOG_LENGTH)


def replay(tools: Toolbox, caller: Caller, channel_id: str, story: str, now: datetime) -> None:
    """Send a message that was given up once more; raises NotFound, and Conflict when it was not."""
    access.require_write(caller)
    channel = find(tools, caller, channel_id)
    send_again(tools, channel, story)
    note(tools, caller, _deed("replayed", channel), now)


def _checked(tools: Toolbox, kind: str, config: dict[str, Any]) -> dict[str, Any]:
    return transport_for(kind).check(config, allow_private=tools.settings.allow_private_targets)


def _deed(what: str, channel: Channel) -> Deed:
    return Deed(f"channel.{what}", channel.channel_id, channel.name, channel.project_id)
