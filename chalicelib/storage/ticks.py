"""When we were awake: the moment of the last tick, and the outages in which none came."""

from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

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

    The latest tick carries the outage that the operators have still to be told of, from *away* to *end*.
    """

    short_name = "ticks"

    class Meta:
        table_name = ""

    scope = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    at = EpochAttribute()
    away = EpochAttribute(null=True)
    end = EpochAttribute(null=True)
    expires_at = ExpiryAttribute(null=True)


class Ticks:
    """The ticks of one deployment."""

    def record(self, now: datetime) -> Outage | None:
        """Note that the clock ticked at *now*; return the outage that the operators have still to be told of.

        An outage is written before the tick: a crash in between is seen as the same outage by the next.
        """
        outage = _silence(self._latest_moment(), now)
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
        latest = TickItem(SCOPE, LATEST)
        try:
            with conflicts():
                latest.update(actions, condition=TickItem.at.does_not_exist() | (TickItem.at < now))
        except Conflict:
            return None  # a tick that fires twice, or late, ends nothing
        return Outage(latest.away, latest.end) if latest.away and latest.end else None

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

    def _latest_moment(self) -> datetime | None:
        try:
            with conflicts():
                return TickItem.get(SCOPE, LATEST, consistent_read=True).at
        except TickItem.DoesNotExist:
            return None


def _silence(latest: datetime | None, now: datetime) -> Outage | None:
    if latest is None or now - latest <= LONGEST_SILENCE:
        return None
    return Outage(latest, now)
