"""Service levels: how much downtime a period allows, and when that is used up (R123, R129)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from chalicelib.core.spans import Span

LEAST_TARGET, MOST_TARGET = 50.0, 99.999


class Period(StrEnum):
    """For how long a target is given; all begin at midnight UTC, weeks on Mondays."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    def around(self, moment: datetime) -> Span:
        """Return the period that *moment* lies in."""
        midnight = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        match self:
            case Period.DAY:
                return Span(midnight, midnight + timedelta(days=1))
            case Period.WEEK:
                monday = midnight - timedelta(days=midnight.weekday())
                return Span(monday, monday + timedelta(days=7))
        first = midnight.replace(day=1)
        return Span(first, (first + timedelta(days=32)).replace(day=1))


@dataclass(frozen=True, slots=True)
class Sla:
    """How many percent of each *period* something is promised to be up."""

    target: float
    period: Period = Period.MONTH

    def budget(self, span: Span) -> timedelta:
        """Return how long it may be down in *span*, which is one of its periods."""
        return span.length * (1 - self.target / 100)


def breaks_at(sla: Sla, spent: timedelta, now: datetime) -> datetime:
    """Return when the budget is used up if what is down at *now* stays so.

    *spent* is the downtime of the period so far. What would be used up after the period's end is not: the
    next one has a budget of its own.
    """
    span = sla.period.around(now)
    used_up = now + max(sla.budget(span) - spent, timedelta())
    if used_up < span.end:
        return used_up
    return span.end + sla.budget(sla.period.around(span.end))
