from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lives import (
    BIRTH,
    DAY,
    HOUR,
    IGNORED,
    LOG,
    LOOK,
    MINUTE,
    PAUSE,
    RESUME,
    RIDS,
    SECOND,
    a_schedule,
    a_spec,
    born,
    events,
    fail,
    lived,
    signals,
    specs,
    start,
    stories,
    success,
    waits,
)

from chalicelib.core.errors import Conflict, TooMany
from chalicelib.core.heartbeats import Outage, deadline, excuse, expected_at, lapse, receive, resume, view
from chalicelib.core.monitors import Monitor
from chalicelib.core.schedules import Cron, Every, OnCalendar
from chalicelib.core.status import Status
from chalicelib.core.steps import Cause, is_turn

AT_ONCE = timedelta()
MICROSECOND = timedelta(microseconds=1)
A, B = RIDS[1:]

often = settings(max_examples=20, deadline=None)


def told(life):
    """Return the life's flips in short: what it became, why, and how long after its birth."""
    return [(flip.new, flip.cause, flip.at - BIRTH) for flip in life.flips]


def shown(life, after=AT_ONCE):
    """Return what people see some time after the last event."""
    return view(life.spec, life.state, life.now + after)


def unpromised(life):
    """Return the state without the promise to look."""
    return replace(life.state, look_at=None)


# --- what is true after every story -------------------------------------------------------------------------


@often
@given(specs, stories, waits)
def test_no_deadline_lies_in_the_past(spec, story, wait):
    """After any story, once time was let pass, the deadline is still to come (R11, R376)."""
    life = lived([*story, (wait, LOOK)], spec)
    moment = deadline(life.spec, life.state)
    assert moment is None or moment > life.now


@often
@given(specs, stories, signals)
def test_no_signal_leaves_a_deadline_behind(spec, story, signal):
    """A signal by itself never leaves a deadline that is over already."""
    life = lived([*story, (SECOND, signal)], spec)
    moment = deadline(life.spec, life.state)
    assert moment is None or moment > life.now


@often
@given(a_schedule, st.lists(st.tuples(waits, signals), max_size=10))
def test_without_grace_a_deadline_is_never_dated_back(schedule, story):
    """With no grace at all a run is over as it begins, but no deadline lies before the signal (R26)."""
    life = lived(story, a_spec(schedule=schedule, grace=AT_ONCE))
    moment = deadline(life.spec, life.state)
    assert moment is None or moment >= life.now


@often
@given(specs, stories, waits)
def test_flips_alternate_and_never_go_back_in_time(spec, story, wait):
    """Each flip ends the very status that the former began, and lies after it."""
    life = lived([*story, (wait, LOOK)], spec)
    status, since = Status.PENDING, BIRTH
    for flip in life.flips:
        assert (flip.old, flip.began) == (status, since)
        assert flip.new is not flip.old
        assert flip.at > since
        status, since = flip.new, flip.at
    assert (life.state.status, life.state.since) == (status, since)


@often
@given(specs, stories)
def test_no_flip_is_dated_ahead(spec, story):
    """A flip is told when it has happened; only turns of one and the same moment stand a hair apart."""
    life = lived(story, spec)
    assert all(flip.at <= life.now + len(life.flips) * MICROSECOND for flip in life.flips)


@often
@given(specs, st.lists(st.tuples(waits, events, st.floats(0, 1)), max_size=10))
def test_looking_more_often_changes_nothing(spec, story):
    """History does not depend on how often, or how late, we look: only the promise to look moves."""
    seldom = lived([(wait, event) for wait, event, _ in story], spec)
    looks = [
        step
        for wait, event, part in story
        for step in ((wait * part, LOOK), (AT_ONCE, LOOK), (wait - wait * part, event))
    ]
    watched = lived(looks, spec)
    assert (watched.flips, unpromised(watched)) == (seldom.flips, unpromised(seldom))


