from datetime import UTC, datetime, timedelta
from itertools import count, islice, takewhile
from subprocess import run
from sys import executable, setprofile
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chalicelib.core.recurrence import END, happens, starts
from chalicelib.core.rrules import parse

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)
YEAR = 365 * DAY
FOREVER = datetime.max.replace(tzinfo=UTC)
WEEK = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def told(text, first, wanted, zone=BERLIN):
    """Return the first *wanted* moments of a rule by the clocks of *zone*, where *first* is one of them."""
    first = datetime.fromisoformat(first).replace(tzinfo=zone).astimezone(UTC)
    moments = islice(starts(parse(text), first, zone, first - DAY, FOREVER), wanted)
    return [f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" for moment in moments]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("FREQ=DAILY", ["2026-01-15", "2026-01-16", "2026-01-17"]),
        ("freq=daily;interval=10", ["2026-01-15", "2026-01-25", "2026-02-04"]),
        ("RRULE:FREQ=WEEKLY", ["2026-01-15", "2026-01-22", "2026-01-29"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TH;WKST=SU", ["2026-01-15", "2026-01-25", "2026-01-29"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TH;WKST=MO", ["2026-01-15", "2026-01-18", "2026-01-29"]),
        ("FREQ=MONTHLY", ["2026-01-15", "2026-02-15", "2026-03-15"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31", ["2026-01-15", "2026-01-31", "2026-03-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", ["2026-01-15", "2026-01-31", "2026-02-28"]),
        ("FREQ=MONTHLY;BYDAY=2TU", ["2026-01-15", "2026-02-10", "2026-03-10"]),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", ["2026-01-15", "2026-02-13", "2026-03-13"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", ["2026-01-15", "2026-01-30", "2026-02-27"]),
        ("FREQ=MONTHLY;BYDAY=1SA,MO", ["2026-01-15", "2026-01-19", "2026-01-26", "2026-02-02", "2026-02-07"]),
        ("FREQ=WEEKLY;BYDAY=TH,FR;BYSETPOS=-1", ["2026-01-15", "2026-01-16", "2026-01-23"]),
        (
            "FREQ=WEEKLY;INTERVAL=50;BYDAY=MO,FR;BYSETPOS=1",
            ["2026-01-15", "2026-12-28", "2027-12-13", "2028-11-27"],
        ),
        ("FREQ=YEARLY", ["2026-01-15", "2027-01-15", "2028-01-15"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", ["2026-01-15", "2028-02-29", "2032-02-29"]),
        ("FREQ=YEARLY;BYWEEKNO=20", ["2026-01-15", "2026-05-14", "2027-05-20"]),
        ("FREQ=YEARLY;BYWEEKNO=20;WKST=SU", ["2026-01-15", "2026-05-21", "2027-05-20"]),
        ("FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3,10", ["2026-01-15", "2026-03-29", "2026-10-25"]),
    ],
)
def test_a_rule_names_days(text, days):
    """Days, weeks, months and years are counted as RFC 5545 says, from a first time that always counts."""
    assert told(text, "2026-01-15 22:00", len(days)) == [f"{day} 22:00" for day in days]


def test_a_rule_may_name_times_of_day():
    """BYHOUR and BYMINUTE take the place of the first time's own hour and minute."""
    assert told("FREQ=DAILY;BYHOUR=2,14;BYMINUTE=30", "2026-01-15 12:00", 3) == [
        "2026-01-15 12:00",
        "2026-01-15 14:30",
        "2026-01-16 02:30",
    ]


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20260117T210000Z", 17),
        ("20260117T205959Z", 16),
        ("20260117T220000", 17),
        ("20260117T215959", 16),
        ("20260117", 17),
    ],
)
def test_a_rule_ends_with_its_last_time(until, last):
    """UNTIL, in UTC, by the clocks of the zone or as a day, may itself be the last time."""
    days = told(f"FREQ=DAILY;UNTIL={until}", "2026-01-15 22:00", 9)

    assert days == [f"2026-01-{day} 22:00" for day in range(15, last + 1)]


def test_nothing_happens_after_this_century():
    """A rule without an end, or with one that is far away, is followed until 2099."""
    assert told("FREQ=YEARLY;UNTIL=29990101", "2026-01-15 22:00", 999)[-1] == "2099-01-15 22:00"


def test_a_counted_rule_counts_from_its_first_time():
    """COUNT counts the first time too, named by the rule or not, and those before what is asked for."""
    first = datetime(2016, 1, 15, 22, tzinfo=UTC)
    rule = parse("FREQ=WEEKLY;BYDAY=SU;COUNT=500")
    last = first + 2 * DAY + 498 * 7 * DAY

    assert list(starts(rule, first, UTC, last - 8 * DAY, END)) == [last - 7 * DAY, last]
    assert told("FREQ=WEEKLY;BYDAY=SU;COUNT=2", "2026-01-15 22:00", 9) == [
        "2026-01-15 22:00",
        "2026-01-18 22:00",
    ]


def test_clocks_that_change_do_not_move_the_wall_time():
    """02:30 in Berlin stays 02:30; skipped, it is an hour later by the clocks, and shown twice, the first."""
    first = datetime(2026, 3, 22, 1, 30, tzinfo=UTC)
    found = list(starts(parse("FREQ=WEEKLY"), first, BERLIN, first - DAY, first + YEAR))
    hours = {f"{moment:%m-%d}": f"{moment:%H:%M}" for moment in found}

    assert [hours[day] for day in ("03-22", "03-29", "04-05")] == ["01:30", "01:30", "00:30"]
    assert [hours[day] for day in ("10-18", "10-25", "11-01")] == ["00:30", "00:30", "01:30"]


def test_a_first_time_in_the_second_pass_stays_there():
    """What first happens when clocks show 02:30 for the second time is not moved, by no microsecond."""
    first = datetime(2026, 10, 25, 1, 30, 0, 500, tzinfo=UTC)
    found = list(starts(parse("FREQ=DAILY"), first, BERLIN, first - DAY, first + 3 * DAY))

    assert found == [first, first + DAY, first + 2 * DAY]


def test_what_the_clocks_skip_comes_in_order():
    """Where 02:30 is read as 03:30 it lies behind 03:00, which the clocks do show."""
    first = datetime(2026, 3, 28, 0, 0, tzinfo=UTC)
    rule = parse("FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,30")
    found = list(starts(rule, first, BERLIN, first + DAY, first + 1.4 * DAY))

    assert [f"{moment:%H:%M}" for moment in found] == ["01:00", "01:00", "01:30", "01:30"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "other parts"),
        ("every day", "other parts"),
        ("DTSTART=20260101;FREQ=DAILY", "other parts"),
        ("FREQ=DAILY;", "other parts"),
        ("FREQ=DAILY;BYEASTER=1", "other parts"),
        ("FREQ=DAILY\nEXDATE:20260101T000000Z", "FREQ must be"),
        ("FREQ=HOURLY", "FREQ must be"),
        ("FREQ=MINUTELY;BYDAY=MO", "FREQ must be"),
        ("INTERVAL=2", "FREQ must be"),
        ("FREQ=DAILY;FREQ=WEEKLY", "twice"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL must be"),
        ("FREQ=DAILY;COUNT=-1", "COUNT must be"),
        ("FREQ=DAILY;COUNT=\u0663", "COUNT must be"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101", "exclude"),
        ("FREQ=DAILY;UNTIL=20260230", "UNTIL must be"),
        ("FREQ=DAILY;UNTIL=2027-01-01", "UNTIL must be"),
        ("FREQ=WEEKLY;WKST=XX", "WKST must be"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY must list"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,,2", "BYMONTHDAY must list"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH must list"),
        ("FREQ=MONTHLY;BYDAY=MON", "BYDAY must list"),
        ("FREQ=MONTHLY;BYDAY=MO,0MO", "BYDAY must list"),
        ("FREQ=MONTHLY;BYDAY=-6MO", "counts to 5"),
        ("FREQ=YEARLY;BYMONTH=12;BYDAY=53MO", "counts to 5"),
        ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY has numbers"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "does not go with WEEKLY"),
        ("FREQ=MONTHLY;BYWEEKNO=20", "go with YEARLY"),
        ("FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=1,2,3,4,5", "24 times a day"),
    ],
)
def test_what_is_no_rule_is_refused_with_a_reason(text, reason):
    """What RFC 5545 does not know, and what would happen all the time, is refused in words for people."""
    with pytest.raises(ValueError, match=reason):
        parse(text)


def calls_of(act):
    """Return what *act* returns, and how many calls it took."""
    calls = count()
    setprofile(lambda *_: next(calls))
    try:
        return act(), next(calls)
    finally:
        setprofile(None)


HOPELESS = ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"]
HOPELESS += ["FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2", "FREQ=YEARLY;BYWEEKNO=20;BYMONTH=1;BYDAY=MO"]
HOPELESS += [
    "FREQ=MONTHLY;INTERVAL=12;BYMONTH=3",
    "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29;COUNT=9999",
]


@pytest.mark.parametrize("text", HOPELESS)
def test_what_never_happens_is_known_and_costs_little(text):
    """30 February and its kin happen once, the first time, and asking for them to the end costs little."""
    first, rule = datetime(2001, 1, 15, 22, tzinfo=UTC), parse(text)
    found, calls = calls_of(lambda: list(starts(rule, first, UTC, first - DAY, END)))

    assert (found, happens(rule, first, UTC)) == ([first], False)
    assert calls < 1_000_000


def test_what_happens_once_may_be():
    """A rule that names its first time, and none that anybody will see, is no mistake."""
    assert happens(parse("FREQ=YEARLY;INTERVAL=99"), datetime(2001, 1, 15, 22, tzinfo=UTC), UTC)


def test_an_old_rule_costs_no_more_than_a_young_one():
    """To follow a rule to one day of this year costs the same, whenever it began."""
    old, young = (datetime(year, 1, 15, 22, 7, tzinfo=UTC) for year in (2001, 2026))
    rule, today = parse("FREQ=DAILY"), young + 9 * DAY

    found_old, cost_of_old = calls_of(lambda: list(starts(rule, old, UTC, today, today + 2 * DAY)))
    found_young, cost_of_young = calls_of(lambda: list(starts(rule, young, UTC, today, today + 2 * DAY)))

    assert found_old == found_young == [today + DAY]
    assert cost_of_old < 2 * cost_of_young


a_day = st.sampled_from(WEEK)
a_numbered_day = st.builds("{}{}".format, st.sampled_from([1, 2, 4, 5, -1, -2]), a_day)
month_days = st.integers(1, 31) | st.integers(-31, -1)


@st.composite
def rules(draw):
    """Return a rule that dateutil understands as we do: of one kind of weekday, with whole weeks."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    counts_in_months = frequency in ("MONTHLY", "YEARLY")
    offers = {
        "INTERVAL": st.integers(1, 4).map(lambda interval: [interval]),
        "WKST": a_day.map(lambda day: [day]),
        "BYMONTH": st.lists(st.integers(1, 12), min_size=1, max_size=4),
        "BYDAY": st.lists(a_numbered_day if counts_in_months and draw(st.booleans()) else a_day, min_size=1),
        "BYHOUR": st.lists(st.integers(0, 23), min_size=1, max_size=3, unique=True),
    }
    if frequency != "WEEKLY":
        offers["BYMONTHDAY"] = st.lists(month_days, min_size=1, max_size=6)
        offers["BYSETPOS"] = st.lists(st.sampled_from([1, 2, 3, -1]), min_size=1, max_size=2)
    names = draw(st.sets(st.sampled_from(sorted(offers)), max_size=3))
    parts = [f"{name}={','.join(map(str, draw(offers[name])))}" for name in sorted(names)]
    return ";".join([f"FREQ={frequency}", *parts])


@settings(deadline=None, max_examples=80)
@given(rules(), st.integers(0, 7 * 365 * 1440), st.integers(0, 1000))
def test_year_by_year_it_is_what_dateutil_says_from_the_start(text, minute, day):
    """Whatever time is asked for, a rule happens as if dateutil had followed it from its first time on."""
    first = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    after, before = first + day * DAY, first + day * DAY + YEAR
    assume(happens(parse(text), first, UTC))

    expected = takewhile(lambda moment: moment < before, rrulestr(text, dtstart=first))

    assert list(starts(parse(text), first, UTC, after, before)) == [it for it in expected if it > after]


def test_who_has_no_window_pays_for_no_calendar():
    """Importing the module loads neither dateutil nor zoneinfo."""
    script = "import sys, chalicelib.core.maintenance; print(*sys.modules)"
    loaded = run([executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    assert not {"dateutil", "zoneinfo"} & set(loaded.stdout.split())
