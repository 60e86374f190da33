import inspect

import pytest

from app import app
from chalicelib.dialects import shared_v1
from chalicelib.dialects.haspulse import routes as haspulse
from chalicelib.dialects.healthchecks import routes as healthchecks
from chalicelib.dialects.hooklistener import routes as hooklistener
from chalicelib.dialects.indiepulse import routes as indiepulse
from chalicelib.dialects.routing import METHODS, Route, view_of
from chalicelib.dialects.statuspulse import routes as statuspulse
from chalicelib.web import routes as web

TABLES = (haspulse, healthchecks, hooklistener, indiepulse, statuspulse, web)
SHARING = (shared_v1.HASPULSE, shared_v1.STATUSPULSE)
ROUTES = [(table.__package__, route) for table in TABLES for route in table.ROUTES]
ROUTES += [(package, route) for package in SHARING for route in shared_v1.ROUTES]


@pytest.mark.parametrize(("package", "route"), ROUTES, ids=lambda value: getattr(value, "path", ""))
def test_every_view_can_be_found(package: str, route: Route):
    """Every name in a table of routes leads to a function that takes one visit."""
    view, manners = view_of(package, route.view)
    assert list(inspect.signature(view).parameters) == ["visit"]
    assert callable(manners.admit)


@pytest.mark.parametrize("path", sorted(app.routes))
def test_every_path_takes_every_method(path: str):
    """No request to a known path is left to API Gateway's own refusal."""
    assert set(app.routes[path]) == set(METHODS)
