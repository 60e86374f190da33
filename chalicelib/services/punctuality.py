"""A message of the queue of wakes comes a little early: its moment is waited for here, to the very second."""

import logging
from datetime import datetime, timedelta

from chalicelib.core.errors import Unavailable
from chalicelib.core.incidents import Incident
from chalicelib.messages import Timer, Wake, from_text, to_text
from chalicelib.toolbox import Toolbox

LONGEST_REST = timedelta(seconds=2)  # one for SQS's whole seconds, and one for clocks that differ
SOON = timedelta(seconds=75)  # a timer nearer than this may fall before the next tick sees it

log = logging.getLogger(__name__)


def on_time(tools: Toolbox, message: Wake | Timer, now: datetime) -> datetime | None:
    """Return the moment of *message* once it has come, or *now* if that is later.

    None where it is still far away: then the message is on its way again.
    """
    look_at = from_text(message.look_at)
    if look_at - now > LONGEST_REST:
        tools.queues.wake([message], now)  # it waits longer than SQS delays
        return None
    if now < look_at:
        # SQS delays by whole seconds: the rest of the last one is waited out here.
        tools.rest((look_at - now).total_seconds())
    return max(look_at, now)


def set_timer(tools: Toolbox, incident: Incident, now: datetime) -> None:
    """Send a timer for a moment that the next tick would see too late."""
    if incident.look_at is None or incident.look_at > now + SOON:
        return
    try:
        tools.queues.wake([Timer(incident.incident_id, to_text(incident.look_at))], now)
    except Unavailable:
        log.warning(
            "a timer waits for the next tick",
            extra={"incident_id": incident.incident_id, "monitor_id": incident.monitor_id or ""},
        )
