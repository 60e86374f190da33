"""How a dialect's table of routes becomes Chalice's: views are imported when they are first asked for."""

import logging
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from chalice import Blueprint, Response

from chalicelib.core.errors import Refusal, Unavailable
from chalicelib.core.tenancy import Caller
from chalicelib.dialects.http import Answer, Manners, Request, View, Visit, WrongMethod, limits, read, respond
from chalicelib.toolbox import current

# Every path takes every method and refuses in its own words: API Gateway would answer for the others.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

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
    return respond(_guarded(view, request, manners), dress)


def _narrowed(visit: Visit) -> Caller:
    """Return who asks, acting in the one project that a header may name."""
    from chalicelib.services.access import acting_in

    return acting_in(visit.tools, visit.caller, visit.request.headers.get("x-project-id", ""))


def _guarded(view: View, request: Request, manners: Manners) -> Answer:
    tools = current()
    now = tools.clock()
    visit = Visit(tools, request, now)
    try:
        visit = visit._replace(entered=manners.admit(tools, request, now))
        if visit.entered:
            visit = visit._replace(entered=_narrowed(visit))
        answer = view(visit)
    except Unavailable as silence:
        log.warning("request %s: %s", request.request_id, silence)
        answer = manners.refuse(silence, now)
    except Refusal as refusal:
        answer = manners.refuse(refusal, now)
    except Exception as fault:
        log.exception("request %s failed", request.request_id)
        answer = manners.refuse(fault, now)
    if visit.entered:
        return answer._replace(headers={**limits(visit.entered.quota), **answer.headers})
    return answer
