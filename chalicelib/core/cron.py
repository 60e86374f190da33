"""Cron as Debian runs it: five fields, and what they mean when the clocks change.

croniter finds the days. The times of the day, and what a change of the clocks does to them, are told here,
because our customers' jobs are run by cron and not by croniter (limits_and_costs.md §4).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache, partial
from itertools import chain, product
from typing import Any

MAX_LENGTH = 128  # characters; a 14 KB expression costs croniter 17 ms
FIELDS = 5  # minute, hour, day of month, month, weekday
NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_PATIENCE = 40  # years; no date is rarer than a weekday on 29 February, in 2072 and then in 2112
_ANY_DAY = datetime(2000, 1, 1)  # noqa: DTZ001 - a wall time; any other day would do


@dataclass(frozen=True, slots=True)
class Timetable:
    """A row of wall times, and what becomes of it where the clocks change.

    *search* returns the first of them after a given wall time; both are naive. Jobs that catch up run at
    the end of a gap for what it swallowed. Those that repeat run in both passes of a repeated hour, the
    others in the first.
    """

    search: Callable[[datetime], datetime | None]
    catches_up: bool = False
    repeats: bool = False

    def next_after(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """Return the first instant (UTC) past *moment* by the clocks of *zone*, or None."""
        floor = self._floor(moment, zone)
        horizon = floor.year + _PATIENCE
        while floor.year <= horizon and (wall := self.search(floor)):
            there = _Reading.of(wall, zone)
            if not there.skipped:
                return there.first if there.first > moment else there.second
            change = there.change()
            if self.catches_up:
                return change
            floor = there.shown_after(change) - _SECOND
        return None

    def _floor(self, moment: datetime, zone: tzinfo) -> datetime:
        """Return the wall time to search from, so that what is found lies past *moment*."""
        wall = moment.astimezone(zone).replace(tzinfo=None)
        here = _Reading.of(wall, zone)
        if not here.repeated:
            return wall
        change = here.change()
        if moment >= change:
            return wall if self.repeats else here.shown_before(change) - _SECOND
        if not self.repeats:
            return wall
        following = self.search(wall)
        still_in_first_pass = following and _Reading.of(following, zone).first < change
        return wall if still_in_first_pass else here.shown_after(change) - _SECOND


@dataclass(frozen=True, slots=True)
class _Reading:
    """A wall time, and the two instants it may stand for in a zone (PEP 495).

    Mostly they are one. Of a wall time that clocks show twice, *first* is the earlier instant; of one
    that they skip, *first* lies after the change and *second* before it.
    """

    wall: datetime
    zone: tzinfo
    first: datetime
    second: datetime

    @classmethod
    def of(cls, wall: datetime, zone: tzinfo) -> "_Reading":
        """Read *wall* by the clocks of *zone*."""
        first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        return cls(wall, zone, first, second)

    @property
    def repeated(self) -> bool:
        """Whether the clocks show it twice."""
        return self.first < self.second

    @property
    def skipped(self) -> bool:
        """Whether the clocks never show it."""
        return self.first > self.second

    def change(self) -> datetime:
        """Return the instant, a whole minute, at which the clocks change; only if repeated or skipped."""
        early, late = sorted((self.first, self.second))
        early = early.replace(second=0, microsecond=0)
        before = early.astimezone(self.zone).utcoffset()
        steps = bisect_left(
            range((late - early) // _MINUTE),
            True,
            key=lambda step: (early + step * _MINUTE).astimezone(self.zone).utcoffset() != before,
        )
        return early + steps * _MINUTE

    def shown_before(self, change: datetime) -> datetime:
        """Return what the clocks would show at *change* had they not changed."""
        return self.wall + (change - self.first)

    def shown_after(self, change: datetime) -> datetime:
        """Return what the clocks show at *change*."""
        return self.wall + (change - self.second)


@dataclass(frozen=True, slots=True)
class _Field:
    """What one field may hold: numbers between two bounds, or names in order."""

    low: int
    high: int
    names: tuple[str, ...] = ()  # of the values from *low* on

    def values(self, terms: Iterable[str]) -> set[int]:
        """Return all values of *terms*; raises ValueError for one that is no term of cron's."""
        return {value for term in terms for value in self._span(term)}

    def value(self, word: str) -> int:
        """Return the value that a number or a name stands for."""
        value = self.low + self.names.index(word) if word in self.names else _number(word)
        if not self.low <= value <= self.high:
            raise ValueError(f"{word} is out of range")
        return value

    def _span(self, term: str) -> range:
        """Return the values of a star, one value or a range, with or without a step."""
        body, stepped, step = term.partition("/")
        start, ranged, end = body.partition("-")
        if body == "*":
            low, high = self.low, self.high
        else:
            low = self.value(start)
            high = self.value(end) if ranged else self.high if stepped else low
        stride = _number(step) if stepped else 1
        if low > high or stride == 0:
            raise ValueError(f"{term} has no values")
        return range(low, high + 1, stride)


