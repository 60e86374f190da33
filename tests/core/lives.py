"""Lives of heartbeats, told and made up: signals, pauses, resumes and amended specs at rising times."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from chalicelib.core.errors import Conflict
from chalicelib.core.heartbeats import amend, lapse, pause, receive, resume
from chalicelib.core.monitors import Monitor, Spec, State, create
from chalicelib.core.schedules import Cron, Every, OnCalendar
from chalicelib.core.signals import Action, Signal
from chalicelib.core.steps import Flip, Step

BIRTH = datetime(2026, 3, 27, 20, 0, tzinfo=UTC)  # a weekend before Europe moves its clocks
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=n) for n in (1, 60, 3600, 86_400))
RIDS = ("", "6f2f7d50-0000-4000-8000-000000000001", "6f2f7d50-0000-4000-8000-000000000002")

PAUSE, RESUME, LOOK = "pause", "resume", "look"


def a_spec(period=HOUR, grace=5 * MINUTE, **more):
    """Return the spec of Alice's backup."""
    schedule = more.pop("schedule", Every(period))
    return Spec("m-1", "p-1", "o-1", BIRTH, "b-1", schedule=schedule, grace=grace, **more)


@dataclass(frozen=True)
class Life:
    """A monitor at some moment, with all the flips that led there."""

    spec: Spec
    state: State
    flips: tuple[Flip, ...] = ()
    now: datetime = BIRTH
    heard: int = 0

    def look(self, now):
        """Let time pass until *now*."""
        return self.after(lapse(self.spec, self.state, now), now)

    def meet(self, event, now):
        """Let time pass until *now*, as every service does first, then *event* happen."""
        life = self.look(now)
        if event == LOOK:
            return life
        if isinstance(event, Spec):
            return replace(life, spec=event).after(amend(event, life.state, now), now)
        if isinstance(event, Signal):
            counted = replace(life, heard=life.heard + 1)
            return counted.after(receive(life.spec, life.state, event, now), now)
        change = pause if event == PAUSE else resume
        with suppress(Conflict):  # nobody can resume what is not paused
            return life.after(change(Monitor(life.spec, life.state), now), now)
        return life

    def after(self, step: Step, now):
        """Return the same life one *step* later."""
        return replace(self, state=step.state, flips=self.flips + step.flips, now=now)


def born(spec=None):
    """Return a life at its beginning."""
    spec = spec or a_spec()
    return Life(spec, create(spec).state)


def lived(story, spec=None):
    """Return the life in which *story*, pairs of (time since the former, event), happened."""
    life = born(spec)
    for wait, event in story:
        life = life.meet(event, life.now + wait)
    return life


def success(rid=""):
    """Return a success."""
    return Signal(Action.SUCCESS, rid)


def fail(rid=""):
    """Return a failure."""
    return Signal(Action.FAIL, rid)


def start(rid=""):
    """Return a start."""
    return Signal(Action.START, rid)


LOG = Signal(Action.LOG)
IGNORED = Signal(Action.IGNORED)

a_grace = st.one_of(
    st.sampled_from([MINUTE, 5 * MINUTE, HOUR]), st.integers(60, 8 * 86_400).map(lambda n: n * SECOND)
)
a_schedule = st.one_of(
    st.sampled_from([Every(MINUTE), Every(HOUR), Every(DAY)]),
    st.integers(60, 8 * 86_400).map(lambda n: Every(n * SECOND)),
    st.sampled_from(
        [Cron("15 5 * * *", "Europe/Riga"), Cron("0,30 * * * *"), Cron("30 3 * * SUN", "Europe/Riga")]
    ),
    st.sampled_from([OnCalendar("*-*~1 12:00", "America/New_York"), OnCalendar("2026-03-28 12:00", "UTC")]),
)
specs = st.builds(lambda schedule, grace: a_spec(schedule=schedule, grace=grace), a_schedule, a_grace)
waits = st.one_of(
    st.sampled_from([timedelta(), timedelta(microseconds=1), SECOND, MINUTE, 6 * MINUTE, HOUR + 5 * MINUTE]),
    st.timedeltas(timedelta(), 3 * DAY),
)
signals = st.builds(Signal, st.sampled_from(Action), st.sampled_from(RIDS))
events = st.one_of(signals, signals, signals, st.sampled_from([PAUSE, RESUME, LOOK]), specs)
stories = st.lists(st.tuples(waits, events), max_size=10)
