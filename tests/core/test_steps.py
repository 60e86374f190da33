from dataclasses import fields, replace
from datetime import timedelta

import pytest
from lives import BIRTH, SECOND

from chalicelib.core.monitors import State
from chalicelib.core.status import Status, Verdict
from chalicelib.core.steps import Cause, Flip, Step, is_turn, turn

HAIR = timedelta(microseconds=1)
CALM = State(Status.UP, since=BIRTH, n_pings=7)
QUIET = {
    *("last_ping", "last_duration", "look_at", "n_pings", "minute", "in_minute", "arrival_id"),
    *("judged_at", "verdict", "rolled_until"),
}
OTHERS = {
    "status": Status.DOWN,
    "since": BIRTH + SECOND,
    "last_ping": BIRTH,
    "last_start": BIRTH,
    "last_rid": "r",
    "last_duration": SECOND,
    "reprieve": SECOND,
    "look_at": BIRTH,
    "n_pings": 8,
    "minute": 1,
    "in_minute": 1,
    "arrival_id": "a",
    "has_rules": True,
    "judged_at": BIRTH,
    "verdict": Verdict.UP,
    "doubts": 1,
    "doubted_since": BIRTH,
    "slow_since": BIRTH,
    "paces": 1,
    "paced_since": BIRTH,
    "paced_at": BIRTH,
    "rolled_until": BIRTH,
    "rev": 1,
}


@pytest.mark.parametrize("name", [field.name for field in fields(State)])
def test_only_what_no_rule_branches_on_may_be_touched(name):
    """A change of any field but the counters, the last ping, the last verdict and the promise is a turn."""
    assert is_turn(CALM, Step(replace(CALM, **{name: OTHERS[name]}))) == (name not in QUIET)


def test_a_flip_makes_a_turn():
    """What is recorded in the history is never a mere touch."""
    flip = Flip("m-1", BIRTH, Status.UP, Status.DOWN, Cause.FAIL, BIRTH)
    assert is_turn(CALM, Step(CALM, (flip,)))


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("cause", Cause)
def test_staying_the_same_is_no_turn(status, cause):
    """Nothing flips into the status that it has."""
    state = replace(CALM, status=status)
    assert turn("m-1", state, status, BIRTH + SECOND, cause) == Step(state)


@pytest.mark.parametrize(
    ("cause", "n"),
    [
        (Cause.SUCCESS, 7),
        (Cause.FAIL, 7),
        (Cause.TIMEOUT, 0),
        (Cause.OVERRUN, 0),
        (Cause.PAUSE, 0),
        (Cause.RESUME, 0),
    ],
)
def test_only_signals_are_a_flips_ping(cause, n):
    """A flip names the ping that caused it, and none where time or people did."""
    [flip] = turn("m-1", CALM, Status.DOWN, BIRTH + SECOND, cause).flips
    assert (flip.n, flip.cause) == (n, cause)


@pytest.mark.parametrize(
    ("at", "recorded"),
    [(BIRTH + SECOND, BIRTH + SECOND), (BIRTH, BIRTH + HAIR), (BIRTH - SECOND, BIRTH + HAIR)],
)
def test_a_flip_lies_after_the_one_before(at, recorded):
    """Clocks of two machines may disagree; the history does not."""
    step = turn("m-1", CALM, Status.DOWN, at, Cause.FAIL)
    assert (step.flips[0].at, step.state.since, step.flips[0].began) == (recorded, recorded, BIRTH)


def test_steps_follow_each_other():
    """Two steps as one end in the later state and keep all flips in their order."""
    down = turn("m-1", CALM, Status.DOWN, BIRTH + SECOND, Cause.TIMEOUT)
    up = turn("m-1", down.state, Status.UP, BIRTH + 2 * SECOND, Cause.SUCCESS)
    assert down.then(up) == Step(up.state, down.flips + up.flips)
