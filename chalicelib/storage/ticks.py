"""When we were awake: the last tick, the outages in which none came, and the rings that a tick must turn."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pynamodb.attributes import NumberSetAttribute, UnicodeAttribute

from chalicelib.core.errors import Conflict
from chalicelib.core.heartbeats import Outage
from chalicelib.storage.tables import Actions, EpochAttribute, ExpiryAttribute, Table, conflicts

SCOPE = "tick"
LATEST = "latest"
LONGEST_SILENCE = timedelta(minutes=2)  # between two ticks; more is an outage of ours
RETENTION = timedelta(days=400)
NEWEST = 50  # deadlines are never older than the newest few outages


class TickItem(Table):
    """The latest tick, or an outage named by its beginning.

    The latest tick carries the outage that the operators have still to be told of, from *away* to *end*,
    and the rings of the wheel that are in use, so that a tick knows them without a read of its own.
    """

    short_name = "ticks"

    class Meta:
        table_name = ""

    scope = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    at = EpochAttribute(null=True)  # absent before the first tick
    rings: NumberSetAttribute = NumberSetAttribute(null=True)  # seconds
    away = EpochAttribute(null=True)
    end = EpochAttribute(null=True)
    expires_at = ExpiryAttribute(null=True)


@dataclass(frozen=True, slots=True)
class Tick:
    """The latest tick: when it came, None where none ever did, and the wheel's rings in use, in seconds."""

    at: datetime | None = None
    rings: frozenset[int] = frozenset()


class Ticks:
    """The ticks of one deployment."""

    def latest(self) -> Tick:
        """Return the latest tick."""
        try:
            with conflicts():
                item = TickItem.get(SCOPE, LATEST, consistent_read=True)
        except TickItem.DoesNotExist:
            return Tick()
        return Tick(item.at, frozenset(int(ring) for ring in item.rings or ()))

    def add_ring(self, ring: int) -> None:
        """Have every tick from now on turn the ring of *ring* seconds; doing so again is harmless."""
        unknown = ~TickItem.rings.contains(ring)
        try:
            with conflicts():
                TickItem(SCOPE, LATEST).update([TickItem.rings.add({ring})], condition=unknown)
        except Conflict:
            return

    def record(self, now: datetime, latest: Tick | None = None) -> Outage | None:
        """Note that the clock ticked at *now*; return the outage that the operators have still to be told of.

        Who has read the *latest* tick already spares us that. An outage is written before the tick: a crash
        in between is seen as the same outage by the next.
        """
        outage = _silence((latest or self.latest()).at, now)
        actions: Actions = [TickItem.at.set(now)]
        with conflicts():
            if outage:
                TickItem(
                    SCOPE,
                    f"away#{outage.start.isoformat()}",
                    at=outage.start,
                    end=outage.end,
                    expires_at=outage.end + RETENTION,
                ).save()
                actions += [TickItem.away.set(outage.start), TickItem.end.set(outage.end)]
        item = TickItem(SCOPE, LATEST)
        try:
            with conflicts():
                item.update(actions, condition=TickItem.at.does_not_exist() | (TickItem.at < now))
        except Conflict:
            return None  # a tick that fires twice, or late, ends nothing
        return Outage(item.away, item.end) if item.away and item.end else None

    def told(self, outage: Outage) -> None:
        """Note that the operators know of *outage*."""
        try:
            with conflicts():
                TickItem(SCOPE, LATEST).update(
                    [TickItem.away.remove(), TickItem.end.remove()], condition=TickItem.away == outage.start
                )
        except Conflict:
            return

    def outages(self, now: datetime) -> list[Outage]:
        """Return our outages in their order, the one that goes on at *now* included: one Query."""
        with conflicts():
            # "latest" sorts after every "away#…", so the newest come first and one small page has them all.
            items = list(TickItem.query(SCOPE, consistent_read=True, scan_index_forward=False, limit=NEWEST))
        known = {item.at: Outage(item.at, item.end) for item in reversed(items) if item.item != LATEST}
        latest = next((item.at for item in items if item.item == LATEST), None)
        present = _silence(latest, now)
        if present:
            # It may be known already, as shorter than it is: the tick that wrote it may have got no further.
            known[present.start] = present
        return list(known.values())


def _silence(latest: datetime | None, now: datetime) -> Outage | None:
    if latest is None or now - latest <= LONGEST_SILENCE:
        return None
    return Outage(latest, now)