@often
@given(specs, stories)
def test_the_promise_to_look_is_never_late(spec, story):
    """We look at the deadline or before, and promise nothing where nothing can lapse."""
    life = lived(story, spec)
    moment = deadline(life.spec, life.state)
    assert life.state.look_at == moment or (moment and life.state.look_at and life.state.look_at < moment)


@often
@given(specs, stories)
def test_every_signal_is_counted(spec, story):
    """Each signal counts, whatever it means and in whatever status it finds the monitor (R372, R374)."""
    life = lived(story, spec)
    assert life.state.n_pings == life.heard


@often
@given(specs, stories, waits, st.sampled_from(RIDS))
def test_a_steady_success_is_never_a_turn(spec, story, wait, rid):
    """A success on a monitor that is up, with no run in progress, changes nothing that rules branch on."""
    life = lived([*story, (AT_ONCE, success()), (wait, LOOK)], spec)
    if life.state.status is Status.UP and life.state.last_start is None:
        assert not is_turn(life.state, receive(life.spec, life.state, success(rid), life.now))


@often
@given(specs, stories, waits, waits)
def test_steady_successes_commute(spec, story, first, second):
    """Two plain successes that overtake each other leave the same state as in their order."""
    life = lived([*story, (AT_ONCE, success()), (AT_ONCE, success())], spec)
    earlier, later = life.now + first, life.now + first + second
    if deadline(life.spec, life.state) is None or later < deadline(life.spec, life.state):
        in_order = life.meet(success(), earlier).meet(success(), later).state
        overtaken = life.meet(success(), later).meet(success(), earlier).state
        assert (in_order.last_ping, in_order.status) == (overtaken.last_ping, overtaken.status)


@often
@given(specs, stories, waits)
def test_people_are_shown_what_a_look_would_find(spec, story, wait):
    """What is shown at a moment says down exactly when looking then leaves the monitor down."""
    life = lived(story, spec)
    looked = life.look(life.now + wait)
    assert (shown(life, wait) == "down") == (looked.state.status is Status.DOWN)
    assert shown(life, wait) in {"new", "up", "grace", "down", "paused"}


# --- our own outages ----------------------------------------------------------------------------------------

running = lived([(AT_ONCE, success())])  # due after an hour, down five minutes later


@often
@given(specs, stories, waits, st.timedeltas(SECOND, DAY))
def test_a_deadline_in_our_outage_is_pushed_out_by_its_length(spec, story, before, after):
    """What we could not see is not blamed on the monitor: its deadline moves, and nothing flips."""
    life = lived(story, spec)
    moment = deadline(life.spec, life.state)
    if moment is None or moment <= life.now:
        return
    outage = Outage(moment - before - MICROSECOND, moment + after)
    excused = excuse(life.spec, life.state, [outage], outage.end)
    assert deadline(life.spec, excused) == moment + (outage.end - outage.start)
    assert lapse(life.spec, excused, outage.end).flips == ()
    assert excuse(life.spec, excused, [outage], outage.end) == excused


@often
@given(specs, stories, waits, waits)
def test_a_deadline_outside_our_outage_is_left_alone(spec, story, gap, length):
    """A deadline that we could have seen is as it was, whether our outage came before or after."""
    life = lived(story, spec)
    moment = deadline(life.spec, life.state) or life.now + HOUR
    later = Outage(moment + gap + MICROSECOND, moment + gap + length + SECOND)
    sooner = Outage(moment - gap - length - SECOND, moment - gap)
    assert excuse(life.spec, life.state, [sooner, later], later.end + DAY) == life.state


@pytest.mark.parametrize("ends", [2 * HOUR, 9 * HOUR, 10 * HOUR])
def test_an_outage_that_goes_on_is_counted_once(ends):
    """A deadline that was excused while we were still away has moved, in the end, by one whole outage."""
    began = BIRTH + HOUR
    halfway = excuse(running.spec, running.state, [Outage(began, began + HOUR)], began + HOUR)
    excused = excuse(running.spec, halfway, [Outage(began, began + ends)], began + ends)
    assert deadline(running.spec, excused) == BIRTH + HOUR + 5 * MINUTE + ends


