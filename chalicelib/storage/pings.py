"""The log of each monitor's newest pings: a ring of rows, and of the bodies that came with them.

Slot = n mod the ring's size: exact retention by count, without a single delete.
"""

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.signals import PINGS_STORED, Action, Arrival, Ping
from chalicelib.storage.tables import EPOCH, EpochAttribute, Table, conflicts, remove_rows


class PingItem(Table):
    """A ping, or the body of one; a newer ping overwrites the slot."""

    short_name = "pings"

    class Meta:
        table_name = ""

    monitor_id = UnicodeAttribute(hash_key=True)
    row = UnicodeAttribute(range_key=True)
    n = NumberAttribute()
    at = EpochAttribute(null=True)
    action = UnicodeAttribute(null=True)
    arrival_id = UnicodeAttribute(null=True)
    rid = UnicodeAttribute(null=True)
    exit_status = NumberAttribute(null=True)
    scheme = UnicodeAttribute(null=True)
    method = UnicodeAttribute(null=True)
    remote_addr = UnicodeAttribute(null=True)
    agent = UnicodeAttribute(null=True)
    body_size = NumberAttribute(null=True)
    body = BinaryAttribute(legacy_encoding=False, null=True)


class Pings:
    """The ping logs of one deployment."""

    def record(self, ping: Ping) -> None:
        """Store *ping*, its body first, so that no row ever promises a body that is not there."""
        for item in items_of(ping):
            unseen = PingItem.n.does_not_exist()
            older = PingItem.n < ping.n
            try:
                with conflicts():
                    item.save(condition=unseen | older)
            except Conflict:
                # A newer ping has taken the slot, or this very one was stored by a call that seemed to fail:
                # either way the row must be tried as well.
                continue

    def latest(self, monitor_id: str, n_pings: int, limit: int) -> list[Ping]:
        """Return up to *limit* pings, the newest first, of a monitor that counted *n_pings*."""
        lowest = max(1, n_pings - min(limit, PINGS_STORED) + 1)
        found: list[PingItem] = []
        with conflicts():
            for first, last in _slot_ranges(lowest, n_pings):
                span = PingItem.row.between(_row("ping", first), _row("ping", last))
                found += PingItem.query(monitor_id, span)
        pings = [_to_ping(item) for item in found if item.n >= lowest]
        return sorted(pings, key=lambda ping: ping.n, reverse=True)

    def find(self, monitor_id: str, n: int) -> Ping:
        """Return ping *n* with its body; raises NotFound when it was never there or is overwritten."""
        with conflicts():
            keys = [
                (monitor_id, _row("ping", n % PINGS_STORED)),
                (monitor_id, _row("body", n % PINGS_STORED)),
            ]
            rows = {item.row[:4]: item for item in PingItem.batch_get(keys) if item.n == n}
        if "ping" not in rows:
            raise NotFound("Ping not found")
        return _to_ping(rows["ping"], rows["body"].body if "body" in rows else b"")

    def purge(self, monitor_id: str, limit: int) -> bool:
        """Delete up to *limit* rows of a monitor that is gone; return whether any may be left."""
        return remove_rows(PingItem, "row", monitor_id, limit)


def items_of(ping: Ping) -> list[PingItem]:
    """Return the items that store *ping*: its body, if it has one, and its row."""
    slot = ping.n % PINGS_STORED
    arrival = ping.arrival
    row = PingItem(
        ping.monitor_id,
        _row("ping", slot),
        n=ping.n,
        at=ping.at,
        action=ping.action.value,
        arrival_id=arrival.arrival_id,
        rid=arrival.rid or None,
        exit_status=arrival.exit_status,
        scheme=arrival.scheme,
        method=arrival.method or None,
        remote_addr=arrival.remote_addr or None,
        agent=arrival.agent or None,
        body_size=len(arrival.body) or None,
    )
    if not arrival.body:
        return [row]
    return [PingItem(ping.monitor_id, _row("body", slot), n=ping.n, body=arrival.body), row]


def _row(kind: str, slot: int) -> str:
    return f"{kind}#{slot:03d}"


def _slot_ranges(lowest: int, highest: int) -> list[tuple[int, int]]:
    """Return the slots of pings *lowest* to *highest* as one or two unbroken ranges."""
    if highest < lowest:
        return []
    first, last = lowest % PINGS_STORED, highest % PINGS_STORED
    if first <= last:
        return [(first, last)]
    return [(first, PINGS_STORED - 1), (0, last)]


def _to_ping(item: PingItem, body: bytes | None = None) -> Ping:
    arrival = Arrival(
        arrival_id=item.arrival_id or "",
        action=Action(item.action or Action.LOG),
        rid=item.rid or "",
        exit_status=int(item.exit_status) if item.exit_status is not None else None,
        scheme=item.scheme or "",
        method=item.method or "",
        remote_addr=item.remote_addr or "",
        agent=item.agent or "",
        body=body or b"",
        body_size=int(item.body_size or 0),
    )
    return Ping(item.monitor_id, int(item.n), item.at or EPOCH, arrival.action, arrival)