_MINUTES = _Field(0, 59)
_HOURS = _Field(0, 23)
_DAYS = _Field(1, 31)
_MONTHS = _Field(1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"))
_WEEKDAYS = _Field(0, 7, ("sun", "mon", "tue", "wed", "thu", "fri", "sat"))  # Sunday is 7 as well


@lru_cache(maxsize=256)
def parse(expression: str) -> Timetable:
    """Return the wall times of a cron *expression* and how they meet a change of the clocks.

    Jobs whose minute or hour field begins with a star follow the clocks; all others run once. A day must
    match both of the day fields where one of them begins with a star, else either. Raises ValueError for
    what is not cron and for what never happens. Source: Debian cron 3.0pl1 (entry.c, cron.c); L, LW, 5L,
    1#2 and 5/15 as in Healthchecks (R294, R298).
    """
    minute, hour, *dates = _fields(expression)
    hours, minutes = _HOURS.values(hour.split(",")), _MINUTES.values(minute.split(","))
    times = sorted(60 * hours_past + minutes_past for hours_past, minutes_past in product(hours, minutes))
    days = tuple(filter(_engine, _spell_days(*dates)))
    if not days:
        raise ValueError(f"{expression} never happens")
    follows_clocks = "*" in (minute[0], hour[0])
    return Timetable(partial(_search, times, days), catches_up=not follows_clocks, repeats=follows_clocks)


def _fields(expression: str) -> list[str]:
    """Split *expression*, or what its nickname stands for, into five fields."""
    if len(expression) > MAX_LENGTH:
        raise ValueError("the expression is too long")
    plain = expression.strip().lower()
    fields = NICKNAMES.get(plain, plain).split()
    if len(fields) != FIELDS:
        raise ValueError("cron has five fields")
    return fields


def _spell_days(day: str, month: str, weekday: str) -> list[str]:
    """Spell the last three fields for croniter: a day must match one spelling, in all its three fields."""
    days, weekdays = _days(day.split(",")), _weekdays(weekday.split(","))
    both = "*" in (day[0], weekday[0])
    pairs = product(days, weekdays) if both else chain(product(days, "*"), product("*", weekdays))
    months = _list(_MONTHS.values(month.split(",")), 12)
    return [f"{these_days} {months} {these_weekdays}" for these_days, these_weekdays in pairs]


def _days(terms: list[str]) -> list[str]:
    """Spell the day of month; croniter takes LW, its 31W, only alone."""
    plain = _DAYS.values(term for term in terms if term not in ("l", "lw"))
    spelt = (_list(plain, 31), "l" if "l" in terms else "", "31w" if "lw" in terms else "")
    return list(filter(None, spelt))


def _weekdays(terms: list[str]) -> list[str]:
    """Spell the weekday; croniter takes 5L, its L5, and 1#2 only apart from plain days."""
    special = [term for term in terms if "#" in term or term.endswith("l")]
    plain = {value % 7 for value in _WEEKDAYS.values(term for term in terms if term not in special)}
    return list(filter(None, (_list(plain, 7), ",".join(map(_nth, special)))))


def _nth(term: str) -> str:
    """Spell the last (5L) or the nth (1#2) of a weekday in a month."""
    if term.endswith("l"):
        return f"l{_WEEKDAYS.value(term[:-1]) % 7}"
    day, _, nth = term.partition("#")
    if nth not in ("1", "2", "3", "4", "5"):
        raise ValueError(f"no month has a {term}")
    return f"{_WEEKDAYS.value(day) % 7}#{nth}"


def _list(values: set[int], size: int) -> str:
    """Write *values* as a list, or as a star when they are all that there are."""
    return "*" if len(values) == size else ",".join(map(str, sorted(values)))


def _number(digits: str) -> int:
    """Return the number that ASCII *digits* write; raises ValueError for anything else."""
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"{digits} is no number")
    return int(digits)


@lru_cache(maxsize=1024)
def _engine(days: str) -> Any:
    """Return a croniter for *days*, its last three fields, or None where they never come."""
    from croniter import CroniterBadDateError, croniter  # slow: only cron monitors pay for it

    engine = croniter(f"0 0 {days}", _ANY_DAY, datetime, day_or=False, max_years_between_matches=_PATIENCE)
    try:
        engine.get_next()
    except CroniterBadDateError:
        return None
    return engine


@lru_cache(maxsize=4096)
def _first_day(days: tuple[str, ...], midnight: datetime) -> datetime:
    """Return the first of *days* from *midnight* on.

    A croniter remembers where it is, so each search has a copy: threads share the originals.
    """
    eve = midnight - _MINUTE
    first: datetime = min(copy(_engine(spelt)).get_next(start_time=eve) for spelt in days)
    return first


def _search(times: list[int], days: tuple[str, ...], floor: datetime) -> datetime:
    """Return the first wall time after *floor* on one of *days*, at one of *times* (minutes of the day)."""
    today = floor.replace(hour=0, minute=0, second=0, microsecond=0)
    later = bisect_right(times, 60 * floor.hour + floor.minute)
    if later < len(times) and _first_day(days, today) == today:
        return today + times[later] * _MINUTE
    return _first_day(days, today + _DAY) + times[0] * _MINUTE
