"""IndiePulse: which path leads to which view."""

from chalicelib.dialects.routing import Route, blueprint_of

PINGS = (
    Route("/api/v1/heartbeat/{token}", ("GET", "HEAD", "POST"), "heartbeats.success"),
    Route("/api/v1/heartbeat/{token}/fail", ("POST",), "heartbeats.fail"),
)

ROUTES = (
    *PINGS,
    Route("/api/v1/monitors", ("GET",), "monitors.monitors"),
    Route("/api/v1/monitors/{id}", ("GET",), "monitors.monitor"),
    Route("/api/v1/monitors/{id}/checks", ("GET",), "checks.checks"),
    Route("/api/v1/monitors/{id}/domain-health", ("GET",), "domains.health"),
    Route("/api/v1/events", ("GET",), "events.events"),
    Route("/api/v1/events/{id}", ("GET",), "events.event"),
    Route("/api/v1/status", ("GET",), "status.status"),
)

blueprint = blueprint_of(__package__, ROUTES)
