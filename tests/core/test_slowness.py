"""Sustained slowness is an event of its own; a single slow answer is none."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from lives import BIRTH, HOUR, MINUTE, a_spec

from chalicelib.core.heartbeats import pause
from chalicelib.core.monitors import Monitor, State, create
from chalicelib.core.probing import conclude
from chalicelib.core.slowness import BESIDE, SUSTAINED, follow
from chalicelib.core.spans import Span
from chalicelib.core.status import Category, Status, Verdict
from chalicelib.core.steps import Cause
from chalicelib.core.targets import HttpTarget, Watch
from chalicelib.core.uptime import tally

WORDS = {"u": Verdict.UP, "s": Verdict.DEGRADED, "d": Verdict.DOWN}
SLOW = {"u": False, "s": True, "d": None}
WATCH = Watch(HttpTarget("https://shop.example/"))
FRESH_UP = State(status=Status.UP, since=BIRTH, judged_at=BIRTH, verdict=Verdict.UP)

stories = st.text("uusssd", max_size=60)


def at(n):
    """Return the moment of round *n*, one a minute."""
    return BIRTH + n * MINUTE


def live(letters, state=FRESH_UP):
    """Return the state after the rounds whose verdicts are *letters*, and all flips, the oldest first."""
    flips = []
    for n, letter in enumerate(letters, 1):
        step = conclude("m-1", WATCH, state, WORDS[letter], at(n))
        step = follow("m-1", step, at(n), is_slow=SLOW[letter])
        state = step.state
        flips += step.flips
    return state, flips


def speeds(letters):
    """Return what was said of the speed: why, and of which round."""
    return [
        (flip.cause, round((flip.at - BIRTH) / MINUTE))
        for flip in live(letters)[1]
        if flip.category is Category.PERFORMANCE
    ]


def test_one_slow_answer_is_no_event():
    """Neither is one less than it takes, nor any number that are not in a row (R159)."""
    assert speeds("s") == speeds("ssu" * 5) == speeds("ss") == []


def test_sustained_slowness_begins_with_its_first_round_and_ends_with_the_first_good_one():
    """Three in a row begin it, three end it; what goes on in between is one event (R159, R208)."""
    assert speeds("ussss") == [(Cause.SLOWED, 2)]
    assert speeds("sss" + "us" * 4 + "uuu") == [(Cause.SLOWED, 1), (Cause.SPED_UP, 12)]


def test_an_outage_and_a_pause_overtake_it():
    """What is down is not slow any more; neither is what nobody watches (R159)."""
    assert speeds("sssdd") == [(Cause.SLOWED, 1), (Cause.OVERTAKEN, 5)]
    state, _ = live("sss")
    flips = pause(Monitor(a_spec(watch=WATCH), state), at(9)).flips
    assert [flip.cause for flip in flips] == [Cause.PAUSE, Cause.OVERTAKEN]
    assert pause(Monitor(a_spec(watch=WATCH), live("ss")[0]), at(9)).flips[0].cause is Cause.PAUSE
    assert len(pause(Monitor(a_spec(watch=WATCH), live("ss")[0]), at(9)).flips) == 1


@given(stories)
def test_its_events_alternate_and_each_end_names_its_beginning(letters):
    """No moment is used twice, and the state knows whether one goes on (R159)."""
    state, flips = live(letters)
    assert len({flip.at for flip in flips}) == len(flips)
    speeds = [flip for flip in flips if flip.category is Category.PERFORMANCE]
    assert [flip.opens for flip in speeds] == [n % 2 == 0 for n in range(len(speeds))]
    for begin, end in zip(speeds[::2], speeds[1::2], strict=False):
        assert (end.began, end.opened) == (begin.at, begin.at)
        assert begin.at < end.at
    assert state.slow_since == (speeds[-1].at if len(speeds) % 2 else None)
    assert all(flip.is_news for flip in speeds)


@given(stories)
def test_it_never_touches_status_or_uptime(letters):
    """Whoever leaves the speed out sees the same (R154, R158)."""
    _, flips = live(letters)
    without = [flip for flip in flips if flip.category is Category.INCIDENT]
    window = Span(BIRTH, at(len(letters) + 1))
    present = Status.UP
    assert tally(flips[::-1], present, window) == tally(without[::-1], present, window)


@given(stories, st.integers(1, 60))
def test_a_round_told_twice_says_nothing_new(letters, n):
    """Answers may come late, twice or never (R159)."""
    state, _ = live(letters)
    late = min(n, len(letters))
    if not late:
        return
    letter = letters[late - 1]
    step = conclude("m-1", WATCH, state, WORDS[letter], at(late))
    again = follow("m-1", step, at(late), is_slow=SLOW[letter])
    assert (again.flips, again.state.slow_since) == (step.flips, state.slow_since)
    assert again.state.paces <= state.paces


def test_what_is_known_only_after_the_verdict_counts_once():
    """Whoever is slow answers last: the third answer may decide what two left open (R159)."""
    state, flips = FRESH_UP, []
    for n in range(1, 4):
        for is_slow in (None, True, True):
            step = conclude("m-1", WATCH, state, Verdict.UP, at(n))
            step = follow("m-1", step, at(n), is_slow=is_slow)
            state, flips = step.state, flips + list(step.flips)
    assert [flip.cause for flip in flips] == [Cause.SLOWED]
    assert state.slow_since == at(1) + BESIDE


def test_a_fresh_monitor_is_not_slow():
    """From its first round on it takes as many as ever."""
    state, flips = live("s" * SUSTAINED, replace(create(a_spec(watch=WATCH)).state))
    assert [flip.cause for flip in flips] == [Cause.PROBES_PASSED, Cause.SLOWED]
    assert state.slow_since == at(1) + BESIDE
    assert state.status is Status.UP
    assert flips[1].at - flips[0].at == BESIDE < HOUR
