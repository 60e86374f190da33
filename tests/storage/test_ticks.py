from itertools import pairwise

import pytest

from chalicelib.core.errors import Unavailable
from chalicelib.core.heartbeats import Outage
from chalicelib.storage.ticks import LONGEST_SILENCE, NEWEST, TickItem
from tests.emulators import at_once
from tests.storage.examples import DAY, HOUR, MICROSECOND, MINUTE, NOON, SECOND


def test_the_first_tick_ends_nothing(tools):
    """A deployment that never ticked before was not away."""
    assert tools.ticks.record(NOON) is None
    assert tools.ticks.outages(NOON) == []


def test_before_the_first_tick_there_was_no_outage(tools):
    """A deployment that never ticked has no outages to tell of."""
    assert tools.ticks.outages(NOON) == []


@pytest.mark.parametrize("silence", [SECOND, MINUTE, LONGEST_SILENCE])
def test_a_tick_in_time_ends_nothing(tools, silence):
    """Up to two minutes between ticks are no outage: a tick may be late or get lost."""
    tools.ticks.record(NOON)

    assert tools.ticks.record(NOON + silence) is None
    assert tools.ticks.outages(NOON + silence) == []


@pytest.mark.parametrize("silence", [LONGEST_SILENCE + MICROSECOND, HOUR, 30 * DAY])
def test_more_than_two_minutes_of_silence_are_an_outage(tools, silence):
    """A tick after a longer silence tells of the outage that it ends, and the outage is remembered."""
    tools.ticks.record(NOON)
    away = Outage(NOON, NOON + silence)

    assert tools.ticks.record(NOON + silence) == away
    assert tools.ticks.outages(NOON + silence + SECOND) == [away]


@pytest.mark.parametrize("again", [0 * SECOND, -SECOND, -HOUR])
def test_a_tick_that_comes_twice_or_late_is_harmless(tools, again):
    """A doubled tick ends nothing again, and a late one does not turn the clock back."""
    tools.ticks.record(NOON - 2 * HOUR)
    away = tools.ticks.record(NOON)
    tools.ticks.told(away)

    assert tools.ticks.record(NOON + again) is None
    assert tools.ticks.outages(NOON + MINUTE) == [away]
    assert tools.ticks.record(NOON + MINUTE) is None


def test_an_outage_that_goes_on_is_told_too(tools):
    """Who looks before the first new tick sees the silence that is not over yet."""
    tools.ticks.record(NOON - DAY)
    past = tools.ticks.record(NOON)

    assert tools.ticks.outages(NOON + LONGEST_SILENCE) == [past]
    assert tools.ticks.outages(NOON + HOUR) == [past, Outage(NOON, NOON + HOUR)]


def test_outages_come_in_their_order(tools):
    """Outages are listed as they happened, also those that began at a fraction of a second."""
    moments = [NOON, NOON + HOUR, NOON + 2 * HOUR + MICROSECOND, NOON + 3 * HOUR, NOON + DAY]

    ended = [tools.ticks.record(moment) for moment in moments]

    assert tools.ticks.outages(NOON + DAY) == ended[1:]
    assert ended[1:] == [Outage(*pair) for pair in pairwise(moments)]


def fail_before_the_tick(tools, wire, now):
    """Let a scheduler die at *now* between writing an outage and writing its tick."""
    wire.refuse("UpdateItem", "InternalServerError")
    with pytest.raises(Unavailable):
        tools.ticks.record(now)


def test_a_scheduler_that_died_is_repeated(tools, wire):
    """An outage that was written without its tick is found again by the next tick, now a minute longer."""
    tools.ticks.record(NOON)
    fail_before_the_tick(tools, wire, NOON + HOUR)

    away = tools.ticks.record(NOON + HOUR + MINUTE)

    assert away == Outage(NOON, NOON + HOUR + MINUTE)
    assert tools.ticks.outages(NOON + HOUR + 2 * MINUTE) == [away]


def test_an_outage_is_told_once_when_its_scheduler_died(tools, wire):
    """Until the next tick comes, the outage written without a tick and the present silence are one and the
    same.
    """
    tools.ticks.record(NOON)
    fail_before_the_tick(tools, wire, NOON + HOUR)

    assert tools.ticks.outages(NOON + HOUR + SECOND) == [Outage(NOON, NOON + HOUR + SECOND)]


def test_two_schedulers_at_once_tell_of_one_outage(tools):
    """When a tick fires twice at the same moment, one of them reports the outage that it ends."""
    tools.ticks.record(NOON)

    told = at_once(8, lambda _: tools.ticks.record(NOON + HOUR))

    assert [outage for outage in told if outage] == [Outage(NOON, NOON + HOUR)]
    assert tools.ticks.outages(NOON + HOUR) == [Outage(NOON, NOON + HOUR)]


def test_operators_are_to_be_told_of_an_outage_until_they_were(tools):
    """An outage stays untold through every tick until somebody notes that it was told."""
    assert tools.ticks.record(NOON) is None

    away = tools.ticks.record(NOON + HOUR)
    assert tools.ticks.record(NOON + HOUR + MINUTE) == away == Outage(NOON, NOON + HOUR)

    tools.ticks.told(away)
    tools.ticks.told(away)
    assert tools.ticks.record(NOON + HOUR + 2 * MINUTE) is None
    assert tools.ticks.outages(NOON + HOUR + MINUTE) == [away]


def test_a_newer_outage_is_not_told_with_an_older_one(tools):
    """Who notes an outage as told does not take the next one off the list."""
    tools.ticks.record(NOON)
    older = tools.ticks.record(NOON + HOUR)
    newer = tools.ticks.record(NOON + 2 * HOUR)

    tools.ticks.told(older)

    assert tools.ticks.record(NOON + 2 * HOUR + MINUTE) == newer


def test_nobody_is_told_of_an_outage_that_never_was(tools):
    """Before the first tick there is nothing to tell, and noting so stores nothing."""
    tools.ticks.told(Outage(NOON, NOON + HOUR))

    assert list(TickItem.scan()) == []


def test_the_newest_outages_are_read_at_once(tools, wire):
    """However many outages there were, one Query brings the newest ones and the latest tick."""
    with TickItem.batch_write() as batch:
        for n in range(NEWEST + 10):
            start = NOON + n * HOUR
            batch.save(TickItem("tick", f"away#{start.isoformat()}", at=start, end=start + MINUTE))
    tools.ticks.record(NOON + 100 * HOUR)
    wire.calls.clear()

    told = tools.ticks.outages(NOON + 100 * HOUR)

    assert wire.operations == ["Query"]
    assert told[-1] == Outage(NOON + 59 * HOUR, NOON + 59 * HOUR + MINUTE)
    assert len(told) == NEWEST - 1
