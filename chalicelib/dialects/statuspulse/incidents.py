"""POST /v1/incidents: people, and their scripts, trigger, acknowledge and resolve (R110-R114)."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from chalicelib.core.errors import Conflict, Invalid, NotFound
from chalicelib.core.incidents import Incident, Stage, Ticket
from chalicelib.core.monitors import Spec
from chalicelib.core.tenancy import Caller
from chalicelib.dialects import ids
from chalicelib.dialects.http import Answer, Visit
from chalicelib.dialects.statuspulse import manners, render, rules, schema
from chalicelib.dialects.statuspulse.hearing import SEVERITIES
from chalicelib.dialects.statuspulse.monitors import MISSING
from chalicelib.dialects.statuspulse.references import identifier
from chalicelib.dialects.statuspulse.schema import Document, Fault, Rule, object_of
from chalicelib.services import access
from chalicelib.services import incidents as services
from chalicelib.services.incidents import IncidentWish

MANNERS = manners.MANNERS
STATES = {word: word for word in ("triggered", "acknowledged", "resolved")}
SYSTEMS = ("pagerduty", "jira")
ALIASES = {"pagerduty_id": "pagerduty", "jira_ticket": "jira"}
OF_HASPULSE = ("status", "impact", "checkIds")
TRIES = 5
KEY = rules.text(1, 200)
TEXT = rules.text(1, 2000, lines=True)


def incidents(visit: Visit) -> Answer:
    """Trigger an incident, or acknowledge or resolve one, by its id or by what it is called elsewhere."""
    access.require_write(visit.caller)  # 403 comes before 400
    given = schema.fields(
        schema.document_of(visit.request.body), FORM, ("state",), (*CLASHES, _needs), _strange
    )
    return ACTS[given["state"]](visit, given)


def _trigger(visit: Visit, given: Document) -> Answer:
    """Open an incident; one that is open under the same ticket is the same (R110, R114)."""
    caller, monitor_id = visit.caller, ""
    title, severity = given.get("title"), given.get("severity")
    if "monitor_id" in given:
        spec = _monitor(visit, given["monitor_id"])
        caller = replace(caller, project_id=spec.project_id, is_wide=False)
        monitor_id, title = spec.monitor_id, title or f"{spec.title}: reported by hand"
        severity = severity or spec.severity
    wish = IncidentWish(
        title=title,
        impact=severity,
        monitors=(monitor_id,) if monitor_id else (),
        message=given.get("notes", ""),
        assignee=given.get("assignee"),
        tickets=_tickets(given),
        voiced=True,
    )
    return _opened(visit, caller, wish)


def _monitor(visit: Visit, named: str) -> Spec:
    """Return the monitor that an incident is about; raises NotFound, and Forbidden for another project's."""
    try:
        return access.own(visit.tools, visit.caller, identifier(ids.MONITOR, named) or "none").spec
    except NotFound as error:
        raise NotFound(MISSING) from error


def _opened(visit: Visit, caller: Caller, wish: IncidentWish) -> Answer:
    for attempt in range(TRIES):
        known = _known(visit, caller, wish.tickets or ())
        if known:
            return Answer(200, render.incident(known, "Incident already triggered"))
        try:
            opened = services.open_(visit.tools, caller, wish, visit.now)
        except Conflict:  # somebody else told of the same ticket at this moment
            visit.tools.back_off(attempt)
        else:
            return Answer(201, render.incident(opened, "Incident triggered"))
    raise Conflict("one of these tickets belongs to another incident")


def _known(visit: Visit, caller: Caller, tickets: tuple[Ticket, ...]) -> Incident | None:
    """Return the open incident that one of *tickets* names, or None; raises Conflict for one that is over."""
    for ticket in tickets:
        with suppress(NotFound):
            found = services.of_ticket(visit.tools, caller, ticket)
            if not found.is_open:
                raise Conflict(f"the {ticket.system} ticket belongs to an incident that is resolved")
            return found
    return None


def _acknowledge(visit: Visit, given: Document) -> Answer:
    found, wish = _meant(visit, given)
    if not found.is_open:
        raise Conflict("this incident is resolved")
    taken, is_new = services.take_on(visit.tools, visit.caller, found.incident_id, wish, visit.now)
    return Answer(
        200, render.incident(taken, "Incident acknowledged" if is_new else "Incident already acknowledged")
    )


