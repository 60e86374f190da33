from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lives import BIRTH, DAY, HOUR, MINUTE, SECOND

from chalicelib.core.wheel import (
    EPOCH,
    LEAD,
    SPAN,
    is_ring,
    moments,
    place_of,
    slot_of,
    slots_due,
    spread,
    window,
)

MILLISECOND = timedelta(milliseconds=1)
RINGS = (10, 15, 20, 30, 60, 120, 300, 420, 3_600, 5_460, 86_400)  # seconds; some divide no day
NEVER = timedelta()
patiently = settings(deadline=None)  # days of seconds take a moment


def many(count):
    """Return so many ids, as different from each other as real ones."""
    return [str(UUID(int=n * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)) for n in range(count)]


ids = st.uuids().map(str)
rings = st.sampled_from(RINGS) | st.integers(1, 1_440).map(lambda minutes: 60 * minutes)
starts = st.integers(0, 400 * 86_400).map(lambda seconds: BIRTH + seconds * SECOND)
minutes = starts.map(lambda moment: moment.replace(second=0))
lengths = st.integers(0, 3 * 86_400).map(lambda seconds: seconds * SECOND)


def probed(monitor_id, ring, since, until):
    """Return when a monitor is probed."""
    return list(moments(monitor_id, ring * SECOND, since, until))


# --- when a monitor is probed -------------------------------------------------------------------------------


@patiently
@given(ids, rings, starts, lengths)
def test_a_monitor_is_probed_every_interval(monitor_id, ring, since, length):
    """Two rounds are exactly an interval apart; no longer passes before the first, or after the last."""
    until = since + length
    found = probed(monitor_id, ring, since, until)

    assert all(later - earlier == ring * SECOND for earlier, later in pairwise(found))
    assert all(since <= moment < until for moment in found)
    assert ([*found, until][0] - since) <= ring * SECOND
    assert (until - [since, *found][-1]) <= ring * SECOND


@patiently
@given(ids, rings, starts, st.lists(st.integers(0, 7_200), max_size=8))
def test_every_moment_is_found_once(monitor_id, ring, since, waits):
    """However time is cut into windows, they hold each of a monitor's moments, and each of them once."""
    edges = [since]
    for wait in waits:
        edges.append(edges[-1] + wait * SECOND)
    found = [moment for pair in pairwise(edges) for moment in probed(monitor_id, ring, *pair)]

    assert found == probed(monitor_id, ring, edges[0], edges[-1])


@given(ids, rings, starts)
def test_a_monitor_keeps_its_place(monitor_id, ring, since):
    """A round's moment follows from the id and the interval alone: whoever asks, whenever, finds the same."""
    [moment] = probed(monitor_id, ring, since, since + ring * SECOND)

    assert (moment - EPOCH) % (ring * SECOND) == place_of(monitor_id, ring * SECOND) * SECOND
    assert moment.microsecond == 0


@given(ids, rings)
def test_places_are_shared(monitor_id, ring):
    """Places lie ten seconds apart, inside the ring: who sits in the same one can share a message."""
    place = place_of(monitor_id, ring * SECOND)

    assert place % SPAN == 0
    assert 0 <= place < ring


# --- which slots must be read -------------------------------------------------------------------------------


@patiently
@given(ids, rings, starts, lengths, st.integers(0, 63))
def test_who_is_due_is_in_a_slot_that_is_read(monitor_id, ring, since, length, shard):
    """Every slot that has a member due in a window is named, whatever else is in use."""
    until = since + min(length, HOUR)
    slots = slots_due({*RINGS, ring}, since, until, shard)

    if probed(monitor_id, ring, since, until):
        assert slot_of(monitor_id, ring * SECOND, shard) in slots


