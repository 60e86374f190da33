"""How a probed monitor lives: by the verdicts of its rounds, soberly.

Only what is confirmed is stored as its status. A verdict that speaks against the status raises a doubt;
enough of them in a row turn it, from the moment of the first; one that agrees with it settles the matter.
Source: R144-R152, R233.
"""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from chalicelib.core.monitors import State
from chalicelib.core.rollups import Grain
from chalicelib.core.status import Status, Verdict
from chalicelib.core.steps import Cause, Step, turn
from chalicelib.core.targets import Watch

FORGOTTEN = 3  # intervals without a verdict, after which a doubt is no doubt any more


class Phase(StrEnum):
    """What people are shown of the state machine: its status, and whether that is in doubt."""

    PENDING = "pending"
    UP = "up"
    INVESTIGATING = "investigating"
    DOWN = "down"
    RECOVERING = "recovering"
    PAUSED = "paused"


def phase(state: State) -> Phase:
    """Return where *state* stands between up and down."""
    if state.doubts and state.status in (Status.UP, Status.DOWN):
        return Phase.INVESTIGATING if state.status is Status.UP else Phase.RECOVERING
    return Phase(state.status.value)


def conclude(monitor_id: str, watch: Watch, state: State, verdict: Verdict, at: datetime) -> Step:
    """Take the *verdict* of the round at *at*; an older round than the last one judged changes nothing.

    Neither does one from before the monitor was created or resumed. The last one judged, told again, asks
    again for the second look that its first telling may have died before.
    """
    if state.status is Status.PAUSED or _is_past(state, at):
        waits = state.judged_at == at and verdict is Verdict.DOWN and state.doubts == 1
        return Step(state, probe_again=waits and state.status is not Status.DOWN)
    rolled_until = state.rolled_until or Grain.HOUR.floor(at)
    if state.judged_at and at - state.judged_at > FORGOTTEN * watch.interval:
        state = settled(state)  # what nobody saw in between was no part of a row
    seen = replace(state, judged_at=at, verdict=verdict, rolled_until=rolled_until)
    is_good = verdict is not Verdict.DOWN
    if state.status is (Status.UP if is_good else Status.DOWN):
        return Step(settled(seen))
    needed = watch.recovery_threshold if is_good else watch.failure_threshold
    if is_good and state.status is Status.PENDING:
        needed = 1  # the first answer tells enough
    return _doubt(monitor_id, seen, needed, at, is_good=is_good)


def _is_past(state: State, at: datetime) -> bool:
    begun = state.since if state.status is Status.PENDING else None
    return bool((state.judged_at and at <= state.judged_at) or (begun and at < begun))


def settled(state: State) -> State:
    """Return *state* without its doubts."""
    return replace(state, doubts=0, doubted_since=None)


def _doubt(monitor_id: str, state: State, needed: int, at: datetime, *, is_good: bool) -> Step:
    doubts, since = state.doubts + 1, state.doubted_since or at
    if state.status is Status.PENDING and is_good:
        since = at  # the bad rounds before it were no part of being up
    if doubts < needed:
        # Whoever waits for the next round of a good monitor that seems bad waits for the alarm.
        again = doubts == 1 and not is_good
        return Step(replace(state, doubts=doubts, doubted_since=since), probe_again=again)
    new, cause = (Status.UP, Cause.PROBES_PASSED) if is_good else (Status.DOWN, Cause.PROBES_FAILED)
    return turn(monitor_id, settled(state), new, since, cause)
