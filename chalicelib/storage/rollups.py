"""What rounds come to, by the hour and by the day: computed from them, so that it can be computed again."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.core.rollups import BUCKETS, Count, Grain, Rollup
from chalicelib.storage.tables import (
    MICROSECOND,
    ExpiryAttribute,
    SpanAttribute,
    Table,
    conflicts,
    remove_rows,
)

RETENTION = {Grain.HOUR: timedelta(days=40), Grain.DAY: timedelta(days=400)}
FORMS = {Grain.HOUR: "%Y-%m-%dT%H", Grain.DAY: "%Y-%m-%d"}


class RollupItem(Table):
    """An hour or a day of one monitor; what is nought is left out."""

    short_name = "rollups"

    class Meta:
        table_name = ""

    monitor_id = UnicodeAttribute(hash_key=True)
    period = UnicodeAttribute(range_key=True)
    up = NumberAttribute(null=True)
    degraded = NumberAttribute(null=True)
    down = NumberAttribute(null=True)
    regions = JSONAttribute(null=True)  # the four counts of each
    latencies = JSONAttribute(null=True)  # (bucket, count) of those that are not empty
    took = SpanAttribute(null=True)
    expires_at = ExpiryAttribute(null=True)


class Rollups:
    """The rollups of one deployment."""

    def put(self, monitor_id: str, grain: Grain, start: datetime, rollup: Rollup) -> None:
        """Store what the period that begins at *start* comes to, in place of what was stored."""
        item = RollupItem(
            monitor_id,
            _name(grain, start),
            up=rollup.up or None,
            degraded=rollup.degraded or None,
            down=rollup.down or None,
            regions={region: _counts(count) for region, count in rollup.regions.items()} or None,
            latencies=[(bucket, n) for bucket, n in enumerate(rollup.latencies) if n] or None,
            took=rollup.took or None,
            expires_at=start + RETENTION[grain],
        )
        with conflicts():
            item.save()

    def range(
        self, monitor_id: str, grain: Grain, start: datetime, end: datetime, *, fresh: bool = False
    ) -> dict[datetime, Rollup]:
        """Return the periods that begin from *start* up to, not including, *end*, in their order.

        A period that nothing was stored of is left out. The caller asks for none older than RETENTION, which
        DynamoDB deletes when it gets round to it. *fresh* reads what was written last, for twice the price.
        """
        first = grain.ceil(start)
        if end <= first:
            return {}  # DynamoDB refuses a range that ends before it begins
        span = RollupItem.period.between(_name(grain, first), _name(grain, end - MICROSECOND))
        with conflicts():
            found = RollupItem.query(monitor_id, span, consistent_read=fresh)
            return {_start(item.period): _to_rollup(item) for item in found}

    def purge(self, monitor_id: str, limit: int) -> bool:
        """Delete up to *limit* rollups of a monitor that is gone; return whether any may be left."""
        return remove_rows(RollupItem, "period", monitor_id, limit)


def _name(grain: Grain, moment: datetime) -> str:
    return f"{grain}#{moment.astimezone(UTC):{FORMS[grain]}}"


def _start(period: str) -> datetime:
    return datetime.fromisoformat(period[2:]).replace(tzinfo=UTC)


def _counts(count: Count) -> list[int]:
    return [count.up, count.degraded, count.down, count.unknown]


def _to_rollup(item: RollupItem) -> Rollup:
    filled: dict[int, int] = dict(item.latencies or ())
    regions: dict[str, Any] = item.regions or {}
    return Rollup(
        int(item.up or 0),
        int(item.degraded or 0),
        int(item.down or 0),
        {region: Count(*counts) for region, counts in regions.items()},
        tuple(filled.get(bucket, 0) for bucket in range(BUCKETS)),
        item.took or timedelta(),
    )
