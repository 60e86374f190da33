from datetime import UTC, datetime, timedelta, timezone

import pytest

from chalicelib.channels import figures
from chalicelib.core.alerts import Reason
from tests.channels.stories import FIGURES, bare, story


def test_a_schedule_is_told_as_it_was_written():
    """A cron or OnCalendar expression appears with its time zone."""
    summary = {"schedule": "0 2 * * *", "tz": "Europe/Oslo", "grace": 600}
    assert figures.rhythm(summary) == "0 2 * * * (Europe/Oslo), with 10 min of grace"


def test_moments_are_in_utc():
    """A moment of another zone is told in UTC."""
    oslo = timezone(timedelta(hours=1))
    assert figures.moment(datetime(2026, 1, 1, 0, 30, tzinfo=oslo)) == "2025-12-31 23:30:00 UTC"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (datetime(2026, 12, 6, tzinfo=UTC), "2026-12-06 00:00:00 UTC"),
        ("2026-12-06T01:00:00+01:00", "2026-12-06 00:00:00 UTC"),
        ("2026-12-06", "2026-12-06"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_moment_is_told_however_it_is_kept(value, words):
    """A moment, its ISO 8601, and a day alone are told alike; what there is not is not told."""
    assert figures.moment_of(value) == words


@pytest.mark.parametrize(
    ("days", "words"),
    [(None, "soon"), (-3, "within a day"), (0, "within a day"), (1, "in 1 day"), (14, "in 14 days")],
)
def test_what_is_left_is_told_in_days(days, words):
    """The days until something ends are told in whole days."""
    assert figures.left(days) == words


def test_a_missed_service_level_is_told_in_figures():
    """What was promised, what came of it, how long it may be down and how long it was (R123, R129)."""
    missed = story(Reason.SLA_MISSED)
    assert list(figures.rows(missed)) == [
        ("Promised", "99.9 %"),
        ("Actual", "99.883 %"),
        ("From", "2026-11-01 00:00:00 UTC"),
        ("Until", "2026-12-01 00:00:00 UTC"),
        ("Down for", "50 min 22 s"),
    ]
    assert figures.overspent(missed) == (
        "It was down for 50 min 22 s in this month, where 43 min 12 s are allowed."
    )


def test_a_registration_is_told_with_its_registrar():
    """Until when, and where; the registrar is left out where nobody knows it."""
    assert figures.registered(story(Reason.EXPIRING)) == (
        "It is registered until 2026-12-06 00:00:00 UTC, at Example Registrar Inc."
    )
    unknown = story(Reason.EXPIRING, figures={**FIGURES[Reason.EXPIRING], "registrar": None})
    assert figures.registered(unknown) == "It is registered until 2026-12-06 00:00:00 UTC."


@pytest.mark.parametrize("reason", Reason)
def test_what_is_not_known_is_not_told(reason):
    """Without figures there are neither rows nor sentences about them."""
    alert = bare(reason)
    assert (figures.overspent(alert), figures.registered(alert), list(figures.rows(alert))) == ("", "", [])
