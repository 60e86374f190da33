from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import count
from random import Random
from subprocess import run
from sys import executable, getswitchinterval, setprofile, setswitchinterval

import pytest
from debian_cron import EPOCH, Clocks, Job, a_line, a_start, minute_loop, minutes, next_runs
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.errors import Invalid
from chalicelib.core.schedules import Cron, Every, OnCalendar, parse_schedule, parse_zone

REFUSAL = "is not a valid cron or OnCalendar expression"
YEAR = timedelta(days=365)
MOMENTS = st.timedeltas(30 * YEAR, 130 * YEAR).map(EPOCH.__add__)
PLACES = {
    "America/New_York": (2019, 2032),
    "Europe/Riga": (2019, 2032),
    "Australia/Lord_Howe": (2019, 2032),
    "America/Sao_Paulo": (2018, 2019),
    "Asia/Kathmandu": (2019, 2032),
}

clocks_of = cache(Clocks)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def dice(seed):
    return Random(seed)  # noqa: S311 - dice that fall alike every time, not secrets


def due(schedule, after, wanted=1):
    """Return the next *wanted* instants, written in UTC to the minute."""
    moments = [utc(after)]
    for _ in range(wanted):
        moments.append(schedule.next_after(moments[-1]))
    return [f"{moment:%Y-%m-%d %H:%M}" for moment in moments[1:]]


# --- what a text means --------------------------------------------------------------------------------------


def test_a_period_is_counted_from_the_last_signal():
    """A simple check is due one period after its last signal, and knows no zone (R299)."""
    assert Every(timedelta(hours=36)).next_after(utc("2026-03-28 20:00")) == utc("2026-03-30 08:00")


@pytest.mark.parametrize("text", ["0,30 * * * *", "  15 5\t* * *  ", "15 5 * * *\n", "@hourly", "@Daily"])
def test_one_line_of_five_words_and_nicknames_are_cron(text):
    """A single line of five words is cron, and so are cron's nicknames (R294)."""
    assert parse_schedule(text, "UTC") == Cron(text, "UTC")