def _resolve(visit: Visit, given: Document) -> Answer:
    found, wish = _meant(visit, given)
    if not found.is_open:
        return Answer(200, render.incident(found, "Incident already resolved"))
    wish = replace(wish, stage=Stage.RESOLVED)
    resolved = services.amend(visit.tools, visit.caller, found.incident_id, wish, visit.now)
    return Answer(200, render.incident(resolved, "Incident resolved"))


def _meant(visit: Visit, given: Document) -> tuple[Incident, IncidentWish]:
    """Return the incident that is meant, and what is said of it; raises NotFound, Forbidden (R113, R114)."""
    tickets = _tickets(given)
    found = _found(visit, given.get("incident_id", ""), tickets)
    kept = tuple(one for one in found.tickets if one.system not in {ticket.system for ticket in tickets})
    wish = IncidentWish(
        title=given.get("title"),
        impact=given.get("severity"),
        message=given.get("notes", ""),
        assignee=given.get("assignee"),
        tickets=kept + tickets if tickets else None,
    )
    return found, wish


def _found(visit: Visit, incident_id: str, tickets: tuple[Ticket, ...]) -> Incident:
    if incident_id:
        uuid = identifier(ids.INCIDENT, incident_id)
        if not uuid:
            raise NotFound(services.MISSING)
        return services.find(visit.tools, visit.caller, uuid)
    for ticket in tickets:
        with suppress(NotFound):
            return services.of_ticket(visit.tools, visit.caller, ticket)
    raise NotFound(services.MISSING)


def _tickets(given: Document) -> tuple[Ticket, ...]:
    named = {ALIASES[name]: given[name] for name in ALIASES if name in given}
    keys = {**given.get("external_ids", {}), **named}
    return tuple(Ticket(system, keys[system]) for system in SYSTEMS if system in keys)


def _ticket(value: Any) -> str:
    """Return what an incident is called elsewhere: a text, or an object with that and its URL."""
    if not isinstance(value, dict):
        return str(KEY(value))
    name = "key" if "key" in value else "id"
    given = object_of({name: KEY, "url": rules.text(1, 2048)}, (name,))(value)
    return str(given[name])


def _needs(document: Document) -> list[Fault]:
    """Yield what is missing to know which incident is meant, or what a new one is called."""
    names = {"external_ids", *ALIASES}
    if document.get("state") == "triggered":
        faults = [("title", "is required where no monitor_id is given")]
        extra = [("incident_id", "must not be given to trigger: it is made")]
        has_title = document.keys() & {"title", "monitor_id"}
        return ([] if has_title else faults) + (extra if "incident_id" in document else [])
    is_named = document.keys() & {"incident_id", *names}
    faults = [("incident_id", "is required, or an external id")]
    extra = [("monitor_id", "is for triggering alone")]
    return ([] if is_named else faults) + (extra if "monitor_id" in document else [])


def _strange(name: str) -> str:
    return "contradicts state: it belongs to another form" if name in OF_HASPULSE else "is not known"


def _external_ids(value: Any) -> dict[str, str]:
    found: dict[str, str] = object_of(dict.fromkeys(SYSTEMS, _ticket))(value)
    if not found:
        raise Invalid("", f"must name a ticket in {' or '.join(SYSTEMS)}")
    return found


FORM: dict[str, Rule] = {
    "state": rules.word(STATES),
    "incident_id": KEY,
    "monitor_id": KEY,
    "title": rules.text(1, 200),
    "severity": rules.word(SEVERITIES),
    "notes": TEXT,
    "assignee": rules.text(1, 200),
    "external_ids": _external_ids,
    "pagerduty_id": _ticket,
    "jira_ticket": _ticket,
}


def _named_twice(alias: str) -> Callable[[Document], list[Fault]]:
    def check(document: Document) -> list[Fault]:
        named = document.get("external_ids")
        is_there = alias in document and isinstance(named, dict) and ALIASES[alias] in named
        return [(alias, f"must not be given together with external_ids.{ALIASES[alias]}")] if is_there else []

    return check


CLASHES = tuple(map(_named_twice, ALIASES))
ACTS: dict[str, Callable[[Visit, Document], Answer]] = {
    "triggered": _trigger,
    "acknowledged": _acknowledge,
    "resolved": _resolve,
}
