"""Incidents with their timelines, and the sparse index of those that time alone will move."""

from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from pynamodb.attributes import BooleanAttribute, ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.transactions import TransactWrite

from chalicelib.core.errors import NotFound
from chalicelib.core.incidents import Act, Incident, Stage, Ticket, Update
from chalicelib.core.status import Category, Impact
from chalicelib.storage.tables import (
    EpochAttribute,
    Table,
    conflicts,
    connection_of,
    defaults,
    worth_storing,
)

HEAD = "incident"
TICKET = "ticket"
MISSING = "Incident not found"
EMPTY = defaults(Incident)
WAITING = 1  # the one partition of timers: incidents are few


class ByProject(GlobalSecondaryIndex[Any]):
    """The incidents of a project, without their timelines: their ids sort by when they began."""

    class Meta:
        index_name = "by-project"
        projection = AllProjection()

    project_id = UnicodeAttribute(hash_key=True)
    incident_id = UnicodeAttribute(range_key=True)


class Open(GlobalSecondaryIndex[Any]):
    """Those of a project that are worked on: few, however many there have been; sparse, rarely written."""

    class Meta:
        index_name = "open"
        projection = KeysOnlyProjection()

    open_project = UnicodeAttribute(hash_key=True)
    incident_id = UnicodeAttribute(range_key=True)


class ByDeadline(GlobalSecondaryIndex[Any]):
    """The incidents that time alone will move."""

    class Meta:
        index_name = "by-deadline"
        projection = KeysOnlyProjection()

    waiting = NumberAttribute(hash_key=True)
    look_at = EpochAttribute(range_key=True)


class IncidentItem(Table):
    """An incident, a line of its timeline, or a ticket's way to it: what belongs to the others is absent."""

    short_name = "incidents"

    class Meta:
        table_name = ""

    incident_id = UnicodeAttribute(hash_key=True)
    part = UnicodeAttribute(range_key=True)  # `incident`, `update#` and the update's id, or `ticket`
    project_id = UnicodeAttribute(null=True)
    organization_id = UnicodeAttribute(null=True)
    title = UnicodeAttribute(null=True)
    created = EpochAttribute(null=True)
    stage = UnicodeAttribute(null=True)
    impact = UnicodeAttribute(null=True)
    category = UnicodeAttribute(null=True)
    automatic = BooleanAttribute(null=True)
    monitors: ListAttribute[str] = ListAttribute(null=True)
    updated = EpochAttribute(null=True)
    acknowledged = EpochAttribute(null=True)
    acknowledged_by = UnicodeAttribute(null=True)
    assignee = UnicodeAttribute(null=True)
    tickets: ListAttribute[Any] = ListAttribute(null=True)  # [system, key] each
    resolved = EpochAttribute(null=True)
    outage = EpochAttribute(null=True)
    held = BooleanAttribute(null=True)
    voiced = BooleanAttribute(null=True)
    owed = UnicodeAttribute(null=True)
    owed_since = EpochAttribute(null=True)
    remind_at = EpochAttribute(null=True)
    climbed = NumberAttribute(null=True)
    called: ListAttribute[str] = ListAttribute(null=True)
    climb_at = EpochAttribute(null=True)
    breaks_at = EpochAttribute(null=True)
    look_at = EpochAttribute(null=True)
    open_project = UnicodeAttribute(null=True)  # its project, until it is resolved
    waiting = NumberAttribute(null=True)  # present with look_at
    rev = NumberAttribute(null=True)
    at = EpochAttribute(null=True)  # this and those below: of an update
    message = UnicodeAttribute(null=True)
    author = UnicodeAttribute(null=True)
    named = UnicodeAttribute(null=True)  # of a ticket: the incident that it names

    by_project = ByProject()
    open = Open()
    by_deadline = ByDeadline()


class Due(NamedTuple):
    """An incident, and the moment at which to look at it."""

    incident_id: str
    look_at: datetime