def test_outages_add_up():
    """A deadline that one outage pushed into the next is pushed out of that as well."""
    one = Outage(BIRTH + HOUR, BIRTH + 2 * HOUR)
    two = Outage(BIRTH + 2 * HOUR + MINUTE, BIRTH + 4 * HOUR + MINUTE)
    excused = excuse(running.spec, running.state, [one, two], BIRTH + DAY)
    assert excused.reprieve == 3 * HOUR


def test_an_excuse_ends_with_the_next_beat():
    """Once a signal came through, the monitor is as punctual as before."""
    excused = replace(running.state, reprieve=3 * HOUR)
    beaten = receive(running.spec, excused, success(), BIRTH + 4 * HOUR).state
    assert deadline(running.spec, beaten) == BIRTH + 5 * HOUR + 5 * MINUTE


def test_a_new_run_has_its_own_grace_and_no_more():
    """What was excused was the run before: the next one is down a grace after its start, not later."""
    life = lived([(AT_ONCE, success()), (MINUTE, start())], a_spec(period=DAY))
    away = Outage(life.now + MINUTE, life.now + 3 * HOUR)
    excused = replace(life, state=excuse(life.spec, life.state, [away], away.end), now=away.end)
    again = excused.meet(start(), away.end)
    assert deadline(life.spec, again.state) == away.end + 5 * MINUTE


def test_a_start_does_not_end_the_excuse_of_an_overdue_success():
    """A job that starts late because we were away keeps the time that it was given."""
    away = Outage(BIRTH + HOUR, BIRTH + 3 * HOUR)
    excused = replace(running, state=excuse(running.spec, running.state, [away], away.end), now=away.end)
    again = excused.meet(start(), away.end)
    assert deadline(running.spec, again.state) == BIRTH + HOUR + 5 * MINUTE + 2 * HOUR


# --- each kind of signal, in each status --------------------------------------------------------------------

PAST = {
    "new": [],
    "up": [(AT_ONCE, success())],
    "down": [(AT_ONCE, fail())],
    "paused": [(AT_ONCE, PAUSE)],
}


@pytest.mark.parametrize("past", PAST)
def test_a_success_brings_a_monitor_up(past):
    """A success makes a monitor up from any status, and is its last ping (R10, R300, R332, R372)."""
    life = lived([*PAST[past], (SECOND, success())])
    assert (shown(life), life.state.last_ping) == ("up", life.now)


@pytest.mark.parametrize("past", PAST)
def test_a_failure_takes_a_monitor_down_at_once(past):
    """A failure makes a monitor down from any status, without grace, and is its last ping (R12, R374)."""
    life = lived([*PAST[past], (SECOND, fail())])
    assert (shown(life), life.state.last_ping) == ("down", life.now)


@pytest.mark.parametrize("past", PAST)
def test_a_start_leaves_the_status_and_begins_a_run(past):
    """A start is noted with its run id; status and last ping are as they were (R11, R373)."""
    before = lived(PAST[past])
    after = before.meet(start(A), before.now + SECOND)
    assert shown(after) == past
    assert (after.state.last_ping, after.flips) == (before.state.last_ping, before.flips)
    assert (after.state.last_start, after.state.last_rid) == (after.now, A)


@pytest.mark.parametrize("signal", [LOG, IGNORED])
@pytest.mark.parametrize("past", PAST)
def test_logs_and_ignored_signals_only_count(past, signal):
    """A log line, and a signal that a rule ignores, change nothing but the count (R301, R303, R374)."""
    before = lived(PAST[past])
    after = before.meet(signal, before.now)
    kept = {"n_pings": before.state.n_pings, "minute": before.state.minute}
    assert after.flips == before.flips
    assert replace(after.state, **kept, in_minute=before.state.in_minute) == before.state


