"""/v1/maintenance: times in which nobody is told of failures, and nothing counts against uptime."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from msgspec import UNSET, UnsetType

from chalicelib.core import maintenance as calendar
from chalicelib.core.errors import Invalid
from chalicelib.core.maintenance import Window
from chalicelib.core.spans import INSTANT, Span
from chalicelib.dialects.haspulse import fields, manners, parse
from chalicelib.dialects.http import Answer, Visit, iso_z
from chalicelib.services import maintenance as services

MANNERS = manners.MANNERS
TITLE_LIMIT = 200
DESCRIPTION_LIMIT = 2000


class WindowChanges(parse.Form, frozen=True):
    """PATCH /v1/maintenance/{id}: what is not given stays, null clears what may be empty (R60)."""

    title: str | None = None
    starts_at: str | None = None
    ends_at: str | None = None
    check_ids: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    timezone: str | None = None
    description: str | UnsetType | None = UNSET
    recurrence: str | UnsetType | None = UNSET

    def check(self) -> None:
        """Raise Invalid for what cannot be shown, and for a time zone that there is not."""
        parse.check_name(self.title, "title", TITLE_LIMIT)
        if self.description is not UNSET:
            parse.check_text(self.description, "description", DESCRIPTION_LIMIT)
        if self.timezone is not None:
            parse.zone(self.timezone)

    @property
    def fields(self) -> dict[str, Any]:
        """What it says of the fields of Window; raises Invalid."""
        said = {
            "title": self.title,
            "starts": _moment(self.starts_at, "startsAt", self.timezone),
            "ends": _moment(self.ends_at, "endsAt", self.timezone),
            "monitors": None if self.check_ids is None else fields.monitor_ids(self.check_ids),
            "tags": None if self.tags is None else fields.tags(self.tags),
            "timezone": self.timezone,
        }
        may_be_empty = {"description": self.description, "rrule": self.recurrence}
        cleared = {name: (text or "").strip() for name, text in may_be_empty.items() if text is not UNSET}
        return {name: value for name, value in said.items() if value is not None} | cleared


class NewWindow(WindowChanges, frozen=True, kw_only=True):
    """POST /v1/maintenance (R58)."""

    title: str
    starts_at: str
    ends_at: str


def windows(visit: Visit) -> Answer:
    """List the windows, those that begin latest first, or create one (R56, R58)."""
    if visit.request.method == "GET":
        return Answer(200, _listed(visit))
    wish = parse.read(visit.request.body, NewWindow).fields
    with _in_our_words():
        made = services.add(visit.tools, visit.caller, wish, visit.now)
    return Answer(201, _shown(made, visit.now))


def window(visit: Visit) -> Answer:
    """Show, change or delete one window; what is active ends with it (R57, R60, R61)."""
    window_id = parse.id_of(visit, services.MISSING)
    if visit.request.method == "GET":
        return Answer(200, _shown(services.find(visit.tools, visit.caller, window_id), visit.now))
    if visit.request.method == "DELETE":
        services.delete(visit.tools, visit.caller, window_id, visit.now)
        return Answer(204)
    wish = parse.read(visit.request.body, WindowChanges).fields
    with _in_our_words():
        changed = services.amend(visit.tools, visit.caller, window_id, wish, visit.now)
    return Answer(200, _shown(changed, visit.now))


def _listed(visit: Visit) -> dict[str, Any]:
    page = parse.page_of(visit.request)
    found = services.list_(visit.tools, visit.caller)
    if parse.choice_in(visit.request, "upcoming", ("true", "false")) == "true":
        found = [one for one in found if calendar.next_start(one, visit.now)]
    listed = parse.paged("maintenance", found, page)
    return listed | {"maintenance": [_shown(one, visit.now) for one in listed["maintenance"]]}


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Name the field as a request does: what recurs by a rule is called `recurrence` here."""
    try:
        yield
    except Invalid as refusal:
        if refusal.field == "rrule":
            raise Invalid("recurrence", refusal.reason) from None
        raise


def _moment(text: str | None, field: str, zone: str | None) -> datetime | None:
    """Return the moment that *text* names, in UTC; without an offset it is a wall time of *zone*.

    Raises Invalid for what is no ISO 8601, and for a wall time where the request names no zone.
    """
    if text is None:
        return None
    from zoneinfo import ZoneInfo  # slow: only who sets windows pays for it

    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None and zone is None:
            raise Invalid(field, "must have an offset or Z, or timezone must be given with it")
        placed = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone or "UTC"))
        return placed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(field, "must be a moment in ISO 8601, as 2026-03-02T08:00:00Z") from None


def _shown(shown: Window, now: datetime) -> dict[str, Any]:
    return {
        "id": shown.window_id,
        "projectId": shown.project_id,
        "title": shown.title,
        "description": shown.description,
        "startsAt": iso_z(shown.starts),
        "endsAt": iso_z(shown.ends),
        "checkIds": list(shown.monitors),
        "tags": list(shown.tags),
        "recurrence": shown.rrule or None,
        "timezone": shown.timezone,
        "active": bool(calendar.occurrences(shown, Span(now, now + INSTANT))),
        "nextStartAt": iso_z(calendar.next_start(shown, now)),
        "createdAt": iso_z(shown.created),
        "updatedAt": iso_z(shown.updated or shown.created),
    }
