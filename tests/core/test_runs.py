from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.heartbeats import LONGEST_RUN
from chalicelib.core.runs import ENDS, durations
from chalicelib.core.signals import Action, Arrival, Ping

MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ONE, OTHER = "6f2f7d50-0000-4000-8000-000000000001", "6f2f7d50-0000-4000-8000-000000000002"
START, SUCCESS, FAIL, LOG, IGN = Action.START, Action.SUCCESS, Action.FAIL, Action.LOG, Action.IGNORED

often = settings(max_examples=100, deadline=None)
steps = st.tuples(
    st.sampled_from(Action),
    st.sampled_from(["", ONE, OTHER]),
    st.timedeltas(timedelta(), timedelta(hours=40)),
)


def told(*story):
    """Return the pings of a *story* of (action, run id, time since the one before)."""
    at, pings = MORNING, []
    for n, (action, rid, later) in enumerate(story, 1):
        at += later
        pings.append(Ping("m-1", n, at, action, Arrival(f"a-{n}", action, rid)))
    return pings


def took(*story):
    """Return how long the runs of a *story* took, in seconds by ping number."""
    return {n: span.total_seconds() for n, span in durations(told(*story)).items()}


@pytest.mark.parametrize("end", ENDS)
def test_an_end_is_paired_with_its_start(end):
    """A success or a failure tells how long the run took that it ends (R343)."""
    assert took((START, "", SECOND), (end, "", 3 * SECOND)) == {2: 3.0}


def test_runs_with_ids_may_overlap():
    """Each end is paired with the start of its own run, whatever came in between (R344)."""
    story = (
        (START, ONE, SECOND),
        (START, OTHER, SECOND),
        (SUCCESS, ONE, SECOND),
        (SUCCESS, "", SECOND),
        (FAIL, OTHER, SECOND),
    )
    assert took(*story) == {3: 2.0, 5: 3.0}


def test_the_last_start_counts():
    """A run begun twice took as long as since its last start (R344)."""
    assert took((START, "", SECOND), (START, "", SECOND), (SUCCESS, "", SECOND)) == {3: 1.0}


def test_a_run_ends_once():
    """A second success without a start has no duration."""
    assert took((START, "", SECOND), (SUCCESS, "", SECOND), (SUCCESS, "", SECOND)) == {2: 1.0}


@pytest.mark.parametrize("between", [LOG, IGN])
def test_what_ends_nothing_leaves_the_run_open(between):
    """A log line, or a ping that is ignored, neither ends a run nor has a duration."""
    assert took((START, "", SECOND), (between, "", SECOND), (SUCCESS, "", SECOND)) == {3: 2.0}


def test_a_run_takes_72_hours_at_most():
    """What comes later than 72 hours after a start did not begin there."""
    assert took((START, "", SECOND), (SUCCESS, "", LONGEST_RUN)) == {2: 72 * 3600.0}
    assert took((START, "", SECOND), (SUCCESS, "", LONGEST_RUN + SECOND)) == {}


@often
@given(st.lists(steps), st.randoms())
def test_any_log_is_paired_as_its_claim_says(story, chance):
    """In any story, in any order: an end's duration is the time since the latest start of its run id.

    There is none if another end of that id came in between, or if it took more than 72 hours.
    """
    pings = told(*story)
    expected = {}
    for end in pings:
        before = [p for p in pings if p.n < end.n and p.arrival.rid == end.arrival.rid]
        before = [p for p in before if p.action in (START, *ENDS)]
        if end.action in ENDS and before and before[-1].action is START:
            span = end.at - before[-1].at
            expected |= {end.n: span} if span <= LONGEST_RUN else {}
    chance.shuffle(pings)
    assert durations(pings) == expected
