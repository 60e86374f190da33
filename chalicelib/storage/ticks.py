"""When we were awake: the moment of the last tick, and the outages in which none came."""

from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core.errors import Conflict
from chalicelib.core.heartbeats import Outage
from chalicelib.storage.tables import EpochAttribute, ExpiryAttribute, Table, conflicts

SCOPE = "tick"
LATEST = "latest"
LONGEST_SILENCE = timedelta(minutes=2)  # between two ticks; more is an outage of ours
RETENTION = timedelta(days=400)
NEWEST = 50  # deadlines are never older than the newest few outages


class TickItem(Table):
    """The latest tick, or an outage named by its beginning."""

    short_name = "ticks"

    class Meta:
        table_name = ""

    scope = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    at = EpochAttribute()
    end = EpochAttribute(null=True)
    expires_at = ExpiryAttribute(null=True)


class Ticks:
    """The ticks of one deployment."""

    def record(self, now: datetime) -> Outage | None:
        """Note that the clock ticked at *now*; return the outage that it ends, if it ends one.

        The outage is written before the tick: a crash in between is seen as the same outage by the next.
        """
        latest = self._latest()
        outage = _silence(latest, now)
        with conflicts():
            if outage:
                TickItem(
                    SCOPE,
                    f"away#{outage.start.isoformat()}",
                    at=outage.start,
                    end=outage.end,
                    expires_at=outage.end + RETENTION,
                ).save()
        try:
            with conflicts():
                TickItem(SCOPE, LATEST).update(
                    [TickItem.at.set(now)], condition=TickItem.at.does_not_exist() | (TickItem.at < now)
                )
        except Conflict:
            return None  # a tick that fires twice, or late, ends nothing
        return outage

    def outages(self, now: datetime) -> list[Outage]:
        """Return our outages in their order, the one that goes on at *now* included: one Query."""
        with conflicts():
            # "latest" sorts after every "away#…", so the newest come first and one small page has them all.
            items = list(TickItem.query(SCOPE, consistent_read=True, scan_index_forward=False, limit=NEWEST))
        past = [Outage(item.at, item.end) for item in reversed(items) if item.end]
        latest = next((item.at for item in items if item.item == LATEST), None)
        present = _silence(latest, now)
        return past + ([present] if present and present not in past else [])

    def _latest(self) -> datetime | None:
        try:
            with conflicts():
                return TickItem.get(SCOPE, LATEST, consistent_read=True).at
        except TickItem.DoesNotExist:
            return None


def _silence(latest: datetime | None, now: datetime) -> Outage | None:
    if latest is None or now - latest <= LONGEST_SILENCE:
        return None
    return Outage(latest, now)
