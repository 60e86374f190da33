"""How a dialect's table of routes becomes Chalice's: views are imported when they are first asked for."""

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache, partial
from importlib import import_module
from itertools import pairwise
from typing import Any, NamedTuple

from chalice import Blueprint, Response

from chalicelib.core.errors import NotFound, Refusal, Unavailable
from chalicelib.core.tenancy import Caller
from chalicelib.dialects import ids
from chalicelib.dialects.http import Answer, Manners, Request, View, Visit, WrongMethod, limits, read, respond
from chalicelib.faults import tell
from chalicelib.toolbox import current

# Every path takes every method and refuses in its own words: API Gateway would answer for the others.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

# What a variable of a path names, by the word before it: the field in our log, and how such ids begin.
IDS_AFTER = {
    "ping": ("monitor_id", ids.MONITOR),
    "checks": ("monitor_id", ids.MONITOR),
    "monitors": ("monitor_id", ids.MONITOR),
    "uptime-monitors": ("monitor_id", ids.MONITOR),
    "heartbeat": ("monitor_id", ids.MONITOR),
    "status": ("monitor_id", ids.MONITOR),
    "incidents": ("incident_id", ids.INCIDENT),
    "events": ("incident_id", ids.INCIDENT),
    "projects": ("project_id", ""),
    "channels": ("channel_id", ""),
}

log = logging.getLogger(__name__)


class Route(NamedTuple):
    """A path, the methods that it is for, and its view: `module.function` within the dialect."""

    path: str
    methods: tuple[str, ...]
    view: str


def blueprint_of(package: str, routes: Iterable[Route]) -> Blueprint:
    """Return the blueprint that serves *routes*, whose views lie in *package*.

    One Lambda serves all dialects: a cold ping must not pay for the import of everybody's views.
    """
    blueprint = Blueprint(package)
    for route in routes:
        _register(blueprint, package, route)
    return blueprint


@cache
def view_of(package: str, name: str) -> tuple[View, Manners]:
    """Return the view called *name* in *package*, and the manners of its module."""
    module_name, _, function = name.partition(".")
    module: Any = import_module(f"{package}.{module_name}")
    return getattr(module, function), module.MANNERS


def _register(blueprint: Blueprint, package: str, route: Route) -> None:
    def handle(**_: str) -> Response:
        return answer(read(blueprint.current_request), package, route)

    name = f"{package}.{route.view}".replace(".", "_")
    blueprint.route(route.path, methods=list(METHODS), content_types=["*/*"], name=name)(handle)


def answer(request: Request, package: str, route: Route) -> Response:
    """Return what the route's view answers, dressed by its dialect.

    OPTIONS, and methods that are not the route's, never reach the view. A refusal becomes the dialect's own
    answer; a fault of ours becomes its 500, logged with the request's id and told without internals.
    """
    view, manners = view_of(package, route.view)
    dress = manners.dress(route.methods)
    if request.method == "OPTIONS":
        return respond(Answer(204), dress)
    if request.method not in route.methods:
        refused = manners.refuse(WrongMethod("Method not allowed"), current().clock())
        return respond(refused, dress | {"Allow": ", ".join((*route.methods, "OPTIONS"))})
    told = partial(_told_of, request, package, route.path)  # most requests leave no line
    return respond(_guarded(view, request, manners, told), dress)


def _narrowed(visit: Visit) -> Caller:
    """Return who asks, acting in the one project that a header may name."""
    from chalicelib.services.access import acting_in

    return acting_in(visit.tools, visit.caller, visit.request.headers.get("x-project-id", ""))


def _guarded(view: View, request: Request, manners: Manners, told: Callable[[], dict[str, str]]) -> Answer:
    """Return what *view* answers; the log's lines about it carry the fields that *told* gives."""
    tools = current()
    now = tools.clock()
    visit = Visit(tools, request, now)
    try:
        visit = visit._replace(entered=manners.admit(tools, request, now))
        if visit.entered:
            visit = visit._replace(entered=_narrowed(visit))
        answer = view(visit)
    except Unavailable as silence:
        log.warning("a request is put off: %s", silence, extra=told())
        answer = manners.refuse(silence, now)
    except Refusal as refusal:
        answer = manners.refuse(refusal, now)
    except Exception as fault:  # noqa: BLE001  whoever asked must have an answer
        tell(log, "a request failed", fault, **told())
        answer = manners.refuse(fault, now)
    if visit.entered:
        return answer._replace(headers={**limits(visit.entered.quota), **answer.headers})
    return answer


def _told_of(request: Request, package: str, path: str) -> dict[str, str]:
    """Return the fields that a log line about *request*, which took the route *path*, carries.

    Of what the path says they hold what looks like an id, nothing else: ping keys, tokens and badge keys are
    secrets.
    """
    fields = {"request_id": request.request_id, "dialect": package.rpartition(".")[2]}
    for word, part in pairwise(path.split("/")):
        if part.startswith("{") and word in IDS_AFTER:
            field, kind = IDS_AFTER[word]
            with suppress(NotFound):
                fields[field] = ids.read(kind, request.params[part[1:-1]].lower())
    return fields
