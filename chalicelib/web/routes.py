"""The web: which path leads to which page."""

from chalicelib.dialects.routing import Route, blueprint_of

SEEN = ("GET", "HEAD")

ROUTES = (
    Route("/ack", (*SEEN, "POST"), "acknowledging.acknowledge"),
    Route("/monitors/{id}", SEEN, "monitors.monitor"),
    Route("/static/{name}", SEEN, "static.static"),
)

blueprint = blueprint_of(__package__, ROUTES)
