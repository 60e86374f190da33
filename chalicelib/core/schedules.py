"""When the next signal is due: after a period, by cron, or by a calendar."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache, partial

from chalicelib.core import cron
from chalicelib.core.errors import Invalid

MAX_LENGTH = 100  # characters of a schedule

# Zone names that tzdata links to another and yet mean what they say: offsets, not places of the past.
_ABBREVIATIONS = frozenset({"UTC", "GMT", "WET", "CET", "MET", "EET", "EST", "MST", "HST"})
_ANY_MOMENT = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Every:
    """A signal is due once in every *period*, counted from the last one; zones mean nothing to it (R299)."""

    period: timedelta

    def next_after(self, moment: datetime) -> datetime:
        """Return the moment one period after *moment*."""
        return moment + self.period


@dataclass(frozen=True, slots=True)
class Cron:
    """A signal is due whenever cron on a Debian machine in the zone *tz* would run the job."""

    expression: str
    tz: str = "UTC"

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first run (UTC) past *moment*, or None where the zone's clocks skip them all.

        Raises ValueError for an expression that parse_schedule refuses. Source: R294, R298.
        """
        return cron.parse(self.expression).next_after(moment, _zone(self.tz))


@dataclass(frozen=True, slots=True)
class OnCalendar:
    """A signal is due at the times of a systemd calendar; of several lines the earliest counts.

    A line may end in a zone of its own, else *tz* holds. Times that the clocks skip are left out, and of
    those that they show twice the first counts.
    """

    expression: str
    tz: str

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first time (UTC) past *moment*, or None when none is left (at the latest in 2200).

        Raises OnCalendarError for an expression that parse_schedule refuses. Source: R295, systemd.time(7).
        """
        lines = self.expression.strip().split("\n")
        instants = [_next_on_line(line.strip(), self.tz, moment) for line in lines]
        return min((instant for instant in instants if instant), default=None)


Schedule = Every | Cron | OnCalendar


def parse_schedule(text: str, tz: str) -> Cron | OnCalendar:
    """Return the schedule that *text* means in the zone *tz*.

    One line of five words, or a nickname such as @daily, is cron; everything else is OnCalendar. Raises
    Invalid for the schedule or for the zone, in this order. Source: R294-R296, R298.
    """
    if len(text) > MAX_LENGTH:
        raise Invalid("schedule", "is too long")
    kind = Cron if _looks_like_cron(text) else OnCalendar
    _insist(kind(text, "UTC"))
    schedule = kind(text, parse_zone(tz))
    _insist(schedule)
    return schedule


def parse_zone(name: str) -> str:
    """Return the modern name of the time zone that *name* means; raises Invalid for any other word (R298)."""
    if name not in _zone_names():
        raise Invalid("tz", "is not a valid timezone")
    return _modern_names().get(name, name)


def _looks_like_cron(text: str) -> bool:
    """Whether *text* is a nickname of cron's, or a single line of five words."""
    line = text.strip()
    return line.lower() in cron.NICKNAMES or ("\n" not in line and len(line.split()) == cron.FIELDS)


def _insist(schedule: Cron | OnCalendar) -> None:
    """Raise Invalid unless *schedule* can be read and, if cron, ever happens."""
    from oncalendar import OnCalendarError  # slow: only people who set schedules pay for it

    refusal = Invalid("schedule", "is not a valid cron or OnCalendar expression")
    try:
        first = schedule.next_after(_ANY_MOMENT)
    except (ValueError, OnCalendarError):
        raise refusal from None
    if isinstance(schedule, Cron) and first is None:
        raise refusal


def _next_on_line(line: str, tz: str, moment: datetime) -> datetime | None:
    """Return the first time of one calendar line past *moment*."""
    head, *tail = line.rsplit(maxsplit=1) or [line]
    if tail and tail[0][0].isalpha() and tail[0] in _zone_names():  # a time begins with a digit or a star
        line, tz = head, tail[0]
    return cron.Timetable(partial(_search_calendar, line)).next_after(moment, _zone(tz))


def _search_calendar(line: str, floor: datetime) -> datetime | None:
    """Return the first wall time after *floor* on a calendar line without a zone.

    Wall times, because given aware ones oncalendar answers with the past during a repeated hour, and
    spends seconds in a skipped one.
    """
    from calendar import monthrange

    from oncalendar import BaseIterator  # slow: only calendar monitors pay for it

    calendar = BaseIterator(line, floor)
    day, years = min(calendar.days), (year for year in calendar.years if year >= floor.year)
    if all(monthrange(year, month)[1] < day for year in years for month in calendar.months):
        return None  # oncalendar would look for 31 February until 2200
    return next(calendar, None)


def _zone(name: str) -> tzinfo:
    """Return the clocks of a zone; zoneinfo keeps those in use."""
    from zoneinfo import ZoneInfo  # slow: schedules without a zone do not pay for it

    return ZoneInfo(name)


@cache
def _zone_names() -> frozenset[str]:
    """Return every name that tzdata knows; a lookup here never becomes a path."""
    return frozenset(_tzdata("zones").split())


@cache
def _modern_names() -> dict[str, str]:
    """Return what became of legacy names: links that tzdata files under no country."""
    links = [line.split() for line in _tzdata("zoneinfo/tzdata.zi").splitlines() if line.startswith("L ")]
    rows = [line.split("\t") for line in _tzdata("zoneinfo/zone.tab").splitlines() if line[:1] != "#"]
    current = _ABBREVIATIONS.union(row[2] for row in rows)
    return {old: new for _, new, old in links if old not in current}


def _tzdata(path: str) -> str:
    """Return a text file of the tzdata package, which is pinned and bundled (requirements.txt)."""
    from importlib.resources import files  # slow: only people who set zones pay for it

    return files("tzdata").joinpath(path).read_text(encoding="utf-8")
