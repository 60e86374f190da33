from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.consensus import Round
from chalicelib.core.rollups import BUCKETS, EDGES, Grain, Rollup, roll_up
from chalicelib.storage.rollups import RETENTION, RollupItem
from chalicelib.toolbox import random_id
from tests.storage.examples import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    REGIONS,
    SECOND,
    a_result,
    moments,
    on_engines,
    results,
)

MIDNIGHT = NOON - 12 * HOUR
HOURS, DAYS = Grain

rounds = st.lists(results, max_size=5).map(
    lambda found: Round("m-1", NOON, 1, REGIONS, (), tuple({one.region: one for one in found}.values()))
)
rollups = st.lists(rounds, max_size=8).map(roll_up)


@pytest.fixture
def shop():
    """Return the id of a monitor that is probed."""
    return random_id()


def counting(n):
    """Return what so many good rounds come to."""
    return Rollup(up=n)


def counts(found):
    """Return the periods that were found, as hours since midnight, and how many rounds each had."""
    return {(start - MIDNIGHT) / HOUR: rollup.rounds for start, rollup in found.items()}


@on_engines
@given(grain=st.sampled_from(Grain), moment=moments, rolled=rollups)
def test_what_was_rolled_up_comes_back(tools, grain, moment, rolled):
    """Counts, regions, latencies and times come back to the last digit."""
    shop, start = random_id(), grain.floor(moment)

    tools.rollups.put(shop, grain, start, rolled)

    assert tools.rollups.range(shop, grain, start, start + SECOND, fresh=True) == {start: rolled}


def test_a_period_is_stored_whole(tools, shop):
    """A period that is rolled up again takes the place of what was stored, and leaves nothing of it."""
    before = Rollup(up=1, down=2, latencies=(3,) * BUCKETS, took=SECOND)
    tools.rollups.put(shop, HOURS, NOON, before)

    tools.rollups.put(shop, HOURS, NOON, counting(5))

    assert tools.rollups.range(shop, HOURS, NOON, NOON + HOUR) == {NOON: counting(5)}


def test_hours_and_days_do_not_meet(tools, shop):
    """The hour after midnight and the day that begins with it are two things."""
    tools.rollups.put(shop, HOURS, MIDNIGHT, counting(1))
    tools.rollups.put(shop, DAYS, MIDNIGHT, counting(24))

    assert counts(tools.rollups.range(shop, HOURS, MIDNIGHT - DAY, MIDNIGHT + DAY)) == {0: 1}
    assert counts(tools.rollups.range(shop, DAYS, MIDNIGHT - DAY, MIDNIGHT + DAY)) == {0: 24}


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (0, 4, [0, 1, 2, 3]),
        (1, 3, [1, 2]),
        (0.5, 3, [1, 2]),  # begun before
        (1, 2.5, [1, 2]),  # not over
        (1.2, 1.8, []),  # neither begins nor ends inside
        (2, 2, []),
        (3, 1, []),
        (-5, 50, [0, 1, 2, 3, 30]),
    ],
)
def test_those_that_begin_inside_are_found(tools, shop, start, end, found):
    """A range holds the periods that begin in it, in their order; the end itself is outside."""
    for hour in (3, 0, 2, 30, 1):
        tools.rollups.put(shop, HOURS, MIDNIGHT + hour * HOUR, counting(hour + 1))

    ranged = tools.rollups.range(shop, HOURS, MIDNIGHT + start * HOUR, MIDNIGHT + end * HOUR)

    assert list(counts(ranged).items()) == [(hour, hour + 1) for hour in found]


def test_days_are_found_over_the_turn_of_a_year(tools, shop):
    """Periods sort by time, whatever their numbers."""
    days = [MIDNIGHT + n * DAY for n in range(100)]
    for day in days:
        tools.rollups.put(shop, DAYS, day, counting(1))

    assert list(tools.rollups.range(shop, DAYS, days[0], days[-1] + SECOND)) == days


def test_an_empty_range_is_not_asked_for(tools, wire, shop):
    """A range in which no period begins is not looked for."""
    assert tools.rollups.range(shop, DAYS, NOON, NOON + HOUR) == {}
    assert wire.calls == []


def test_a_month_of_days_is_one_query(tools, wire, shop):
    """However many periods, a range is one Query."""
    for n in range(30):
        tools.rollups.put(shop, DAYS, MIDNIGHT + n * DAY, counting(1))
    wire.calls.clear()

    assert len(tools.rollups.range(shop, DAYS, MIDNIGHT, MIDNIGHT + 30 * DAY)) == 30
    assert wire.operations == ["Query"]


def test_an_hour_costs_one_unit(strict_tools, strict_wire, shop):
    """An hour of a busy monitor, in ten regions and every bucket, is written for one unit."""
    names = tuple(f"some-region-{n}" for n in range(10))
    busy = roll_up(
        Round("m-1", NOON, 1, names, (), tuple(a_result(name, ms=ms) for name in names)) for ms in EDGES
    )
    strict_tools.rollups.put(shop, HOURS, NOON, busy)

    assert [call.units for call in strict_wire.calls] == [1]


@pytest.mark.parametrize(("grain", "kept"), [(HOURS, 40), (DAYS, 400)])
def test_hours_are_kept_for_forty_days_and_days_for_four_hundred(tools, shop, grain, kept):
    """A rollup expires by itself, days long after hours."""
    tools.rollups.put(shop, grain, MIDNIGHT, counting(1))

    assert [item.expires_at for item in RollupItem.query(shop)] == [MIDNIGHT + kept * DAY]
    assert RETENTION[grain] == timedelta(days=kept)


def test_monitors_do_not_see_each_others_rollups(tools, shop):
    """Each monitor has figures of its own."""
    tools.rollups.put(shop, HOURS, NOON, counting(1))

    assert tools.rollups.range(random_id(), HOURS, NOON, NOON + MINUTE) == {}


@pytest.mark.parametrize("limit", [3, 100])
def test_nothing_is_left_of_a_monitor_that_is_purged(tools, shop, limit):
    """Called until it says that nothing is left, the purge deletes all of one monitor's rollups (R241)."""
    other = random_id()
    for n in range(5):
        tools.rollups.put(shop, HOURS, NOON + n * HOUR, counting(1))
        tools.rollups.put(shop, DAYS, MIDNIGHT + n * DAY, counting(1))
    tools.rollups.put(other, HOURS, NOON, counting(1))

    while tools.rollups.purge(shop, limit):
        pass

    assert list(RollupItem.query(shop)) == []
    assert len(list(RollupItem.query(other))) == 1


def test_a_purge_says_when_more_may_be_left(tools, shop):
    """A purge that found as much as it may delete does not claim to be done."""
    for n in range(5):
        tools.rollups.put(shop, HOURS, NOON + n * HOUR, counting(1))

    assert [tools.rollups.purge(shop, 3), tools.rollups.purge(shop, 3)] == [True, False]
