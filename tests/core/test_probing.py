from dataclasses import replace
from itertools import cycle, islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lives import BIRTH, DAY, HOUR, MINUTE, SECOND, a_spec

from chalicelib.core.heartbeats import pause, resume
from chalicelib.core.monitors import Monitor, State, create
from chalicelib.core.probing import Phase, conclude, phase
from chalicelib.core.status import Kind, Status, Verdict
from chalicelib.core.steps import Cause, Step, is_turn
from chalicelib.core.targets import HttpTarget, Watch

UP, DEGRADED, DOWN = Verdict
WORDS = {"u": UP, "s": DEGRADED, "d": DOWN}
FRESH_UP = State(status=Status.UP, since=BIRTH, judged_at=BIRTH, verdict=UP)
FRESH_DOWN = State(status=Status.DOWN, since=BIRTH, judged_at=BIRTH, verdict=DOWN)
NEW = create(a_spec()).state


def watch(failure=2, recovery=2):
    """Return a watch with these thresholds."""
    return Watch(HttpTarget("https://shop.example/"), failure_threshold=failure, recovery_threshold=recovery)


def at(n):
    """Return the moment of round *n*, one a minute."""
    return BIRTH + n * MINUTE


def steps(letters, state=FRESH_UP, watched=None, first=1):
    """Return what each of the rounds whose verdicts are *letters* did."""
    done = []
    for n, letter in enumerate(letters, first):
        step = conclude("m-1", watched or watch(), state, WORDS[letter], at(n))
        done.append(step)
        state = step.state
    return done


def flips(done):
    """Return the flips of *done* in short: what it became, why, and at which round."""
    return [(flip.new, flip.cause, (flip.at - BIRTH) / MINUTE) for step in done for flip in step.flips]


def phases(letters, state=FRESH_UP, watched=None):
    """Return what people are shown after each round, by its first letters."""
    return " ".join(phase(step.state).name[:3] for step in steps(letters, state, watched))


WENT_DOWN = (Status.DOWN, Cause.PROBES_FAILED)
CAME_UP = (Status.UP, Cause.PROBES_PASSED)

thresholds = st.integers(1, 10)
watches = st.builds(watch, thresholds, thresholds)
stories = st.text("uds", max_size=40)
living = st.sampled_from([NEW, FRESH_UP, FRESH_DOWN])


# --- what is true after every story -------------------------------------------------------------------------


@given(watches, living, stories)
def test_flips_alternate_and_never_go_back_in_time(watched, state, story):
    """Each flip ends the very status that the one before it began, and lies after it (R148)."""
    status, since = state.status, state.since
    for step in steps(story, state, watched):
        for flip in step.flips:
            assert (flip.old, flip.began) == (status, since)
            assert flip.new is not flip.old
            assert flip.at > since
            status, since = flip.new, flip.at
        assert (step.state.status, step.state.since) == (status, since)


@given(watches, living, stories)
def test_a_turn_takes_its_threshold_in_a_row(watched, state, story):
    """A monitor goes down on as many bad rounds in a row as were asked for, and up again on as many good
    ones; of a new one the first good round is enough (R152, R233).
    """
    before = state.status
    for n, step in enumerate(steps(story, state, watched)):
        for flip in step.flips:
            needed = watched.recovery_threshold if flip.new is Status.UP else watched.failure_threshold
            if before is Status.PENDING and flip.new is Status.UP:
                needed = 1
            run = story[n + 1 - needed : n + 1]
            assert len(run) == needed
            assert all((letter == "d") == (flip.new is Status.DOWN) for letter in run)
            assert flip.at == at(n + 2 - needed)
        before = step.state.status


@settings(deadline=None)
@given(watches, living, stories)
def test_doubts_are_the_contrary_rounds_in_a_row(watched, state, story):
    """Doubts are the rounds since the last that agreed with the status, fewer than any threshold (R233)."""
    for n, step in enumerate(steps(story, state, watched), 1):
        after = step.state
        contrary = "us" if after.status is Status.DOWN else "d"
        run = len(story[:n]) - len(story[:n].rstrip(contrary))
        turned = [k for k, past in enumerate(steps(story[:n], state, watched), 1) if past.flips]
        doubted = min(run, n - turned[-1]) if turned else run
        assert after.doubts == doubted
        assert after.doubted_since == (at(n + 1 - doubted) if doubted else None)
        assert doubted < (watched.recovery_threshold if contrary == "us" else watched.failure_threshold)