@pytest.mark.parametrize(
    "text", ["*-*~1 12:00", "daily", "Mon..Fri *-*-* 09:00", "Mon 9:00\nTue 9:00\ndaily"]
)
def test_anything_else_is_a_calendar(text):
    """What is not cron is OnCalendar (R295)."""
    assert parse_schedule(text, "UTC") == OnCalendar(text, "UTC")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0,30 * * * *", ["2026-01-15 10:30", "2026-01-15 11:00"]),
        ("@hourly", ["2026-01-15 11:00", "2026-01-15 12:00"]),
        ("@daily", ["2026-01-16 00:00", "2026-01-17 00:00"]),
        ("@midnight", ["2026-01-16 00:00", "2026-01-17 00:00"]),
        ("@weekly", ["2026-01-18 00:00", "2026-01-25 00:00"]),
        ("@monthly", ["2026-02-01 00:00", "2026-03-01 00:00"]),
        ("@yearly", ["2027-01-01 00:00", "2028-01-01 00:00"]),
        ("@annually", ["2027-01-01 00:00", "2028-01-01 00:00"]),
        ("5/15 * * * *", ["2026-01-15 10:20", "2026-01-15 10:35"]),
        ("59/15 * * * *", ["2026-01-15 10:59", "2026-01-15 11:59"]),
        ("5-5 * * * *", ["2026-01-15 11:05", "2026-01-15 12:05"]),
        ("5-5/7 * * * *", ["2026-01-15 11:05", "2026-01-15 12:05"]),
        ("*/70 * * * *", ["2026-01-15 11:00", "2026-01-15 12:00"]),
        ("0 0 * * sat-7", ["2026-01-17 00:00", "2026-01-18 00:00"]),
        ("0 0 * * 5/2", ["2026-01-16 00:00", "2026-01-18 00:00"]),
        ("0 0 * jUL,Dec *", ["2026-07-01 00:00", "2026-07-02 00:00"]),
        ("0 0 13 * FRI", ["2026-01-16 00:00", "2026-01-23 00:00"]),
        ("0 0 */13 * FRI", ["2026-02-27 00:00", "2026-03-27 00:00"]),
        ("0 0 13 * */5", ["2026-02-13 00:00", "2026-03-13 00:00"]),
        ("0 0 29 2 *", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("0 0 31 2 MON", ["2026-02-02 00:00", "2026-02-09 00:00"]),
        ("0 0 L * *", ["2026-01-31 00:00", "2026-02-28 00:00"]),
        ("0 0 1,l * *", ["2026-01-31 00:00", "2026-02-01 00:00"]),
        ("0 0 LW * *", ["2026-01-30 00:00", "2026-02-27 00:00"]),
        ("0 0 20,LW * *", ["2026-01-20 00:00", "2026-01-30 00:00"]),
        ("0 0 * * 5L", ["2026-01-30 00:00", "2026-02-27 00:00"]),
        ("0 0 * * 7L", ["2026-01-25 00:00", "2026-02-22 00:00"]),
        ("0 0 * * mon#1", ["2026-02-02 00:00", "2026-03-02 00:00"]),
        ("0 0 * * 1#5", ["2026-03-30 00:00", "2026-06-29 00:00"]),
        ("0 0 * * 1#1,5L,3", ["2026-01-21 00:00", "2026-01-28 00:00"]),
        ("0 0 20 * 1#1", ["2026-01-20 00:00", "2026-02-02 00:00"]),
        ("0 0 L * 0#3", ["2026-01-18 00:00", "2026-01-31 00:00"]),
        ("0 0 29 2 */8", ["2032-02-29 00:00", "2060-02-29 00:00"]),
    ],
)
def test_cron_speaks_debians_grammar_and_healthchecks_additions(text, expected):
    """Lists, ranges, steps and names are Debian's; 5/15, L, LW, 5L and 1#1 are Healthchecks' (R294)."""
    assert due(parse_schedule(text, "UTC"), "2026-01-15 10:07", 2) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*-*~1 12:00", ["2026-01-31 12:00", "2026-02-28 12:00", "2026-03-31 12:00"]),
        ("Mon..Fri *-*-* 09:00", ["2026-01-16 09:00", "2026-01-19 09:00", "2026-01-20 09:00"]),
        ("*:0/15", ["2026-01-15 10:15", "2026-01-15 10:30", "2026-01-15 10:45"]),
        ("quarterly", ["2026-04-01 00:00", "2026-07-01 00:00", "2026-10-01 00:00"]),
        ("Sat 12:00\n Sun 13:00 \nSat 12:00", ["2026-01-17 12:00", "2026-01-18 13:00", "2026-01-24 12:00"]),
        (
            "12:00 Asia/Tokyo\r\n12:00 Europe/Kiev",
            ["2026-01-16 03:00", "2026-01-16 10:00", "2026-01-17 03:00"],
        ),
        ("*-*-1\n weekly \r\n", ["2026-01-19 00:00", "2026-01-26 00:00", "2026-02-01 00:00"]),
        ("2026-01-15 11:00\ndaily", ["2026-01-15 11:00", "2026-01-16 00:00", "2026-01-17 00:00"]),
    ],
)
def test_calendars_are_systemds_and_the_earliest_line_wins(text, expected):
    """Month ends, weekdays, several lines and a line's own zone are understood (R295)."""
    assert due(parse_schedule(text, "UTC"), "2026-01-15 10:07", 3) == expected


@pytest.mark.parametrize(
    "text", ["2026-01-15 10:00", "2020-*-* 12:00\n2021-01-01", "*-2-31", "2021/4-2-29", "2020-2-29,30"]
)
def test_a_calendar_that_is_over_is_due_no_more(text):
    """After the last time of a calendar comes None (R295)."""
    assert parse_schedule(text, "Europe/Riga").next_after(utc("2026-01-15 10:00")) is None


def test_the_last_time_of_a_calendar_is_met_to_the_second():
    """A finite calendar is due until its last second and not at it (R295)."""
    schedule = parse_schedule("2026-01-15 10:00:30", "UTC")
    last = utc("2026-01-15 10:00:30")
    assert schedule.next_after(last - timedelta(microseconds=1)) == last
    assert schedule.next_after(last) is None


