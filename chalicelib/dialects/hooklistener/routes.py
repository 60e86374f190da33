"""Hooklistener: which path leads to which view."""

from chalicelib.dialects.routing import Route, blueprint_of

MONITORS = "/api/v1/uptime-monitors"

ROUTES = (
    Route(MONITORS, ("GET", "POST"), "monitors.monitors"),
    Route(f"{MONITORS}/{{id}}", ("GET", "PUT", "DELETE"), "monitors.monitor"),
    Route(f"{MONITORS}/{{id}}/checks", ("GET",), "checks.checks"),
)

blueprint = blueprint_of(__package__, ROUTES)