@given(rings, minutes, st.integers(0, 180), st.integers(0, 63))
def test_no_slot_is_read_for_nothing(ring, since, length, shard):
    """Of each ring at most one slot a minute is named, none twice, and all of them of the shard asked for."""
    slots = slots_due([ring], since, since + length * MINUTE, shard)

    assert len(slots) == len(set(slots)) == min(length, max(1, ring // 60) if length else 0)
    assert all(slot.startswith(f"{ring}:") and slot.endswith(f":{shard}") for slot in slots)


@pytest.mark.parametrize("ring", [60, 120, 300, 3_600, 86_400])
def test_each_slot_comes_once_a_turn(ring):
    """In a day of minutes every slot of a ring is read once in each of the ring's turns."""
    day = BIRTH.replace(hour=0)
    read = Counter(
        slot for n in range(1_440) for slot in slots_due([ring], day + n * MINUTE, day + (n + 1) * MINUTE, 0)
    )

    assert len(read) == ring // 60
    assert set(read.values()) == {86_400 // ring}


@given(starts, starts)
def test_a_ring_that_nobody_uses_is_not_read(since, until):
    """Without probed monitors there is nothing to read, and a window that is empty has no slots."""
    assert slots_due([], since, until, 0) == []
    assert slots_due(RINGS, since.replace(second=0), since.replace(second=0), 0) == []


# --- which tick sees to what --------------------------------------------------------------------------------

IN_TIME = (LEAD - MINUTE) // MILLISECOND  # after which the next tick must have come
ticks = st.lists(st.integers(0, IN_TIME).map(lambda wait: wait * MILLISECOND), min_size=1, max_size=30)


def windows(begin, waits):
    """Return what each tick sees to, beside the moment at which it comes."""
    last, now, seen = None, begin, []
    for wait in (NEVER, *waits):
        now += wait
        seen.append((now, *window(last, now)))
        last = now
    return seen


@given(starts, ticks)
def test_each_moment_belongs_to_one_tick(begin, waits):
    """As long as ticks come in time, one sees to what follows on what the one before it saw to."""
    seen = windows(begin, waits)

    assert all(earlier[2] == later[1] for earlier, later in pairwise(seen))
    assert all(since <= until for _, since, until in seen)


@settings(patiently, max_examples=50)
@given(starts, ticks, ids, rings)
def test_every_round_is_sent_out_once(begin, waits, monitor_id, ring):
    """Over any number of ticks, however they waver, each round is found by one tick, and before its time."""
    seen = windows(begin, waits)
    found = []
    for now, since, until in seen:
        if slot_of(monitor_id, ring * SECOND, 0) in slots_due([ring], since, until, 0):
            sent = probed(monitor_id, ring, since, until)
            assert all(moment >= now for moment in sent)
            found += sent

    assert found == probed(monitor_id, ring, begin, seen[-1][2])


@given(starts, st.integers(0, 10 * 86_400))
def test_what_passed_while_we_were_away_is_not_caught_up(begin, away):
    """After a silence the first tick sees to what comes, and not to what should have been."""
    now = begin + away * SECOND
    since, until = window(begin, now)

    assert since >= now
    assert until - now <= LEAD
    assert until >= now + LEAD - MINUTE or since == until


@given(starts, st.integers(-90, 0))
def test_a_tick_that_comes_twice_or_late_sees_to_nothing(begin, back):
    """What a later tick has seen to is not seen to again."""
    since, until = window(begin, begin + back * SECOND)

    assert since == until


# --- load ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ring", [20, 30, 60, 300])
def test_load_is_flat(ring):
    """Monitors spread evenly over the places of their ring: none has a fifth more than its share."""
    count = 1_000 * (ring // SPAN)
    load = Counter(place_of(monitor_id, ring * SECOND) for monitor_id in many(count))

    assert len(load) == ring // SPAN
    assert all(800 < members < 1_200 for members in load.values())


def test_load_is_flat_in_every_shard():
    """Which shard looks after a monitor says nothing of its place: each shard has its share in each place."""
    from chalicelib.storage.tables import shard_of

    load = Counter(
        (shard_of(monitor_id, 16), place_of(monitor_id, MINUTE)) for monitor_id in many(16 * 6 * 500)
    )

    assert len(load) == 16 * 6
    assert all(350 < members < 650 for members in load.values())


def test_every_second_of_ten_has_its_bundles():
    """Bundles that start together would meet the same second: they start one after the other in ten."""
    assert spread(1) == [NEVER]
    assert spread(5) == [n * SECOND for n in (0, 2, 4, 6, 8)]
    assert spread(10) == [n * SECOND for n in range(10)]
    assert Counter(spread(1_000)) == {n * SECOND: 100 for n in range(10)}
    assert spread(0) == []


# --- rings --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [10, 15, 20, 30, 60, 120, 300, 3_540, 3_600, 5_460, 86_400])
def test_what_is_a_ring(seconds):
    """Monitors are probed every 10, 15, 20 or 30 seconds, or every so many minutes up to a day (R96)."""
    assert is_ring(seconds * SECOND)


@pytest.mark.parametrize(
    "seconds", [-60, -10, 0, 1, 5, 9, 11, 25, 40, 45, 59, 61, 90, 3_601, 86_399, 86_460, 1e6]
)
def test_what_is_no_ring(seconds):
    """Other intervals have no place on the wheel (R96)."""
    assert not is_ring(seconds * SECOND)


@given(st.timedeltas(-DAY, 3 * DAY))
def test_whole_minutes_of_a_day_are_rings(interval):
    """Beside the four fast ones, rings are whole minutes from one to a day."""
    expected = interval in [n * SECOND for n in (10, 15, 20, 30)] or (
        not interval % MINUTE and MINUTE <= interval <= DAY
    )
    assert is_ring(interval) == expected


@given(rings)
def test_whoever_is_on_a_ring_has_a_place_and_a_slot(ring):
    """Every interval that is allowed leads to moments on whole seconds, and to a slot that tells its ring."""
    assert is_ring(ring * SECOND)
    found = probed("m-1", ring, BIRTH, BIRTH + 2 * ring * SECOND)

    assert len(found) == 2
    assert all(isinstance(moment, datetime) and moment.tzinfo for moment in found)
    assert slot_of("m-1", ring * SECOND, 3).split(":")[::2] == [str(ring), "3"]