@pytest.mark.parametrize(
    ("past", "signal", "flip"),
    [
        ("new", success(), (Status.PENDING, Status.UP, Cause.SUCCESS)),
        ("down", success(), (Status.DOWN, Status.UP, Cause.SUCCESS)),
        ("paused", success(), (Status.PAUSED, Status.UP, Cause.SUCCESS)),
        ("new", fail(), (Status.PENDING, Status.DOWN, Cause.FAIL)),
        ("up", fail(), (Status.UP, Status.DOWN, Cause.FAIL)),
        ("paused", fail(), (Status.PAUSED, Status.DOWN, Cause.FAIL)),
    ],
)
def test_a_change_of_status_is_a_flip_of_that_ping(past, signal, flip):
    """Where a signal changes the status, a flip says so, and by which ping."""
    life = lived([*PAST[past], (SECOND, signal)])
    last = life.flips[-1]
    assert (last.old, last.new, last.cause) == flip
    assert (last.n, last.at) == (life.state.n_pings, life.now)


@pytest.mark.parametrize("signal", [success(), fail()])
def test_saying_it_again_is_no_news(signal):
    """A second success, or a second failure, is no flip."""
    assert len(lived([(AT_ONCE, signal), (SECOND, signal)]).flips) == 1


# --- runs ---------------------------------------------------------------------------------------------------


def duration(*story):
    """Return (seconds that the run took or None, whether one goes on) after *story*."""
    state = lived(list(story)).state
    took = state.last_duration
    return took.total_seconds() if took is not None else None, state.last_start is not None


@pytest.mark.parametrize(
    ("began", "ended", "outcome"),
    [
        (start(), success(), (3.0, False)),
        (start(A), success(A), (3.0, False)),
        (start(), fail(), (3.0, False)),
        (start(A), fail(A), (3.0, False)),
        (start(A), success(), (None, False)),
        (start(), success(A), (None, True)),
        (start(A), success(B), (None, True)),
        (start(A), fail(B), (None, False)),
        (start(A), fail(), (None, False)),
        (start(), fail(A), (None, False)),
    ],
)
def test_a_run_ends_with_its_own_success_or_any_failure(began, ended, outcome):
    """A run takes from its start to the end with its id; a stranger's success lets it go on (R20, R344)."""
    assert duration((AT_ONCE, began), (3 * SECOND, ended)) == outcome


def test_a_strangers_success_still_brings_the_monitor_up():
    """A success of another run says that the job works, though the first run goes on."""
    life = lived([(AT_ONCE, start(A)), (SECOND, success(B))])
    assert (life.state.status, life.state.last_start) == (Status.UP, BIRTH)


def test_a_success_without_a_start_has_no_duration():
    """A beat that ended no run wipes out what the run before took."""
    assert duration((AT_ONCE, start()), (SECOND, success()), (SECOND, success())) == (None, False)


def test_a_later_start_replaces_an_earlier_one():
    """Only the newest start counts, and its run id."""
    story = ((AT_ONCE, start(A)), (MINUTE, start(B)), (SECOND, success(B)))
    assert duration(*story) == (1.0, False)


def test_an_overrun_lasts_until_the_run_ends():
    """After its alarm a run still counts as started, and what it took includes the overrun."""
    late = lived([(AT_ONCE, start()), (HOUR, LOOK)])
    assert (shown(late), late.state.last_start) == ("down", BIRTH)
    assert late.meet(success(), late.now).state.last_duration == HOUR


def test_a_run_of_days_has_no_duration():
    """Ends that lie more than 72 hours after a start are not held to be its own."""
    assert duration((AT_ONCE, start()), (72 * HOUR, success())) == (72 * 3600.0, False)
    assert duration((AT_ONCE, start()), (72 * HOUR + SECOND, success())) == (None, False)


