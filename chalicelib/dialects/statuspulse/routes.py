"""StatusPulse: which path leads to which view; POST /v1/incidents is in `shared_v1`."""

from chalicelib.dialects.routing import Route, blueprint_of

ROUTES = (
    Route("/v1/monitors", ("GET", "POST"), "monitors.monitors"),
    Route("/v1/monitors/{id}", ("GET", "DELETE"), "monitors.monitor"),
    Route("/v1/monitors/{id}/config", ("GET", "PUT"), "config.config"),
    Route("/v1/status/{id}", ("GET",), "status.status"),
    Route("/v1/escalation-policies", ("GET", "POST"), "policies.policies"),
    Route("/v1/escalation-policies/{id}", ("GET", "PUT", "DELETE"), "policies.policy"),
)

blueprint = blueprint_of(__package__, ROUTES)
