"""/api/v1/events: incidents and maintenance, the newest first."""

from typing import Any

from chalicelib.core.errors import Forbidden, Invalid, NotFound
from chalicelib.core.maintenance import Window, occurrences
from chalicelib.core.spans import INSTANT, Span
from chalicelib.core.status import Category
from chalicelib.dialects.http import Answer, Visit
from chalicelib.dialects.indiepulse import manners, parse, render
from chalicelib.services import incidents, maintenance

MANNERS = manners.MANNERS
MISSING = "Event not found"
TYPES = (*Category, "MAINTENANCE")


def events(visit: Visit) -> Answer:
    """List events, of one type or status where those are asked for (R185-R188)."""
    page = parse.page_of(visit.request)
    wanted, status = visit.request.first("type"), visit.request.first("status")
    if wanted is not None and wanted not in TYPES:
        raise Invalid("type", f"must be one of {', '.join(TYPES)}")
    found = [
        event
        for event in _all(visit)
        if wanted in (None, event["type"]) and (status is None or _is(event["status"], status))
    ]
    return Answer(200, {"data": list(parse.part(found, page)), "meta": parse.meta(len(found), page)})


def event(visit: Visit) -> Answer:
    """Show one event; an incident with its timeline (R189, R190)."""
    event_id = parse.id_of(visit.request, "id", MISSING)
    try:
        found, told = incidents.find_whole(visit.tools, visit.caller, event_id)
    except (Forbidden, NotFound):
        return Answer(200, {"data": _window(visit, event_id) | {"updates": []}})
    return Answer(200, {"data": render.incident(found) | {"updates": [render.update(one) for one in told]}})


def _all(visit: Visit) -> list[dict[str, Any]]:
    found = [render.incident(one) for one in incidents.list_(visit.tools, visit.caller)]
    found += [_rendered(visit, one) for one in maintenance.list_(visit.tools, visit.caller)]
    return sorted(found, key=lambda one: str(one["created_at"]), reverse=True)


def _window(visit: Visit, window_id: str) -> dict[str, Any]:
    try:
        return _rendered(visit, maintenance.find(visit.tools, visit.caller, window_id))
    except (Forbidden, NotFound) as error:
        raise NotFound(MISSING) from error


def _rendered(visit: Visit, window: Window) -> dict[str, Any]:
    is_active = bool(occurrences(window, Span(visit.now, visit.now + INSTANT)))
    return render.window(window, visit.now, is_active=is_active)


def _is(shown: str, wanted: str) -> bool:
    return shown.casefold() == wanted.casefold()