# --- what is refused ----------------------------------------------------------------------------------------

REFUSED = """
no words            | bad | daily weekly | Foo 12:00 | é
not five fields     | * | * * * * | 0 0 * * * * | */10 * * * * * | 0 0 1 1 * 2030 *
other nicknames     | @reboot | @every 5m | @
other dialects      | ? * * * * | 0 0 ? * * | 0 0 * * ? | R * * * * | H * * * * | H/5 * * * * | ~ * * * *
other last days     | 0 0 W * * | 0 0 15W * * | 0 0 WL * * | 0 0 L-3 * * | 0 0 * * L | 0 0 * * L5
ranges that wrap    | 5-1 * * * * | 5-1,7 * * * * | 0 22-2 * * * | 0 0 * NOV-FEB * | 0 0 * * FRI-MON
steps of nothing    | */0 * * * * | 5/0 * * * * | 1-5/0 * * * * | */ * * * * | /5 * * * * | * * * * 1/2/3
out of range        | 60 * * * * | * 24 * * * | 0 0 0 * * | 0 0 32 * * | 0 0 * 0 * | 0 0 * 13 * | 0 0 * * 8
no such weekday     | 0 0 * * 8L | 0 0 * * 1#0 | 0 0 * * 1#6 | 0 0 * * #1 | 0 0 * * 1# | 0 0 * * 1#2#3
nth of many         | 0 0 * * 1-5#1 | 0 0 * * *#1 | 0 0 * * 1-5L
no numbers          | -5 * * * * | *-5 * * * * | 5- * * * * | 1-2-3 * * * * | +1 * * * * | 1_0 * * * *
other digits        | ٣ * * * * | ² * * * *
no names            | a * * * * | L * * * * | 0 0 * monday * | 0 jan * * * | 0 0 * * jan
empty terms         | 1, * * * * | ,1 * * * * | 1,,2 * * * *
never on these days | 0 0 31 2 * | 0 0 30 feb * | 0 0 31 4-4 * | 0 0 LW * */6 | 0 0 */15 * mon#2
no calendars        | 25:00 | *-*-32 | *-13-1 | 12:00:00:00 | *-*~29 | Sun..Mon 12:00 | *-*-* 12:*/0
no zones            | 12:00 Nowhere/Land | 12:00 ../etc/passwd | 12:00 America | 12:00 __pycache__ | 12:00 \0
"""
CASES = [cell.strip() for row in REFUSED.strip().splitlines() for cell in row.split("|")[1:]]


@pytest.mark.parametrize(
    "text", [*CASES, "", " ", "\0", "\ud800", "daily\n\nweekly", "daily\nbad", "0 * * * *\nhourly"]
)
def test_what_is_no_schedule_is_refused(text):
    """Other dialects of cron, empty ranges and dates that never come are refused by name (R28, R296)."""
    with pytest.raises(Invalid) as refused:
        parse_schedule(text, "UTC")
    assert (refused.value.field, refused.value.reason) == ("schedule", REFUSAL)


def test_a_job_that_the_clocks_of_its_zone_always_skip_is_refused():
    """A job that runs only inside New York's spring gap is refused there and fine in UTC (R296)."""
    text = "*/5 2 8-14 3 */7"
    assert due(parse_schedule(text, "UTC"), "2026-01-01 00:00") == ["2026-03-08 02:00"]
    with pytest.raises(Invalid, match=REFUSAL):
        parse_schedule(text, "America/New_York")


def test_long_texts_are_refused():
    """A schedule has a hundred characters at most, and cron reads no more than 128 (R294)."""
    hundred = "* * * * *".ljust(100)
    assert parse_schedule(hundred, "UTC") == Cron(hundred, "UTC")
    with pytest.raises(Invalid, match="schedule is too long"):
        parse_schedule(hundred + " ", "UTC")
    with pytest.raises(ValueError, match="too long"):
        Cron("* * * * *".ljust(129)).next_after(EPOCH)


