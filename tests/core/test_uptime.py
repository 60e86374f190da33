from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lives import BIRTH, DAY, HOUR, MINUTE, SECOND

from chalicelib.core.spans import Span
from chalicelib.core.status import Status
from chalicelib.core.steps import Cause, Flip
from chalicelib.core.uptime import Tally, tally, tally_each

NEW, UP, DOWN, PAUSED = Status.PENDING, Status.UP, Status.DOWN, Status.PAUSED
NONE = timedelta()
MICROSECOND = timedelta(microseconds=1)


def hours(first, last):
    """Return the time from one hour after the birth to another."""
    return Span(BIRTH + first * HOUR, BIRTH + last * HOUR)


def history(*turns):
    """Return the flips of a monitor that is new at its birth, the newest first, and what it is at last.

    *turns* are pairs of (hours since the birth, what it became).
    """
    flips, status, began = [], NEW, BIRTH
    for after, new in turns:
        at = BIRTH + after * HOUR
        flips.append(Flip("m-1", at, status, new, Cause.PROBES_FAILED, began))
        status, began = new, at
    return flips[::-1], status


def told(window, *turns, excluded=()):
    """Return how *window* divides where *turns* happened; only what storage would bring is looked at."""
    flips, present = history(*turns)
    return tally([flip for flip in flips if flip.at >= window.start], present, window, excluded)


def test_a_short_outage_in_a_day():
    """A day with one downtime of 14 min 24 s was 99.0 percent up (R153)."""
    day = told(hours(24, 48), (0, UP), (30, DOWN), (30.24, UP))

    assert day == Tally(up=DAY - 864 * SECOND, down=864 * SECOND)
    assert day.percent == 99.0


def test_nothing_but_good():
    """Without a downtime the uptime is 100: slow rounds never become one (R154)."""
    assert told(hours(24, 48), (0, UP)).percent == 100.0


def test_nothing_but_bad():
    """A day that was down from end to end is 0, which is not the same as unknown."""
    assert told(hours(24, 48), (0, DOWN)).percent == 0.0


@pytest.mark.parametrize("status", [NEW, PAUSED])
def test_where_nothing_was_measured_nothing_is_told(status):
    """A time in which the monitor was new or paused throughout has no uptime at all (R156)."""
    day = told(hours(24, 48), (0, status))

    assert (day, day.percent) == (Tally(excluded=DAY), None)


def test_a_time_of_no_length_tells_nothing():
    """An empty window, and one that ends before it begins, measure nothing (R156)."""
    assert told(hours(24, 24), (0, UP)) == told(hours(24, 23), (0, UP)) == Tally()
    assert Tally().percent is None


def test_a_monitor_counts_from_its_first_verdict():
    """What was before a monitor was known to be up is no part of its uptime, nor of its downtime (R156)."""
    assert told(hours(-23, 1), (0.5, UP)) == Tally(up=HOUR / 2, excluded=DAY - HOUR / 2)


@pytest.mark.parametrize(
    ("turns", "down"),
    [
        ([(1, UP), (20, DOWN)], 24),  # begun before, and still open
        ([(1, UP), (30, DOWN)], 18),  # begun inside
        ([(1, UP), (20, DOWN), (30, UP)], 6),  # over inside
        ([(1, UP), (20, DOWN), (60, UP)], 24),  # over after
        ([(1, UP), (30, DOWN), (60, UP)], 18),
        ([(1, UP), (20, DOWN), (24, UP)], 0),  # over as it starts
        ([(1, UP), (48, DOWN)], 0),  # begins as it ends
        ([(1, UP), (50, DOWN)], 0),
        ([(1, UP), (26, DOWN), (28, UP), (30, DOWN), (31, UP)], 3),
    ],
)
def test_only_what_lies_in_the_window_counts(turns, down):
    """An outage that began before the window, or goes on after it, counts as far as they overlap (R157)."""
    assert told(hours(24, 48), *turns) == Tally((24 - down) * HOUR, down * HOUR)


def test_a_pause_counts_neither_way():
    """Hours in which nobody watched are left out of what is divided, and of what divides (R150)."""
    day = told(hours(24, 48), (0, UP), (25, DOWN), (26, PAUSED), (36, UP))

    assert day == Tally(up=13 * HOUR, down=HOUR, excluded=10 * HOUR)
    assert day.percent == pytest.approx(100 * 13 / 14)


def test_what_is_excluded_counts_neither_way():
    """Our own outage, or maintenance, hides uptime and downtime alike (R155)."""
    day = told(hours(24, 48), (0, UP), (30, DOWN), (32, UP), excluded=[hours(31, 34)])

    assert day == Tally(up=20 * HOUR, down=HOUR, excluded=3 * HOUR)


