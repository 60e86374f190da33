"""Results come home: the regions are heard, and what they say together changes the monitor."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.core import slowness
from chalicelib.core.consensus import Answer, Round
from chalicelib.core.errors import NotFound, Refusal
from chalicelib.core.metrics import Metric
from chalicelib.core.monitors import Monitor
from chalicelib.core.probing import conclude
from chalicelib.core.rollups import Grain
from chalicelib.core.status import Status
from chalicelib.core.steps import Step
from chalicelib.messages import ResultBundle
from chalicelib.services import history
from chalicelib.services.committing import load, persist
from chalicelib.toolbox import Toolbox

STRAGGLERS = timedelta(minutes=2)  # after an hour is over its last rounds may still be on their way

log = logging.getLogger(__name__)


def collect(tools: Toolbox, bundle: ResultBundle, now: datetime) -> None:
    """Take every answer of a bundle; whichever came before, or comes too late, changes nothing.

    One that cannot be taken does not hold up those behind it, which may be other people's; it is raised last.
    """
    n_judged, refusals = 0, []
    for answer in bundle.answers:
        try:
            n_judged += _hear(tools, answer, now)
        except Refusal as refusal:
            refusals.append(refusal)
    if n_judged:
        tools.measure(Metric.ROUNDS, n_judged)
    if refusals:
        raise refusals[0]


def _hear(tools: Toolbox, answer: Answer, now: datetime) -> bool:
    """Take one answer, and return whether its round was judged with it."""
    found, is_news = tools.rounds.append(answer)
    # A repeated answer goes on where an earlier try may have stopped: between the round and its verdict.
    if found.verdict is None or (is_news and not found.is_decided_by_the_last):
        return False
    try:
        monitor = persist(
            tools,
            lambda fresh: _load(tools, found, fresh=fresh),
            lambda monitor: _step(monitor, found, tools.settings.probe_regions),
            now,
        )
        _roll_up(tools, monitor, found, now)
    except NotFound:
        log.info("a monitor is gone, its round is not judged", extra={"monitor_id": found.monitor_id})
        return False
    return True


def _roll_up(tools: Toolbox, monitor: Monitor, found: Round, now: datetime) -> None:
    """Roll up the hours that were over well before the round *found*; whoever is interrupted begins anew."""
    begun, until = monitor.state.rolled_until, Grain.HOUR.floor(found.at - STRAGGLERS)
    if begun and found.at < begun:
        history.roll_up_again(tools, monitor, found.at)
    if begun is None or until <= begun:
        return
    history.roll_up(tools, monitor, until)
    persist(
        tools,
        lambda fresh: load(tools, found.monitor_id, fresh=fresh),
        lambda newer: Step(replace(newer.state, rolled_until=max(until, newer.state.rolled_until or until))),
        now,
    )


def _load(tools: Toolbox, found: Round, *, fresh: bool) -> Monitor:
    """Return the monitor as it is, where a replica shows one that could not have been asked this yet."""
    monitor = load(tools, found.monitor_id, fresh=fresh)
    watch = monitor.spec.watch
    is_old = monitor.state.status is Status.PAUSED or (watch is not None and watch.version < found.version)
    return load(tools, found.monitor_id, fresh=True) if is_old and not fresh else monitor


def _step(monitor: Monitor, found: Round, available: tuple[str, ...]) -> Step:
    spec, state, watch = monitor.spec, monitor.state, monitor.spec.watch
    if watch is None or watch.version != found.version or found.verdict is None:
        return Step(state)  # it answers a question that nobody asks any more
    if len(found.jury) == 1 < len(available) and not found.witnesses:
        # One region alone never takes anything down: others must have looked, too (R390).
        watch = replace(watch, failure_threshold=max(2, watch.failure_threshold))
    step = conclude(spec.monitor_id, watch, state, found.verdict, found.at)
    return slowness.follow(spec.monitor_id, step, found.at, is_slow=found.is_slow)
