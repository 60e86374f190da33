from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import NotFound
from chalicelib.core.status import Status
from chalicelib.core.steps import Cause
from chalicelib.storage.flips import FlipItem, items_of
from chalicelib.storage.tables import shard_of
from chalicelib.toolbox import random_id
from tests.storage.examples import DAY, HOUR, MICROSECOND, MINUTE, NOON, a_flip, ids, moments, on_engines


def put(*flips, shards=1):
    """Write *flips* as the transactions do that turn a monitor; return the first."""
    for item in items_of(flips, shards):
        item.save()
    return flips[0]


def recovery(monitor_id, at=NOON):
    """Return the flip of a monitor that is up again."""
    return a_flip(monitor_id, at, old=Status.DOWN, new=Status.UP, cause=Cause.SUCCESS, n=12)


@on_engines
@given(
    flip=st.builds(
        a_flip,
        ids,
        moments,
        old=st.sampled_from(Status),
        new=st.sampled_from(Status),
        cause=st.sampled_from(Cause),
        began=st.none() | moments,
        n=st.integers(0, 10**12),
    )
)
def test_what_is_stored_comes_back(tools, flip):
    """Every flip is found as it was stored, to the microsecond."""
    put(flip)

    assert tools.flips.find(flip.monitor_id, flip.at)[0] == flip


def test_a_flip_of_another_moment_is_not_found(tools):
    """A flip is known by its very moment."""
    flip = put(a_flip(random_id()))

    with pytest.raises(NotFound, match="Flip not found"):
        tools.flips.find(flip.monitor_id, flip.at + MICROSECOND)


def test_a_history_is_read_newest_first(tools):
    """All flips of a monitor come newest first, and nobody else's among them (R351)."""
    job = random_id()
    flips = [a_flip(job, NOON - n * HOUR) for n in (3, 1, 2)]
    put(*flips, a_flip(random_id()))

    assert tools.flips.between(job, NOON - DAY, NOON) == [flips[1], flips[2], flips[0]]


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        (NOON, NOON + MICROSECOND, True),
        (NOON - HOUR, NOON, False),
        (NOON + MICROSECOND, NOON + HOUR, False),
        (NOON, NOON + HOUR, True),
    ],
)
def test_a_window_holds_its_beginning_and_not_its_end(tools, start, end, shown):
    """A flip at the beginning of a window belongs to it, one at its end to the next (R353-R355)."""
    flip = put(a_flip(random_id(), NOON))

    assert tools.flips.between(flip.monitor_id, start, end) == ([flip] if shown else [])


@pytest.mark.parametrize("end", [NOON, NOON - HOUR])
def test_an_empty_window_holds_nothing(tools, end):
    """A window that ends where it begins, or before, holds no flip, and is no error (R353-R355)."""
    flip = put(a_flip(random_id(), NOON))

    assert tools.flips.between(flip.monitor_id, NOON, end) == []


def test_a_window_may_end_far_in_the_future(tools):
    """Who asks for everything until the year 2100 is shown everything (R355)."""
    flip = put(a_flip(random_id(), NOON))

    assert tools.flips.between(flip.monitor_id, NOON, datetime(2100, 1, 1, tzinfo=UTC)) == [flip]


def test_flips_are_kept_for_this_month_and_the_two_before_it():
    """At every moment of a year the flips of this month and of the two before it are still kept (R357)."""
    for month in range(1, 13):
        last_day = datetime(2027 + month // 12, month % 12 + 1, 1, tzinfo=UTC) - MICROSECOND
        third = (2027 * 12 + month - 1) - 2
        oldest = datetime(third // 12, third % 12 + 1, 1, tzinfo=UTC)
        item = next(iter(items_of((a_flip("job", oldest),), 1)))

        assert item.expires_at > last_day


@pytest.mark.parametrize(
    ("old", "new", "waits"),
    [
        (Status.UP, Status.DOWN, True),
        (Status.PENDING, Status.DOWN, True),
        (Status.DOWN, Status.UP, True),
        (Status.PENDING, Status.UP, False),
        (Status.PAUSED, Status.UP, False),
        (Status.UP, Status.PAUSED, False),
        (Status.DOWN, Status.PAUSED, True),
        (Status.PAUSED, Status.PENDING, False),
    ],
)
def test_only_news_goes_into_the_outbox(tools, old, new, waits):
    """A flip that somebody must hear of waits to be announced; a first success, or a
    pause that ends no outage, does not.
    """
    flip = put(a_flip(random_id(), old=old, new=new))

    assert tools.flips.find(flip.monitor_id, flip.at) == (flip, waits)
    assert tools.flips.unannounced(0, NOON + HOUR, 10) == ([flip] if waits else [])


def test_what_was_announced_leaves_the_outbox(tools):
    """An announced flip is not swept again, and stays in the history."""
    flip = put(a_flip(random_id()))

    tools.flips.mark_announced(flip)

    assert tools.flips.find(flip.monitor_id, flip.at) == (flip, False)
    assert tools.flips.unannounced(0, NOON + HOUR, 10) == []


def test_announcing_twice_is_harmless(tools):
    """Two announcers of one flip do not disturb each other."""
    flip = put(a_flip(random_id()))

    tools.flips.mark_announced(flip)
    tools.flips.mark_announced(flip)

    assert tools.flips.find(flip.monitor_id, flip.at) == (flip, False)


def test_marking_does_not_bring_a_deleted_flip_back(tools):
    """A flip that was purged before it was marked stays purged."""
    flip = a_flip(random_id())

    tools.flips.mark_announced(flip)

    assert list(FlipItem.query(flip.monitor_id)) == []


def test_the_sweep_takes_only_what_has_waited(tools):
    """A flip younger than the sweep's patience is left to its announcer; the oldest is swept first."""
    old, older = a_flip(random_id(), NOON - MICROSECOND), a_flip(random_id(), NOON - MINUTE)
    put(old, older, a_flip(random_id(), NOON))

    assert tools.flips.unannounced(0, NOON, 10) == [older, old]


def test_the_sweep_takes_no_more_than_it_may(tools):
    """A long outbox is swept a part at a time, the oldest first."""
    flips = [a_flip(random_id(), NOON - n * MINUTE) for n in range(5, 0, -1)]
    put(*flips)

    assert tools.flips.unannounced(0, NOON, 3) == flips[:3]


def test_each_shard_sweeps_its_own(tools):
    """Every flip waits in the shard of its monitor and in no other."""
    flips = [a_flip(random_id()) for _ in range(20)]
    put(*flips, shards=4)

    for shard in range(4):
        own = {flip for flip in flips if shard_of(flip.monitor_id, 4) == shard}
        assert set(tools.flips.unannounced(shard, NOON + HOUR, 100)) == own


def test_down_and_up_again_both_wait(tools):
    """A late success records two flips, and both are news."""
    job = random_id()
    down, up = a_flip(job, NOON - MINUTE), recovery(job)
    put(down, up)

    assert tools.flips.unannounced(0, NOON + HOUR, 10) == [down, up]


@pytest.mark.parametrize("limit", [2, 100])
def test_nothing_is_left_of_a_monitor_that_is_purged(tools, limit):
    """Called until it says that nothing is left, the purge deletes all flips of one monitor (R338)."""
    job = random_id()
    other = put(a_flip(random_id()))
    put(*(a_flip(job, NOON - n * HOUR) for n in range(5)))

    while tools.flips.purge(job, limit):
        pass

    assert tools.flips.between(job, NOON - DAY, NOON + DAY) == []
    assert tools.flips.unannounced(0, NOON + HOUR, 10) == [other]