def test_a_downtime_inside_maintenance_is_none():
    """What fails only while it is being maintained was never down (R155)."""
    assert told(hours(24, 48), (0, UP), (30, DOWN), (32, UP), excluded=[hours(29, 33)]).percent == 100.0


def test_what_is_excluded_twice_counts_once():
    """Spans that overlap, touch, repeat or contain each other exclude no more than they cover (R157)."""
    spans = [hours(30, 33), hours(26, 31), hours(33, 34), hours(31, 32), hours(31, 32), hours(40, 39)]

    assert told(hours(24, 48), (0, UP), excluded=spans) == Tally(up=16 * HOUR, excluded=8 * HOUR)


def test_what_is_excluded_elsewhere_does_not_matter():
    """Of a span that reaches out of the window only the part inside counts."""
    spans = [hours(0, 25), hours(47, 60), hours(100, 200)]

    assert told(hours(24, 48), (0, UP), excluded=spans) == Tally(up=22 * HOUR, excluded=2 * HOUR)


def test_a_flip_that_the_status_does_not_know_of_is_believed():
    """Between reading a monitor and reading its flips it may have turned: the flips are newer."""
    flips, _ = history((0, UP), (30, DOWN))

    assert tally(flips, UP, hours(24, 48)) == tally(flips, DOWN, hours(24, 48)) == Tally(6 * HOUR, 18 * HOUR)


moments = st.integers(0, 30 * 86_400 * 10**6).map(lambda n: BIRTH + n * MICROSECOND)
windows = st.tuples(moments, moments).map(lambda pair: Span(*sorted(pair)))
turning = st.lists(
    st.tuples(st.integers(0, 720 * 60), st.sampled_from([NEW, UP, DOWN, PAUSED])),
    unique_by=lambda turn: turn[0],
    max_size=8,
).map(lambda turns: [(minute / 60, status) for minute, status in sorted(turns)])
exclusions = st.lists(windows, max_size=5)


@given(turning, windows, st.lists(moments, max_size=4), exclusions)
def test_the_parts_add_up_to_the_whole(turns, window, cuts, excluded):
    """Wherever a window is split, the tallies of its parts add up to its own, to the microsecond."""
    edges = sorted([window.start, window.end, *(min(max(cut, window.start), window.end) for cut in cuts)])
    parts = [Span(*pair) for pair in pairwise(edges)]

    added = sum((told(part, *turns, excluded=excluded) for part in parts), Tally())

    assert added == told(window, *turns, excluded=excluded)


@given(turning, st.lists(windows, max_size=6), exclusions)
def test_many_parts_are_told_like_each_of_them(turns, parts, excluded):
    """What is told of many parts at once, empty and overlapping ones too, is what is told of each (R157)."""
    flips, present = history(*turns)
    start = min((part.start for part in parts), default=BIRTH)

    found = tally_each([flip for flip in flips if flip.at >= start], present, parts, excluded)

    assert found == [told(part, *turns, excluded=excluded) for part in parts]


@given(turning, windows, exclusions)
def test_all_time_is_accounted_for(turns, window, excluded):
    """Up, down and excluded together are the window's length, and none of them is negative."""
    parts = told(window, *turns, excluded=excluded)

    assert parts.up + parts.down + parts.excluded == window.end - window.start
    assert min(parts.up, parts.down, parts.excluded) >= NONE
    assert parts.percent is None or 0 <= parts.percent <= 100


@given(turning, windows, exclusions, st.randoms())
def test_the_order_of_what_is_excluded_does_not_matter(turns, window, excluded, chance):
    """Excluded spans are a heap, not a list."""
    shuffled = chance.sample(excluded * 2, 2 * len(excluded))

    assert told(window, *turns, excluded=shuffled) == told(window, *turns, excluded=excluded)


@settings(deadline=None, max_examples=50)
@given(turning, windows, exclusions)
def test_minute_by_minute_it_is_the_same(turns, window, excluded):
    """What is told of a window is what somebody finds who looks at every minute of it."""

    def to_minute(moment):
        return BIRTH + (moment - BIRTH) // MINUTE * MINUTE

    start, end = to_minute(window.start), min(to_minute(window.end), to_minute(window.start) + DAY)
    spans = [Span(to_minute(span.start), to_minute(span.end)) for span in excluded]
    found = dict.fromkeys((UP, DOWN, None), NONE)
    moment = start
    while moment < end:
        status = next((new for after, new in reversed(turns) if BIRTH + after * HOUR <= moment), NEW)
        is_seen = not any(span.start <= moment < span.end for span in spans)
        found[status if is_seen and status in found else None] += MINUTE
        moment += MINUTE

    assert told(Span(start, end), *turns, excluded=spans) == Tally(found[UP], found[DOWN], found[None])
