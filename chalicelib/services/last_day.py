"""What the last 24 hours of a monitor came to."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.core.monitors import DAY, Monitor
from chalicelib.core.signals import Action
from chalicelib.core.spans import INSTANT, Span
from chalicelib.services import history
from chalicelib.toolbox import Toolbox


@dataclass(frozen=True, slots=True)
class Probed:
    """What each region answered; *percent* is the uptime from 0 to 100, None if nothing was measured."""

    checks: int
    down: int
    degraded: int
    percent: float | None


@dataclass(frozen=True, slots=True)
class Pinged:
    """What a job told of its runs."""

    successful: int
    failed: int


def of_probes(tools: Toolbox, monitor: Monitor, now: datetime) -> Probed:
    """Return what the probes of the last 24 hours found; slow answers are up (R153-R157, R166)."""
    counts = history.latency(tools, monitor, now - DAY, now + INSTANT, now).regions.values()
    tally = history.uptime(tools, monitor, Span(now - DAY, now), now)
    return Probed(
        sum(count.total for count in counts),
        sum(count.down for count in counts),
        sum(count.degraded for count in counts),
        tally.percent,
    )


def of_pings(tools: Toolbox, monitor: Monitor, kept: int, now: datetime) -> Pinged:
    """Return how many runs of the last 24 hours succeeded and failed, of the *kept* pings (R167)."""
    newest = tools.pings.latest(monitor.spec.monitor_id, monitor.state.n_pings, kept)
    told = [ping.arrival.action for ping in newest if ping.at > now - DAY]
    return Pinged(told.count(Action.SUCCESS), told.count(Action.FAIL))
