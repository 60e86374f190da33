"""Where no route fits: not found, in the words of the dialect whose paths come nearest (R394)."""

from collections.abc import Iterable

from chalice import Blueprint, Response

from chalicelib.core.errors import NotFound
from chalicelib.dialects.http import Request, read, respond
from chalicelib.dialects.paths import ANYTHING_ELSE, likeness
from chalicelib.dialects.routing import METHODS, Route, view_of
from chalicelib.toolbox import current

NO_METHODS = ()  # are for a path that is not there

Table = tuple[str, Iterable[Route]]  # of a package


def blueprint_beside(tables: Iterable[Table]) -> Blueprint:
    """Return the blueprint that answers what none of *tables* does; of two alike the first counts."""
    blueprint = Blueprint(__name__)
    known = [(package, route) for package, routes in tables for route in routes]

    @blueprint.route(ANYTHING_ELSE, methods=list(METHODS), content_types=["*/*"], name="strays")
    def stray() -> Response:
        return refused(read(blueprint.current_request), known)

    return blueprint


def refused(request: Request, known: Iterable[tuple[str, Route]]) -> Response:
    """Return that there is no such path, as the nearest of the *known* routes would say it."""
    path = request.path.removeprefix(request.stage_path)
    package, route = max(known, key=lambda entry: likeness(entry[1].path, path))
    _, manners = view_of(package, route.view)
    return respond(manners.refuse(NotFound("Not found"), current().clock()), manners.dress(NO_METHODS))
