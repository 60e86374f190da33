"""Time has passed: every minute we look a minute ahead, and at each deadline at its very second."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.core.errors import NotFound, Unavailable
from chalicelib.core.heartbeats import Outage
from chalicelib.messages import Purge, ScanTick, Timer, Wake, from_text, to_text
from chalicelib.services import clearing, digests, dispatching, outward, surveying
from chalicelib.services.committing import let_pass, persist
from chalicelib.services.punctuality import on_time
from chalicelib.storage.monitors import Due
from chalicelib.toolbox import Toolbox

AHEAD = timedelta(seconds=90)  # a tick, and half a tick's lateness
PER_MESSAGE = 1000  # promises that one scan turns into wakes before it hands over to the next

log = logging.getLogger(__name__)


def tick(tools: Toolbox, now: datetime) -> None:
    """Have every shard looked at, and the wheel turned; tell the operators when we have been away."""
    latest = tools.ticks.latest()
    # Looking comes first: a tick that nobody could act on must not pass for one that was.
    tools.queues.scan(ScanTick(to_text(now), shard) for shard in range(tools.settings.shards))
    dispatching.tick(tools, latest, now)
    outage = tools.ticks.record(now, latest)
    if outage:
        _tell_of(tools, outage)
    if now.minute == 0:
        # Late: what of this takes long, or fails, must not make a tick that came pass for one that did not.
        clearing.resume(tools, now)
        surveying.tick(tools, now)
        digests.tick(tools, now)
    # Last of all: whoever watches us from outside hears nothing of a tick that broke before its end.
    outward.ping(tools)


def _tell_of(tools: Toolbox, outage: Outage) -> None:
    log.warning("no tick between %s and %s", outage.start, outage.end)
    try:
        tools.queues.tell_operators(
            "Wakeful was away",
            f"No tick came between {outage.start:%Y-%m-%d %H:%M:%S} and {outage.end:%Y-%m-%d %H:%M:%S} UTC. "
            "Deadlines that fell into this time were pushed out by its length.",
        )
        tools.ticks.told(outage)
    except Unavailable:
        log.warning("the operators are told with the next tick")


def scan(tools: Toolbox, message: ScanTick, now: datetime) -> None:
    """Send a wake for every promise of a shard that falls due before the next tick but one."""
    after = Due(message.after_id, from_text(message.after_at)) if message.after_id else None
    until = from_text(message.at) + AHEAD
    dues, more = tools.monitors.due(message.shard, until, after, PER_MESSAGE)
    if more:
        tools.queues.scan(
            [replace(message, after_id=dues[-1].monitor_id, after_at=to_text(dues[-1].look_at))]
        )
    tools.queues.wake([Wake(due.monitor_id, to_text(due.look_at)) for due in dues], now)


def scan_incidents(tools: Toolbox, message: ScanTick, now: datetime) -> None:
    """Send a timer for every incident that something is due for before the next tick but one.

    They are few: one shard's message is enough for all, and what one look leaves the next tick sees.
    """
    dues = tools.incidents.due(from_text(message.at) + AHEAD, PER_MESSAGE)
    tools.queues.wake([Timer(due.incident_id, to_text(due.look_at)) for due in dues], now)


def wake(tools: Toolbox, message: Wake, now: datetime) -> None:
    """Look at one monitor whose promised moment has come; the truth is derived anew from what is stored."""
    moment = on_time(tools, message, now)
    if moment is None:
        return
    try:
        persist(
            tools,
            lambda fresh: tools.monitors.load(message.monitor_id, fresh=fresh),
            lambda monitor: let_pass(tools, monitor.spec, monitor.state, moment),
            moment,
        )
    except NotFound:
        # What was on its way when it was deleted, probes above all, may have left something since.
        tools.queues.purge(Purge(message.monitor_id))
