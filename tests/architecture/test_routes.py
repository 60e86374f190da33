import re
from collections.abc import Iterable, Iterator, Mapping

import pytest

from app import app

PLAIN_PART = re.compile(r"[A-Za-z0-9._:-]+")
VARIABLE_PART = re.compile(r"\{\w+\}")  # narrower than API Gateway's rule: Chalice finds variables by \w
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
RESERVED = frozenset({"/ping", "/sping"})  # API Gateway's own health checks, under a custom domain


def refusals(routes: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Yield what API Gateway would refuse, or answer without asking us; Chalice lets all of it through."""
    variables: dict[str, str] = {}
    for path, methods in routes.items():
        yield from (f"{path}: no method {method}" for method in methods if method not in METHODS)
        if path in RESERVED:
            yield f"{path}: reserved"
        if path != "/":
            yield from _of_parts(path, variables)


def _of_parts(path: str, variables: dict[str, str]) -> Iterator[str]:
    above = ""
    if path.endswith("/"):
        yield f"{path}: trailing slash"
    for part in path.strip("/").split("/"):
        if VARIABLE_PART.fullmatch(part):
            first = variables.setdefault(above, part)
            if part != first:
                yield f"{path}: {part} where another route says {first}"
        elif not PLAIN_PART.fullmatch(part):
            yield f"{path}: {part!r} is neither a word nor one variable"
        above = f"{above}/{part}"


def test_api_gateway_takes_every_route():
    """Every route of ours can be imported into API Gateway."""
    assert list(refusals(app.routes)) == []


@pytest.mark.parametrize(
    ("routes", "refusal"),
    [
        ({"/checks/": ["GET"]}, "/checks/: trailing slash"),
        ({"/ping/{code}": ["GET"], "/ping/{key}/{slug}": ["GET"]}, "{key} where another route says {code}"),
        ({"/badge/{tag}.svg": ["GET"]}, "'{tag}.svg' is neither a word nor one variable"),
        ({"/files/{path+}": ["GET"]}, "'{path+}' is neither a word nor one variable"),
        ({"/a//b": ["GET"]}, "'' is neither a word nor one variable"),
        ({"/a b": ["GET"]}, "'a b' is neither a word nor one variable"),
        ({"/checks": ["ANY"]}, "/checks: no method ANY"),
        ({"/ping": ["GET"]}, "/ping: reserved"),
    ],
)
def test_a_bad_route_is_refused(routes, refusal):
    """A route that API Gateway would refuse is refused here, with its reason."""
    (found,) = refusals(routes)
    assert refusal in found


def test_a_variable_may_bear_different_names_at_different_places():
    """Only siblings must share the name of their variable."""
    assert list(refusals({"/": ["GET"], "/ping/{code}": ["GET"], "/badge/{key}/{tail}": ["GET"]})) == []
