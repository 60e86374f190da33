"""Maintenance windows, told and made up, around the birth of a monitor."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st
from lives import BIRTH, DAY, HOUR, MINUTE, a_spec

from chalicelib.core.maintenance import Window, excluded
from chalicelib.core.spans import Span

YEAR = 365 * DAY
MICROSECOND = timedelta(microseconds=1)
BACKUP = a_spec(tags="prod db")  # m-1 of p-1


def at(hour):
    """Return the moment *hour* hours after the birth, which was on a Friday at 20:00 UTC."""
    return BIRTH + hour * HOUR


def hours(first, last):
    """Return the time from one hour after the birth to another."""
    return Span(at(first), at(last))


def a_window(first=0, last=2, **more):
    """Return Alice's window from one hour after the birth to another."""
    return Window("w-1", "p-1", "Moving house", at(first), at(last), BIRTH - DAY, **more)


def united(spans):
    """Return the same time as *spans*, in order and in as few parts as possible."""
    parts = []
    for span in sorted(spans, key=lambda span: span.start):
        if parts and span.start <= parts[-1].end:
            parts[-1] = Span(parts[-1].start, max(parts[-1].end, span.end))
        else:
            parts.append(span)
    return parts


def maintained(windows, span):
    """Return when the backup was maintained in *span*."""
    return united(excluded(windows, BACKUP, span))


zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
rules = st.sampled_from(
    ["", "FREQ=DAILY", "FREQ=DAILY;INTERVAL=3;COUNT=20", "FREQ=WEEKLY;BYDAY=SA,SU", "FREQ=WEEKLY;INTERVAL=2"]
)
minutes = st.integers(-30 * 1440, 30 * 1440).map(lambda minute: BIRTH + minute * MINUTE)
lengths = st.integers(1, 3 * 1440).map(lambda minute: minute * MINUTE)
windows = st.builds(
    lambda starts, length, rrule, zone: replace(
        a_window(), starts=starts, ends=starts + length, rrule=rrule, timezone=zone
    ),
    *(minutes, lengths, rules, zones),
)
some_windows = st.lists(windows, max_size=4)
spans = st.builds(lambda start, length: Span(start, start + length), minutes, lengths)
