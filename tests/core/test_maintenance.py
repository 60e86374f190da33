from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lives import BIRTH, DAY, HOUR, a_spec
from windows import (
    BACKUP,
    MICROSECOND,
    YEAR,
    a_window,
    at,
    hours,
    lengths,
    maintained,
    minutes,
    some_windows,
    spans,
    united,
    zones,
)

from chalicelib.core.errors import Invalid
from chalicelib.core.maintenance import check, cover_end, end, excluded, is_covered, next_start, occurrences
from chalicelib.core.spans import Span
from chalicelib.core.status import Status
from chalicelib.core.steps import Cause, Flip
from chalicelib.core.uptime import tally

# --- what a window may be -----------------------------------------------------------------------------------


def test_windows_of_all_kinds_may_be():
    """Once or again and again, for some monitors or for all: what keeps to the limits is taken (R58)."""
    check(a_window())
    check(a_window(last=90 * 24, monitors=("m",) * 100, tags=("prod",) * 20))
    check(a_window(rrule="FREQ=WEEKLY;BYDAY=SU", timezone="Europe/Berlin"))
    check(a_window(last=25, rrule="FREQ=DAILY"))  # the next begins before this one is over: harmless


@pytest.mark.parametrize(
    ("window", "field", "reason"),
    [
        (a_window(2, 2), "endsAt", "must be after startsAt"),
        (a_window(2, 1), "endsAt", "must be after startsAt"),
        (a_window(0, 90 * 24 + 1), "endsAt", "must be at most 90 days after startsAt"),
        (a_window(-400_000, -399_999), "startsAt", "must be from 2000 to 2099"),
        (a_window(monitors=("m",) * 101), "checkIds", "must not be more than 100"),
        (a_window(tags=("t",) * 21), "tags", "must not be more than 20"),
        (a_window(timezone="Europe/Atlantis"), "timezone", "is not a valid timezone"),
        (a_window(rrule="FREQ=DAILY;BYDAY=" + ",".join(["MO"] * 100)), "rrule", "must not be longer"),
        (a_window(rrule="FREQ=SECONDLY"), "rrule", "is not a rule that we follow: FREQ must be one of"),
        (a_window(rrule="FREQ=DAILY;UNTIL=20260101"), "rrule", "is over before startsAt"),
        (a_window(rrule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), "rrule", "never happens"),
    ],
)
def test_what_may_not_be_is_refused_by_name(window, field, reason):
    """A window that breaks a rule is refused, with the name of the field and what is wrong (R58)."""
    with pytest.raises(Invalid) as refusal:
        check(window)

    assert refusal.value.field == field
    assert refusal.value.reason.startswith(reason)


@pytest.mark.parametrize(
    ("window", "covers"),
    [
        (a_window(), True),
        (replace(a_window(), project_id="p-2"), False),
        (a_window(monitors=("m-2", "m-1")), True),
        (a_window(monitors=("m-2",)), False),
        (a_window(tags=("web", "db")), True),
        (a_window(tags=("web",)), False),
        (a_window(tags=("d",)), False),
        (a_window(monitors=("m-2",), tags=("prod",)), True),
    ],
)
def test_a_window_covers_by_id_by_tag_or_the_whole_project(window, covers):
    """A monitor is covered by its id or any of its tags, and by a window that names neither (R59)."""
    assert is_covered(window, BACKUP) is covers


# --- when it happens ----------------------------------------------------------------------------------------


def test_a_single_window_happens_once():
    """It is found by any time that overlaps it, whole, and by none that only touches it."""
    window = a_window(0, 2)

    assert occurrences(window, hours(1, 9)) == occurrences(window, hours(-9, 0.5)) == [hours(0, 2)]
    assert occurrences(window, hours(2, 9)) == occurrences(window, hours(-9, 0)) == []
    assert occurrences(window, hours(1, 1)) == []


def test_a_window_covers_nothing_outside_its_life():
    """What lies before *since*, or after *until*, is not covered."""
    window = a_window(0, 2, rrule="FREQ=DAILY", since=at(25), until=at(49))

    assert occurrences(window, hours(-99, 99)) == [hours(25, 26), hours(48, 49)]


def test_a_weekly_window_keeps_its_wall_time():
    """Sunday at 02:30 in Berlin stays that, an hour later where the clocks skip it, and lasts two hours."""
    berlin = ZoneInfo("Europe/Berlin")
    window = a_window(29.5 - 7 * 24, 31.5 - 7 * 24, rrule="FREQ=WEEKLY", timezone="Europe/Berlin")

    local = [
        f"{span.start.astimezone(berlin):%m-%d %H:%M} to {span.end.astimezone(berlin):%H:%M}"
        for span in occurrences(window, Span(BIRTH - 7 * DAY, BIRTH + YEAR))
    ]

    assert local[:3] == ["03-22 02:30 to 04:30", "03-29 03:30 to 05:30", "04-05 02:30 to 04:30"]
    assert local[30:33] == ["10-18 02:30 to 04:30", "10-25 02:30 to 03:30", "11-01 02:30 to 04:30"]


