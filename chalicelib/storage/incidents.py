"""Incidents with their timelines, and the sparse index of those that time alone will move."""

from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from pynamodb.attributes import BooleanAttribute, ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.transactions import TransactWrite

from chalicelib.core.errors import NotFound
from chalicelib.core.incidents import Impact, Incident, Stage, Update
from chalicelib.storage.tables import (
    EpochAttribute,
    Table,
    conflicts,
    connection_of,
    defaults,
    worth_storing,
)

HEAD = "incident"
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


class ByDeadline(GlobalSecondaryIndex[Any]):
    """The incidents that time alone will move."""

    class Meta:
        index_name = "by-deadline"
        projection = KeysOnlyProjection()

    waiting = NumberAttribute(hash_key=True)
    look_at = EpochAttribute(range_key=True)


class IncidentItem(Table):
    """An incident, or a line of its timeline: whichever attributes belong to the other are absent."""

    short_name = "incidents"

    class Meta:
        table_name = ""

    incident_id = UnicodeAttribute(hash_key=True)
    part = UnicodeAttribute(range_key=True)  # `incident`, or `update#` and the update's id
    project_id = UnicodeAttribute(null=True)
    organization_id = UnicodeAttribute(null=True)
    title = UnicodeAttribute(null=True)
    created = EpochAttribute(null=True)
    stage = UnicodeAttribute(null=True)
    impact = UnicodeAttribute(null=True)
    automatic = BooleanAttribute(null=True)
    monitors: ListAttribute[str] = ListAttribute(null=True)
    updated = EpochAttribute(null=True)
    acknowledged = EpochAttribute(null=True)
    acknowledged_by = UnicodeAttribute(null=True)
    resolved = EpochAttribute(null=True)
    outage = EpochAttribute(null=True)
    held = BooleanAttribute(null=True)
    look_at = EpochAttribute(null=True)
    waiting = NumberAttribute(null=True)  # present with look_at
    rev = NumberAttribute(null=True)
    at = EpochAttribute(null=True)  # this and those below: of an update
    message = UnicodeAttribute(null=True)
    author = UnicodeAttribute(null=True)

    by_project = ByProject()
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

    def of_project(self, project_id: str) -> list[Incident]:
        """Return a project's incidents, the newest first, also those that are held back."""
        with conflicts():
            return [
                _to_incident(item)
                for item in IncidentItem.by_project.query(project_id, scan_index_forward=False)
            ]

    def due(self, until: datetime, limit: int) -> list[Due]:
        """Return up to *limit* incidents to look at before *until*, the earliest first."""
        with conflicts():
            found = IncidentItem.by_deadline.query(WAITING, IncidentItem.look_at < until, limit=limit)
            return [Due(item.incident_id, item.look_at) for item in found]

    def add(self, incident: Incident, *updates: Update) -> None:
        """Store a new incident with its first *updates*; raises Conflict where it is there already."""
        with conflicts(), TransactWrite(connection=connection_of(IncidentItem)) as transaction:
            transaction.save(_item(incident), condition=IncidentItem.incident_id.does_not_exist())
            for update in updates:
                transaction.save(_update_item(update))

    def save(self, before: Incident, after: Incident, *updates: Update) -> Incident:
        """Store a changed incident and what was said; raises Conflict when somebody else changed it."""
        written = replace(after, rev=before.rev + 1)
        with conflicts(), TransactWrite(connection=connection_of(IncidentItem)) as transaction:
            transaction.save(_item(written), condition=_is_at(before.rev))
            for update in updates:
                transaction.save(_update_item(update))
        return written

    def remove(self, incident: Incident) -> None:
        """Delete an incident and its timeline; raises Conflict when somebody else changed or deleted it."""
        with conflicts():
            IncidentItem(incident.incident_id, HEAD).delete(condition=_is_at(incident.rev))
        self.clear(incident.incident_id)

    def clear(self, incident_id: str) -> None:
        """Delete all that is left of an incident: itself last, so that whoever dies here finds it again."""
        with conflicts():
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
            found = [item.incident_id for item in IncidentItem.by_project.query(project_id, limit=limit)]
        for incident_id in found:
            self.clear(incident_id)
        return len(found) == limit


def _is_at(rev: int) -> Condition:
    return IncidentItem.rev == rev if rev else IncidentItem.part.exists() & IncidentItem.rev.does_not_exist()


def _item(incident: Incident) -> IncidentItem:
    values = worth_storing(incident, EMPTY)
    values["monitors"] = list(incident.monitors) or None
    values.pop("incident_id")
    waiting = WAITING if incident.look_at else None
    return IncidentItem(incident.incident_id, HEAD, **values, waiting=waiting)


def _to_incident(item: IncidentItem) -> Incident:
    stored = {name: value for name in EMPTY if (value := getattr(item, name)) is not None}
    stored |= {
        "stage": Stage(item.stage or Stage.INVESTIGATING),
        "impact": Impact(item.impact or Impact.MINOR),
    }
    stored |= {"monitors": tuple(item.monitors or ()), "rev": int(item.rev or 0)}
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
