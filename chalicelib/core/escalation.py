"""Escalation: whoever is to hear of an incident that nobody has taken on, and when (R99, R207)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from chalicelib.core.errors import Invalid

MOST_STEPS = 10
MOST_REPETITIONS = 10
LONGEST = timedelta(days=7)
NOW = timedelta()


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a policy: so long after the incident began, or began anew, these channels hear of it."""

    after: timedelta
    channels: tuple[str, ...]  # ids


@dataclass(frozen=True, slots=True)
class Policy:
    """A ladder of steps, climbed until somebody acknowledges or resolves the incident.

    Once at its top it is climbed again from the bottom, *repeat* times.
    """

    policy_id: str
    project_id: str
    name: str
    rungs: tuple[Rung, ...]
    created: datetime
    repeat: int = 0
    updated: datetime | None = None

    def rung(self, climbed: int) -> tuple[timedelta, Rung] | None:
        """Return the step after so many that were *climbed*, and how long after the beginning; or None."""
        round_, index = divmod(climbed, len(self.rungs))
        if round_ > self.repeat:
            return None
        rung = self.rungs[index]
        return round_ * self.rungs[-1].after + rung.after, rung


def check(policy: Policy) -> None:
    """Raise Invalid, with the field's name, for a policy that cannot be climbed."""
    if not 1 <= len(policy.rungs) <= MOST_STEPS:
        raise Invalid("steps", f"must be 1 to {MOST_STEPS}")
    if not 0 <= policy.repeat <= MOST_REPETITIONS:
        raise Invalid("repeat", f"must be from 0 to {MOST_REPETITIONS}")
    if not _is_ascending([rung.after for rung in policy.rungs]):
        raise Invalid("steps", "must each come later than the one before, within a week")
    if any(not rung.channels for rung in policy.rungs):
        raise Invalid("steps", "must each name a channel")
    if policy.repeat and policy.rungs[0].after == NOW:
        raise Invalid("steps", "must not begin at once where the policy repeats: two steps would be one")


def _is_ascending(waits: Sequence[timedelta]) -> bool:
    rises = all(earlier < later for earlier, later in pairwise(waits))
    return rises and waits[0] >= NOW and waits[-1] <= LONGEST
