"""Sustained slowness: an event of its own, beside the status and without any effect on uptime.

A round is slow where most of its regions are, each by its own threshold (core.consensus.pace). Enough slow
rounds in a row begin the event, from the moment of the first; as many fast ones in a row end it (R154, R159).
"""

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.core.monitors import State
from chalicelib.core.status import Status
from chalicelib.core.steps import Cause, Flip, Step

SUSTAINED = 3  # rounds
# A round may change status and speed at once; flips are told apart by their moment.
BESIDE = timedelta(milliseconds=1)


def follow(monitor_id: str, step: Step, at: datetime, *, is_slow: bool | None) -> Step:
    """Return *step*, which the round at *at* led to, with what that says of the speed: None says nothing.

    That may be known later than its verdict; told twice, or late, it says no more.
    """
    state = step.state
    if state.status is Status.DOWN:
        return overtaken(monitor_id, step, at)
    if is_slow is None or state.status is not Status.UP or _is_past(state, at):
        return step
    if is_slow == (state.slow_since is not None):
        return replace(step, state=_calm(state))
    paces, since = state.paces + 1, state.paced_since or at
    state = replace(state, paces=paces, paced_since=since, paced_at=at)
    if paces < SUSTAINED:
        return replace(step, state=state)
    cause = Cause.SLOWED if is_slow else Cause.SPED_UP
    return _turned(monitor_id, replace(step, state=state), cause, since)


def _is_past(state: State, at: datetime) -> bool:
    began = state.since if state.since and at < state.since else None
    return bool(began or (state.paced_at and at <= state.paced_at))


def _calm(state: State) -> State:
    return replace(state, paces=0, paced_since=None)


def overtaken(monitor_id: str, step: Step, at: datetime) -> Step:
    """Return *step* with the end of whatever slowness went on: something else has begun."""
    calm = replace(step, state=_calm(step.state))
    return calm if step.state.slow_since is None else _turned(monitor_id, calm, Cause.OVERTAKEN, at)


def _turned(monitor_id: str, step: Step, cause: Cause, since: datetime) -> Step:
    state = step.state
    began = state.slow_since
    at = max(since, began) + BESIDE if began else since + BESIDE
    flip = Flip(monitor_id, at, state.status, state.status, cause, began)
    slow_since = at if cause is Cause.SLOWED else None
    turned = replace(_calm(state), slow_since=slow_since)
    return replace(step, state=turned, flips=(*step.flips, flip))
