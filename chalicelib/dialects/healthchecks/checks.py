"""The Management API v3: checks."""

from chalicelib.dialects.healthchecks import manners, parse
from chalicelib.dialects.healthchecks.manners import find, require_write, shown, writable
from chalicelib.dialects.http import Answer, Visit
from chalicelib.services import access, watching

MANNERS = manners.MANNERS


def checks(visit: Visit) -> Answer:
    """List the project's checks, or create one (R264-R277, R284-R323)."""
    if visit.request.method == "POST":
        return _create(visit)
    found = watching.list_(
        visit.tools,
        visit.caller,
        slug=visit.request.first("slug") or "",
        tags=frozenset(visit.request.query.get("tag", ())),
    )
    return Answer(200, {"checks": [shown(visit, monitor) for monitor in found]})


def check(visit: Visit) -> Answer:
    """Show, change or delete one check (R278-R283, R324-R330, R338, R339)."""
    if visit.request.method == "GET":
        return Answer(200, shown(visit, find(visit)))
    code = writable(visit)
    if visit.request.method == "DELETE":
        # What is deleted hangs on no channel any more.
        gone = shown(visit, watching.delete(visit.tools, visit.caller, code, visit.now))
        return Answer(200, gone | {"channels": ""})
    access.own(visit.tools, visit.caller, code)  # 404 and 403 come before 400
    wish = parse.wish(parse.document(visit.request.body))
    after = watching.amend(visit.tools, visit.caller, code, wish.fields, visit.now)
    return Answer(200, shown(visit, after))


def pause(visit: Visit) -> Answer:
    """Pause one check (R331-R334)."""
    return Answer(200, shown(visit, watching.pause(visit.tools, visit.caller, writable(visit), visit.now)))


def resume(visit: Visit) -> Answer:
    """Resume one check (R335-R337)."""
    return Answer(200, shown(visit, watching.resume(visit.tools, visit.caller, writable(visit), visit.now)))


def _create(visit: Visit) -> Answer:
    require_write(visit)
    wish = parse.wish(parse.document(visit.request.body))
    monitor, is_new = watching.upsert(visit.tools, visit.caller, wish.fields, wish.unique, visit.now)
    return Answer(201 if is_new else 200, shown(visit, monitor))