def test_what_began_long_ago_and_goes_on_is_found():
    """A rule of many years ago is followed to any day of today (R56)."""
    window = replace(a_window(), starts=datetime(2001, 1, 1, 3, tzinfo=UTC), rrule="FREQ=DAILY")
    window = replace(window, ends=window.starts + HOUR)

    assert occurrences(window, hours(0, 24)) == [hours(7, 8)]
    assert next_start(window, at(7.5)) == at(7)
    assert next_start(window, at(8)) == at(31)


def test_what_is_over_starts_no_more():
    """The running occurrence counts, then the next; after the last, or an early end, comes none (R56)."""
    once, twice = a_window(), a_window(rrule="FREQ=DAILY;COUNT=2")

    assert [next_start(once, at(hour)) for hour in (-9999, 1, 2)] == [at(0), at(0), None]
    assert [next_start(twice, at(hour)) for hour in (1, 2, 26)] == [at(0), at(24), None]
    assert next_start(replace(twice, until=at(9)), at(2)) is None


@settings(deadline=None, max_examples=50)
@given(minutes, lengths, zones, st.sampled_from([1, 2, 7, 14]))
def test_day_by_day_it_is_the_same(first, length, zone, every):
    """Daily and weekly windows happen when somebody finds them who looks at every day of half a year."""
    clocks = ZoneInfo(zone)
    rule = f"FREQ=DAILY;INTERVAL={every}" if every < 7 else f"FREQ=WEEKLY;INTERVAL={every // 7}"
    window = replace(a_window(), starts=first, ends=first + length, rrule=rule, timezone=zone)
    span = Span(first + 20 * DAY, first + 180 * DAY)

    local = first.astimezone(clocks)
    # Adding days to a local time keeps the wall time.
    found = [(local + day * DAY).replace(fold=0).astimezone(UTC) for day in range(every, 200, every)]

    expected = [
        Span(start, start + length) for start in found if start < span.end and start + length > span.start
    ]
    assert occurrences(window, span) == expected


# --- what it does -------------------------------------------------------------------------------------------


def test_what_fails_in_maintenance_was_not_down():
    """A monitor that is down only inside a window, also one that is over and deleted, was up (R59, R155)."""
    flips = [
        Flip("m-1", at(hour), old, new, Cause.PROBES_FAILED, BIRTH)
        for hour, old, new in [(30, Status.DOWN, Status.UP), (29, Status.UP, Status.DOWN)]
    ]
    window = end(a_window(29, 31), at(30.5))
    day = hours(24, 48)

    measured = tally(flips, Status.UP, day, excluded([window], BACKUP, day))

    assert (measured.percent, measured.excluded) == (100.0, 1.5 * HOUR)


def test_maintenance_is_over_when_nothing_covers_any_more():
    """Windows that overlap or touch are one maintenance; those of others do not count (R59)."""
    chain = [a_window(2, 3), a_window(0, 2), a_window(1, 1.5), a_window(2.5, 4), a_window(5, 6)]

    assert cover_end(chain, BACKUP, at(0)) == cover_end(chain, BACKUP, at(3.9)) == at(4)
    assert cover_end(chain, BACKUP, at(4)) is cover_end(chain, BACKUP, at(-1)) is None
    assert cover_end(chain, a_spec(), at(5)) == at(6)
    assert cover_end([a_window(tags=("web",))], BACKUP, at(1)) is None


def test_maintenance_without_an_end_is_told_to_last_long():
    """Of days that follow each other for ever, an end more than a year ahead is told (R59)."""
    told = cover_end([a_window(0, 24, rrule="FREQ=DAILY")], BACKUP, at(1))

    assert at(1) + YEAR <= told <= at(1) + YEAR + 2 * DAY


@settings(deadline=None, max_examples=80)
@given(some_windows, spans)
def test_the_end_of_maintenance_is_where_its_time_ends(found, span):
    """Up to the end that is told all is covered, and there nothing is (R59)."""
    told = cover_end(found, BACKUP, span.start)
    moment = Span(span.start, span.start + MICROSECOND)

    if told is None:
        assert maintained(found, moment) == []
    elif told < span.start + YEAR:
        covered = Span(span.start, told)
        assert maintained(found, Span(span.start, told + MICROSECOND)) == [covered]


@settings(deadline=None, max_examples=50)
@given(some_windows, spans)
def test_what_is_excluded_lies_in_the_time_asked_for(found, span):
    """Each part begins, and ends, inside it, and they are what is left of the occurrences (R59)."""
    parts = excluded(found, BACKUP, span)
    longer = Span(span.start - DAY, span.end + DAY)

    assert all(span.start <= part.start < part.end <= span.end for part in parts)
    cut = [part.within(span) for part in excluded(found, BACKUP, longer)]
    assert united(parts) == united(part for part in cut if part.length)
