"""Who is to hear of what nobody takes on, and when."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lives import BIRTH, DAY, MINUTE

from chalicelib.core.errors import Invalid
from chalicelib.core.escalation import MOST_STEPS, Policy, Rung, check


def a_policy(*minutes, repeat=0, channels=("c-1",)):
    """Return a policy with a step after each of so many *minutes*."""
    rungs = tuple(Rung(timedelta(minutes=after), channels) for after in minutes)
    return Policy("l-1", "p-1", "oncall", rungs, BIRTH, repeat)


def climbs(policy):
    """Return after how many minutes each of its steps is climbed."""
    waits = []
    while step := policy.rung(len(waits)):
        waits.append(step[0] / MINUTE)
    return waits


def test_the_steps_are_climbed_one_after_another_and_then_again():
    """Each repetition counts from the last step of the one before (R99, R207)."""
    assert climbs(a_policy(0, 10, 30)) == [0, 10, 30]
    assert climbs(a_policy(5, 10, 30, repeat=2)) == [5, 10, 30, 35, 40, 60, 65, 70, 90]


@given(st.sets(st.integers(1, 600), min_size=1, max_size=MOST_STEPS).map(sorted), st.integers(0, 10))
def test_what_passes_the_check_climbs_ever_later(minutes, repeat):
    """No two steps fall on one moment, and their number is known (R99)."""
    policy = a_policy(*minutes, repeat=repeat)
    check(policy)
    waits = climbs(policy)
    assert waits == sorted(set(waits))
    assert len(waits) == (repeat + 1) * len(minutes)


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        (a_policy(), "steps"),
        (a_policy(*range(MOST_STEPS + 1)), "steps"),
        (a_policy(5, 5), "steps"),
        (a_policy(10, 5), "steps"),
        (a_policy(-1), "steps"),
        (a_policy(7 * DAY / MINUTE + 1), "steps"),
        (a_policy(5, channels=()), "steps"),
        (a_policy(0, 5, repeat=1), "steps"),
        (a_policy(5, repeat=-1), "repeat"),
        (a_policy(5, repeat=11), "repeat"),
    ],
)
def test_what_cannot_be_climbed_is_refused(policy, field):
    """With the name of the field at fault (R99)."""
    with pytest.raises(Invalid) as refusal:
        check(policy)
    assert refusal.value.field == field
