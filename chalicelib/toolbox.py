"""The set of tools that every service is handed; the only place that reads the clock and makes up names.

Tools are made when first asked for: a ping at a cold start pays for no more than it uses.
"""

import random
import secrets
import string
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.core.metrics import Metric, emf
from chalicelib.settings import Settings, enforce

if TYPE_CHECKING:
    from chalicelib.queues import Queues
    from chalicelib.storage.audits import Audits
    from chalicelib.storage.channels import Channels
    from chalicelib.storage.commits import Commits
    from chalicelib.storage.deliveries import Deliveries
    from chalicelib.storage.findings import Findings
    from chalicelib.storage.flips import Flips
    from chalicelib.storage.incidents import Incidents
    from chalicelib.storage.keys import Keys
    from chalicelib.storage.monitors import Monitors
    from chalicelib.storage.organizations import Organizations
    from chalicelib.storage.pings import Pings
    from chalicelib.storage.policies import Policies
    from chalicelib.storage.projects import Projects
    from chalicelib.storage.remnants import Remnants
    from chalicelib.storage.rollups import Rollups
    from chalicelib.storage.rounds import Rounds
    from chalicelib.storage.setups import Setups
    from chalicelib.storage.states import States
    from chalicelib.storage.ticks import Ticks
    from chalicelib.storage.windows import Windows

ALPHANUMERIC = string.ascii_letters + string.digits


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)  # noqa: TID251  the one clock


def random_id() -> str:
    """Return a new UUID in its canonical form."""
    return str(uuid.uuid4())  # noqa: TID251  the one source of ids


def random_text(length: int) -> str:
    """Return *length* letters and digits that nobody can guess."""
    return "".join(secrets.choice(ALPHANUMERIC) for _ in range(length))


def to_stdout(line: str) -> None:
    """Write *line* where Lambda takes its log from, at once and in one piece."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def unheard(line: str) -> None:
    """Let nobody have *line*."""


@dataclass
class Toolbox:
    """The tools of one deployment; tests hand in a clock that they move."""

    settings: Settings
    clock: Callable[[], datetime] = utc_now
    new_id: Callable[[], str] = random_id
    new_secret: Callable[[int], str] = random_text
    chance: Callable[[], float] = random.random  # between 0 and 1
    rest: Callable[[float], None] = time.sleep
    emit: Callable[[str], object] = unheard  # a line that tells a metric
    minutes_seen: dict[str, int] = field(default_factory=dict)  # of the last ping of each monitor, while warm

    def __post_init__(self) -> None:
        """Let the tables know whose they are, without importing them: a prober has none."""
        enforce(self.settings)

    def back_off(self, attempt: int) -> None:
        """Rest a little before another try after a lost race, longer each time and never in step."""
        self.rest(self.chance() * 0.01 * 2 ** min(attempt, 4))

    def measure(self, metric: Metric, value: float = 1) -> None:
        """Tell CloudWatch the *value* of *metric*; what was done counts even where nobody can be told."""
        line = emf(self.settings.prefix, metric, value, self.clock())
        with suppress(OSError, ValueError):  # a pipe that broke, a stream that was closed
            self.emit(line)

    @cached_property
    def monitors(self) -> "Monitors":
        """The monitors."""
        from chalicelib.storage.monitors import Monitors

        return Monitors()

    @cached_property
    def states(self) -> "States":
        """The states, on the steady road."""
        from chalicelib.storage.states import States

        return States()

    @cached_property
    def commits(self) -> "Commits":
        """The writer of monitors."""
        from chalicelib.storage.commits import Commits

        return Commits(self.settings.shards)

    @cached_property
    def pings(self) -> "Pings":
        """The ping logs."""
        from chalicelib.storage.pings import Pings

        return Pings()

    @cached_property
    def flips(self) -> "Flips":
        """The flips, and the outbox."""
        from chalicelib.storage.flips import Flips

        return Flips()

    @cached_property
    def rounds(self) -> "Rounds":
        """The rounds of probing, filled region by region."""
        from chalicelib.storage.rounds import Rounds

        return Rounds()

    @cached_property
    def rollups(self) -> "Rollups":
        """What rounds come to, by the hour and by the day."""
        from chalicelib.storage.rollups import Rollups

        return Rollups()

    @cached_property
    def organizations(self) -> "Organizations":
        """The organizations."""
        from chalicelib.storage.organizations import Organizations

        return Organizations()

    @cached_property
    def channels(self) -> "Channels":
        """The ways to reach people."""
        from chalicelib.storage.channels import Channels

        return Channels()

    @cached_property
    def windows(self) -> "Windows":
        """The maintenance windows."""
        from chalicelib.storage.windows import Windows

        return Windows()

    @cached_property
    def policies(self) -> "Policies":
        """The escalation policies."""
        from chalicelib.storage.policies import Policies

        return Policies()

    @cached_property
    def setups(self) -> "Setups":
        """All that decides who hears of something in a project."""
        from chalicelib.storage.setups import Setups

        return Setups()

    @cached_property
    def remnants(self) -> "Remnants":
        """What is left of what was deleted."""
        from chalicelib.storage.remnants import Remnants

        return Remnants()

    @cached_property
    def incidents(self) -> "Incidents":
        """The incidents and their timelines."""
        from chalicelib.storage.incidents import Incidents

        return Incidents()

    @cached_property
    def findings(self) -> "Findings":
        """What surveys found out about targets' names."""
        from chalicelib.storage.findings import Findings

        return Findings()

    @cached_property
    def audits(self) -> "Audits":
        """The audit trail."""
        from chalicelib.storage.audits import Audits

        return Audits()

    @cached_property
    def projects(self) -> "Projects":
        """The projects."""
        from chalicelib.storage.projects import Projects

        return Projects()

    @cached_property
    def keys(self) -> "Keys":
        """The API keys."""
        from chalicelib.storage.keys import Keys

        return Keys()

    @cached_property
    def deliveries(self) -> "Deliveries":
        """The notification log."""
        from chalicelib.storage.deliveries import Deliveries

        return Deliveries()

    @cached_property
    def ticks(self) -> "Ticks":
        """When we were awake."""
        from chalicelib.storage.ticks import Ticks

        return Ticks()

    @cached_property
    def queues(self) -> "Queues":
        """The queues and topics."""
        from chalicelib.queues import Queues

        return Queues(self.settings)


_in_hand: list[Toolbox] = []


def current() -> Toolbox:
    """Return the toolbox of this process, made from the environment at the first call."""
    if not _in_hand:
        settings = Settings.from_env()
        _in_hand.append(Toolbox(settings, emit=to_stdout if settings.in_lambda else unheard))
    return _in_hand[-1]


@contextmanager
def using(tools: Toolbox) -> Iterator[Toolbox]:
    """Let *tools* be the process's toolbox inside the block: for tests and for the local stack."""
    _in_hand.append(tools)
    try:
        yield tools
    finally:
        _in_hand.pop()
