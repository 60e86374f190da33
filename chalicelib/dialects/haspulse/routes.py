"""Haspulse: which path leads to which view."""

from chalicelib.dialects.routing import Route, blueprint_of

ROUTES = (
    Route("/v1/channels", ("GET", "POST"), "channels.channels"),
    Route("/v1/channels/{id}", ("GET", "PATCH", "DELETE"), "channels.channel"),
    Route("/v1/channels/{id}/test", ("POST",), "channels.test"),
    Route("/v1/channels/{id}/deliveries", ("GET", "POST"), "channels.deliveries"),
)

blueprint = blueprint_of(__package__, ROUTES)
