from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import Conflict
from chalicelib.core.heartbeats import receive
from chalicelib.core.monitors import create
from chalicelib.core.signals import PINGS_PER_MINUTE, Action, Signal, minute_of
from chalicelib.core.status import Status
from chalicelib.core.steps import is_turn
from chalicelib.storage.states import Part
from tests.emulators import at_once
from tests.storage.examples import (
    DAY,
    HOUR,
    MICROSECOND,
    MINUTE,
    NOON,
    SECOND,
    a_spec,
    a_state,
    now_stored,
    on_engines,
    steady,
    stored,
)


def test_a_steady_ping_is_counted(tools, job):
    """A plain success on a monitor that is up gets the next number, and the state tells of it (R10)."""
    n = steady(tools, job)

    assert n == 8
    assert now_stored(tools, job) == replace(
        job.state, n_pings=8, last_ping=NOON + SECOND, in_minute=2, arrival_id="arrival-8"
    )


def test_a_steady_ping_begins_a_minute(tools, job):
    """In a new minute the count of the minute begins again, and so it does where none was counted (R80)."""
    steady(tools, job, NOON + MINUTE, same_minute=False)

    state = now_stored(tools, job)
    assert (state.minute, state.in_minute) == (minute_of(NOON + MINUTE), 1)


@pytest.mark.usefixtures("alice")
def test_a_steady_ping_forgets_how_long_the_last_run_took(tools):
    """A success without a start has no duration (R343)."""
    job = stored(tools, state=a_state(last_duration=MINUTE))

    steady(tools, job)

    assert now_stored(tools, job).last_duration is None


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize(
    "fact",
    [
        {"status": Status.PENDING},
        {"status": Status.DOWN},
        {"status": Status.PAUSED},
        {"last_start": NOON - MINUTE},
        {"reprieve": MICROSECOND},
        {"has_rules": True},
        {"look_at": NOON + SECOND},
        {"look_at": NOON},
        {"last_ping": NOON + SECOND + MICROSECOND},
        {"last_ping": None},
        {"arrival_id": "arrival-8"},
        {"in_minute": PINGS_PER_MINUTE},
        {"minute": minute_of(NOON) - 1},
    ],
    ids=str,
)
def test_what_is_not_plain_is_not_counted(tools, fact):
    """Each fact that makes a ping less than plain refuses the steady road, and nothing is written."""
    job = stored(tools, state=a_state(**fact))

    with pytest.raises(Conflict):
        steady(tools, job)

    assert now_stored(tools, job) == job.state


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize(
    "fact",
    [{"look_at": NOON + SECOND + MICROSECOND}, {"look_at": None}, {"last_ping": NOON + SECOND}],
    ids=str,
)
def test_what_is_just_plain_is_counted(tools, fact):
    """A promise a microsecond away, none at all, and a ping of the very same moment stand in nobody's way."""
    job = stored(tools, state=a_state(**fact))

    assert steady(tools, job) == 8


def test_a_wrong_guess_of_the_minute_is_refused(tools, job):
    """Who takes a running minute for a new one does not begin its count again (R80)."""
    with pytest.raises(Conflict):
        steady(tools, job, same_minute=False)

    assert now_stored(tools, job) == job.state


def test_a_steady_ping_does_not_invent_a_monitor(tools):
    """A ping to nobody stores nothing."""
    with pytest.raises(Conflict):
        steady(tools, create(a_spec()))

    assert list(Part.scan()) == []


def test_parallel_steady_pings_each_get_a_number(tools, job):
    """Twenty pings at once are numbered without gap or repetition."""
    numbers = at_once(20, lambda n: steady(tools, job, arrival_id=f"new-{n}"))

    assert sorted(numbers) == list(range(8, 28))
    assert now_stored(tools, job).n_pings == 27


@pytest.mark.usefixtures("alice")
def test_a_minute_has_room_for_exactly_a_thousand(tools):
    """When ten more fit into a minute, ten of twenty parallel pings are counted (R80)."""
    job = stored(tools, state=a_state(in_minute=PINGS_PER_MINUTE - 10))

    outcomes = at_once(20, lambda n: steady(tools, job, arrival_id=f"new-{n}"))

    assert sorted(n for n in outcomes if isinstance(n, int)) == list(range(8, 18))
    assert now_stored(tools, job).in_minute == PINGS_PER_MINUTE


def test_of_pings_that_begin_a_minute_one_does(tools, job):
    """Of twenty pings that each take the minute for new one begins it; the others must look (R80)."""
    outcomes = at_once(
        20, lambda n: steady(tools, job, NOON + MINUTE, arrival_id=f"new-{n}", same_minute=False)
    )

    assert [n for n in outcomes if isinstance(n, int)] == [8]


@pytest.mark.usefixtures("alice")
def test_a_straggler_does_not_begin_its_minute_again(tools):
    """A ping of the last minute that is counted late leaves this minute's count alone (R80)."""
    job = stored(tools, state=a_state(in_minute=PINGS_PER_MINUTE, last_ping=NOON - MINUTE))

    at_once(1, lambda _: steady(tools, job, NOON - SECOND, "straggler", same_minute=False))

    with pytest.raises(Conflict):
        steady(tools, job, same_minute=False)


def test_a_repeated_steady_ping_is_counted_once(tools, wire, job):
    """When the answer is lost and the client asks again, the ping recognises itself and is not
    counted twice.
    """
    wire.lose_answer("UpdateItem")

    with pytest.raises(Conflict):
        steady(tools, job)

    state = now_stored(tools, job)
    assert (state.n_pings, state.arrival_id) == (8, "arrival-8")


@pytest.mark.usefixtures("alice")
@on_engines
@given(
    facts=st.fixed_dictionaries(
        {},
        optional={
            "status": st.sampled_from(Status),
            "last_start": st.just(NOON - MINUTE),
            "reprieve": st.just(HOUR),
            "has_rules": st.just(True),
            "look_at": st.sampled_from([NOON + SECOND, NOON + HOUR, NOON + DAY]),
            "last_ping": st.sampled_from([NOON - DAY, NOON - SECOND, NOON + HOUR]),
            "last_duration": st.just(SECOND),
            "in_minute": st.sampled_from([PINGS_PER_MINUTE - 1, PINGS_PER_MINUTE]),
        },
    ),
    after=st.sampled_from([0 * SECOND, SECOND, MINUTE, HOUR]),
    same_minute=st.booleans(),
)
def test_the_steady_road_leads_where_the_core_does(tools, facts, after, same_minute):
    """Whatever the state: a ping that the steady road counts has changed it exactly as the core would."""
    job = stored(tools, state=a_state(**facts))
    now = NOON + after
    try:
        steady(tools, job, now, same_minute=same_minute)
    except Conflict:
        assert now_stored(tools, job) == job.state
        return

    step = receive(job.spec, job.state, Signal(Action.SUCCESS, arrival_id="arrival-8"), now)

    assert not is_turn(job.state, step)
    assert now_stored(tools, job) == step.state
