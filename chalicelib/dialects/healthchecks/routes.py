"""Healthchecks: which path leads to which view."""

from chalicelib.dialects.routing import Route, blueprint_of

PING = ("HEAD", "GET", "POST")

PINGS = (
    Route("/ping/{code}", PING, "pings.ping"),
    Route("/ping/{code}/{tail}", PING, "pings.ping_tail"),
    Route("/ping/{code}/{tail}/{action}", PING, "pings.ping_slug_action"),
    Route("/v1/ping/{code}", PING, "v1_pings.ping"),
    Route("/v1/ping/{code}/{tail}", PING, "v1_pings.ping_tail"),
    Route("/v1/ping/{code}/{tail}/{action}", PING, "v1_pings.ping_slug_action"),
)

ROUTES = (
    *PINGS,
    Route("/api/v3/checks", ("GET", "POST"), "checks.checks"),
    Route("/api/v3/checks/{code}", ("GET", "POST", "DELETE"), "checks.check"),
    Route("/api/v3/checks/{code}/pause", ("POST",), "checks.pause"),
    Route("/api/v3/checks/{code}/resume", ("POST",), "checks.resume"),
    Route("/api/v3/checks/{code}/pings", ("GET",), "logs.pings"),
    Route("/api/v3/checks/{code}/pings/{n}/body", ("GET",), "logs.body"),
    Route("/api/v3/checks/{code}/flips", ("GET",), "logs.flips"),
    Route("/api/v3/channels", ("GET",), "project.channels"),
    Route("/api/v3/badges", ("GET",), "project.badges"),
    Route("/api/v3/status", ("GET",), "health.status"),
    Route("/badge/{key}/{signature}", ("GET",), "badges.overall"),
    Route("/badge/{key}/{signature}/{tag}", ("GET",), "badges.tagged"),
    Route("/b/{states}/{name}", ("GET",), "badges.single"),
    Route("/projects/{project}/metrics", ("GET",), "metrics.metrics"),
    Route("/projects/{project}/metrics/{key}", ("GET",), "metrics.metrics"),
)

blueprint = blueprint_of(__package__, ROUTES)
