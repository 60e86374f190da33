"""People manage incidents: those that outages opened, and those that they tell of themselves."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chalicelib.core import incidents as story
from chalicelib.core.errors import Conflict, LimitReached, NotFound
from chalicelib.core.incidents import Impact, Incident, Stage, Update
from chalicelib.core.tenancy import Caller
from chalicelib.services import access
from chalicelib.services.auditing import Deed
from chalicelib.services.auditing import note as note_deed
from chalicelib.toolbox import Toolbox

TRIES = 5
MOST_UPDATES = 500  # of one incident; a timeline is read whole
MISSING = "Incident not found"


@dataclass(frozen=True, slots=True)
class IncidentWish:
    """What an incident is to be; None stays as it is. *message* is the first line of its timeline."""

    title: str | None = None
    stage: Stage | None = None
    impact: Impact | None = None
    monitors: tuple[str, ...] | None = None
    message: str = ""


def list_(tools: Toolbox, caller: Caller) -> list[Incident]:
    """Return the caller's incidents, the newest first (R49)."""
    found = [
        incident
        for project_id in access.reach(tools, caller)
        for incident in tools.incidents.of_project(project_id)
        if not incident.held
    ]
    return sorted(found, key=lambda incident: (incident.created, incident.incident_id), reverse=True)


def find(tools: Toolbox, caller: Caller, incident_id: str) -> Incident:
    """Return one incident; raises NotFound, and Forbidden for another project's (R7, R51)."""
    incident = tools.incidents.find(incident_id)
    access.require_reach(tools, caller, incident.project_id, MISSING)
    if incident.held:
        raise NotFound(MISSING)
    return incident


def find_whole(tools: Toolbox, caller: Caller, incident_id: str) -> tuple[Incident, list[Update]]:
    """Return one incident and what was said of it, the oldest first; raises as `find` does."""
    return find(tools, caller, incident_id), tools.incidents.timeline(incident_id)


def open_(tools: Toolbox, caller: Caller, wish: IncidentWish, now: datetime) -> Incident:
    """Store an incident that people tell of; raises Invalid for a check that is not the caller's (R52)."""
    access.require_write(caller)
    monitors = access.own_all(tools, caller, caller.project_id, wish.monitors or ())
    incident = story.moved(
        Incident(
            story.identify(now, tools.new_id()),
            caller.project_id,
            caller.key.organization_id,
            wish.title or "",
            created=now,
            impact=wish.impact or Impact.MINOR,
            monitors=monitors,
        ),
        wish.stage or Stage.INVESTIGATING,
        now,
    )
    updates = [_update(tools, caller, incident, wish.message, now)] if wish.message else []
    tools.incidents.add(incident, *updates)
    note_deed(tools, caller, _deed("created", incident), now)
    return incident


def amend(tools: Toolbox, caller: Caller, incident_id: str, wish: IncidentWish, now: datetime) -> Incident:
    """Change what *wish* names; a changed stage becomes a line of the timeline (R53)."""

    def change(incident: Incident) -> Incident:
        changed = replace(incident, updated=now)
        if wish.title is not None:
            changed = replace(changed, title=wish.title)
        if wish.impact is not None:
            changed = replace(changed, impact=wish.impact)
        if wish.monitors is not None:
            changed = replace(changed, monitors=_amended(tools, caller, incident, wish.monitors))
        return story.moved(changed, wish.stage, now) if wish.stage else changed

    access.require_write(caller)
    if wish.stage not in (None, Stage.RESOLVED):  # whatever was said already, it can be resolved
        _require_room(find_whole(tools, caller, incident_id)[1])
    changed, _ = _change(tools, caller, incident_id, change, wish.message, now)
    given = [name for name in ("title", "stage", "impact", "monitors") if getattr(wish, name) is not None]
    note_deed(tools, caller, _deed("changed", changed, fields=sorted(given)), now)
    return changed


def note(
    tools: Toolbox, caller: Caller, incident_id: str, said: tuple[Stage | None, str], now: datetime
) -> Update:
    """Add a line to the timeline; the incident follows its stage, if it names one (R55)."""
    stage, message = said
    access.require_write(caller)
    _require_room(find_whole(tools, caller, incident_id)[1])

    def change(incident: Incident) -> Incident:
        return story.moved(incident, stage or incident.stage, now)

    changed, update = _change(tools, caller, incident_id, change, message, now)
    note_deed(tools, caller, _deed("updated", changed), now)
    return update


def acknowledge(tools: Toolbox, caller: Caller, incident_id: str, now: datetime) -> Incident:
    """Take an incident on: reminders of it stop; doing so again is harmless.

    Raises Conflict where it was resolved before anybody took it on.
    """

    def change(incident: Incident) -> Incident | None:
        if incident.acknowledged:
            return None
        if incident.resolved:
            raise Conflict("this incident is resolved")
        return story.acknowledge(incident, caller.key.name, now)

    access.require_write(caller)
    found = find(tools, caller, incident_id)
    if found.acknowledged:
        return found
    message = f"Acknowledged by {caller.key.name or 'a key without a name'}."
    acknowledged, _ = _change(tools, caller, incident_id, change, message, now)
    note_deed(tools, caller, _deed("acknowledged", acknowledged), now)
    return acknowledged


def delete(tools: Toolbox, caller: Caller, incident_id: str, now: datetime) -> None:
    """Delete an incident and its timeline; an outage that goes on opens no other (R54)."""
    access.require_write(caller)
    for attempt in range(TRIES):
        incident = find(tools, caller, incident_id)
        try:
            tools.incidents.remove(incident)
        except Conflict:
            tools.back_off(attempt)
        else:
            note_deed(tools, caller, _deed("deleted", incident), now)
            return
    raise Conflict("too many others change this incident at the moment")


def _change(
    tools: Toolbox,
    caller: Caller,
    incident_id: str,
    change: Callable[[Incident], Incident | None],
    message: str,
    now: datetime,
) -> tuple[Incident, Update]:
    """Change an incident, again from the start when somebody else was first, and tell of it if it moved.

    Nothing is written where *change* finds nothing to do, and returns None.
    """
    access.require_write(caller)
    for attempt in range(TRIES):
        before = find(tools, caller, incident_id)
        wanted = change(before)
        after = wanted or before
        update = _update(tools, caller, after, message or f"{after.stage.capitalize()}.", now)
        if wanted is None:
            return before, update
        is_told = bool(message) or after.stage is not before.stage
        try:
            return tools.incidents.save(before, after, *([update] if is_told else [])), update
        except Conflict:
            tools.back_off(attempt)
    raise Conflict("too many others change this incident at the moment")


def _require_room(told: list[Update]) -> None:
    """Raise LimitReached where nothing can be added to what was *told*."""
    if len(told) >= MOST_UPDATES:
        raise LimitReached(f"an incident has at most {MOST_UPDATES} updates")


def _update(tools: Toolbox, caller: Caller, incident: Incident, message: str, now: datetime) -> Update:
    update_id = story.identify(now, tools.new_id())
    return Update(update_id, incident.incident_id, now, incident.stage, message, caller.key.name)


def _amended(tools: Toolbox, caller: Caller, incident: Incident, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the checks that an incident is about; the one whose outage opened it stays the first."""
    first = incident.monitors[:1] if incident.automatic else ()
    own = access.own_all(tools, caller, incident.project_id, wanted)
    return tuple(dict.fromkeys((*first, *own)))


def _deed(what: str, incident: Incident, **details: Any) -> Deed:
    return Deed(f"incident.{what}", incident.incident_id, incident.title, incident.project_id, details)
