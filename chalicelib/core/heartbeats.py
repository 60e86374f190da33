"""How a heartbeat lives: by signals that arrive and by time that passes."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.core.errors import Conflict
from chalicelib.core.monitors import Monitor, Spec, State
from chalicelib.core.probing import settled
from chalicelib.core.signals import Action, Signal, pace
from chalicelib.core.slowness import overtaken
from chalicelib.core.status import Status
from chalicelib.core.steps import Cause, Step, turn

LONGEST_RUN = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which we ourselves were away and saw nothing."""

    start: datetime
    end: datetime

    def covers(self, moment: datetime) -> bool:
        """Whether *moment* fell into it."""
        return self.start <= moment < self.end


def expected_at(spec: Spec, state: State) -> datetime | None:
    """Return when the next success is due, or None when none is awaited."""
    if state.status is Status.UP and state.last_ping:
        return spec.schedule.next_after(state.last_ping)
    return None


def deadline(spec: Spec, state: State) -> datetime | None:
    """Return the next moment at which time alone takes this monitor down, or None."""
    if state.status in (Status.DOWN, Status.PAUSED):
        return None
    waits = [wait for wait in (expected_at(spec, state), state.last_start) if wait]
    return min(waits) + spec.grace + state.reprieve if waits else None


def view(spec: Spec, state: State, now: datetime) -> str:
    """Return what people are shown at *now*: new, up, grace, down or paused; never started (R274)."""
    shown = "new" if state.status is Status.PENDING else state.status.value
    last_moment = deadline(spec, state)
    if last_moment and now >= last_moment:
        return "down"
    due = expected_at(spec, state)
    if due and now >= due:
        return "grace"
    return shown


def receive(spec: Spec, state: State, signal: Signal, now: datetime) -> Step:
    """Take one signal at *now*; time up to *now* has passed already.

    Raises TooMany past 1,000 signals a minute. Source: R10-R20, R300-R303, R372-R374.
    """
    minute, in_minute = pace(state, now)
    counted = replace(
        state,
        n_pings=state.n_pings + 1,
        minute=minute,
        in_minute=in_minute,
        arrival_id=signal.arrival_id,
    )
    match signal.action:
        case Action.START:
            step = Step(_begin(spec, counted, signal, now))
        case Action.SUCCESS:
            step = turn(spec.monitor_id, _beat(spec, counted, signal, now), Status.UP, now, Cause.SUCCESS)
        case Action.FAIL:
            step = turn(spec.monitor_id, _beat(spec, counted, signal, now), Status.DOWN, now, Cause.FAIL)
        case _:
            step = Step(counted)
    return promise(spec, step)


def lapse(spec: Spec, state: State, now: datetime) -> Step:
    """Let time pass until *now*: past the deadline the monitor is down since that very moment."""
    last_moment = deadline(spec, state)
    if last_moment is None or now < last_moment:
        return _look(spec, state, now)
    due = expected_at(spec, state)
    missed = due is not None and due + spec.grace + state.reprieve <= last_moment
    cause = Cause.TIMEOUT if missed else Cause.OVERRUN
    return promise(spec, turn(spec.monitor_id, state, Status.DOWN, last_moment, cause))


def excuse(spec: Spec, state: State, outages: list[Outage], now: datetime) -> State:
    """Push a deadline that fell into an outage of ours out by the length of that outage.

    A deadline that we could have seen is left as it is. The state's reprieve ends with the next beat.
    It is added up anew each time: an outage that still went on when we last looked must not count twice.
    """
    excused = replace(state, reprieve=timedelta())
    for outage in outages:
        last_moment = deadline(spec, excused)
        if last_moment and last_moment <= now and outage.covers(last_moment):
            excused = replace(excused, reprieve=excused.reprieve + (outage.end - outage.start))
    return replace(state, reprieve=max(state.reprieve, excused.reprieve))


def pause(monitor: Monitor, now: datetime) -> Step:
    """Stop watching until a signal or a person resumes it; a run in progress is forgotten (R331)."""
    calm = settled(replace(monitor.state, last_start=None, last_rid="", reprieve=timedelta()))
    paused = turn(monitor.spec.monitor_id, calm, Status.PAUSED, now, Cause.PAUSE)
    return promise(monitor.spec, overtaken(monitor.spec.monitor_id, paused, now))


def resume(monitor: Monitor, now: datetime) -> Step:
    """Wait for signals again, as if new; raises Conflict when it is not paused (R335, R336)."""
    if monitor.state.status is not Status.PAUSED:
        raise Conflict("check is not paused")
    fresh = replace(
        monitor.state,
        last_ping=None,
        last_start=None,
        last_rid="",
        last_duration=None,
        reprieve=timedelta(),
        verdict=None,
    )
    return promise(monitor.spec, turn(monitor.spec.monitor_id, fresh, Status.PENDING, now, Cause.RESUME))


def amend(spec: Spec, state: State, now: datetime) -> Step:
    """Carry a changed *spec* into the state; the status stays, the deadline is derived anew (R327).

    A deadline that the change itself put into the past is *now*: nothing was missed before it was asked for.
    """
    amended = replace(state, has_rules=spec.has_rules)
    last_moment = deadline(spec, amended)
    if last_moment and last_moment < now:
        amended = replace(amended, reprieve=amended.reprieve + (now - last_moment))
    return promise(spec, Step(amended))


def promise(spec: Spec, step: Step) -> Step:
    """Keep the promise to look: it is written when absent or too late, and lifted when nothing can lapse.

    A promise that is too early stays: moving it on every ping would double what a ping costs.
    """
    state = step.state
    true = deadline(spec, state)
    if true is None or state.look_at is None or true < state.look_at:
        state = replace(state, look_at=true)
    return Step(state, step.flips)


def _look(spec: Spec, state: State, now: datetime) -> Step:
    """Come back later when the promised moment has come and the deadline has meanwhile moved on."""
    if state.look_at and state.look_at <= now:
        return Step(replace(state, look_at=deadline(spec, state)))
    return Step(state)


def _begin(spec: Spec, state: State, signal: Signal, now: datetime) -> State:
    """Note a start; it ends a reprieve, unless that is what the overdue success still lives on."""
    due = expected_at(spec, state)
    overdue = due is not None and due + spec.grace <= now
    reprieve = state.reprieve if overdue else timedelta()
    return replace(state, last_start=now, last_rid=signal.rid, reprieve=reprieve)


def _beat(spec: Spec, state: State, signal: Signal, now: datetime) -> State:
    """Note a success or a failure, and end the run that it belongs to (R344).

    A run whose time is over has had its alarm: a success of another run does not keep it alive.
    """
    latest = max(now, state.last_ping) if state.last_ping else now
    beaten = replace(state, last_ping=latest, last_duration=None, reprieve=timedelta())
    start = state.last_start
    if start is None:
        return beaten
    if signal.rid == state.last_rid:
        took = max(now - start, timedelta())
        beaten = replace(beaten, last_duration=took if took <= LONGEST_RUN else None)
    elif signal.action is Action.SUCCESS and signal.rid and now < start + spec.grace:
        return beaten
    return replace(beaten, last_start=None, last_rid="")
