"""/v1/monitors: what is watched (R88-R102)."""

from typing import Any

from chalicelib.core.errors import NotFound
from chalicelib.core.monitors import Monitor
from chalicelib.dialects import ids
from chalicelib.dialects.http import Answer, Visit
from chalicelib.dialects.statuspulse import manners, pages, render, schema, wishes
from chalicelib.dialects.statuspulse.references import Place
from chalicelib.services import access, addressing, listing, watching

MANNERS = manners.MANNERS
MISSING = "Monitor not found"


def monitors(visit: Visit) -> Answer:
    """List the monitors, in the order of their creation, or create one (R90-R102)."""
    if visit.request.method == "GET":
        return Answer(200, _listed(visit))
    access.require_write(visit.caller)  # 403 comes before 400
    place = Place(visit.tools, visit.caller.project_id, visit.now)
    wish = wishes.creation(place, schema.document_of(visit.request.body))
    addressing.ensure(visit.tools, visit.caller, wish.channels, visit.now)
    made = watching.create(visit.tools, visit.caller, wish.fields, visit.now)
    return Answer(201, _shown(visit, [made])[0])


def monitor(visit: Visit) -> Answer:
    """Show or delete one monitor."""
    if visit.request.method == "GET":
        return Answer(200, _shown(visit, [find(visit)])[0])
    access.require_write(visit.caller)
    watching.delete(visit.tools, visit.caller, find(visit).spec.monitor_id, visit.now)
    return Answer(204)


def find(visit: Visit) -> Monitor:
    """Return the monitor in the path; raises NotFound, and Forbidden for another project's (R85, R108)."""
    try:
        return access.own(
            visit.tools, visit.caller, ids.read(ids.MONITOR, visit.request.params["id"].lower())
        )
    except NotFound as error:
        raise NotFound(MISSING) from error


def _listed(visit: Visit) -> dict[str, Any]:
    page = pages.asked(visit.request)
    found = listing.specs(visit.tools, visit.caller)
    shown = visit.tools.monitors.with_states(found[page.start : page.start + page.size])
    return {"monitors": _shown(visit, shown), **pages.told(page, len(found))}


def _shown(visit: Visit, found: list[Monitor]) -> list[dict[str, Any]]:
    """Return monitors with the names of what they refer to: one Query for each project."""
    projects = dict.fromkeys(one.spec.project_id for one in found)
    setups = {project_id: visit.tools.setups.of_project(project_id) for project_id in projects}
    maintained = listing.maintained(visit.tools, [one.spec for one in found], visit.now)
    return [
        render.monitor(
            visit, one, setups[one.spec.project_id], in_maintenance=one.spec.monitor_id in maintained
        )
        for one in found
    ]