# --- zones --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["UTC", "GMT", "EST", "Europe/Riga", "Europe/Oslo", "Etc/GMT+5", "America/Indiana/Knox"]
)
def test_zone_names_of_today_are_taken_as_they_are(name):
    """IANA names stay, also those that tzdata has merged with a neighbour's (R298)."""
    assert parse_zone(name) == name


@pytest.mark.parametrize(
    ("name", "modern"),
    [
        ("Europe/Kiev", "Europe/Kyiv"),
        ("US/Eastern", "America/New_York"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("GB", "Europe/London"),
        ("Zulu", "Etc/UTC"),
    ],
)
def test_zone_names_of_the_past_become_modern_ones(name, modern):
    """A legacy name is replaced by today's (R298)."""
    assert parse_zone(name) == modern


@pytest.mark.parametrize(
    "name", ["", "europe/riga", "Europe/Riga ", "Europe", "Mars/Base", "EST5", "localtime"]
)
def test_other_words_are_no_zones(name):
    """Names are compared to the letter; places, folders and unknown words are refused (R298)."""
    with pytest.raises(Invalid, match="tz is not a valid timezone"):
        parse_zone(name)


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "\0", "Europe/\0", "\ud800", "zone.tab", "__init__.py", "x" * 999]
)
def test_odd_names_are_no_zones(name):
    """Paths, zero bytes and the files beside the zones are refused like any other word (R298)."""
    with pytest.raises(Invalid, match="tz is not a valid timezone"):
        parse_zone(name)


def test_every_name_of_tzdata_leads_to_a_name_that_stays():
    """A modern name is its own modern name, whatever tzdata is installed (R298)."""
    for name in files("tzdata").joinpath("zones").read_text().split():
        assert parse_zone(parse_zone(name)) == parse_zone(name)


def test_the_schedule_is_judged_before_the_zone():
    """Where both are bad the schedule is named; a good one carries the modern zone (R296, R298)."""
    with pytest.raises(Invalid, match="schedule is not"):
        parse_schedule("bad", "Mars/Base")
    with pytest.raises(Invalid, match="tz is not"):
        parse_schedule("15 5 * * *", "Mars/Base")
    assert parse_schedule("15 5 * * *", "Europe/Kiev") == Cron("15 5 * * *", "Europe/Kyiv")


