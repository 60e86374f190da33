"""When a rule of RFC 5545 (rrules.py) happens in a time zone.

dateutil finds the dates, one calendar year at a time: left to itself it looks for 30 February until the
year 9999. Intervals, BYSETPOS, times of day and what a change of the clocks does to them are told here.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import MAXYEAR, UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import chain, groupby, islice, product, takewhile

from chalicelib.core.rrules import Frequency, Rule

END = datetime(2100, 1, 1, tzinfo=UTC)  # nothing recurs from here on

_PATIENCE = 40  # years; as for cron, no date is rarer than a weekday on 29 February
_MICROSECOND = timedelta(microseconds=1)


def happens(rule: Rule, first: datetime, zone: tzinfo) -> bool:
    """Whether *rule* names any moment within 40 years from *first*, which may be that moment."""
    years = range(first.astimezone(zone).year, first.year + _PATIENCE)
    return any(moment >= first for year in years for moment in _in_year(rule, first, zone, year)[-1:])


def over(rule: Rule, zone: tzinfo) -> datetime:
    """Return the moment from which *rule* happens no more."""
    if rule.until is None:
        return END
    last = rule.until if rule.until.tzinfo else rule.until.replace(tzinfo=zone)
    return min(END, last + _MICROSECOND)


def starts(
    rule: Rule, first: datetime, zone: tzinfo, after: datetime, before: datetime
) -> Iterator[datetime]:
    """Yield, in order, the moments (UTC) past *after* and before *before* at which *rule* happens.

    *first* is the first of them, and the first that COUNT counts, whether or not the rule names it: so it is
    with DTSTART. The others keep its wall time in *zone*. A time that the clocks skip is read as before the
    change (02:30 comes to 03:30); of one that they show twice, the first counts. The work grows with the
    time from *after* to *before*, of a rule with COUNT from *first*, never with how seldom it happens.
    Source: RFC 5545 §3.3.5. Its §3.3.10 would leave out what the clocks skip; who works then still does.
    """
    before = min(before, over(rule, zone))
    origin = first if rule.count else max(first, after)
    years = range(origin.astimezone(zone).year, before.astimezone(zone).year + 1)
    named = (_in_year(rule, first, zone, year) for year in years)
    later = chain.from_iterable(moments[bisect_right(moments, origin) :] for moments in named)
    counted = islice(chain([first], later), rule.count)
    for moment in takewhile(lambda moment: moment < before, counted):
        if moment > after:
            yield moment


@lru_cache(maxsize=64)
def _in_year(rule: Rule, first: datetime, zone: tzinfo, year: int) -> tuple[datetime, ...]:
    """Return, in order, the moments whose wall times lie in *year*, also those before *first*."""
    wall = first.astimezone(zone).replace(tzinfo=None)
    rule = _completed(rule, wall)
    # Of a week that lies in two years BYSETPOS must see both parts.
    years = range(year - 1, year + 2) if rule.frequency == Frequency.WEEKLY and rule.positions else [year]
    walls = _chosen(rule, chain.from_iterable(_walls(rule, wall, some_year) for some_year in years))
    return tuple(sorted(it.replace(tzinfo=zone).astimezone(UTC) for it in walls if it.year == year))


def _completed(rule: Rule, first: datetime) -> Rule:
    """Return *rule* with what it leaves open taken from its first wall time."""
    rule = replace(
        rule,
        hours=rule.hours or (first.hour,),
        minutes=rule.minutes or (first.minute,),
        seconds=rule.seconds or (first.second,),
    )
    if rule.frequency == Frequency.DAILY or rule.weekdays or rule.month_days or rule.year_days:
        return rule
    if rule.frequency == Frequency.WEEKLY or rule.weeks:
        return replace(rule, weekdays=((first.weekday(), 0),))
    yearly = rule.frequency == Frequency.YEARLY
    return replace(rule, month_days=(first.day,), months=rule.months or ((first.month,) if yearly else ()))


def _chosen(rule: Rule, walls: Iterable[datetime]) -> Iterable[datetime]:
    """Return those of *walls* that BYSETPOS chooses from each period, or all."""
    if not rule.positions:
        return walls
    periods = (list(group) for _, group in groupby(walls, lambda wall: _period(rule, wall)))
    return chain.from_iterable(
        {times[place - 1 if place > 0 else place] for place in rule.positions if abs(place) <= len(times)}
        for times in periods
    )


def _walls(rule: Rule, first: datetime, year: int) -> Iterator[datetime]:
    """Yield, in order, the wall times in *year* that a completed rule names before BYSETPOS chooses."""
    clock = product(rule.hours, rule.minutes, rule.seconds)
    times = [time(*numbers, first.microsecond) for numbers in clock]
    phase = _period(rule, first) % rule.interval
    for day in _days(rule, year):
        if _period(rule, day) % rule.interval == phase:
            yield from (datetime.combine(day, moment) for moment in times)


def _days(rule: Rule, year: int) -> Iterable[datetime]:
    """Return the days of *year*, in order, that a completed rule names in any interval."""
    # Slow: only windows that recur pay for it. Of its types we use few, and they are told below.
    from dateutil.rrule import YEARLY, rrule, weekday

    yearly = rule.frequency == Frequency.YEARLY
    days: Iterable[datetime] = rrule(
        YEARLY,
        dtstart=datetime(year, 1, 1),  # noqa: DTZ001 - a wall time
        interval=MAXYEAR,  # it ends with this year
        wkst=rule.week_start,
        bymonth=rule.months or (None if yearly else range(1, 13)),  # weekdays are numbered in the month
        bymonthday=rule.month_days or None,
        byyearday=rule.year_days or None,
        byweekno=rule.weeks or None,
        byweekday=[weekday(day, number or None) for day, number in _numbered(rule)] or range(7),
    )
    return days


def _numbered(rule: Rule) -> Iterator[tuple[int, int]]:
    """Yield the weekdays of *rule*, all with a number or none: of both kinds dateutil wants both to match."""
    mixed = any(number for _, number in rule.weekdays)
    for day, number in rule.weekdays:
        each = range(1, rule.weeks_in_reach + 1)
        yield from ((day, nth) for nth in (each if mixed and not number else [number]))


def _period(rule: Rule, wall: datetime) -> int:
    """Return the number of the day, week, month or year that *wall* lies in."""
    match rule.frequency:
        case Frequency.DAILY:
            return wall.toordinal()
        case Frequency.WEEKLY:
            return (wall.toordinal() - 1 - rule.week_start) // 7  # the first day of all was a Monday
        case Frequency.MONTHLY:
            return 12 * wall.year + wall.month
        case Frequency.YEARLY:
            return wall.year
