"""/v1/incidents: what broke, by itself or because people say so; its timeline, and who takes it on."""

from typing import Any

from chalicelib.core.errors import Invalid, NotFound
from chalicelib.core.incidents import Incident, Stage, Update
from chalicelib.core.status import Impact
from chalicelib.dialects import ids
from chalicelib.dialects.haspulse import fields, manners, parse
from chalicelib.dialects.http import Answer, Visit, iso_z
from chalicelib.services import incidents as services
from chalicelib.services.incidents import IncidentWish

MANNERS = manners.MANNERS
TITLE_LIMIT = 200
MESSAGE_LIMIT = 2000


class NewIncident(parse.Form, frozen=True):
    """POST /v1/incidents (R52); *message* is the first line of the timeline."""

    title: str
    status: str | None = None
    impact: str | None = None
    check_ids: tuple[str, ...] = ()
    message: str | None = None

    def check(self) -> None:
        """Raise Invalid for what cannot be shown."""
        parse.check_name(self.title, "title", TITLE_LIMIT)
        parse.check_text(self.message, "message", MESSAGE_LIMIT)


class IncidentChanges(parse.Form, frozen=True):
    """PATCH /v1/incidents/{id}: what is not given stays (R53)."""

    title: str | None = None
    status: str | None = None
    impact: str | None = None
    check_ids: tuple[str, ...] | None = None

    def check(self) -> None:
        """Raise Invalid for a title that cannot be shown."""
        parse.check_name(self.title, "title", TITLE_LIMIT)


class NewUpdate(parse.Form, frozen=True):
    """POST /v1/incidents/{id}/updates: the incident follows the *status*, if one is given (R55)."""

    message: str
    status: str | None = None

    def check(self) -> None:
        """Raise Invalid for a message that says nothing."""
        if not self.message.strip():
            raise Invalid("message", f"must have 1 to {MESSAGE_LIMIT} characters")
        parse.check_text(self.message, "message", MESSAGE_LIMIT)


def incidents(visit: Visit) -> Answer:
    """List the incidents, the newest first, or open one (R49, R50, R52)."""
    if visit.request.method == "GET":
        return Answer(200, _listed(visit))
    form = parse.read(visit.request.body, NewIncident)
    opened = services.open_(visit.tools, visit.caller, _wish(form, form.message or ""), visit.now)
    return Answer(201, _shown(opened))


def incident(visit: Visit) -> Answer:
    """Show one incident with its timeline, change or delete it (R51, R53, R54)."""
    incident_id = _id(visit)
    if visit.request.method == "GET":
        found, told = services.find_whole(visit.tools, visit.caller, incident_id)
        return Answer(200, _shown(found) | {"updates": [_told(update) for update in told]})
    if visit.request.method == "DELETE":
        services.delete(visit.tools, visit.caller, incident_id, visit.now)
        return Answer(204)
    form = parse.read(visit.request.body, IncidentChanges)
    return Answer(200, _shown(services.amend(visit.tools, visit.caller, incident_id, _wish(form), visit.now)))


def updates(visit: Visit) -> Answer:
    """List what was said of an incident, the oldest first, or say something (R55)."""
    incident_id = _id(visit)
    if visit.request.method == "GET":
        _, told = services.find_whole(visit.tools, visit.caller, incident_id)
        return Answer(200, {"updates": [_told(update) for update in told]})
    form = parse.read(visit.request.body, NewUpdate)
    said = fields.one_of(Stage, form.status, "status"), form.message
    return Answer(201, _told(services.note(visit.tools, visit.caller, incident_id, said, visit.now)))


def acknowledge(visit: Visit) -> Answer:
    """Take an incident on, so that nobody is reminded of it any more; doing so again is harmless."""
    taken, _ = services.take_on(visit.tools, visit.caller, _id(visit), IncidentWish(), visit.now)
    return Answer(200, _shown(taken))


def _id(visit: Visit) -> str:
    """Return the id in the path, in either form: StatusPulse shows and sends it as `inc_…` (R381)."""
    try:
        return ids.read(ids.INCIDENT, visit.request.params["id"].lower())
    except NotFound:
        raise NotFound(services.MISSING) from None


def _listed(visit: Visit) -> dict[str, Any]:
    page = parse.page_of(visit.request)
    status = parse.choice_in(visit.request, "status", tuple(Stage))
    impact = parse.choice_in(visit.request, "impact", tuple(Impact))
    found = [
        one
        for one in services.list_(visit.tools, visit.caller)
        if status in (None, one.stage) and impact in (None, one.impact)
    ]
    listed = parse.paged("incidents", found, page)
    return listed | {"incidents": [_shown(one) for one in listed["incidents"]]}


def _wish(form: NewIncident | IncidentChanges, message: str = "") -> IncidentWish:
    return IncidentWish(
        form.title,
        fields.one_of(Stage, form.status, "status"),
        fields.one_of(Impact, form.impact, "impact"),
        None if form.check_ids is None else fields.monitor_ids(form.check_ids),
        message,
    )


def _shown(shown: Incident) -> dict[str, Any]:
    return {
        "id": shown.incident_id,
        "projectId": shown.project_id,
        "title": shown.title,
        "status": shown.stage.value,
        "impact": shown.impact.value,
        "autoCreated": shown.automatic,
        "checkIds": list(shown.monitors),
        "acknowledgedAt": iso_z(shown.acknowledged),
        "acknowledgedBy": shown.acknowledged_by or None,
        "resolvedAt": iso_z(shown.resolved),
        "startedAt": iso_z(shown.created),
        "createdAt": iso_z(shown.created),
        "updatedAt": iso_z(shown.updated or shown.created),
    }


def _told(shown: Update) -> dict[str, Any]:
    return {
        "id": shown.update_id,
        "incidentId": shown.incident_id,
        "status": shown.stage.value,
        "message": shown.message,
        "author": shown.author or None,
        "createdAt": iso_z(shown.at),
    }
