from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lives import BIRTH, DAY, MINUTE
from windows import a_window, at, hours, lengths, maintained, minutes, rules, windows, zones

from chalicelib.core.errors import Invalid
from chalicelib.core.maintenance import amend, end
from chalicelib.core.spans import Span


def test_an_end_moved_into_the_past_is_now():
    """A running window whose end is moved into the past ends now, and what it covered stays covered (R60)."""
    changed, rest = amend(a_window(0, 9), {"ends": at(1)}, at(5))

    assert (changed.ends, changed.updated, rest) == (at(5), at(5), None)
    assert maintained([changed], hours(-9, 99)) == [hours(0, 5)]


def test_the_running_time_of_a_window_that_recurs_ends_now_too():
    """Where each time becomes too short for the present moment, today's ends now (R60)."""
    changed, rest = amend(a_window(0, 9, rrule="FREQ=DAILY"), {"ends": at(1)}, at(24 + 5))

    assert maintained([changed, rest], hours(-9, 72)) == [hours(0, 9), hours(24, 29), hours(48, 49)]


def test_what_has_begun_is_kept_beside_what_it_becomes():
    """Moved to another monitor, a window has covered the first, and covers the other from now on (R60)."""
    window = a_window(0, 9, monitors=("m-1",))
    changed, rest = amend(window, {"monitors": ("m-2",)}, at(5))

    assert changed == replace(window, monitors=("m-2",), since=at(5), updated=at(5))
    assert rest == replace(window, window_id="w-1@1774659600000000", until=at(5), retired=True, updated=at(5))
    assert maintained([changed, rest], hours(-9, 99)) == [hours(0, 5)]


def test_what_has_not_begun_is_simply_changed():
    """Of a window that is yet to come nothing has to be kept; nor of one that only gets other words (R60)."""
    coming, moved = a_window(5, 9, rrule="FREQ=DAILY"), {"starts": at(6), "ends": at(7)}

    assert amend(coming, moved, at(1)) == (replace(coming, **moved, updated=at(1)), None)
    assert amend(coming, {"title": "New"}, at(6)) == (replace(coming, title="New", updated=at(6)), None)


def test_a_window_that_was_over_is_not_over_for_the_future_alone():
    """Given a later end, it covers from now on, and not what lay between its old end and now (R60)."""
    changed, rest = amend(a_window(0, 2), {"ends": at(9)}, at(5))

    assert maintained([changed, rest], hours(-9, 99)) == [hours(0, 2), hours(5, 9)]


def test_a_change_is_checked_as_it_was_meant():
    """What the window would be is refused as if it were new, also where it is running (R58, R60)."""
    with pytest.raises(Invalid, match="endsAt must be after startsAt"):
        amend(a_window(0, 9), {"ends": at(0)}, at(5))


changes = st.fixed_dictionaries(
    {},
    optional={
        "times": st.tuples(minutes, lengths),
        "length": lengths,
        "rrule": rules,
        "timezone": zones,
        "tags": st.sampled_from([(), ("web",), ("db",)]),
        "title": st.just("Another"),
    },
)


def asked(window, wish):
    """Return the fields that change where somebody wishes for other times, or another length."""
    fields = {name: value for name, value in wish.items() if name not in ("times", "length")}
    starts, length = wish.get("times", (window.starts, wish.get("length", window.ends - window.starts)))
    return fields | {"starts": starts, "ends": starts + length}


@settings(deadline=None, max_examples=100)
@given(windows, st.lists(st.tuples(st.integers(0, 20 * 1440), changes), min_size=1, max_size=3))
def test_changes_rewrite_no_history(window, wishes):
    """However often a window is changed, only what lies ahead of the change becomes as wished (R60)."""
    present, rests, now = window, [], BIRTH - 10 * DAY
    for wait, wish in wishes:
        now += wait * MINUTE
        past, future = Span(BIRTH - 60 * DAY, now), Span(now, BIRTH + 99 * DAY)
        before, wished = maintained([present, *rests], past), replace(present, **asked(present, wish))

        present, rest = amend(present, asked(present, wish), now)
        rests += [rest] if rest else []

        assert maintained([present, *rests], past) == before
        assert maintained([present, *rests], future) == maintained([replace(wished, since=None)], future)
    assert len({rest.window_id for rest in rests}) == len(rests)


@settings(deadline=None, max_examples=50)
@given(windows, minutes)
def test_a_deleted_window_covers_nothing_from_now_on(window, now):
    """Deleting ends a window now; what it covered is kept, and one that covered nothing vanishes (R61)."""
    past, ever = Span(BIRTH - 60 * DAY, now), Span(BIRTH - 60 * DAY, BIRTH + 60 * DAY)
    kept = end(window, now)

    assert maintained([kept] if kept else [], ever) == maintained([window], past)
    assert kept is None or (kept.retired and maintained([kept], ever))


def test_what_was_ended_is_not_lengthened_by_ending_it_again():
    """A window that was deleted covers nothing of the time until it is deleted again (R61)."""
    kept = end(end(a_window(0, 9), at(5)), at(7))

    assert maintained([kept], hours(-9, 99)) == [hours(0, 5)]
