"""What surveys found out about each monitor's host, and the sparse index of those that are due.

Baselines and changes carry the host that they are about: those of a host that a monitor had before count no
more, and are overwritten or expire.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pynamodb.attributes import BooleanAttribute, ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection
from pynamodb.transactions import TransactWrite

from chalicelib.core.errors import NotFound
from chalicelib.core.findings import Change, RecordSet, Registration, Warned
from chalicelib.core.findings import Findings as Known
from chalicelib.storage.tables import (
    EpochAttribute,
    ExpiryAttribute,
    Table,
    conflicts,
    connection_of,
    remove_rows,
)

HEAD = "domain"
WAITING = 1  # the one partition of what is due: a look a day at each
RETENTION = timedelta(days=400)  # of changes


class ByDeadline(GlobalSecondaryIndex[Any]):
    """When each host is to be surveyed, and what must be known to order that."""

    class Meta:
        index_name = "by-deadline"
        projection = IncludeProjection(["host", "domain"])

    waiting = NumberAttribute(hash_key=True)
    look_at = EpochAttribute(range_key=True)


class FindingItem(Table):
    """What is known of a host, its records of one type, or a change: what belongs to the others is absent."""

    short_name = "findings"

    class Meta:
        table_name = ""

    monitor_id = UnicodeAttribute(hash_key=True)
    part = UnicodeAttribute(range_key=True)  # `domain`, `dns#MX`, or `change#`, microseconds, and `#MX`
    host = UnicodeAttribute(null=True)
    domain = UnicodeAttribute(null=True)
    registrar = UnicodeAttribute(null=True)
    expires = EpochAttribute(null=True)
    locked = BooleanAttribute(null=True)
    checked = EpochAttribute(null=True)
    warned_days = NumberAttribute(null=True)
    warned_expires = EpochAttribute(null=True)
    warned_domain = UnicodeAttribute(null=True)
    look_at = EpochAttribute(null=True)
    waiting = NumberAttribute(null=True)  # present with look_at
    record_type = UnicodeAttribute(null=True)  # this and those below: of baselines and changes
    name = UnicodeAttribute(null=True)
    record_values: ListAttribute[str] = ListAttribute(null=True)
    ttl = NumberAttribute(null=True)
    dnssec_valid = BooleanAttribute(null=True)
    at = EpochAttribute(null=True)
    change_type = UnicodeAttribute(null=True)
    previous: ListAttribute[str] = ListAttribute(null=True)
    expires_at = ExpiryAttribute(null=True)

    by_deadline = ByDeadline()


class Due(NamedTuple):
    """A monitor whose host is to be surveyed, and since when; *domain* is "" where it is not known."""

    monitor_id: str
    host: str
    domain: str
    look_at: datetime


class Findings:
    """The findings of one deployment."""

    def find(self, monitor_id: str) -> Known:
        """Return what is known of a monitor's host; raises NotFound where nothing is to be known."""
        with conflicts():
            found = list(
                FindingItem.query(monitor_id, FindingItem.part.between("dns#", HEAD), consistent_read=True)
            )
        if not found or found[-1].part != HEAD:
            raise NotFound("Findings not found")
        return _to_known(found[-1], found[:-1])

    def changes(self, known: Known, limit: int) -> list[Change]:
        """Return up to *limit* changes of a host's records, the latest first."""
        with conflicts():
            found = FindingItem.query(
                known.monitor_id,
                FindingItem.part.startswith("change#"),
                scan_index_forward=False,
                limit=limit,
            )
            return [_to_change(item) for item in found if item.host == known.host]

    def heads(self, monitor_ids: Iterable[str]) -> list[Known]:
        """Return what is known of the hosts of several monitors but their records: a read for a hundred."""
        with conflicts():
            found = FindingItem.batch_get([(monitor_id, HEAD) for monitor_id in dict.fromkeys(monitor_ids)])
            return [_to_known(item, ()) for item in found]

    def due(self, until: datetime, limit: int) -> list[Due]:
        """Return up to *limit* hosts that are due to be surveyed at *until*; who waits longest is first."""
        with conflicts():
            found = FindingItem.by_deadline.query(WAITING, FindingItem.look_at <= until, limit=limit)
            return [Due(item.monitor_id, item.host or "", item.domain or "", item.look_at) for item in found]

    def postpone(self, due: Due, look_at: datetime) -> None:
        """Let the next survey be due at *look_at*; raises Conflict where somebody moved it, or it is gone."""
        with conflicts():
            FindingItem(due.monitor_id, HEAD).update(
                [FindingItem.look_at.set(look_at)], condition=FindingItem.look_at == due.look_at
            )

    def learn(self, before: Known, after: Known, changes: Iterable[Change]) -> None:
        """Store what a survey found, all or nothing.

        Raises Conflict where it is about another host by now, or a later survey was stored, or this one.
        """
        is_news = FindingItem.checked.does_not_exist() | (FindingItem.checked < after.checked)
        is_ours = _is_about(after.host)
        with conflicts(), TransactWrite(connection=connection_of(FindingItem)) as transaction:
            transaction.update(
                FindingItem(after.monitor_id, HEAD), _learned(after), condition=is_ours & is_news
            )
            for record_type, found in after.baselines.items():
                if found != before.baselines.get(record_type):
                    transaction.save(_baseline_item(after, found))
            for change in changes:
                transaction.save(_change_item(after, change))

    def warn(self, known: Known, warned: Warned | None) -> None:
        """Store of what people were warned last; raises Conflict where somebody else did already."""
        before = known.warned
        is_as_known = FindingItem.warned_days.does_not_exist()
        if before:
            same_end = FindingItem.warned_expires == before.expires
            is_as_known = (FindingItem.warned_days == before.days) & same_end
        with conflicts():
            FindingItem(known.monitor_id, HEAD).update(
                _warned(warned), condition=FindingItem.part.exists() & is_as_known
            )

    def forget(self, known: Known) -> None:
        """Delete what is known of a monitor without a host; raises Conflict where it has one again."""
        with conflicts():
            FindingItem(known.monitor_id, HEAD).delete(condition=_is_about(""))

    def purge(self, monitor_id: str, limit: int) -> bool:
        """Delete up to *limit* rows of a monitor that is gone; return whether any may be left."""
        return remove_rows(FindingItem, "part", monitor_id, limit)


