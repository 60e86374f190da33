"""Channels: the ways to reach people, kept with their project."""

from collections.abc import Iterable

from pynamodb.attributes import JSONAttribute, UnicodeAttribute
from pynamodb.transactions import TransactWrite

from chalicelib.core.alerts import Channel
from chalicelib.core.errors import Conflict
from chalicelib.storage.entries import POINTER, Entry, PointerItem, get, project_of
from chalicelib.storage.projects import project_exists
from chalicelib.storage.tables import Actions, EpochAttribute, conflicts, connection_of

MISSING = "Channel not found"
SUBSCRIBERS = "subscribers"


class ChannelItem(Entry, discriminator="channel"):
    """A way to reach people."""

    kind = UnicodeAttribute()
    name = UnicodeAttribute()
    config = JSONAttribute()
    created = EpochAttribute()
    updated = EpochAttribute(null=True)
    broken = UnicodeAttribute(null=True)
    last_error = UnicodeAttribute(null=True)


class SubscriberItem(Entry, discriminator="subscriber"):
    """A channel that is sent a digest: all of them lie together, so that nobody has to look for them."""


class Channels:
    """The channels of one deployment."""

    def find(self, project_id: str, channel_id: str) -> Channel:
        """Return a channel of the project; raises NotFound."""
        return to_channel(get(ChannelItem, project_id, _name(channel_id), MISSING))

    def project_of(self, channel_id: str) -> str:
        """Return the id of the project that a channel belongs to; raises NotFound."""
        return project_of(_name(channel_id), MISSING)

    def of_project(self, project_id: str) -> list[Channel]:
        """Return a project's channels in the order of their creation."""
        with conflicts():
            found = ChannelItem.query(
                project_id, ChannelItem.item.startswith("channel#"), consistent_read=True
            )
            return in_order(to_channel(item) for item in found)

    def subscribers(self) -> list[tuple[str, str]]:
        """Return the project and the id of every channel that is sent a digest: one Query."""
        with conflicts():
            found = SubscriberItem.query(SUBSCRIBERS, consistent_read=True)
            pairs = [item.item.partition("#") for item in found]
        return [(project_id, channel_id) for project_id, _, channel_id in pairs]

    def unsubscribe(self, project_id: str, channel_id: str) -> None:
        """Send a channel no digest any more; doing so again is harmless."""
        with conflicts():
            _subscriber(project_id, channel_id).delete()

    def add(self, channel: Channel, *, subscribes: bool = False) -> None:
        """Store a new channel, which may subscribe to digests.

        Raises Conflict where its project is gone, or there is one of that id.
        """
        pointer = PointerItem(_name(channel.channel_id), POINTER, project_id=channel.project_id)
        with conflicts(), TransactWrite(connection=connection_of(Entry)) as transaction:
            project_exists(transaction, channel.project_id)
            transaction.save(_item(channel), condition=ChannelItem.owner.does_not_exist())
            transaction.save(pointer)
            if subscribes:
                transaction.save(_subscriber(channel.project_id, channel.channel_id))

    def save(self, channel: Channel) -> None:
        """Store a changed channel; raises Conflict when it is gone."""
        with conflicts():
            _item(channel).save(condition=ChannelItem.owner.exists())

    def remove(self, project_id: str, channel_id: str) -> None:
        """Delete a channel; raises NotFound when somebody else was first, Conflict while it is written to."""
        try:
            with conflicts(), TransactWrite(connection=connection_of(Entry)) as transaction:
                gone = ChannelItem(project_id, _name(channel_id))
                transaction.delete(gone, condition=ChannelItem.owner.exists())
                transaction.delete(PointerItem(_name(channel_id), POINTER))
                transaction.delete(_subscriber(project_id, channel_id))
        except Conflict:
            self.find(project_id, channel_id)
            raise

    def note_error(self, project_id: str, channel_id: str, error: str, *, broken: bool) -> None:
        """Keep what a channel's provider said last; *broken* gives it up, no *error* takes it back."""
        if error:
            actions: Actions = [ChannelItem.last_error.set(error[:300])]
            actions += [ChannelItem.broken.set(error[:300])] if broken else []
        else:
            actions = [ChannelItem.last_error.remove(), ChannelItem.broken.remove()]
        try:
            with conflicts():
                ChannelItem(project_id, _name(channel_id)).update(
                    actions, condition=ChannelItem.owner.exists()
                )
        except Conflict:
            return  # the channel was deleted meanwhile


def in_order(channels: Iterable[Channel]) -> list[Channel]:
    """Return *channels* in the order of their creation."""
    return sorted(channels, key=lambda channel: (channel.created, channel.channel_id))


def to_channel(item: ChannelItem) -> Channel:
    """Return the channel that *item* stores."""
    return Channel(
        channel_id=item.item.removeprefix("channel#"),
        project_id=item.owner,
        kind=item.kind,
        name=item.name,
        config=item.config,
        created=item.created,
        broken=item.broken or "",
        last_error=item.last_error or "",
        updated=item.updated,
    )


def _subscriber(project_id: str, channel_id: str) -> SubscriberItem:
    return SubscriberItem(SUBSCRIBERS, f"{project_id}#{channel_id}")


def _name(channel_id: str) -> str:
    return f"channel#{channel_id}"


def _item(channel: Channel) -> ChannelItem:
    return ChannelItem(
        channel.project_id,
        _name(channel.channel_id),
        kind=channel.kind,
        name=channel.name,
        config=channel.config,
        created=channel.created,
        updated=channel.updated,
        broken=channel.broken or None,
        last_error=channel.last_error or None,
    )
