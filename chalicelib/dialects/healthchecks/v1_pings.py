"""The pinging API under /v1: what /ping does, told in JSON, refusals of every kind included (R9, R17)."""

from chalicelib.dialects.healthchecks import pings
from chalicelib.dialects.http import Answer, Manners, Visit


def dress(methods: tuple[str, ...]) -> dict[str, str]:
    """Return what every answer carries."""
    return pings.dress(methods) | {"Content-Type": pings.JSON}


MANNERS = Manners(pings.admit, pings.refuse_in_json, dress)


def ping(visit: Visit) -> Answer:
    """Take a success by id."""
    return pings.accept_in_json(pings.by_id(visit))


def ping_tail(visit: Visit) -> Answer:
    """Take an action by id, or a success by slug."""
    return pings.accept_in_json(pings.by_tail(visit))


def ping_slug_action(visit: Visit) -> Answer:
    """Take an action by slug."""
    return pings.accept_in_json(pings.by_slug_and_action(visit))
