"""Healthchecks: which path leads to which view."""

from chalicelib.dialects.routing import Route, blueprint_of

PING = ("HEAD", "GET", "POST")

ROUTES = (
    Route("/ping/{code}", PING, "pings.ping"),
    Route("/ping/{code}/{tail}", PING, "pings.ping_tail"),
    Route("/ping/{code}/{tail}/{action}", PING, "pings.ping_slug_action"),
    Route("/api/v3/checks", ("GET", "POST"), "checks.checks"),
    Route("/api/v3/checks/{code}", ("GET", "POST", "DELETE"), "checks.check"),
    Route("/api/v3/checks/{code}/pause", ("POST",), "checks.pause"),
    Route("/api/v3/checks/{code}/resume", ("POST",), "checks.resume"),
)

blueprint = blueprint_of(__package__, ROUTES)