def test_a_strangers_success_after_an_overrun_ends_the_run():
    """A run that had its alarm takes no recovered monitor down again."""
    life = lived([(AT_ONCE, start(A)), (HOUR, success(B)), (6 * MINUTE, LOOK)])
    assert (life.state.status, life.state.last_start) == (Status.UP, None)


# --- time ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "seen"),
    [
        (AT_ONCE, "up"),
        (HOUR - MICROSECOND, "up"),
        (HOUR, "grace"),
        (HOUR + 5 * MINUTE - MICROSECOND, "grace"),
        (HOUR + 5 * MINUTE, "down"),
        (DAY, "down"),
    ],
)
def test_up_then_grace_then_down(after, seen):
    """A signal is due after the period, late until the grace is over, then missing (R269, R274, R376)."""
    assert shown(running, after) == seen


@pytest.mark.parametrize("past", ["new", "down", "paused"])
def test_time_alone_changes_nothing_else(past):
    """New, down and paused monitors wait for ever; a paused one never goes down (R334)."""
    life = lived(PAST[past])
    assert deadline(life.spec, life.state) is None
    assert shown(life, 1000 * DAY) == past


@pytest.mark.parametrize("late", [AT_ONCE, SECOND, 30 * DAY])
def test_the_deadline_dates_the_flip(late):
    """The flip tells when the deadline was, not when we looked; no ping caused it."""
    life = running.look(BIRTH + HOUR + 5 * MINUTE + late)
    assert told(life)[1:] == [(Status.DOWN, Cause.TIMEOUT, HOUR + 5 * MINUTE)]
    assert life.flips[-1].n == 0


def test_a_success_after_the_deadline_finds_the_monitor_down():
    """A late success leaves both flips: down at the deadline, up at the signal."""
    life = running.meet(success(), BIRTH + 2 * HOUR)
    assert told(life)[1:] == [
        (Status.DOWN, Cause.TIMEOUT, HOUR + 5 * MINUTE),
        (Status.UP, Cause.SUCCESS, 2 * HOUR),
    ]


@pytest.mark.parametrize("past", ["new", "up"])
def test_a_run_must_end_within_the_grace(past):
    """A start without an end takes even a new monitor down when the grace is over (R11)."""
    life = lived([*PAST[past], (MINUTE, start()), (DAY, LOOK)])
    assert told(life)[-1] == (Status.DOWN, Cause.OVERRUN, 6 * MINUTE)


def test_whichever_comes_first_is_the_deadline():
    """A run that began late does not put off the moment at which its success is due."""
    life = lived([(AT_ONCE, success()), (HOUR + MINUTE, start())])
    assert deadline(life.spec, life.state) == BIRTH + HOUR + 5 * MINUTE
    assert told(life.look(BIRTH + DAY))[-1] == (Status.DOWN, Cause.TIMEOUT, HOUR + 5 * MINUTE)


def test_a_start_on_a_monitor_that_is_down_sets_no_deadline():
    """What is down already cannot go down again."""
    life = lived([(AT_ONCE, fail()), (SECOND, start())])
    assert (deadline(life.spec, life.state), shown(life, DAY)) == (None, "down")


def test_a_start_does_not_wake_a_paused_monitor_nor_alarm_it():
    """A paused monitor stays paused by a start, and its grace runs out unheard (R19, R334)."""
    life = lived([(AT_ONCE, PAUSE), (SECOND, start()), (DAY, LOOK)])
    assert (shown(life), life.state.last_start is not None) == ("paused", True)


def test_cron_is_due_at_its_next_run():
    """A cron monitor is due at the first run strictly after its last ping, in its own zone (R294, R298)."""
    life = lived([(AT_ONCE, success())], a_spec(schedule=Cron("15 5 * * *", "Europe/Riga")))
    assert expected_at(life.spec, life.state) - BIRTH == timedelta(hours=7, minutes=15)


