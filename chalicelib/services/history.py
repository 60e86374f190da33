"""What a monitor's rounds and flips tell of its past: pages of rounds, uptime and latency.

Full hours and days are rolled up as they are over. Their counts say where a page begins, so that no page is
paid for by those before it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from itertools import groupby
from typing import Generic, NamedTuple, TypeVar

from chalicelib.core import maintenance
from chalicelib.core.consensus import Result, Round
from chalicelib.core.monitors import Monitor
from chalicelib.core.rollups import Grain, Rollup, merge
from chalicelib.core.rollups import roll_up as rolled_up
from chalicelib.core.spans import Span
from chalicelib.core.uptime import Tally, tally_each
from chalicelib.storage import flips, rollups, rounds
from chalicelib.toolbox import Toolbox

T = TypeVar("T")

# Rounds that are not rolled up yet: some 380 at every ten seconds, but without end where no verdict comes.
MOST_RECENT = 1_000
SKEW = timedelta(days=1)  # no clock is ahead of ours by more


@dataclass(frozen=True, slots=True)
class Period:
    """An hour or a day, and what its rounds came to."""

    grain: Grain
    start: datetime
    rollup: Rollup

    @property
    def end(self) -> datetime:
        """When it is over."""
        return self.start + self.grain.length


def roll_up(tools: Toolbox, monitor: Monitor, until: datetime) -> None:
    """Roll up what was not rolled up yet, up to the full hour *until*: hours, and the days that are over.

    Whoever was interrupted begins anew, and stores the same again.
    """
    begun = monitor.state.rolled_until or Grain.HOUR.floor(monitor.spec.created)
    start = max(begun, Grain.HOUR.ceil(until - rounds.RETENTION))
    while start < until:
        midnight = Grain.DAY.floor(start) + Grain.DAY.length
        _roll_up_hours(tools, monitor.spec.monitor_id, start, min(until, midnight))
        if midnight <= until:
            _roll_up_day(tools, monitor.spec.monitor_id, midnight - Grain.DAY.length)
        start = midnight


def roll_up_again(tools: Toolbox, monitor: Monitor, at: datetime) -> None:
    """Roll up the hour of *at* once more, and its day if that is over: a round of it was judged too late."""
    hour, day = Grain.HOUR.floor(at), Grain.DAY.floor(at)
    _roll_up_hours(tools, monitor.spec.monitor_id, hour, hour + Grain.HOUR.length)
    if monitor.state.rolled_until and day + Grain.DAY.length <= monitor.state.rolled_until:
        _roll_up_day(tools, monitor.spec.monitor_id, day)


class Part(NamedTuple):
    """The next *size* after the first *skip*."""

    skip: int
    size: int


@dataclass(frozen=True, slots=True)
class Unit(Generic[T]):
    """What pages are made of: how many of it a rollup stands for, and which of it a round has."""

    count: Callable[[Rollup], int]
    split: Callable[[Round], Sequence[T]]


ROUNDS = Unit(lambda rollup: rollup.rounds, lambda judged: (judged,))
RESULTS = Unit(
    lambda rollup: sum(count.total for count in rollup.regions.values()),
    lambda judged: [(judged, result) for result in judged.results],
)


def page(tools: Toolbox, monitor: Monitor, number: int, size: int, now: datetime) -> tuple[list[Round], int]:
    """Return page *number* of the judged rounds, the newest first, and how many there are (R242, R243).

    Pages are counted from 1; one past the end is empty. What is not kept for *rounds.RETENTION* any more is
    cut off at a full hour.
    """
    return _page(tools, monitor, Part((number - 1) * size, size), ROUNDS, now)


def results(
    tools: Toolbox, monitor: Monitor, number: int, size: int, now: datetime
) -> tuple[list[tuple[Round, Result]], int]:
    """Return page *number* of what each region found in the judged rounds, as `page` does (R169-R172)."""
    return _page(tools, monitor, Part((number - 1) * size, size), RESULTS, now)


def _page(tools: Toolbox, monitor: Monitor, part: Part, unit: Unit[T], now: datetime) -> tuple[list[T], int]:
    monitor_id = monitor.spec.monitor_id
    oldest = max(Grain.HOUR.ceil(now - rounds.RETENTION), Grain.HOUR.floor(monitor.spec.created))
    rolled = max(monitor.state.rolled_until or oldest, oldest)
    found = tools.rounds.between(monitor_id, rolled, now + SKEW, newest_first=True, limit=MOST_RECENT)
    recent = _units(found, unit)
    periods = _periods(tools, monitor_id, oldest, rolled)
    total = len(recent) + sum(unit.count(period.rollup) for period in periods)
    shown = recent[part.skip : part.skip + part.size]
    if len(shown) < part.size:
        older = Part(max(0, part.skip - len(recent)), part.size - len(shown))
        shown += _older(tools, monitor_id, periods, older, unit)
    return shown, total


def uptime(tools: Toolbox, monitor: Monitor, window: Span, now: datetime) -> Tally:
    """Return how much of *window* the monitor was up, as far as it is over and was seen.

    Outages of our own and maintenance count neither way (R59, R155).
    """
    [whole] = uptimes(tools, monitor, [window], now)
    return whole


def uptimes(tools: Toolbox, monitor: Monitor, parts: Sequence[Span], now: datetime) -> list[Tally]:
    """Return what *uptime* tells of each of *parts*, in their order: three Queries, however many they are."""
    known_since = max(monitor.spec.created, now - flips.RETENTION)
    over = Span(parts[0].start, min(parts[-1].end, now))
    seen = over.within(Span(known_since, now))
    changes = tools.flips.between(monitor.spec.monitor_id, seen.start, now + SKEW)
    unseen = [Span(outage.start, outage.end) for outage in tools.ticks.outages(now)]
    unseen.append(Span(over.start, known_since))
    if seen.length:
        windows = tools.windows.of_project(monitor.spec.project_id)
        unseen += maintenance.excluded(windows, monitor.spec, seen)
    return tally_each(changes, monitor.state.status, [part.within(over) for part in parts], unseen)


def by_day(tools: Toolbox, monitor: Monitor, start: datetime, now: datetime) -> dict[datetime, Rollup]:
    """Return what the rounds of each day since the midnight *start* come to, by the day's beginning (UTC).

    The day that is not over is told by its hours, and by what is not rolled up yet.
    """
    monitor_id = monitor.spec.monitor_id
    rolled = max(monitor.state.rolled_until or start, start)
    since = max(rolled, now - rounds.RETENTION)
    recent = tools.rounds.between(monitor_id, since, now + SKEW, newest_first=True, limit=MOST_RECENT)
    days: dict[datetime, Rollup] = {}
    for period in _periods(tools, monitor_id, start, rolled):
        day = Grain.DAY.floor(period.start)
        days[day] = merge(days.get(day, Rollup()), period.rollup)
    for day, members in groupby(_judged(recent), key=lambda member: Grain.DAY.floor(member.at)):
        days[day] = merge(days.get(day, Rollup()), rolled_up(members))
    return days


def latency(tools: Toolbox, monitor: Monitor, start: datetime, end: datetime, now: datetime) -> Rollup:
    """Return what the rounds from *start* up to *end* come to.

    Hours that are rolled up count whole if they begin in that time, and more than 40 days back whole days do.
    """
    monitor_id = monitor.spec.monitor_id
    if start < now - rollups.RETENTION[Grain.HOUR]:
        start = Grain.DAY.ceil(max(start, now - rollups.RETENTION[Grain.DAY]))
    rolled = min(max(monitor.state.rolled_until or start, start), end)
    since = max(rolled, now - rounds.RETENTION)
    recent = tools.rounds.between(monitor_id, since, end, newest_first=True, limit=MOST_RECENT)
    periods = _periods(tools, monitor_id, Grain.HOUR.ceil(start), Grain.HOUR.ceil(rolled))
    return _sum([*(period.rollup for period in periods), rolled_up(recent)])


def _roll_up_hours(tools: Toolbox, monitor_id: str, start: datetime, end: datetime) -> None:
    found = tools.rounds.between(monitor_id, start, end, fresh=True)
    for hour, members in groupby(found, key=lambda member: Grain.HOUR.floor(member.at)):
        rollup = rolled_up(members)
        if rollup.rounds:
            tools.rollups.put(monitor_id, Grain.HOUR, hour, rollup)


def _roll_up_day(tools: Toolbox, monitor_id: str, day: datetime) -> None:
    hours = tools.rollups.range(monitor_id, Grain.HOUR, day, day + Grain.DAY.length, fresh=True)
    if hours:
        tools.rollups.put(monitor_id, Grain.DAY, day, _sum(hours.values()))


def _sum(parts: Iterable[Rollup]) -> Rollup:
    return reduce(merge, parts, Rollup())


def _judged(found: Iterable[Round]) -> list[Round]:
    return [member for member in found if member.verdict]


def _periods(tools: Toolbox, monitor_id: str, start: datetime, end: datetime) -> list[Period]:
    """Return what lies between two full hours, the newest first: whole days, and the hours at both ends."""
    first, last = Grain.DAY.ceil(start), Grain.DAY.floor(end)
    if first >= last:
        return _rolled(tools, monitor_id, Grain.HOUR, start, end)
    return [
        *_rolled(tools, monitor_id, Grain.HOUR, last, end),
        *_rolled(tools, monitor_id, Grain.DAY, first, last),
        *_rolled(tools, monitor_id, Grain.HOUR, start, first),
    ]


def _rolled(tools: Toolbox, monitor_id: str, grain: Grain, start: datetime, end: datetime) -> list[Period]:
    found = tools.rollups.range(monitor_id, grain, start, end)
    return [Period(grain, begin, rollup) for begin, rollup in reversed(found.items())]


def _units(found: Iterable[Round], unit: Unit[T]) -> list[T]:
    return [member for judged in _judged(found) for member in unit.split(judged)]


def _older(tools: Toolbox, monitor_id: str, periods: list[Period], part: Part, unit: Unit[T]) -> list[T]:
    """Return that part of what was rolled up into *periods*."""
    held, skip = _holding(periods, part, unit)
    days = [period for period in held if period.grain is Grain.DAY]
    if days:
        hours = [period for period in held if period.grain is Grain.HOUR]
        hours += _rolled(tools, monitor_id, Grain.HOUR, days[-1].start, days[0].end)
        newest_first = sorted(hours, key=lambda hour: hour.start, reverse=True)
        held, skip = _holding(newest_first, Part(skip, part.size), unit)
    if not held:
        return []
    found = tools.rounds.between(monitor_id, held[-1].start, held[0].end, newest_first=True)
    return _units(found, unit)[skip : skip + part.size]


def _holding(periods: list[Period], part: Part, unit: Unit[T]) -> tuple[list[Period], int]:
    """Return which of *periods* hold *part*, and how many of theirs come before it."""
    held: list[Period] = []
    skip, n_held = part.skip, 0
    for period in periods:
        n = unit.count(period.rollup)
        if not held and skip >= n:
            skip -= n
        elif n_held < skip + part.size:
            held.append(period)
            n_held += n
    return held, skip
