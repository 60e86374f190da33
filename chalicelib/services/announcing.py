"""A flip opens or ends an incident, and becomes one delivery for each channel that must hear of it."""

import logging
from datetime import datetime, timedelta

from chalicelib.core.alerts import MIRRORING, reason_for
from chalicelib.core.errors import NotFound
from chalicelib.core.monitors import Monitor
from chalicelib.core.status import Category
from chalicelib.core.steps import Flip
from chalicelib.messages import FlipNotice
from chalicelib.services import levels, outages, telling
from chalicelib.services.telling import News
from chalicelib.storage.setups import Setup
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
    if flip.closes and flip.began:
        # The beginning comes first: whether the end is news depends on who was told of it.
        announce(tools, monitor_id, flip.began, now)
    _tell(tools, flip, now)
    tools.flips.mark_announced(flip)


def _tell(tools: Toolbox, flip: Flip, now: datetime) -> None:
    try:
        # Read afresh: a replica that does not know the monitor yet would cost its first alarm.
        monitor = tools.monitors.load(flip.monitor_id, fresh=True)
    except NotFound:
        log.info("a monitor is gone, nobody is told", extra={"monitor_id": flip.monitor_id})
        return
    setup = tools.setups.of_project(monitor.spec.project_id)
    if flip.opens:
        incident = outages.begin(tools, monitor, flip, setup, now)
        if not incident.held:
            telling.queue(tools, monitor.spec, setup.channels, telling.opening(incident), now)
    else:
        _tell_end(tools, monitor, setup, flip, now)


def _tell_end(tools: Toolbox, monitor: Monitor, setup: Setup, flip: Flip, now: datetime) -> None:
    ending, reason = outages.end(tools, monitor, setup, flip, now), reason_for(flip)
    if flip.category is Category.INCIDENT:
        # The outage may have been over before its timer came, in this period or in the one before.
        levels.tell(tools, monitor, setup, (flip.began or flip.at, flip.at), now)
    if reason is None:
        return
    severity = ending.incident.impact if ending.incident else monitor.spec.severity
    called = ending.incident.called if ending.incident else ()
    news = News(reason, telling.flip_story(flip.monitor_id, flip.at), severity)
    audience = setup.channels, called
    if not ending.is_news:
        if ending.incident is None:
            return  # it was held back, and nobody knows of it
        audience = [channel for channel in setup.channels if channel.kind in MIRRORING], ()
    telling.queue_end(tools, monitor.spec, audience, news, now)


def sweep(tools: Toolbox, shard: int, now: datetime) -> None:
    """Publish again what was written but, as far as the outbox tells, never announced."""
    for flip in tools.flips.unannounced(shard, now - PATIENCE, PER_SWEEP):
        tools.queues.flip(FlipNotice.of(flip))
