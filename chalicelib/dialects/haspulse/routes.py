"""Haspulse: which path leads to which view; /v1/incidents itself is in `shared_v1`."""

from chalicelib.dialects.routing import Route, blueprint_of

ROUTES = (
    Route("/v1/checks", ("GET", "POST"), "checks.checks"),
    Route("/v1/checks/{id}", ("GET", "PATCH", "DELETE"), "checks.check"),
    Route("/v1/checks/{id}/pause", ("POST",), "checks.pause"),
    Route("/v1/checks/{id}/resume", ("POST",), "checks.resume"),
    Route("/v1/checks/{id}/stats", ("GET",), "stats.stats"),
    Route("/v1/projects", ("GET", "POST"), "projects.projects"),
    Route("/v1/projects/{id}", ("GET", "PATCH", "DELETE"), "projects.project"),
    Route("/v1/channels", ("GET", "POST"), "channels.channels"),
    Route("/v1/channels/{id}", ("GET", "PATCH", "DELETE"), "channels.channel"),
    Route("/v1/channels/{id}/test", ("POST",), "channels.test"),
    Route("/v1/channels/{id}/deliveries", ("GET", "POST"), "channels.deliveries"),
    Route("/v1/incidents/{id}", ("GET", "PATCH", "DELETE"), "incidents.incident"),
    Route("/v1/incidents/{id}/updates", ("GET", "POST"), "incidents.updates"),
    Route("/v1/incidents/{id}/acknowledge", ("POST",), "incidents.acknowledge"),
    Route("/v1/maintenance", ("GET", "POST"), "maintenance.windows"),
    Route("/v1/maintenance/{id}", ("GET", "PATCH", "DELETE"), "maintenance.window"),
    Route("/v1/organizations", ("GET", "POST"), "organizations.organizations"),
    Route("/v1/organizations/{id}", ("GET", "PATCH", "DELETE"), "organizations.organization"),
    Route("/v1/api-keys", ("GET", "POST"), "keys.keys"),
    Route("/v1/api-keys/{id}", ("DELETE",), "keys.key"),
    Route("/v1/audit", ("GET",), "audit.trail"),
)

blueprint = blueprint_of(__package__, ROUTES)
