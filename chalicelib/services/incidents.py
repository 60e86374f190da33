"""People manage incidents: those that outages opened, and those that they tell of themselves."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chalicelib.core import incidents as story
from chalicelib.core.errors import Conflict, LimitReached, NotFound
from chalicelib.core.incidents import Act, Incident, Stage, Ticket, Update
from chalicelib.core.status import Impact
from chalicelib.core.tenancy import Caller
from chalicelib.services import access
from chalicelib.services.auditing import Deed
from chalicelib.services.auditing import note as note_deed
from chalicelib.services.punctuality import set_timer
from chalicelib.toolbox import Toolbox

TRIES = 5
MOST_UPDATES = 500  # of one incident; a timeline is read whole
MISSING = "Incident not found"
PLAIN = ("title", "impact", "assignee", "tickets")  # what changes nothing else


@dataclass(frozen=True, slots=True)
class IncidentWish:
    """What an incident is to be; None stays as it is. *message* is the first line of its timeline."""

    title: str | None = None
    stage: Stage | None = None
    impact: Impact | None = None
    monitors: tuple[str, ...] | None = None
    message: str = ""
    assignee: str | None = None
    tickets: tuple[Ticket, ...] | None = None
    voiced: bool = False  # whether channels hear of a new one, and of what people do to it


def list_(tools: Toolbox, caller: Caller, *, only_open: bool = False) -> list[Incident]:
    """Return the caller's incidents, the newest first (R49), or those alone that are open."""
    read = tools.incidents.open_of if only_open else tools.incidents.of_project
    found = [
        incident
        for project_id in access.reach(tools, caller)
        for incident in read(project_id)
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


def of_ticket(tools: Toolbox, caller: Caller, ticket: Ticket) -> Incident:
    """Return the incident that the caller's people know by a *ticket* elsewhere; raises NotFound (R114)."""
    for project_id in access.reach(tools, caller):
        with suppress(NotFound):
            return find(tools, caller, tools.incidents.of_ticket(project_id, ticket))
    raise NotFound(MISSING)


def open_(tools: Toolbox, caller: Caller, wish: IncidentWish, now: datetime) -> Incident:
    """Store an incident that people tell of (R52, R110).

    Raises Invalid for a check that is not the caller's, Conflict where another has one of its tickets.
    """
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
            assignee=wish.assignee or "",
            tickets=wish.tickets or (),
            voiced=wish.voiced,
        ),
        wish.stage or Stage.INVESTIGATING,
        now,
    )
    if incident.is_open:
        incident = story.owing(incident, Act.OPENED, now)
    updates = [_update(tools, caller, incident, wish.message, now)] if wish.message else []
    tools.incidents.add(incident, *updates)
    set_timer(tools, incident, now)
    note_deed(tools, caller, _deed("created", incident), now)
    return incident


def amend(tools: Toolbox, caller: Caller, incident_id: str, wish: IncidentWish, now: datetime) -> Incident:
    """Change what *wish* names; a changed stage becomes a line of the timeline (R53, R112)."""

    def change(incident: Incident) -> Incident:
        named = {name: getattr(wish, name) for name in PLAIN if getattr(wish, name) is not None}
        changed = replace(incident, updated=now, **named)
        if wish.monitors is not None:
            changed = replace(changed, monitors=_amended(tools, caller, incident, wish.monitors))
        return _staged(changed, wish.stage, now)

    access.require_write(caller)
    # Whatever was said already, it can be resolved.
    if wish.stage is not Stage.RESOLVED and (wish.stage or wish.message):
        _require_room(find_whole(tools, caller, incident_id)[1])
    changed, _ = _change(tools, caller, incident_id, change, wish.message, now)
    given = [name for name in (*PLAIN, "stage", "monitors") if getattr(wish, name) is not None]
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
        return _staged(incident, stage or incident.stage, now)

    changed, update = _change(tools, caller, incident_id, change, message, now)
    note_deed(tools, caller, _deed("updated", changed), now)
    return update


def take_on(
    tools: Toolbox, caller: Caller, incident_id: str, wish: IncidentWish, now: datetime
) -> tuple[Incident, bool]:
    """Take an incident on: reminders and escalation stop; return it, and whether that was news (R111).

    Doing so again is harmless, and changes what *wish* names. Raises Conflict where it was resolved before
    anybody took it on.
    """
    is_new = False

    def change(incident: Incident) -> Incident | None:
        nonlocal is_new
        is_new = incident.acknowledged is None
        if not is_new:
            return None
        if incident.resolved:
            raise Conflict("this incident is resolved")
        taken = story.acknowledge(incident, caller.key.name, now, wish.assignee or "")
        return replace(taken, tickets=wish.tickets) if wish.tickets is not None else taken

    access.require_write(caller)
    found = find(tools, caller, incident_id)
    if not found.acknowledged:
        message = wish.message or f"Acknowledged by {caller.key.name or 'a key without a name'}."
        found, _ = _change(tools, caller, incident_id, change, message, now)
    if is_new:
        note_deed(tools, caller, _deed("acknowledged", found), now)
        return found, True
    given = wish.message or wish.assignee is not None or wish.tickets is not None
    return amend(tools, caller, incident_id, wish, now) if given else found, False


def take_on_unasked(tools: Toolbox, incident_id: str, by: str, now: datetime) -> tuple[Incident, bool]:
    """Take an incident on for whoever holds a link to it; return it, and whether that was news (R213).

    It is none where somebody took it on before, or it is resolved.
    """
    for attempt in range(TRIES):
        before = tools.incidents.find(incident_id)
        taken = story.acknowledge(before, by, now)
        if taken == before:
            return before, False
        try:
            after = tools.incidents.save(
                before, taken, story.line(taken, now, f"Acknowledged by {by}.", "ack")
            )
        except Conflict:
            tools.back_off(attempt)
        else:
            set_timer(tools, after, now)
            return after, True
    raise Conflict("too many others change this incident at the moment")


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
            saved = tools.incidents.save(before, after, *([update] if is_told else []))
        except Conflict:
            tools.back_off(attempt)
        else:
            set_timer(tools, saved, now)
            return saved, update
    raise Conflict("too many others change this incident at the moment")


def _staged(incident: Incident, stage: Stage | None, now: datetime) -> Incident:
    """Return *incident* at *stage*, if one is given; its channels hear that a person resolved it."""
    moved = story.moved(incident, stage, now) if stage else incident
    return story.owing(moved, Act.RESOLVED, now) if incident.is_open and moved.resolved else moved


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
