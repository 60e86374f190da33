"""How much downtime a period allows, and when that is used up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.service_levels import Period, Sla, breaks_at

MOMENTS = st.integers(0, 6 * 365 * 86_400).map(
    lambda n: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=n)
)


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        (Period.DAY, (2026, 2, 28), (2026, 3, 1)),
        (Period.WEEK, (2026, 2, 23), (2026, 3, 2)),
        (Period.MONTH, (2026, 2, 1), (2026, 3, 1)),
    ],
)
def test_periods_begin_at_midnight(period, start, end):
    """Days, weeks from Monday and months, all in UTC (R123)."""
    span = period.around(datetime(2026, 2, 28, 13, 5, tzinfo=UTC))
    assert (span.start, span.end) == (datetime(*start, tzinfo=UTC), datetime(*end, tzinfo=UTC))


@given(st.sampled_from(Period), MOMENTS)
def test_every_moment_lies_in_one_period_and_they_follow_each_other(period, moment):
    """Without a gap (R123)."""
    span = period.around(moment)
    assert span.start <= moment < span.end
    assert period.around(span.end).start == span.end
    assert period.around(span.start - timedelta(microseconds=1)).end == span.start


def test_the_budget_is_what_the_target_leaves():
    """A month of 30 days at 99.9 percent allows 43 minutes and 12 seconds (R123, R129)."""
    june = Period.MONTH.around(datetime(2026, 6, 10, tzinfo=UTC))
    assert Sla(99.9).budget(june) == timedelta(minutes=43, seconds=12)


def test_it_breaks_when_the_budget_is_used_up():
    """At once where that has happened; never by the budget of a period that is over by then (R123)."""
    noon = datetime(2026, 6, 10, 12, tzinfo=UTC)
    daily = Sla(99, Period.DAY)  # 14 min 24 s a day
    budget = timedelta(minutes=14, seconds=24)
    assert breaks_at(daily, timedelta(), noon) == noon + budget
    assert breaks_at(daily, timedelta(minutes=10), noon) == noon + timedelta(minutes=4, seconds=24)
    assert breaks_at(daily, timedelta(hours=1), noon) == noon
    late, midnight = datetime(2026, 6, 10, 23, 50, tzinfo=UTC), datetime(2026, 6, 11, tzinfo=UTC)
    assert breaks_at(daily, timedelta(), late) == midnight + budget
