"""Carry out what the core decided: one conditional write, then tell whoever must act on it."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.core.errors import Conflict, NotFound, Unavailable
from chalicelib.core.heartbeats import excuse, lapse
from chalicelib.core.metrics import Metric, lag
from chalicelib.core.monitors import Monitor, Spec, State
from chalicelib.core.signals import Ping
from chalicelib.core.steps import Cause, Flip, Step, is_turn
from chalicelib.toolbox import Toolbox

TRIES = 5
BY_TIME = (Cause.TIMEOUT, Cause.OVERRUN)  # what no signal brought
SOON = timedelta(seconds=75)  # a promise nearer than this may fall before the next tick sees it

log = logging.getLogger(__name__)


def persist(
    tools: Toolbox,
    load: Callable[[bool], Monitor],
    decide: Callable[[Monitor], Step],
    now: datetime,
) -> Monitor:
    """Load, decide and write, again from the start when somebody else was first; raises Conflict in the end.

    *load* is told whether it must read what was written last.
    """
    for attempt in range(TRIES):
        monitor = load(attempt > 0)
        step = decide(monitor)  # its refusal is the answer; only a lost race is tried again
        try:
            return apply(tools, monitor, step, now)
        except Conflict:
            tools.back_off(attempt)
    raise Conflict("too many others change this monitor at the moment")


def apply(tools: Toolbox, before: Monitor, step: Step, now: datetime, ping: Ping | None = None) -> Monitor:
    """Write *step*, a touch or a turn, and publish what came of it; raises Conflict when *before* is stale.

    A turn takes its *ping* along in the same transaction; a touch tells the ping's number only afterwards.
    """
    monitor_id = before.spec.monitor_id
    if is_turn(before.state, step):
        state = tools.commits.turn(
            monitor_id, before.state, step, ping, before.spec if before.spec.watch else None
        )
    else:
        state = tools.commits.touch(monitor_id, before.state, step.state)
        if ping:
            tools.pings.record(replace(ping, n=state.n_pings))
    for flip in step.flips:
        if flip.cause in BY_TIME:
            tools.measure(Metric.WAKE_LAG, lag(flip.at, tools.clock()))
    publish(tools, step.flips)
    remind(tools, monitor_id, before.state, state, now)
    if step.probe_again:
        from chalicelib.services.dispatching import look_again

        look_again(tools, before.spec, state.judged_at or now, now)
    return Monitor(before.spec, state)


def publish(tools: Toolbox, flips: tuple[Flip, ...]) -> None:
    """Have *flips* announced; where that fails the outbox keeps them, and the sweep comes by."""
    from chalicelib.messages import FlipNotice

    for flip in flips:
        if not flip.is_news:
            continue
        try:
            tools.queues.flip(FlipNotice.of(flip))
        except Unavailable:
            log.warning("a flip waits for the sweep", extra={"monitor_id": flip.monitor_id})


def remind(tools: Toolbox, monitor_id: str, before: State, after: State, now: datetime) -> None:
    """Send a wake for a new promise that the next tick would see too late."""
    if after.look_at is None or after.look_at == before.look_at or after.look_at > now + SOON:
        return
    from chalicelib.messages import Wake, to_text

    try:
        tools.queues.wake([Wake(monitor_id, to_text(after.look_at))], now)
    except Unavailable:
        log.warning("a wake waits for the next tick", extra={"monitor_id": monitor_id})


def load(tools: Toolbox, monitor_id: str, *, fresh: bool) -> Monitor:
    """Return the monitor, also one that was made this very second and that not every replica knows yet."""
    if not fresh:
        try:
            return tools.monitors.load(monitor_id)
        except NotFound:
            pass
    return tools.monitors.load(monitor_id, fresh=True)


def let_pass(tools: Toolbox, spec: Spec, state: State, now: datetime) -> Step:
    """Let time pass for a monitor until *now*, but never blame it for a time when we were away ourselves."""
    step = lapse(spec, state, now)
    if not step.flips:
        return step
    return lapse(spec, excuse(spec, state, tools.ticks.outages(now), now), now)
