"""Who watches the watcher: each tick pings a check elsewhere, whose owner notices when the ticks stop."""

import logging

from chalicelib.toolbox import Toolbox

TIMEOUT = 5.0  # seconds, of the thirty that a tick may take
ENOUGH = 1_024  # bytes: what the answer says is for people
DONE = range(200, 300)

log = logging.getLogger(__name__)


def ping(tools: Toolbox) -> None:
    """Ask OUTWARD_PING_URL for an answer, where there is one; what goes wrong is a line in the log.

    The line does not name the URL: whoever knows it could ping in our place.
    """
    url = tools.settings.outward_ping_url
    if not url:
        return
    # HTTP is imported for those alone who want it: a tick uses none for anything else.
    from chalicelib.guard.addresses import Refused, Unreachable
    from chalicelib.guard.fetching import Call, Limits, fetch
    from chalicelib.guard.headers import AGENT

    limits = Limits(TIMEOUT, ENOUGH, allow_private=tools.settings.allow_private_targets)
    try:
        reply = fetch(Call("GET", url, {"User-Agent": AGENT}), limits)
    except (Refused, Unreachable) as fault:
        log.warning("the outward ping failed: %s", fault)
        return
    if reply.status not in DONE:
        log.warning("the outward ping was answered %d", reply.status)
