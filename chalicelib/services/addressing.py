"""People name channels by where they lead: a channel that leads there already is taken, or one is made."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import count
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from chalicelib.channels import transport_for
from chalicelib.core.alerts import Channel
from chalicelib.core.errors import Conflict
from chalicelib.core.tenancy import Caller
from chalicelib.services import access
from chalicelib.services.auditing import Deed, note
from chalicelib.toolbox import Toolbox


class Address(NamedTuple):
    """Where a channel leads: its kind and configuration; *name* is what a new one is called."""

    kind: str
    config: dict[str, Any]
    name: str


def channel_at(
    tools: Toolbox, project_id: str, known: Sequence[Channel], address: Address, now: datetime
) -> Channel:
    """Return the channel of *known* that leads to *address*, or one that is not stored yet.

    Whatever else was set for a channel that leads there, it is taken. The id of a new one is drawn from where
    it leads, so that two who want it at once mean the same. Raises Invalid, naming a field of the
    configuration, for what its transport does not take.
    """
    private = tools.settings.allow_private_targets
    config = transport_for(address.kind).check(address.config, allow_private=private)
    for channel in known:
        if channel.kind == address.kind and all(
            channel.config[name] == config[name] for name in address.config
        ):
            return channel
    taken = {channel.channel_id for channel in known}
    leads_to = json.dumps([address.kind, config], sort_keys=True)
    # Somebody may have changed where the first of that id leads.
    drawn = (str(uuid5(UUID(project_id), f"{leads_to}#{turn}")) for turn in count())
    channel_id = next(drawn_id for drawn_id in drawn if drawn_id not in taken)
    return Channel(channel_id, project_id, address.kind, address.name, config, now)


def ensure(tools: Toolbox, caller: Caller, channels: Iterable[Channel], now: datetime) -> None:
    """Store those of one project's *channels* that are not stored yet, each once."""
    access.require_write(caller)
    for channel in {channel.channel_id: channel for channel in channels}.values():
        if channel.created == now and _add(tools, channel):
            deed = Deed("channel.created", channel.channel_id, channel.name, channel.project_id)
            note(tools, caller, deed, now)


def _add(tools: Toolbox, channel: Channel) -> bool:
    """Store *channel*; return whether nobody else was first."""
    is_ours = True

    def add() -> None:
        nonlocal is_ours
        try:
            tools.channels.add(channel)
        except Conflict:
            if channel.channel_id not in {
                one.channel_id for one in tools.channels.of_project(channel.project_id)
            }:
                raise
            is_ours = False

    access.add_to_project(tools, channel.project_id, add)
    return is_ours
