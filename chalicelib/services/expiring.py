"""A domain's registration runs out: people are warned at each threshold, once, until it is renewed.

All warnings of one end are one incident, which is named after that end. What is done is noted last: whoever
dies before comes again, finds what was said, and says nothing twice.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from chalicelib.core import incidents as story
from chalicelib.core.alerts import Reason
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.findings import (
    URGENT,
    WARNINGS,
    Findings,
    Warned,
    due_warning,
    is_renewed,
    is_settled,
    title_of,
)
from chalicelib.core.incidents import Incident, Stage, Update
from chalicelib.core.monitors import DAY, Spec
from chalicelib.core.status import Category, Impact
from chalicelib.messages import to_text
from chalicelib.services import telling
from chalicelib.services.telling import News
from chalicelib.toolbox import Toolbox

TRIES = 5
RENEWED = "renewed"  # stands in a story's name where a warning has its days


def story_of(monitor_id: str, warned: Warned, what: int | str) -> str:
    """Return the name under which the deliveries of a warning, or of its end, are logged."""
    return f"domain#{monitor_id}@{warned.domain}@{what}#{to_text(warned.expires)}"


def incident_of(monitor_id: str, expires: datetime) -> str:
    """Return the id of the incident that tells of an end."""
    return story.identify(expires - WARNINGS[0] * DAY, f"{monitor_id} domain {to_text(expires)}")


def attend(tools: Toolbox, known: Findings, now: datetime) -> None:
    """End the warning that is out of date, and give the one that is due."""
    with suppress(NotFound):  # the monitor is gone: the purge sees to what is left of it
        if is_settled(known):
            known = _settle(tools, known, now)
        warned = due_warning(known)
        if warned:
            _warn(tools, known, warned, now)


def give_up(tools: Toolbox, known: Findings, now: datetime) -> None:
    """End the warning of a monitor that was deleted: nobody is left to be told."""
    if known.warned:
        _resolve(tools, known.monitor_id, known.warned, now, "The check was deleted.")


def _settle(tools: Toolbox, known: Findings, now: datetime) -> Findings:
    """Resolve the incident of an end that is none any more, and tell those who were warned."""
    warned, spec = known.warned, tools.monitors.load(known.monitor_id, fresh=True).spec
    if warned is None:
        return known
    expires = known.registration.expires if known.registration else None
    is_told = is_renewed(known) and expires
    message = f"It was renewed until {expires:%Y-%m-%d}." if is_told else "It is watched no more."
    _resolve(tools, known.monitor_id, warned, known.checked or now, message)
    news = News(Reason.RENEWED, story_of(known.monitor_id, warned, RENEWED), _severity(warned))
    _queue(tools, spec, news, now)
    _note(tools, known, None)
    return replace(known, warned=None)


def _warn(tools: Toolbox, known: Findings, warned: Warned, now: datetime) -> None:
    """Tell of an end that has come nearer, in its incident and over the channels."""
    spec = tools.monitors.load(known.monitor_id, fresh=True).spec
    _tell(tools, spec, known, warned, known.checked or now)
    news = News(Reason.EXPIRING, story_of(known.monitor_id, warned, warned.days), _severity(warned))
    _queue(tools, spec, news, now)
    _note(tools, known, warned)


def _severity(warned: Warned) -> Impact:
    return Impact.MAJOR if warned.days <= URGENT else Impact.MINOR


def _queue(tools: Toolbox, spec: Spec, news: News, now: datetime) -> None:
    telling.queue(tools, spec, tools.setups.of_project(spec.project_id).channels, news, now)


def _note(tools: Toolbox, known: Findings, warned: Warned | None) -> None:
    with suppress(Conflict):  # somebody else told the same
        tools.findings.warn(known, warned)


def _tell(tools: Toolbox, spec: Spec, known: Findings, warned: Warned, at: datetime) -> None:
    """Open the incident of an end, or move it on; what a person resolved or deleted stays so."""
    fresh = _opened(spec, known, warned, at)
    line = _line(fresh, known, warned, at)
    for attempt in range(TRIES):
        with suppress(Conflict):
            try:
                incident = tools.incidents.find(fresh.incident_id)
            except NotFound:
                if known.warned is None:
                    tools.incidents.add(fresh, line)
                return
            if incident.is_open and incident.title != fresh.title:
                tools.incidents.save(
                    incident, _moved(incident, fresh, at), replace(line, stage=incident.stage)
                )
            return
        tools.back_off(attempt)
    raise Conflict("too many others change this incident at the moment")


def _opened(spec: Spec, known: Findings, warned: Warned, at: datetime) -> Incident:
    return Incident(
        incident_of(spec.monitor_id, warned.expires),
        spec.project_id,
        spec.organization_id,
        title_of(warned.domain, known.days_remaining or 0),
        created=at,
        impact=_severity(warned),
        category=Category.DOMAIN,
        automatic=True,
        monitors=(spec.monitor_id,),
        voiced=True,
    )


def _moved(incident: Incident, fresh: Incident, at: datetime) -> Incident:
    """Return *incident* as it is now that the end is nearer; people may know that it is worse than that."""
    is_worse = fresh.impact is Impact.MAJOR and incident.impact is not Impact.CRITICAL
    impact = fresh.impact if is_worse else incident.impact
    return replace(incident, title=fresh.title, impact=impact, updated=at)


def _line(incident: Incident, known: Findings, warned: Warned, at: datetime) -> Update:
    """Return the line that a warning adds to the timeline: the same one, however often it is told."""
    reached = warned.expires - (warned.days + 1) * DAY
    update_id = story.identify(reached, f"{incident.incident_id} {warned.days}")
    registrar = known.registration.registrar if known.registration else ""
    with_whom = f" with {registrar}" if registrar else ""
    expires = known.registration.expires if known.registration else None
    ends = "ended" if (known.days_remaining or 0) < 0 else "ends"
    message = f"The registration{with_whom} {ends} on {expires or warned.expires:%Y-%m-%d}."
    return Update(update_id, incident.incident_id, at, incident.stage, message)


def _resolve(tools: Toolbox, monitor_id: str, warned: Warned, at: datetime, message: str) -> None:
    """Resolve the incident of an end; what a person resolved or deleted stays so."""
    incident_id = incident_of(monitor_id, warned.expires)
    for attempt in range(TRIES):
        with suppress(Conflict):
            try:
                incident = tools.incidents.find(incident_id)
            except NotFound:
                return
            if incident.is_open:
                resolved = story.moved(incident, Stage.RESOLVED, at)
                tools.incidents.save(incident, resolved, story.line(resolved, at, message, RENEWED))
            return
        tools.back_off(attempt)
    raise Conflict("too many others change this incident at the moment")
