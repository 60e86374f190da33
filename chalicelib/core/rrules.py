"""What a rule of RFC 5545 (RRULE) says, before any calendar is asked (recurrence.py)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from math import prod

MOST_A_DAY = 24

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WEEKDAY = re.compile(f"([+-]?[0-9]{{1,2}})?({'|'.join(_WEEKDAYS)})")
_UNTIL = re.compile("[0-9]{8}(T[0-9]{6}Z?)?")


class Frequency(StrEnum):
    """What a rule counts in; nothing that is shorter than a day."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, read; an empty tuple stands for a part that it leaves out, and lists are in order."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: datetime | None = None  # the last moment that may be one; naive: by the clocks of the zone
    week_start: int = 0  # Monday is 0
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    weekdays: tuple[tuple[int, int], ...] = ()  # (weekday, which one in the month or year; 0: each)
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    seconds: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()

    @property
    def weeks_in_reach(self) -> int:
        """How many Mondays there may be in what the numbers of its weekdays count in."""
        return 5 if self.months or self.frequency == Frequency.MONTHLY else 53


def _counted(high: int) -> frozenset[int]:
    """Return the numbers that count to *high*, from the front or, negative, from the back."""
    return frozenset(range(1, high + 1)) | frozenset(range(-high, 0))


_LISTS = {  # which field of a Rule holds a part, and what it may list
    "BYMONTH": ("months", frozenset(range(1, 13))),
    "BYMONTHDAY": ("month_days", _counted(31)),
    "BYYEARDAY": ("year_days", _counted(366)),
    "BYWEEKNO": ("weeks", _counted(53)),
    "BYHOUR": ("hours", frozenset(range(24))),
    "BYMINUTE": ("minutes", frozenset(range(60))),
    "BYSECOND": ("seconds", frozenset(range(60))),
    "BYSETPOS": ("positions", _counted(366)),
}
_PARTS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", *_LISTS)


@lru_cache(maxsize=256)
def parse(text: str) -> Rule:
    """Return the rule that *text* writes, with or without the name RRULE before it.

    Raises ValueError, whose words are for people, for what RFC 5545 does not allow in a rule, for what
    counts in less than days, and for more than 24 times of day. Source: RFC 5545 §3.3.10.
    """
    parts = _split(text)
    rule = Rule(
        frequency=Frequency(_word("FREQ", parts.get("FREQ", ""), tuple(Frequency))),
        interval=_number("INTERVAL", parts.get("INTERVAL", "1")),
        count=_number("COUNT", parts["COUNT"]) if "COUNT" in parts else None,
        until=_moment(parts["UNTIL"]) if "UNTIL" in parts else None,
        week_start=_WEEKDAYS.index(_word("WKST", parts.get("WKST", "MO"), _WEEKDAYS)),
        weekdays=_weekdays(parts["BYDAY"]) if "BYDAY" in parts else (),
    )
    lists = {field: _listed(name, parts[name]) for name, (field, _) in _LISTS.items() if name in parts}
    rule = replace(rule, **lists)  # type: ignore[arg-type]  # all of these fields are tuples of numbers
    for reason in _faults(rule):
        raise ValueError(reason)
    return rule


def _split(text: str) -> dict[str, str]:
    """Return the value of each part by its name."""
    pairs = [part.partition("=") for part in text.strip().upper().removeprefix("RRULE:").split(";")]
    parts = {name: value for name, _, value in pairs}
    if not parts.keys() <= set(_PARTS):
        raise ValueError(f"it may have no other parts than {', '.join(_PARTS)}")
    if len(parts) < len(pairs):
        raise ValueError("it has a part twice")
    return parts


def _word(name: str, word: str, words: tuple[str, ...]) -> str:
    """Return *word*, which has to be one of *words*."""
    if word not in words:
        raise ValueError(f"{name} must be one of {', '.join(words)}")
    return word


def _number(name: str, digits: str) -> int:
    """Return the number that an interval or a count is."""
    if not re.fullmatch("[0-9]{1,4}", digits) or int(digits) == 0:
        raise ValueError(f"{name} must be a number from 1 to 9999")
    return int(digits)


def _listed(name: str, terms: str) -> tuple[int, ...]:
    """Return the numbers that a part lists."""
    _, allowed = _LISTS[name]
    numbers = {int(term) if re.fullmatch("[+-]?[0-9]{1,3}", term) else None for term in terms.split(",")}
    found = sorted(number for number in numbers if number in allowed)
    if len(found) < len(numbers):
        raise ValueError(f"{name} must list numbers from {min(allowed)} to {max(allowed)}")
    return tuple(found)


def _weekdays(terms: str) -> tuple[tuple[int, int], ...]:
    """Return the days that BYDAY lists."""
    days = [_WEEKDAY.fullmatch(term) for term in terms.split(",")]
    found = {(_WEEKDAYS.index(day[2]), int(day[1] or 0)) for day in days if day}
    if not all(day and int(day[1] or 1) for day in days):
        raise ValueError("BYDAY must list days such as MO, 1MO or -1FR")
    return tuple(sorted(found))


def _moment(text: str) -> datetime:
    """Return the moment that UNTIL names; a day lasts to its end."""
    try:
        if _UNTIL.fullmatch(text):
            return datetime.fromisoformat(text if "T" in text else f"{text}T235959")
    except ValueError:
        pass
    raise ValueError("UNTIL must be a day or a time, such as 20261231T235959Z")


def _faults(rule: Rule) -> Iterator[str]:
    """Yield what is wrong with a rule each part of which is right."""
    yearly, weekly = rule.frequency == Frequency.YEARLY, rule.frequency == Frequency.WEEKLY
    numbers = [abs(number) for _, number in rule.weekdays if number]
    if rule.count and rule.until:
        yield "COUNT and UNTIL exclude each other"
    if (rule.weeks or rule.year_days) and not yearly:
        yield "BYWEEKNO and BYYEARDAY go with YEARLY alone"
    if rule.month_days and weekly:
        yield "BYMONTHDAY does not go with WEEKLY"
    if numbers and (rule.weeks or rule.frequency in (Frequency.DAILY, Frequency.WEEKLY)):
        yield "BYDAY has numbers in a month or a year alone, and not with BYWEEKNO"
    if max(numbers, default=0) > rule.weeks_in_reach:
        yield "BYDAY counts to 5 in a month, and to 53 in a year"
    if prod(len(times) or 1 for times in (rule.hours, rule.minutes, rule.seconds)) > MOST_A_DAY:
        yield f"it happens more than {MOST_A_DAY} times a day"
