"""A flip becomes one delivery for each channel that must hear of it."""

import logging
from datetime import datetime, timedelta

from chalicelib.core.alerts import Reason, plan, reason_for
from chalicelib.core.errors import NotFound
from chalicelib.core.steps import Flip
from chalicelib.queues import DeliveryNotice, FlipNotice, to_text
from chalicelib.storage.deliveries import Delivery
from chalicelib.toolbox import Toolbox

PATIENCE = timedelta(seconds=30)  # that a flip has to be announced before the sweep takes it up
PER_SWEEP = 1000

log = logging.getLogger(__name__)


def story_of(monitor_id: str, at: datetime) -> str:
    """Return the name under which the deliveries of a flip are logged."""
    return f"flip#{monitor_id}#{to_text(at)}"


def announce(tools: Toolbox, monitor_id: str, at: datetime, now: datetime) -> None:
    """Queue the deliveries of a flip, then take it out of the outbox: in this order nothing is lost."""
    try:
        flip, waits = tools.flips.find(monitor_id, at)
    except NotFound:
        return
    if not waits:
        return
    if reason_for(flip) is Reason.RECOVERED and flip.began:
        # The outage comes first: whether a recovery is news depends on who was told of the outage.
        announce(tools, monitor_id, flip.began, now)
    _queue_deliveries(tools, flip, now)
    tools.flips.mark_announced(flip)


def _queue_deliveries(tools: Toolbox, flip: Flip, now: datetime) -> None:
    reason = reason_for(flip)
    try:
        # Read afresh: a replica that does not know the monitor yet would cost its first alarm.
        spec = tools.monitors.load(flip.monitor_id, fresh=True).spec
        _, channels = tools.projects.settings(spec.project_id)
    except NotFound:
        log.info("monitor %s is gone, nobody is told", flip.monitor_id)
        return
    story = story_of(flip.monitor_id, flip.at)
    notices = []
    for channel in plan(flip, spec, channels):
        tools.deliveries.queue(Delivery(story, channel.channel_id, now, str(reason)))
        notices.append(DeliveryNotice(story, spec.project_id, channel.channel_id))
    tools.queues.deliver(notices)


def sweep(tools: Toolbox, shard: int, now: datetime) -> None:
    """Publish again what was written but, as far as the outbox tells, never announced."""
    for flip in tools.flips.unannounced(shard, now - PATIENCE, PER_SWEEP):
        tools.queues.flip(FlipNotice.of(flip))