def test_a_calendar_that_is_over_is_never_due():
    """Where no occurrence is left a monitor stays up for ever (R295)."""
    life = lived([(2 * DAY, success())], a_spec(schedule=OnCalendar("2026-03-28 12:00", "UTC")))
    assert (deadline(life.spec, life.state), shown(life, 9000 * DAY)) == (None, "up")


# --- pause, resume, amended specs ---------------------------------------------------------------------------


@pytest.mark.parametrize("past", ["new", "up", "down"])
def test_a_pause_ends_the_run_and_every_deadline(past):
    """A paused monitor has no run, no deadline and no promise, whatever it was (R331, R334)."""
    life = lived([*PAST[past], (SECOND, start()), (SECOND, PAUSE)])
    assert (shown(life), life.state.last_start, life.state.look_at) == ("paused", None, None)
    assert life.flips[-1].cause is Cause.PAUSE


def test_pausing_twice_is_one_pause():
    """A pause of what is paused already is no flip."""
    assert len(lived([(AT_ONCE, PAUSE), (SECOND, PAUSE)]).flips) == 1


def test_a_resumed_monitor_is_new_but_remembers_its_count():
    """Resumed, a monitor waits as if new; the pings it had still count (R335)."""
    life = lived([(AT_ONCE, success()), (SECOND, PAUSE), (SECOND, RESUME)])
    assert (shown(life), life.state.last_ping, life.state.n_pings) == ("new", None, 1)
    assert life.flips[-1].cause is Cause.RESUME


@pytest.mark.parametrize("past", ["new", "up", "down"])
def test_only_what_is_paused_can_be_resumed(past):
    """Resuming what is not paused is a conflict (R336)."""
    life = lived(PAST[past])
    with pytest.raises(Conflict, match="check is not paused"):
        resume(Monitor(life.spec, life.state), life.now)


@pytest.mark.parametrize(
    ("period", "grace", "after"),
    [(2 * HOUR, 5 * MINUTE, 2 * HOUR + 5 * MINUTE), (MINUTE, MINUTE, 2 * MINUTE), (HOUR, DAY, HOUR + DAY)],
)
def test_an_amended_schedule_moves_the_deadline(period, grace, after):
    """A changed period or grace derives the deadline anew and leaves the status (R327)."""
    life = running.meet(a_spec(period, grace), BIRTH + SECOND)
    assert (life.state.status, deadline(life.spec, life.state)) == (Status.UP, BIRTH + after)


def test_a_schedule_shortened_into_the_past_is_shown_down_at_once():
    """A change never stores a status; a deadline that it puts into the past is the moment of the change."""
    life = running.meet(a_spec(10 * MINUTE, MINUTE), BIRTH + HOUR)
    assert (life.state.status, shown(life)) == (Status.UP, "down")
    assert told(life.look(BIRTH + 2 * HOUR))[-1] == (Status.DOWN, Cause.TIMEOUT, HOUR)


def test_a_rule_of_the_spec_is_carried_into_the_state():
    """A steady ping reads no spec: that there are rules is told by the state (R303)."""
    assert born(a_spec(methods="POST")).state.has_rules
    assert running.meet(replace(running.spec, filter_http_body=True), BIRTH).state.has_rules
    assert not running.meet(a_spec(schedule=Every(DAY)), BIRTH).state.has_rules


# --- the limit ----------------------------------------------------------------------------------------------


def test_the_thousand_and_first_signal_of_a_minute_is_refused():
    """Past 1,000 signals in a minute none is taken until the next minute begins (R80)."""
    full = replace(running.state, in_minute=1000)
    with pytest.raises(TooMany) as refusal:
        receive(running.spec, full, success(), BIRTH + 59 * SECOND)
    assert refusal.value.retry_at == BIRTH + MINUTE
    assert receive(running.spec, full, success(), BIRTH + MINUTE).state.in_minute == 1