# --- changes of the clocks ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "zone", "after", "expected"),
    [
        # Riga, 29 March 2026: 03:00 becomes 04:00 at 01:00 UTC.
        ("15 5 * * *", "Europe/Riga", "2026-03-28 03:15", ["2026-03-29 02:15", "2026-03-30 02:15"]),
        ("30 3 * * *", "Europe/Riga", "2026-03-28 12:00", ["2026-03-29 01:00", "2026-03-30 00:30"]),
        ("0,30 3 * * *", "Europe/Riga", "2026-03-28 12:00", ["2026-03-29 01:00", "2026-03-30 00:00"]),
        ("*/30 3 * * *", "Europe/Riga", "2026-03-28 12:00", ["2026-03-30 00:00", "2026-03-30 00:30"]),
        ("30 * * * *", "Europe/Riga", "2026-03-29 00:00", ["2026-03-29 00:30", "2026-03-29 01:30"]),
        # Riga, 25 October 2026: 04:00 becomes 03:00 at 01:00 UTC.
        ("30 3 * * *", "Europe/Riga", "2026-10-24 12:00", ["2026-10-25 00:30", "2026-10-26 01:30"]),
        ("30 3 * * *", "Europe/Riga", "2026-10-25 01:10", ["2026-10-26 01:30"]),
        ("30 3 * * *", "Europe/Riga", "2026-10-25 01:00", ["2026-10-26 01:30"]),
        ("0 4 * * *", "Europe/Riga", "2026-10-25 01:10:15", ["2026-10-25 02:00"]),
        ("30 3,4 * * *", "Europe/Riga", "2026-10-25 00:30", ["2026-10-25 02:30", "2026-10-26 01:30"]),
        ("30 * * * *", "Europe/Riga", "2026-10-25 00:00", ["2026-10-25 00:30", "2026-10-25 01:30"]),
        ("0 * * * *", "Europe/Riga", "2026-10-25 00:30", ["2026-10-25 01:00", "2026-10-25 02:00"]),
        ("*/30 3 * * *", "Europe/Riga", "2026-10-25 00:30", ["2026-10-25 01:00", "2026-10-25 01:30"]),
        ("*/45 3 * * *", "Europe/Riga", "2026-10-25 00:50", ["2026-10-25 01:00", "2026-10-25 01:45"]),
        # Lord Howe changes by half an hour: 02:00 becomes 02:30 in spring and 01:30 in autumn.
        ("* 13 * * *", "Australia/Lord_Howe", "2026-10-03 15:00", ["2026-10-04 02:00", "2026-10-04 02:01"]),
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00", ["2026-10-03 15:30", "2026-10-04 15:15"]),
        ("45 1 * * *", "Australia/Lord_Howe", "2026-04-04 12:00", ["2026-04-04 14:45", "2026-04-05 15:15"]),
        # Sao Paulo skipped the hour after midnight.
        ("*/20 0 * * *", "America/Sao_Paulo", "2018-11-04 00:00", ["2018-11-05 02:00", "2018-11-05 02:20"]),
        ("20 0 * * *", "America/Sao_Paulo", "2018-11-04 00:00", ["2018-11-04 03:00", "2018-11-05 02:20"]),
        # OnCalendar leaves a gap out and takes the first pass of a repetition.
        ("*-*-* 03:30", "Europe/Riga", "2026-03-28 12:00", ["2026-03-30 00:30"]),
        ("*:0/30", "Europe/Riga", "2026-10-25 00:15", ["2026-10-25 00:30", "2026-10-25 02:00"]),
        ("*:0/15", "Europe/Riga", "2026-10-25 01:20", ["2026-10-25 02:00"]),
        ("03:30 America/New_York", "Europe/Riga", "2026-01-01 00:00", ["2026-01-01 08:30"]),
    ],
)
def test_clock_changes_are_met_as_the_daemons_meet_them(text, zone, after, expected):
    """Fixed jobs run once, after a gap and in the first pass; wildcards follow the clocks (R298)."""
    assert due(parse_schedule(text, zone), after, len(expected)) == expected


def crontab_lines(chance, wanted):
    """Yield *wanted* lines that run at all; those that never do must be the ones that are refused."""
    while wanted:
        line = a_line(chance)
        try:
            parse_schedule(line, "UTC")
        except Invalid:
            assert not any(map(Job(line).runs_on, range(41 * 366))), line
        else:
            wanted -= 1
            yield line


def test_twenty_thousand_cron_jobs_run_when_debian_runs_them():
    """The next five runs of random jobs near clock changes in five zones are Debian's (R294, R298)."""
    chance = dice(20261122)
    for line in crontab_lines(chance, 4000):
        job = Job(line)
        for zone, years in PLACES.items():
            start = a_start(chance, clocks_of(zone), years)
            ours = [start]
            for _ in range(5):
                ours.append(Cron(line, zone).next_after(ours[-1]))
            debians = next_runs(job, clocks_of(zone), minutes(start), 5)
            assert [minutes(moment) for moment in ours[1:]] == debians, (line, zone, start)


def test_the_oracle_is_the_loop_of_cron_c():
    """The list of wall times that the oracle goes by gives the runs of Debian's own loop (R294, R298)."""
    chance = dice(7)
    for line in crontab_lines(chance, 40):
        for zone, years in PLACES.items():
            start = minutes(a_start(chance, clocks_of(zone), years))
            loop = minute_loop(Job(line), clocks_of(zone), start - 240, start + 2000)
            looped = [instant for instant in loop if instant > start]
            listed = next_runs(Job(line), clocks_of(zone), start, len(looped) + 1)
            assert looped == listed[:-1], (line, zone, start)
            assert listed[-1] > start + 2000, (line, zone, start)


# --- properties ---------------------------------------------------------------------------------------------

