"""A flip opens or ends an incident, and becomes one delivery for each channel that must hear of it."""

import logging
from datetime import datetime, timedelta

from chalicelib.core.alerts import reason_for
from chalicelib.core.errors import NotFound
from chalicelib.core.status import Status
from chalicelib.core.steps import Flip
from chalicelib.messages import FlipNotice
from chalicelib.services import outages
from chalicelib.services.outages import News, queue_deliveries, story_of
from chalicelib.toolbox import Toolbox

PATIENCE = timedelta(seconds=30)  # that a flip has to be announced before the sweep takes it up
PER_SWEEP = 1000

log = logging.getLogger(__name__)


def announce(tools: Toolbox, monitor_id: str, at: datetime, now: datetime) -> None:
    """See to what a flip means for people, then take it out of the outbox: in this order nothing is lost."""
    try:
        flip, waits = tools.flips.find(monitor_id, at)
    except NotFound:
        return
    if not waits:
        return
    if flip.ends_outage and flip.began:
        # The outage comes first: whether its end is news depends on who was told of it.
        announce(tools, monitor_id, flip.began, now)
    _tell(tools, flip, now)
    tools.flips.mark_announced(flip)


def _tell(tools: Toolbox, flip: Flip, now: datetime) -> None:
    try:
        # Read afresh: a replica that does not know the monitor yet would cost its first alarm.
        spec = tools.monitors.load(flip.monitor_id, fresh=True).spec
    except NotFound:
        log.info("monitor %s is gone, nobody is told", flip.monitor_id)
        return
    windows, channels = tools.windows.with_channels(spec.project_id)
    if flip.new is Status.DOWN:
        is_public = outages.begin(tools, spec, flip, windows, now)
    else:
        is_public = outages.end(tools, spec, channels, flip, now)
    reason = reason_for(flip)
    if is_public and reason:
        queue_deliveries(tools, spec, channels, News(reason, story_of(flip.monitor_id, flip.at)), now)


def sweep(tools: Toolbox, shard: int, now: datetime) -> None:
    """Publish again what was written but, as far as the outbox tells, never announced."""
    for flip in tools.flips.unannounced(shard, now - PATIENCE, PER_SWEEP):
        tools.queues.flip(FlipNotice.of(flip))
