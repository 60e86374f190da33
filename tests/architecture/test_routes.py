import re
from collections.abc import Iterable, Iterator, Mapping

import pytest

from app import app

Routes = Mapping[str, Iterable[str]]

PLAIN_PART = re.compile(r"[A-Za-z0-9._:-]+")
VARIABLE_PART = re.compile(r"\{\w+\}")  # narrower than API Gateway's rule: Chalice finds variables by \w
GREEDY = "/{proxy+}"  # takes what no other route does; API Gateway lets others end so, we let none
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
RESERVED = frozenset({"/ping", "/sping"})  # API Gateway's own health checks, under a custom domain
MOST_RESOURCES = 300  # of one API; each beginning of a path is one


def parts(path: str) -> list[str]:
    """Return the parts of a path, none for the root."""
    return path[1:].split("/") if path != "/" else []


def unknown_methods(routes: Routes) -> Iterator[str]:
    """Yield methods that Chalice describes and never finds again, as it does with ANY."""
    for path, methods in routes.items():
        yield from (f"{path}: no method {method}" for method in methods if method not in METHODS)


def reserved(routes: Routes) -> Iterator[str]:
    """Yield paths that API Gateway answers without asking us."""
    return (f"{path}: reserved" for path in routes if path in RESERVED)


def trailing_slashes(routes: Routes) -> Iterator[str]:
    """Yield paths that end with a slash: API Gateway refuses them, and takes requests for them without it."""
    return (f"{path}: trailing slash" for path in routes if path != "/" and path.endswith("/"))


def malformed_parts(routes: Routes) -> Iterator[str]:
    """Yield parts that are neither a word nor a variable as a whole."""
    for path in (path for path in routes if path != GREEDY):
        for part in parts(path.rstrip("/") or "/"):
            if not (PLAIN_PART.fullmatch(part) or VARIABLE_PART.fullmatch(part)):
                yield f"{path}: {part!r} is neither a word nor one variable"


def disagreeing_siblings(routes: Routes) -> Iterator[str]:
    """Yield variables that bear another name than the first one at their place."""
    known: dict[tuple[str, ...], str] = {}
    for path in routes:
        whole = parts(path)
        for place, part in enumerate(whole):
            first = known.setdefault(tuple(whole[:place]), part) if part.startswith("{") else part
            if part != first:
                yield f"{path}: {part} where another route says {first}"


def too_many(routes: Routes) -> Iterator[str]:
    """Yield how many resources there are, where an API may not have so many."""
    resources = {tuple(parts(path)[:n]) for path in routes for n in range(len(parts(path)) + 1)}
    if len(resources) > MOST_RESOURCES:
        yield f"{len(resources)} resources"


RULES = (
    unknown_methods,
    reserved,
    trailing_slashes,
    malformed_parts,
    disagreeing_siblings,
    too_many,
)


@pytest.mark.parametrize("rule", RULES)
def test_api_gateway_takes_every_route(rule):
    """Every route of ours keeps each rule of API Gateway, which Chalice lets anybody break."""
    assert list(rule(app.routes)) == []


@pytest.mark.parametrize(
    ("routes", "refusal"),
    [
        ({"/checks/": ["GET"]}, "/checks/: trailing slash"),
        ({"/ping/{code}": ["GET"], "/ping/{key}/{slug}": ["GET"]}, "{key} where another route says {code}"),
        ({"/{page}": ["GET"], "/{proxy+}": ["GET"]}, "/{proxy+}: {proxy+} where another route says {page}"),
        ({"/badge/{tag}.svg": ["GET"]}, "'{tag}.svg' is neither a word nor one variable"),
        ({"/files/{a-path}": ["GET"]}, "'{a-path}' is neither a word nor one variable"),
        ({"/files/{path+}": ["GET"]}, "'{path+}' is neither a word nor one variable"),
        ({"/a//b": ["GET"]}, "'' is neither a word nor one variable"),
        ({"/a b": ["GET"]}, "'a b' is neither a word nor one variable"),
        ({"/checks": ["ANY"]}, "/checks: no method ANY"),
        ({"/ping": ["GET"]}, "/ping: reserved"),
        ({f"/checks/{n}/log": ["GET"] for n in range(150)}, "302 resources"),
    ],
)
def test_a_bad_route_is_refused(routes, refusal):
    """A route that API Gateway would refuse is refused here, by one rule, with its reason."""
    (found,) = [found for rule in RULES for found in rule(routes)]
    assert refusal in found


def test_a_variable_may_bear_different_names_at_different_places():
    """Only siblings must share the name of their variable; and one route may take all that is left."""
    paths = ("/", "/{proxy+}", "/ping/{code}", "/badge/{key}/{tail}")
    routes = {path: ["GET"] for path in paths}
    assert [found for rule in RULES for found in rule(routes)] == []