class Incidents:
    """The incidents of one deployment."""

    def find(self, incident_id: str) -> Incident:
        """Return an incident; raises NotFound."""
        try:
            with conflicts():
                return _to_incident(IncidentItem.get(incident_id, HEAD, consistent_read=True))
        except IncidentItem.DoesNotExist as error:
            raise NotFound(MISSING) from error

    def timeline(self, incident_id: str) -> list[Update]:
        """Return what was said of an incident, the oldest first."""
        with conflicts():
            found = IncidentItem.query(
                incident_id, IncidentItem.part.startswith("update#"), consistent_read=True
            )
            return [_to_update(item) for item in found]

    def of_ticket(self, project_id: str, ticket: Ticket) -> str:
        """Return the id of the incident that a project has a *ticket* for; raises NotFound (R114)."""
        try:
            with conflicts():
                item = IncidentItem.get(_address(project_id, ticket), TICKET, consistent_read=True)
        except IncidentItem.DoesNotExist as error:
            raise NotFound(MISSING) from error
        return item.named or ""

    def of_project(self, project_id: str) -> list[Incident]:
        """Return a project's incidents, the newest first, also those that are held back."""
        with conflicts():
            return [
                _to_incident(item)
                for item in IncidentItem.by_project.query(project_id, scan_index_forward=False)
            ]

    def open_of(self, project_id: str) -> list[Incident]:
        """Return a project's incidents that are not resolved, the newest first, also those held back."""
        with conflicts():
            keys = [(item.incident_id, HEAD) for item in IncidentItem.open.query(project_id)]
            found = [_to_incident(item) for item in IncidentItem.batch_get(keys)]
        # The index may be a moment behind.
        still_open = (incident for incident in found if incident.is_open)
        return sorted(still_open, key=lambda incident: incident.incident_id, reverse=True)

    def due(self, until: datetime, limit: int) -> list[Due]:
        """Return up to *limit* incidents to look at before *until*, the earliest first."""
        with conflicts():
            found = IncidentItem.by_deadline.query(WAITING, IncidentItem.look_at < until, limit=limit)
            return [Due(item.incident_id, item.look_at) for item in found]

    def add(self, incident: Incident, *updates: Update) -> None:
        """Store a new incident with its first *updates*; raises Conflict where it is there already.

        So it does where another incident has one of its tickets.
        """
        with conflicts(), TransactWrite(connection=connection_of(IncidentItem)) as transaction:
            transaction.save(_item(incident), condition=IncidentItem.incident_id.does_not_exist())
            for update in updates:
                transaction.save(_update_item(update))
            _name_tickets(transaction, incident, ())

    def save(self, before: Incident, after: Incident, *updates: Update) -> Incident:
        """Store a changed incident and what was said; raises Conflict when somebody else changed it.

        So it does where another incident has a ticket that is new to this one.
        """
        written = replace(after, rev=before.rev + 1)
        with conflicts(), TransactWrite(connection=connection_of(IncidentItem)) as transaction:
            transaction.save(_item(written), condition=_is_at(before.rev))
            for update in updates:
                transaction.save(_update_item(update))
            _name_tickets(transaction, written, before.tickets)
        return written

    def remove(self, incident: Incident) -> None:
        """Delete an incident and its timeline; raises Conflict when somebody else changed or deleted it.

        Its tickets go with it, at once: no other incident could have them while they name what is gone.
        """
        with conflicts(), TransactWrite(connection=connection_of(IncidentItem)) as transaction:
            transaction.delete(IncidentItem(incident.incident_id, HEAD), condition=_is_at(incident.rev))
            _name_tickets(transaction, replace(incident, tickets=()), incident.tickets)
        self.clear(incident)

    def clear(self, incident: Incident) -> None:
        """Delete all that is left of an incident: itself last, so that whoever dies here finds it again."""
        incident_id = incident.incident_id
        with conflicts():
            for ticket in incident.tickets:
                IncidentItem(_address(incident.project_id, ticket), TICKET).delete()
            parts = list(
                IncidentItem.query(
                    incident_id,
                    attributes_to_get=["incident_id", "part"],
                    consistent_read=True,
                    scan_index_forward=False,
                )
            )
            with IncidentItem.batch_write() as batch:
                for part in parts:
                    batch.delete(part)

    def purge(self, project_id: str, limit: int) -> bool:
        """Delete up to *limit* incidents of a project that is gone; return whether any may be left."""
        with conflicts():
            found = [_to_incident(item) for item in IncidentItem.by_project.query(project_id, limit=limit)]
        for incident in found:
            self.clear(incident)
        return len(found) == limit


def _is_at(rev: int) -> Condition:
    return IncidentItem.rev == rev if rev else IncidentItem.part.exists() & IncidentItem.rev.does_not_exist()


def _name_tickets(transaction: TransactWrite, incident: Incident, known: tuple[Ticket, ...]) -> None:
    """Let an incident be found by those of its tickets that it did not have before, or lost."""
    for ticket in incident.tickets:
        if ticket not in known:
            address = _address(incident.project_id, ticket)
            is_free = IncidentItem.incident_id.does_not_exist()
            transaction.save(IncidentItem(address, TICKET, named=incident.incident_id), condition=is_free)
    for ticket in known:
        if ticket not in incident.tickets:
            transaction.delete(IncidentItem(_address(incident.project_id, ticket), TICKET))


def _address(project_id: str, ticket: Ticket) -> str:
    return f"{project_id}#{ticket.system}#{ticket.key}"


def _item(incident: Incident) -> IncidentItem:
    values = worth_storing(incident, EMPTY)
    values |= {name: list(getattr(incident, name)) or None for name in ("monitors", "called")}
    values["tickets"] = [[ticket.system, ticket.key] for ticket in incident.tickets] or None
    values.pop("incident_id")
    return IncidentItem(
        incident.incident_id,
        HEAD,
        **values,
        waiting=WAITING if incident.look_at else None,
        open_project=incident.project_id if incident.is_open else None,
    )


def _to_incident(item: IncidentItem) -> Incident:
    stored = {name: value for name in EMPTY if (value := getattr(item, name)) is not None}
    stored |= {
        "stage": Stage(item.stage or Stage.INVESTIGATING),
        "impact": Impact(item.impact or Impact.MINOR),
    }
    stored |= {
        "category": Category(item.category or Category.INCIDENT),
        "owed": Act(item.owed) if item.owed else None,
        "tickets": tuple(Ticket(system, key) for system, key in item.tickets or ()),
        "climbed": int(item.climbed or 0),
        "called": tuple(item.called or ()),
        "monitors": tuple(item.monitors or ()),
        "rev": int(item.rev or 0),
    }
    return Incident(
        item.incident_id,
        item.project_id or "",
        item.organization_id or "",
        item.title or "",
        item.created,
        **stored,
    )


def _update_item(update: Update) -> IncidentItem:
    return IncidentItem(
        update.incident_id,
        f"update#{update.update_id}",
        at=update.at,
        stage=update.stage.value,
        message=update.message,
        author=update.author or None,
    )


def _to_update(item: IncidentItem) -> Update:
    return Update(
        item.part.partition("#")[2],
        item.incident_id,
        item.at,
        Stage(item.stage),
        item.message or "",
        item.author or "",
    )