@given(watches, living, stories)
def test_the_newest_verdict_is_kept_as_it_is(watched, state, story):
    """Beside the status the raw verdict of the latest round is kept, whatever comes of it (R144, R147)."""
    for n, step in enumerate(steps(story, state, watched), 1):
        assert (step.state.verdict, step.state.judged_at) == (WORDS[story[n - 1]], at(n))


@given(watches, living, stories, st.sampled_from(Verdict), st.integers(0, 45))
def test_an_older_round_changes_nothing(watched, state, story, verdict, n):
    """A round that is judged after a newer one, or twice, is too late to change anything."""
    after = [Step(state), *steps(story, state, watched)][-1].state
    if after.judged_at and at(n) <= after.judged_at:
        step = conclude("m-1", watched, after, verdict, at(n))
        assert (step.state, step.flips) == (after, ())


@settings(deadline=None)
@given(watches, living, stories, st.data())
def test_repeated_and_late_rounds_are_harmless(watched, state, story, data):
    """With any rounds judged again in between, the story ends as it would have without (R148)."""
    plain = steps(story, state, watched)
    done, now = [], state
    for n, letter in enumerate(story, 1):
        for old in [n, *data.draw(st.lists(st.integers(0, n), max_size=2))]:
            step = conclude("m-1", watched, now, WORDS[letter], at(old))
            done.append(step)
            now = step.state

    assert flips(done) == flips(plain)
    assert now == ([Step(state), *plain][-1].state)


@given(watches, stories)
def test_slow_rounds_are_good_rounds(watched, story):
    """Where every slow round is replaced by a fast one, the same happens: slow is not down (R154)."""
    assert flips(steps(story, FRESH_UP, watched)) == flips(steps(story.replace("s", "u"), FRESH_UP, watched))


@given(st.integers(2, 10), st.integers(2, 10), living, st.sampled_from(["ud", "du", "sd", "ds"]))
def test_alternating_verdicts_never_alternate_the_status(failure, recovery, state, pair):
    """A target that flaps from round to round leaves a monitor as it is, and nobody is told (R148)."""
    done = steps(islice(cycle(pair), 40), state, watch(failure, recovery))
    told = [flip for step in done for flip in step.flips if flip.is_news]

    assert told == []


@given(thresholds, st.integers(2, 10))
def test_flapping_ends_in_one_outage_at_most(failure, recovery):
    """Even where one bad round is enough, a flapping target goes down once and does not come back (R148)."""
    done = steps(islice(cycle("du"), 40), FRESH_UP, watch(failure, recovery))

    assert flips(done) == ([(*WENT_DOWN, 1)] if failure == 1 else [])


@given(watches, living, stories)
def test_only_doubts_and_turns_are_loud(watched, state, story):
    """A round that agrees with a status that nobody doubts is a touch: it changes what no rule minds."""
    before = state
    for step in steps(story, state, watched):
        is_quiet = (before.status, before.doubts) == (step.state.status, step.state.doubts)
        assert is_turn(before, step) != (is_quiet and not step.flips)
        before = step.state


@given(watches, living, stories)
def test_people_are_shown_one_of_six_phases(watched, state, story):
    """Up in doubt is investigating, down in doubt is recovering; nothing else is ever shown (R144)."""
    for step in steps(story, state, watched):
        shown = phase(step.state)
        assert (shown is Phase.INVESTIGATING) == (step.state.status is Status.UP and step.state.doubts > 0)
        assert (shown is Phase.RECOVERING) == (step.state.status is Status.DOWN and step.state.doubts > 0)
        assert shown in Phase


