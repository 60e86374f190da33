"""/v1/checks: heartbeats that ping us, and what we probe (R21-R33)."""

from collections.abc import Sequence
from typing import Any

from chalicelib.core.errors import NotFound
from chalicelib.core.monitors import Monitor
from chalicelib.core.status import Kind
from chalicelib.dialects import ids
from chalicelib.dialects.haspulse import manners, parse, render, wishes
from chalicelib.dialects.http import Answer, Visit
from chalicelib.services import access, listing, watching

MANNERS = manners.MANNERS
TYPES = tuple(kind.name for kind in Kind)
MISSING = "Check not found"


def checks(visit: Visit) -> Answer:
    """List the project's checks, or create one (R21, R22, R25-R29)."""
    if visit.request.method == "GET":
        return Answer(200, _page(visit))
    access.require_write(visit.caller)  # 403 comes before 400
    wish = wishes.creation(visit.tools, parse.read(visit.request.body, wishes.NewCheck))
    return _answer(visit, watching.create(visit.tools, visit.caller, wish, visit.now), 201)


def check(visit: Visit) -> Answer:
    """Show, change or delete one check (R23, R24, R30, R31)."""
    if visit.request.method == "GET":
        return _answer(visit, find(visit))
    if visit.request.method == "DELETE":
        watching.delete(visit.tools, visit.caller, _id(visit), visit.now)
        return Answer(204)
    access.require_write(visit.caller)
    spec = find(visit).spec  # 404 and 403 come before 400
    wish = wishes.change(visit.tools, parse.read(visit.request.body, wishes.CheckChanges), spec.kind)
    return _answer(visit, watching.amend(visit.tools, visit.caller, spec.monitor_id, wish, visit.now))


def pause(visit: Visit) -> Answer:
    """Pause one check (R32)."""
    return _answer(visit, watching.pause(visit.tools, visit.caller, _id(visit), visit.now))


def resume(visit: Visit) -> Answer:
    """Resume one check, which waits as if it were new (R33)."""
    return _answer(visit, watching.resume(visit.tools, visit.caller, _id(visit), visit.now))


def find(visit: Visit) -> Monitor:
    """Return the check that the path names; raises NotFound, and Forbidden for another project's (R7)."""
    return access.own(visit.tools, visit.caller, _id(visit))


def _id(visit: Visit) -> str:
    """Return the check's id, in whichever dialect's form; raises NotFound for what cannot be one."""
    try:
        return ids.read(ids.MONITOR, visit.request.params["id"])
    except NotFound as error:
        raise NotFound(MISSING) from error


def _page(visit: Visit) -> dict[str, Any]:
    """Return one page; states are read of what is on it, and of all only where a status is asked for."""
    request, tools = visit.request, visit.tools
    page = parse.page_of(request)
    status = parse.choice_in(request, "status", tuple(render.STATUSES.values()))
    kind = parse.choice_in(request, "type", TYPES)
    found = listing.specs(
        tools, visit.caller, words=request.first("search") or "", kind=Kind[kind] if kind else None
    )
    if status:
        monitors = tools.monitors.with_states(found)
        document = parse.paged("checks", [m for m in monitors if render.status(m, visit.now) == status], page)
        shown = document["checks"]
    else:
        document = parse.paged("checks", found, page)
        shown = tools.monitors.with_states(document["checks"])
    return document | {"checks": _rendered(visit, shown)}


def _answer(visit: Visit, monitor: Monitor, status: int = 200) -> Answer:
    return Answer(status, _rendered(visit, [monitor])[0])


def _rendered(visit: Visit, monitors: Sequence[Monitor]) -> list[dict[str, Any]]:
    maintained = listing.maintained(visit.tools, [monitor.spec for monitor in monitors], visit.now)
    # Whoever may only read must not be able to ping.
    site = visit.ping_site if visit.caller.may_write else ""
    return [
        render.check(monitor, site, visit.now, in_maintenance=monitor.spec.monitor_id in maintained)
        for monitor in monitors
    ]
