"""Changes of status: a monitor's history, and the outbox of what is still to be announced.

A flip is written in the very transaction that changes the state; it is published afterwards, and swept
where that failed. Its mark `unannounced` lives in a sparse index and goes when it was announced.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.status import Status
from chalicelib.core.steps import Cause, Flip
from chalicelib.storage.tables import EpochAttribute, ExpiryAttribute, Table, conflicts, remove_rows, shard_of

RETENTION = timedelta(days=125)  # the month at hand and three whole ones before it (R357)


class Unannounced(GlobalSecondaryIndex[Any]):
    """The outbox."""

    class Meta:
        index_name = "unannounced"
        projection = AllProjection()

    unannounced = NumberAttribute(hash_key=True)
    at = EpochAttribute(range_key=True)


class FlipItem(Table):
    """One change of status."""

    short_name = "flips"

    class Meta:
        table_name = ""

    monitor_id = UnicodeAttribute(hash_key=True)
    at = EpochAttribute(range_key=True)
    old = UnicodeAttribute()
    new = UnicodeAttribute()
    cause = UnicodeAttribute()
    began = EpochAttribute(null=True)
    n = NumberAttribute(null=True)
    unannounced = NumberAttribute(null=True)
    expires_at = ExpiryAttribute()

    outbox = Unannounced()


class Flips:
    """The flips of one deployment."""

    def find(self, monitor_id: str, at: datetime) -> tuple[Flip, bool]:
        """Return the flip of that very moment and whether it still waits to be announced."""
        try:
            with conflicts():
                item = FlipItem.get(monitor_id, at, consistent_read=True)
        except FlipItem.DoesNotExist as error:
            raise NotFound("Flip not found") from error
        return _to_flip(item), item.unannounced is not None

    def between(self, monitor_id: str, start: datetime, end: datetime) -> list[Flip]:
        """Return the flips from *start* up to, not including, *end*, the newest first.

        The caller asks for none older than RETENTION: DynamoDB deletes those when it gets round to it.
        """
        if end <= start:
            return []  # DynamoDB refuses a range that ends before it begins
        with conflicts():
            found = FlipItem.query(
                monitor_id,
                FlipItem.at.between(start, end - timedelta(microseconds=1)),
                scan_index_forward=False,
            )
            return [_to_flip(item) for item in found]

    def newest(self, monitor_id: str, limit: int) -> list[Flip]:
        """Return the last *limit* flips of a monitor, the newest first."""
        with conflicts():
            found = FlipItem.query(monitor_id, scan_index_forward=False, limit=limit, consistent_read=True)
            return [_to_flip(item) for item in found]

    def unannounced(self, shard: int, before: datetime, limit: int) -> list[Flip]:
        """Return up to *limit* flips of *shard* from *before* that nobody has announced."""
        with conflicts():
            found = FlipItem.outbox.query(shard, FlipItem.at < before, limit=limit)
            return [_to_flip(item) for item in found]

    def mark_announced(self, flip: Flip) -> None:
        """Take *flip* out of the outbox; doing so again is harmless."""
        item = FlipItem(flip.monitor_id, flip.at)
        try:
            with conflicts():
                item.update([FlipItem.unannounced.remove()], condition=FlipItem.unannounced.exists())
        except Conflict:
            return  # somebody else announced it too: deliveries are claimed one by one, so nobody heard twice

    def purge(self, monitor_id: str, limit: int) -> bool:
        """Delete up to *limit* flips of a monitor that is gone; return whether any may be left."""
        return remove_rows(FlipItem, "at", monitor_id, limit)


def items_of(flips: tuple[Flip, ...], shards: int) -> Iterator[FlipItem]:
    """Yield the items that store *flips*; those that somebody must hear of carry the outbox's mark."""
    for flip in flips:
        yield FlipItem(
            flip.monitor_id,
            flip.at,
            old=flip.old.value,
            new=flip.new.value,
            cause=flip.cause.value,
            began=flip.began,
            n=flip.n or None,
            unannounced=shard_of(flip.monitor_id, shards) if flip.is_news else None,
            expires_at=flip.at + RETENTION,
        )


def _to_flip(item: FlipItem) -> Flip:
    return Flip(
        item.monitor_id,
        item.at,
        Status(item.old),
        Status(item.new),
        Cause(item.cause),
        item.began,
        int(item.n or 0),
    )
