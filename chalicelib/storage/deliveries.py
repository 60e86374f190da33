"""The notification log: each message to each channel, claimed before it is sent and settled after."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.core.alerts import Fate
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.storage.tables import Actions, EpochAttribute, ExpiryAttribute, Table, conflicts

RETENTION = timedelta(days=90)
LEASE = timedelta(seconds=90)  # longer than any attempt, shorter than the queue's visibility timeout


class ByChannel(GlobalSecondaryIndex[Any]):
    """A channel's log."""

    class Meta:
        index_name = "by-channel"
        projection = AllProjection()

    channel_id = UnicodeAttribute(hash_key=True)
    created = EpochAttribute(range_key=True)


class DeliveryItem(Table):
    """One message to one channel."""

    short_name = "deliveries"

    class Meta:
        table_name = ""

    story = UnicodeAttribute(hash_key=True)
    channel_id = UnicodeAttribute(range_key=True)
    created = EpochAttribute()
    fate = UnicodeAttribute()
    reason = UnicodeAttribute()
    attempts = NumberAttribute(default=0)
    lease_until = EpochAttribute(null=True)
    settled = EpochAttribute(null=True)
    outcome = UnicodeAttribute(null=True)
    expires_at = ExpiryAttribute()

    by_channel = ByChannel()


@dataclass(frozen=True, slots=True)
class Delivery:
    """A line of the notification log; *outcome* is the provider's answer, in short.

    Until *lease_until* nobody may send it: somebody does, or the pause before the next try is not over.
    """

    story: str
    channel_id: str
    created: datetime
    reason: str
    fate: Fate = Fate.QUEUED
    attempts: int = 0
    lease_until: datetime | None = None
    settled: datetime | None = None
    outcome: str = ""

    @property
    def delivery_id(self) -> str:
        """What receivers tell repetitions by."""
        return f"{self.story}/{self.channel_id}"

    def is_leaving(self, now: datetime) -> bool:
        """Whether a worker is sending it at *now*, as far as its lease tells."""
        return self.fate is Fate.SENDING and self.lease_until is not None and now < self.lease_until

    def rests_until(self, now: datetime) -> datetime | None:
        """Return when the next try may be made, or None where it may be made at *now*."""
        waits = self.fate in (Fate.QUEUED, Fate.RETRYING)
        return self.lease_until if waits and self.lease_until and now < self.lease_until else None


class Deliveries:
    """The notification log of one deployment."""

    def queue(self, delivery: Delivery) -> None:
        """Note that a message is to be sent, not before its lease ends; noting it again changes nothing."""
        item = DeliveryItem(
            delivery.story,
            delivery.channel_id,
            created=delivery.created,
            fate=Fate.QUEUED.value,
            reason=delivery.reason,
            lease_until=delivery.lease_until,
            expires_at=delivery.created + RETENTION,
        )
        try:
            with conflicts():
                item.save(condition=DeliveryItem.story.does_not_exist())
        except Conflict:
            return

    def find(self, story: str, channel_id: str) -> Delivery:
        """Return a line of the log; raises NotFound."""
        try:
            with conflicts():
                return _to_delivery(DeliveryItem.get(story, channel_id, consistent_read=True))
        except DeliveryItem.DoesNotExist as error:
            raise NotFound("Delivery not found") from error

    def claim(self, delivery: Delivery, now: datetime) -> Delivery:
        """Take the one right to send, until the lease ends; raises Conflict where another has or had it."""
        actions: Actions = [
            DeliveryItem.fate.set(Fate.SENDING.value),
            DeliveryItem.lease_until.set(now + LEASE),
            DeliveryItem.attempts.add(1),
        ]
        item = DeliveryItem(delivery.story, delivery.channel_id)
        with conflicts():
            item.update(actions, condition=_is_free(now))
        return _to_delivery(item)

    def settle(
        self, delivery: Delivery, fate: Fate, outcome: str, now: datetime, again: datetime | None = None
    ) -> Delivery:
        """Write how an attempt ended, and when it may be made *again*.

        Raises Conflict where the claim was lost meanwhile.
        """
        item = DeliveryItem(delivery.story, delivery.channel_id)
        actions: Actions = [
            DeliveryItem.fate.set(fate.value),
            DeliveryItem.settled.set(now),
            DeliveryItem.outcome.set(outcome[:300]) if outcome else DeliveryItem.outcome.remove(),
            DeliveryItem.lease_until.set(again) if again else DeliveryItem.lease_until.remove(),
        ]
        # The new fate is there already where botocore asks again, because the first answer was lost.
        is_as_known = DeliveryItem.fate.is_in(delivery.fate.value, fate.value)
        with conflicts():
            item.update(actions, condition=(DeliveryItem.attempts == delivery.attempts) & is_as_known)
        return replace(delivery, fate=fate, outcome=outcome, settled=now, lease_until=again)

    def merge(self, delivery: Delivery, now: datetime) -> None:
        """Keep a message that still waits from being sent alone; raises Conflict when it has left."""
        item = DeliveryItem(delivery.story, delivery.channel_id)
        waits_or_merged = DeliveryItem.fate.is_in(Fate.QUEUED.value, Fate.RETRYING.value, Fate.MERGED.value)
        with conflicts():
            item.update([DeliveryItem.fate.set(Fate.MERGED.value)], condition=waits_or_merged | _is_free(now))

    def reopen(self, delivery: Delivery) -> None:
        """Let a message that was given up be sent again; raises Conflict when it was not given up.

        What waits already may be asked for again: the notice of the first time may have been lost.
        """
        item = DeliveryItem(delivery.story, delivery.channel_id)
        with conflicts():
            item.update(
                [DeliveryItem.fate.set(Fate.QUEUED.value), DeliveryItem.lease_until.remove()],
                condition=DeliveryItem.fate.is_in(Fate.FAILED.value, Fate.QUEUED.value),
            )

    def of_channel(self, channel_id: str, limit: int) -> list[Delivery]:
        """Return up to *limit* messages to a channel, the newest first."""
        with conflicts():
            found = DeliveryItem.by_channel.query(channel_id, scan_index_forward=False, limit=limit)
            return [_to_delivery(item) for item in found]


def _is_free(now: datetime) -> Condition:
    """Return what must hold for a message that may be sent: nothing keeps it, or not any more.

    What keeps it are quiet hours, the pause before its next try, or the worker that sends it, who may have
    vanished.
    """
    is_idle = DeliveryItem.fate.is_in(Fate.QUEUED.value, Fate.RETRYING.value)
    is_kept = DeliveryItem.fate.is_in(Fate.QUEUED.value, Fate.RETRYING.value, Fate.SENDING.value)
    nothing_keeps: Condition = is_idle & DeliveryItem.lease_until.does_not_exist()
    not_any_more: Condition = is_kept & (DeliveryItem.lease_until <= now)
    is_free: Condition = nothing_keeps | not_any_more
    return is_free


def _to_delivery(item: DeliveryItem) -> Delivery:
    return Delivery(
        story=item.story,
        channel_id=item.channel_id,
        created=item.created,
        reason=item.reason,
        fate=Fate(item.fate),
        attempts=int(item.attempts),
        lease_until=item.lease_until,
        settled=item.settled,
        outcome=item.outcome or "",
    )
