"""What the days of a monitor came to: uptime, how often something was heard, and how long it took."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce

from chalicelib.core.monitors import DAY, Monitor
from chalicelib.core.rollups import MILLISECOND, Grain, Rollup, merge
from chalicelib.core.runs import durations
from chalicelib.core.spans import Span
from chalicelib.core.uptime import Tally
from chalicelib.services import history
from chalicelib.storage import flips
from chalicelib.toolbox import Toolbox

PERCENTILES = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class Day:
    """A day (UTC): how it divides, and how many pings or rounds it had, None where that is forgotten."""

    start: datetime
    tally: Tally
    heard: int | None


@dataclass(frozen=True, slots=True)
class Statistics:
    """Days in their order, and in how many milliseconds most runs, or answers, were there."""

    days: Sequence[Day]
    percentiles: Sequence[float | None]  # of PERCENTILES; None without any run or answer

    @property
    def percent(self) -> float | None:
        """The uptime of all days together, from 0 to 100; None when nothing was measured."""
        return sum((day.tally for day in self.days), Tally()).percent


def daily(tools: Toolbox, monitor: Monitor, n_days: int, kept: int, now: datetime) -> Statistics:
    """Return what the last *n_days* came to, today included: at most six Queries, however many they are.

    Flips tell the uptime; outages of our own and maintenance count neither way. Flips are kept 125 days.
    Of a day before, a probed monitor's rounds tell, which are kept 400 days: there each bad round is down,
    whether it was confirmed or not, and whether in maintenance or not; of a heartbeat's nothing is known.
    *kept* is how many pings the plan keeps: where older ones are overwritten, so are their number and runs.
    """
    today = Grain.DAY.floor(now)
    parts = [Span(today - n * DAY, today - n * DAY + DAY) for n in reversed(range(n_days))]
    tallies = history.uptimes(tools, monitor, parts, now)
    if monitor.spec.watch:
        return _of_rounds(tools, monitor, parts, tallies, now)
    return _of_pings(tools, monitor, parts, tallies, kept)


def _of_rounds(
    tools: Toolbox, monitor: Monitor, parts: Sequence[Span], tallies: Iterable[Tally], now: datetime
) -> Statistics:
    known = history.by_day(tools, monitor, parts[0].start, now)
    interval = monitor.spec.watch.interval if monitor.spec.watch else DAY
    days = []
    for part, tally in zip(parts, tallies, strict=True):
        rollup = known.get(part.start, Rollup())
        forgotten = part.end <= now - flips.RETENTION
        told = _told_by_rounds(rollup, interval) if forgotten and rollup.rounds else tally
        days.append(Day(part.start, told, rollup.rounds))
    whole = reduce(merge, known.values(), Rollup())
    return Statistics(days, [whole.percentile(p) for p in PERCENTILES])


def _told_by_rounds(rollup: Rollup, interval: timedelta) -> Tally:
    """Return how a day divides of which only rounds are known: each stands for the time until the next."""
    measured = min(DAY, rollup.rounds * interval)
    down = measured * (rollup.down / rollup.rounds)
    return Tally(measured - down, down, DAY - measured)


def _of_pings(
    tools: Toolbox, monitor: Monitor, parts: Sequence[Span], tallies: Iterable[Tally], kept: int
) -> Statistics:
    n_pings = monitor.state.n_pings
    found = tools.pings.latest(monitor.spec.monitor_id, n_pings, kept)
    heard = Counter(Grain.DAY.floor(ping.at) for ping in found)
    known_since = min(heard, default=parts[-1].start) if len(found) < n_pings else parts[0].start
    ended = {ping.n for ping in found if ping.at >= parts[0].start}
    took = sorted(run / MILLISECOND for n, run in durations(found).items() if n in ended)
    days = [
        Day(part.start, tally, heard[part.start] if part.start >= known_since else None)
        for part, tally in zip(parts, tallies, strict=True)
    ]
    return Statistics(days, [_percentile(took, p) for p in PERCENTILES])


def _percentile(ordered: Sequence[float], p: int) -> float | None:
    """Return what *p* percent of *ordered* do not exceed, or None where there are none."""
    return ordered[max(0, -(-len(ordered) * p // 100) - 1)] if ordered else None
