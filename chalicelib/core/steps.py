"""What one event did to a monitor: its new state, and what must be recorded and announced."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.core.monitors import State
from chalicelib.core.status import Category, Status


class Cause(StrEnum):
    """Why a status changed."""

    SUCCESS = "success"
    FAIL = "fail"
    TIMEOUT = "timeout"  # the expected signal did not come
    OVERRUN = "overrun"  # a run began and did not end
    PROBES_FAILED = "probes_failed"
    PROBES_PASSED = "probes_passed"
    PAUSE = "pause"
    RESUME = "resume"
    SLOWED = "slowed"  # its answers are slow, and stay so
    SPED_UP = "sped_up"
    OVERTAKEN = "overtaken"  # it was slow, and is down or paused now


SPEEDS = frozenset({Cause.SLOWED, Cause.SPED_UP, Cause.OVERTAKEN})


@dataclass(frozen=True, slots=True)
class Flip:
    """A change of status, or of speed, that is recorded, and announced where someone must hear of it."""

    monitor_id: str
    at: datetime
    old: Status
    new: Status
    cause: Cause
    began: datetime | None  # when the status, or the slowness, that ends here began
    n: int = 0  # the ping that caused it, 0 where time did

    @property
    def category(self) -> Category:
        """What sort of story it belongs to."""
        return Category.PERFORMANCE if self.cause in SPEEDS else Category.INCIDENT

    @property
    def is_news(self) -> bool:
        """Whether somebody must hear of it: an outage, slowness, or its end; not a first success."""
        return self.opens or self.closes

    @property
    def opens(self) -> bool:
        """Whether a story begins with it: it is down, or slow."""
        return self.cause is Cause.SLOWED if self.cause in SPEEDS else self.new is Status.DOWN

    @property
    def closes(self) -> bool:
        """Whether it ends a story: the thing is well again, or nobody watches it any more."""
        return self.cause is not Cause.SLOWED if self.cause in SPEEDS else self.old is Status.DOWN

    @property
    def opened(self) -> datetime | None:
        """The moment of the flip that began the story that it begins or ends, None where there is none."""
        if self.opens:
            return self.at
        return self.began if self.closes else None


@dataclass(frozen=True, slots=True)
class Step:
    """The outcome of one event."""

    state: State
    flips: tuple[Flip, ...] = ()
    probe_again: bool = False  # at once: what was seen is not to be believed yet

    def then(self, later: "Step") -> "Step":
        """Return both steps as one, *later* coming after this."""
        return Step(later.state, self.flips + later.flips, later.probe_again)


def is_turn(before: State, step: Step) -> bool:
    """Whether *step* changes something that the state machine may branch on."""
    return bool(step.flips) or _loud(before) != _loud(step.state)


def _loud(state: State) -> State:
    """Return *state* without the fields on which no rule branches: writes to those commute."""
    return replace(
        state,
        last_ping=None,
        last_duration=None,
        look_at=None,
        n_pings=0,
        minute=0,
        in_minute=0,
        arrival_id="",
        judged_at=None,
        verdict=None,
        rolled_until=None,
    )


def turn(monitor_id: str, state: State, new: Status, at: datetime, cause: Cause) -> Step:
    """Return *state* in status *new*; the flip never lies before the one that began the present status."""
    if state.status is new:
        return Step(state)
    at = max(at, state.since + timedelta(microseconds=1)) if state.since else at
    n = state.n_pings if cause in (Cause.SUCCESS, Cause.FAIL) else 0
    flip = Flip(monitor_id, at, state.status, new, cause, state.since, n)
    return Step(replace(state, status=new, since=at), (flip,))