def look_soon(transaction: TransactWrite, monitor_id: str, host: str, now: datetime) -> None:
    """Have a monitor's host surveyed, in the transaction that gives it that host, or takes it away.

    Of what people were warned stays: whoever looks next tells them that it is over.
    """
    actions: list[Action] = [
        FindingItem.host.set(host),
        FindingItem.look_at.set(now),
        FindingItem.waiting.set(WAITING),
        *(attribute.remove() for attribute in _OF_A_SURVEY),
    ]
    transaction.update(FindingItem(monitor_id, HEAD), actions)


_OF_A_SURVEY = (
    FindingItem.checked,
    FindingItem.domain,
    FindingItem.registrar,
    FindingItem.expires,
    FindingItem.locked,
)


def _is_about(host: str) -> Any:
    return FindingItem.host == host


def _learned(after: Known) -> list[Action]:
    actions: list[Action] = [FindingItem.checked.set(after.checked)] if after.checked else []
    if after.registration:
        actions += [
            FindingItem.domain.set(after.registration.domain),
            FindingItem.registrar.set(after.registration.registrar),
            FindingItem.locked.set(after.registration.locked),
        ]
        expires = after.registration.expires
        actions.append(FindingItem.expires.set(expires) if expires else FindingItem.expires.remove())
    return actions


def _warned(warned: Warned | None) -> list[Action]:
    if warned is None:
        attributes = (FindingItem.warned_days, FindingItem.warned_expires, FindingItem.warned_domain)
        return [attribute.remove() for attribute in attributes]
    return [
        FindingItem.warned_days.set(warned.days),
        FindingItem.warned_expires.set(warned.expires),
        FindingItem.warned_domain.set(warned.domain),
    ]


def _baseline_item(known: Known, found: RecordSet) -> FindingItem:
    return FindingItem(
        known.monitor_id,
        f"dns#{found.record_type}",
        host=known.host,
        record_type=found.record_type,
        name=found.name,
        record_values=list(found.values),
        ttl=found.ttl,
        dnssec_valid=found.dnssec_valid,
    )


def _change_item(known: Known, change: Change) -> FindingItem:
    moment = EpochAttribute().serialize(change.at)
    return FindingItem(
        known.monitor_id,
        f"change#{moment}#{change.record_type}",
        host=known.host,
        at=change.at,
        record_type=change.record_type,
        change_type=change.change_type,
        previous=list(change.previous),
        record_values=list(change.new),
        expires_at=change.at + RETENTION,
    )


def _to_known(head: FindingItem, items: Iterable[FindingItem]) -> Known:
    registration, warned = None, None
    if head.domain:
        registration = Registration(head.domain, head.registrar or "", head.expires, bool(head.locked))
    if head.warned_days:
        warned = Warned(int(head.warned_days), head.warned_expires, head.warned_domain or "")
    return Known(
        head.monitor_id,
        head.host or "",
        head.checked,
        registration,
        {found.record_type: found for found in _baselines(head, items)},
        warned,
        head.look_at,
    )


def _baselines(head: FindingItem, items: Iterable[FindingItem]) -> Iterator[RecordSet]:
    for item in items:
        if item.part.startswith("dns#") and item.host == head.host:
            yield RecordSet(
                item.record_type or "",
                item.name or "",
                tuple(item.record_values or ()),
                int(item.ttl or 0),
                item.dnssec_valid,
            )


def _to_change(item: FindingItem) -> Change:
    return Change(
        item.at,
        item.record_type or "",
        item.change_type or "",
        tuple(item.previous or ()),
        tuple(item.record_values or ()),
    )