# --- examples -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("letters", "shown"),
    [
        ("u", "UP"),
        ("d", "INV"),
        ("du", "INV UP"),
        ("ds", "INV UP"),
        ("dud", "INV UP INV"),
        ("dd", "INV DOW"),
        ("ddd", "INV DOW DOW"),
        ("ddu", "INV DOW REC"),
        ("ddud", "INV DOW REC DOW"),
        ("dduu", "INV DOW REC UP"),
        ("ddsu", "INV DOW REC UP"),
        ("ddududuu", "INV DOW REC DOW REC DOW REC UP"),
    ],
)
def test_from_up_to_down_and_back(letters, shown):
    """One bad round is investigated, two are an outage; one good round is recovering, two are up again
    (R146, R152, R233).
    """
    assert phases(letters) == shown


@pytest.mark.parametrize("needed", range(1, 11))
def test_an_outage_is_confirmed_by_as_many_rounds_as_asked_for(needed):
    """One round less than the threshold, 1 to 10, is no outage; a good one in between begins anew (R233)."""
    watched = watch(failure=needed)

    assert flips(steps("d" * (needed - 1), FRESH_UP, watched)) == []
    assert flips(steps("d" * (needed - 1) + "u" + "d" * (needed - 1), FRESH_UP, watched)) == []
    assert flips(steps("d" * needed, FRESH_UP, watched)) == [(*WENT_DOWN, 1)]


@pytest.mark.parametrize("needed", range(1, 11))
def test_a_recovery_is_confirmed_by_as_many_rounds_as_asked_for(needed):
    """Back up counts after as many good rounds in a row, from the first of them (R146)."""
    watched = watch(recovery=needed)

    assert flips(steps("u" * (needed - 1), FRESH_DOWN, watched)) == []
    assert flips(steps("u" * (needed - 1) + "d" + "u" * (needed - 1), FRESH_DOWN, watched)) == []
    assert flips(steps("u" * needed, FRESH_DOWN, watched)) == [(*CAME_UP, 1)]


def test_an_outage_began_with_its_first_bad_round():
    """A flip carries the moment of the first doubt, not that of the round that confirmed it (R153)."""
    [flip] = [flip for step in steps("uudddd", FRESH_UP, watch(failure=3)) for flip in step.flips]

    assert (flip.at, flip.began, flip.old, flip.new) == (at(3), BIRTH, Status.UP, Status.DOWN)
    assert (flip.n, flip.is_news) == (0, True)


def test_doubt_does_not_outlive_a_good_round():
    """A bad minute that passed is forgotten: the next outage begins where it begins (R233)."""
    assert flips(steps("dududd")) == [(*WENT_DOWN, 5)]


@pytest.mark.parametrize(
    ("letters", "again"),
    [
        ("d", [1]),
        ("dd", [1]),
        ("dud", [1, 3]),
        ("dddu", [1]),  # it is down and recovers: the next round comes soon enough
        ("u", []),
    ],
)
def test_a_first_doubt_about_a_good_monitor_is_looked_into_at_once(letters, again):
    """Who seems to fail is probed again at once, on the first bad round and no other (R152)."""
    done = steps(letters, FRESH_UP, watch(failure=3))

    assert [n for n, step in enumerate(done, 1) if step.probe_again] == again


def test_where_one_round_is_enough_nobody_looks_again():
    """With a threshold of 1 the first bad round is the outage: there is nothing to look into."""
    assert not any(step.probe_again for step in steps("dudu", FRESH_UP, watch(failure=1)))


# --- new, paused, resumed -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("letters", "shown", "told"),
    [
        ("", "", []),
        ("u", "UP", [(*CAME_UP, 1)]),
        ("s", "UP", [(*CAME_UP, 1)]),
        ("d", "PEN", []),
        ("du", "PEN UP", [(*CAME_UP, 2)]),
        ("dd", "PEN DOW", [(*WENT_DOWN, 1)]),
    ],
)
def test_a_new_monitor_waits_for_its_first_verdict(letters, shown, told):
    """It is pending until a round was good, or enough were bad; being up begins with the good one (R149)."""
    assert phases(letters, NEW) == shown
    assert flips(steps(letters, NEW)) == told


def test_a_new_monitor_has_no_verdict():
    """Before its first round nothing is known of it (R149)."""
    assert (phase(NEW), NEW.verdict, NEW.judged_at) == (Phase.PENDING, None, None)


