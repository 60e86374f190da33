"""When which monitor is probed: fixed places on a wheel, so that scheduling writes nothing.

A monitor's interval is its ring; where on the ring it sits is drawn from its id, so that load is flat. Each
minute the wheel turns on, and whoever sits in the slots of that minute is probed at its own second.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zlib import crc32

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
SPAN = 10  # seconds between two places on a ring: who sits in one place can share a message
LEAD = timedelta(seconds=135)  # a minute to fill, a minute until the next tick, and its lateness
FAST = (10, 15, 20, 30)  # seconds; all other rings are whole minutes, up to a day


def is_ring(interval: timedelta) -> bool:
    """Whether monitors may be probed every *interval*: some seconds, or whole minutes up to a day (R96)."""
    if interval in [seconds * SECOND for seconds in FAST]:
        return True
    return MINUTE <= interval <= DAY and not interval % MINUTE


def place_of(monitor_id: str, interval: timedelta) -> int:
    """Return at which second of its ring a monitor sits: a multiple of SPAN, evenly drawn from its id."""
    places = max(1, interval // (SPAN * SECOND))
    # The last bits decide about its shard: with them left out, every shard has somebody in every place.
    return SPAN * (crc32(monitor_id.encode()) // 64 % places)


def slot_of(monitor_id: str, interval: timedelta, shard: int) -> str:
    """Return the name of the monitor's slot: its ring in seconds, its minute of the ring, its shard."""
    return _slot(interval // SECOND, place_of(monitor_id, interval) // 60, shard)


def window(last_tick: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """Return from when up to when the tick at *now* has to see to it that everybody is probed.

    It is the whole minutes that no earlier tick has seen to, of the time up to LEAD from now: each moment
    belongs to just one tick, and is seen to before it comes, even where the next tick is late. What passed
    while we were away is not caught up: a probe of the past has no meaning.
    """
    since = max(now, seen_to(last_tick)) if last_tick else now
    return since, max(since, seen_to(now))


def seen_to(tick: datetime) -> datetime:
    """Return up to when the tick at *tick*, or one before it, has seen to everybody."""
    return _minute(tick + LEAD)


def slots_due(rings: Iterable[int], since: datetime, until: datetime, shard: int) -> list[str]:
    """Return the slots of *shard* in which somebody may be due from *since* up to *until*.

    *rings* are the intervals in use, in seconds. Where both moments are whole minutes, no slot is read twice.
    """
    first, last = (since - EPOCH) // MINUTE, -((EPOCH - until) // MINUTE)
    return [
        _slot(ring, minute, shard)
        for ring in sorted(rings)
        for minute in sorted({minute % max(1, ring // 60) for minute in range(first, last)})
    ]


def moments(monitor_id: str, interval: timedelta, since: datetime, until: datetime) -> Iterator[datetime]:
    """Yield when a monitor is probed from *since* up to, not including, *until*."""
    place = place_of(monitor_id, interval) * SECOND
    intervals = -((EPOCH + place - since) // interval)  # rounded up: the first moment is not before *since*
    moment = EPOCH + place + intervals * interval
    while moment < until:
        yield moment
        moment += interval


def spread(count: int) -> list[timedelta]:
    """Return how long after their common moment each of *count* bundles starts: never all at once."""
    return [SPAN * number // count * SECOND for number in range(count)]


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _slot(ring: int, minute: int, shard: int) -> str:
    return f"{ring}:{minute}:{shard}"
