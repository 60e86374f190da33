"""Who hears of what, and at which hours."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.routes import Quiet, Rule, Topic, rests_until, routed
from chalicelib.core.status import Impact

NIGHT = Quiet(time(22), time(7), "Europe/Berlin")
MOMENTS = st.integers(0, 365 * 86_400).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=n))


def berlin(text):
    """Return a moment in Berlin's winter."""
    return datetime.fromisoformat(f"{text}+01:00").astimezone(UTC)


def test_rules_that_fit_say_together_who_hears():
    """Where none fits, nobody is chosen, and the monitor's own channels hear it (R119)."""
    rules = (
        Rule(("c-1",), (Topic.DOWN,)),
        Rule(("c-2",), (), (Impact.CRITICAL,)),
        Rule(("c-3",), (Topic.DOWN, Topic.UP), (Impact.MAJOR, Impact.CRITICAL)),
    )
    assert routed(rules, Topic.DOWN, Impact.CRITICAL) == {"c-1", "c-2", "c-3"}
    assert routed(rules, Topic.UP, Impact.MAJOR) == {"c-3"}
    assert routed(rules, Topic.UP, Impact.MINOR) is None
    assert routed((), Topic.DOWN, Impact.MAJOR) is None


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-01-10T21:59:59", None),
        ("2026-01-10T22:00:00", "2026-01-11T07:00:00"),
        ("2026-01-11T03:00:00", "2026-01-11T07:00:00"),
        ("2026-01-11T06:59:59", "2026-01-11T07:00:00"),
        ("2026-01-11T07:00:00", None),
    ],
)
def test_quiet_hours_go_past_midnight(now, until):
    """They begin and end to the second, by the clock of their own zone."""
    assert rests_until(NIGHT, Impact.MAJOR, berlin(now)) == (berlin(until) if until else None)


def test_what_is_bad_enough_is_told_at_any_hour():
    """From the severity on that the hours spare."""
    moment = berlin("2026-01-11T03:00:00")
    assert rests_until(NIGHT, Impact.CRITICAL, moment) is None
    assert rests_until(Quiet(time(22), time(7), "Europe/Berlin", Impact.MAJOR), Impact.MAJOR, moment) is None
    assert rests_until(None, Impact.MINOR, moment) is None


@given(MOMENTS, st.times(), st.times(), st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe"]))
def test_whoever_waits_is_told_when_the_quiet_hours_are_over(now, begins, ends, zone):
    """The end lies ahead, within a day and an hour, and is not quiet itself, whatever the clocks do."""
    quiet = Quiet(begins.replace(second=0, microsecond=0), ends.replace(second=0, microsecond=0), zone)
    until = rests_until(quiet, Impact.MAJOR, now)
    if until is None:
        return
    assert now < until <= now + timedelta(hours=25)
    if quiet.begins != quiet.ends:
        assert rests_until(quiet, Impact.MAJOR, until) is None