def test_a_new_monitor_that_never_was_up_is_news_when_it_is_down():
    """Who watches something that never worked hears of it; that something works is no news (R149)."""
    assert [flip.is_news for step in steps("dd", NEW) for flip in step.flips] == [True]
    assert [flip.is_news for step in steps("u", NEW) for flip in step.flips] == [False]


def test_a_paused_monitor_is_not_judged():
    """Rounds that were on their way when it was paused change nothing, and nobody hears of them (R150)."""
    paused = replace(FRESH_UP, status=Status.PAUSED, since=at(0) + SECOND)

    assert steps("dddd", paused) == [Step(paused)] * 4
    assert phase(paused) is Phase.PAUSED


def test_a_pause_ends_all_doubts():
    """Who pauses while something is investigated starts anew when it goes on (R150)."""
    spec = replace(a_spec(), kind=Kind.HTTP, watch=watch())
    doubted = steps("d")[-1].state

    paused = pause(Monitor(spec, doubted), at(2)).state
    resumed = resume(Monitor(spec, paused), at(3)).state

    assert (phase(paused), paused.doubts, paused.doubted_since) == (Phase.PAUSED, 0, None)
    assert (phase(resumed), resumed.verdict) == (Phase.PENDING, None)
    assert flips(steps("d", resumed, first=4)) == []
    assert flips(steps("u", resumed, first=4)) == [(*CAME_UP, 4)]


def test_a_round_from_before_a_pause_is_too_late_after_it():
    """What was judged last is remembered through a pause: an older round stays older (R150)."""
    spec = replace(a_spec(), kind=Kind.HTTP, watch=watch())
    state = steps("uuu")[-1].state
    resumed = resume(Monitor(spec, pause(Monitor(spec, state), at(4)).state), at(5)).state

    assert conclude("m-1", watch(), resumed, DOWN, at(3)) == Step(resumed)


def test_rolling_up_begins_with_the_hour_of_the_first_round():
    """The hour of the first judged round is where rolling up begins; later rounds leave it alone."""
    first = conclude("m-1", watch(), NEW, UP, BIRTH + HOUR + 20 * MINUTE).state
    later = conclude("m-1", watch(), first, UP, BIRTH + DAY).state

    assert first.rolled_until == later.rolled_until == BIRTH + HOUR


def test_a_flip_never_lies_before_the_one_before_it():
    """A doubt that is dated before the present status began turns it just after its beginning."""
    just_up = replace(FRESH_UP, since=at(5), judged_at=at(0))
    done = steps("dd", just_up)

    assert [flip.at > at(5) for step in done for flip in step.flips] == [True]
    assert all(earlier.state != later.state for earlier, later in pairwise(done))


def test_a_second_look_that_died_is_asked_for_again():
    """Where the first telling of a bad round did not get as far as asking again, its repetition does."""
    doubted = steps("d")[-1].state

    assert conclude("m-1", watch(), doubted, DOWN, at(1)) == Step(doubted, probe_again=True)
    assert conclude("m-1", watch(), doubted, UP, at(1)) == Step(doubted)
    assert conclude("m-1", watch(), doubted, DOWN, at(0)) == Step(doubted)


def test_a_round_of_the_pause_is_not_of_what_comes_after_it():
    """What was probed while it was paused says nothing after it was resumed: no false alarm (R150)."""
    spec = replace(a_spec(), kind=Kind.HTTP, watch=watch(1))
    paused = pause(Monitor(spec, FRESH_UP), at(1)).state
    resumed = resume(Monitor(spec, paused), at(3)).state

    assert conclude("m-1", watch(1), resumed, DOWN, at(2)) == Step(resumed)
    assert flips([conclude("m-1", watch(1), resumed, DOWN, at(4))]) != []


def test_doubts_do_not_outlive_our_silence():
    """Bad rounds with many intervals without a verdict in between are no row, and the first no beginning."""
    doubted = steps("d")[-1].state
    long_after = at(1) + 4 * watch().interval

    step = conclude("m-1", watch(), doubted, DOWN, long_after)
    assert (step.flips, step.state.doubts, step.state.doubted_since) == ((), 1, long_after)
    assert step.probe_again
