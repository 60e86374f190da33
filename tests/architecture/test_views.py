import inspect

import pytest

from app import app
from chalicelib.dialects.haspulse import routes as haspulse
from chalicelib.dialects.healthchecks import routes as healthchecks
from chalicelib.dialects.hooklistener import routes as hooklistener
from chalicelib.dialects.indiepulse import routes as indiepulse
from chalicelib.dialects.routing import METHODS, Route, view_of

DIALECTS = (haspulse, healthchecks, hooklistener, indiepulse)
ROUTES = [(dialect.__package__, route) for dialect in DIALECTS for route in dialect.ROUTES]


@pytest.mark.parametrize(("package", "route"), ROUTES, ids=lambda value: getattr(value, "path", ""))
def test_every_view_can_be_found(package: str, route: Route):
    """Every name in a dialect's table of routes leads to a function that takes one visit."""
    view, manners = view_of(package, route.view)
    assert list(inspect.signature(view).parameters) == ["visit"]
    assert callable(manners.admit)


@pytest.mark.parametrize("path", sorted(app.routes))
def test_every_path_takes_every_method(path: str):
    """No request to a known path is left to API Gateway's own refusal."""
    assert set(app.routes[path]) == set(METHODS)