CRON_WORDS = [
    "*",
    "*/5",
    "5/15",
    "5-9",
    "L",
    "LW",
    "5L",
    "MON#1",
    "1-1/3",
    "31",
    "2",
    "0",
    "60",
    "?",
    "R",
    "W",
]
CALENDAR_WORDS = [
    "Mon..Fri",
    "*-*-*",
    "12:00",
    "*:*:0/7",
    "~1",
    "*-*~1",
    "daily",
    "Europe/Riga",
    "\n",
    "@daily",
]
WORDS = st.sampled_from(CRON_WORDS + CALENDAR_WORDS)
TEXTS = (
    st.text(max_size=100)
    | st.text("0123456789*/,-#LWRH? \n:~.@MONFRIdaily", max_size=100)
    | st.lists(WORDS, max_size=9).map(" ".join)
    | st.lists(WORDS, min_size=5, max_size=5).map(" ".join)
)
CALENDARS = ["*:0/20", "Mon..Fri *-*-* 03:30", "*-*~1 12:00", "daily\n02:30 Europe/Riga", "*-3,10-* 02:*"]


@given(text=TEXTS, zone=st.sampled_from(list(PLACES)), moment=MOMENTS)
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_schedule_of_the_future_or_refused(text, zone, moment):
    """Whatever is sent as a schedule is refused as Invalid, or is next due after now (R296)."""
    try:
        schedule = parse_schedule(text, zone)
    except Invalid:
        return
    following = schedule.next_after(moment)
    assert following is None or (following > moment and following.tzinfo is UTC)


@given(text=TEXTS)
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_zone_or_refused(text):
    """Whatever is sent as a zone is refused as Invalid, or is a zone that cron can use (R298)."""
    try:
        zone = parse_zone(text)
    except Invalid:
        return
    assert Cron("0 0 * * *", zone).next_after(EPOCH)


@given(
    text=st.integers(0, 10**9).map(dice).map(a_line) | st.sampled_from(CALENDARS),
    zone=st.sampled_from(list(PLACES)),
    moment=MOMENTS,
    wait=st.timedeltas(timedelta(), timedelta(hours=50)),
)
@settings(max_examples=200, deadline=None)
def test_a_later_look_never_finds_an_earlier_run(text, zone, moment, wait):
    """The next run of a later moment is the same or a later one, and each run has another after it (R298)."""
    try:
        schedule = parse_schedule(text, zone)
    except Invalid:
        return
    sooner = schedule.next_after(moment)
    assert sooner <= schedule.next_after(moment + wait)
    assert sooner < schedule.next_after(sooner)
    assert schedule.next_after(sooner - timedelta(microseconds=1)) == sooner


# --- cost ---------------------------------------------------------------------------------------------------


HOPELESS = ["Sun *-3-8..14 2:*:*\n" * 5, "*-2-31 *:*:*\n" * 7, "1971/2-2-29\n" * 8, "1972,1973/2-2-29\n" * 5]
HOPELESS += ["0 0 30 2 *", "0 0 LW * */6,6#2", "*/5 2 8-14 3 */7"]


@pytest.mark.parametrize("text", HOPELESS)
def test_hopeless_schedules_are_given_up_soon(text):
    """What never happens, or only where the clocks skip it, costs a bounded number of calls (R296)."""
    calls = count()
    setprofile(lambda *_: next(calls))
    try:
        parse_schedule(text, "America/New_York")
    except Invalid:
        pass
    finally:
        setprofile(None)
    assert next(calls) < 400_000


def test_threads_that_share_an_expression_do_not_disturb_each_other():
    """What is remembered of an expression is never changed, however many threads look at it (R294)."""
    job = Cron("7 0 * * MON")
    usual = getswitchinterval()
    setswitchinterval(1e-6)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(job.next_after, (EPOCH + timedelta(days=day) for day in range(2000))))
    setswitchinterval(usual)
    mondays = (day + (4 - day) % 7 for day in range(2000))  # 1 January 1970 was a Thursday
    assert found == [EPOCH + timedelta(days=monday, minutes=7) for monday in mondays]


def test_the_ping_road_pays_for_no_calendar():
    """Importing the module loads neither croniter nor oncalendar nor zoneinfo."""
    script = "import sys, chalicelib.core.schedules; print(*sys.modules)"
    loaded = run([executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    assert not {"croniter", "oncalendar", "zoneinfo"} & set(loaded.stdout.split())
