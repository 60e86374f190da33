"""Whichever write fails between a survey and the warning: it is told once, and ends once."""

import pytest

from chalicelib.core.alerts import Fate
from chalicelib.local.house import built
from tests.stories.faults import DEAD_AFTER, REFUSED, REPEATED, on_the_wire
from tests.stories.neighbours import empty_queues_answer_at_once, receiving
from tests.stories.surveys import DAY, World

pytestmark = pytest.mark.usefixtures("quiet")

WAYS = (REFUSED, DEAD_AFTER, REPEATED)
# Of the collector, when all goes well: findings, incident, delivery, its notice, and that it was told.
WRITES = 5


@pytest.fixture(scope="module")
def world():
    """Return what surveys see, from one house for all of these stories: each has a domain of its own."""
    with built() as house, empty_queues_answer_at_once(), receiving(house.clock) as peer:
        yield World(house, peer.url + "/")


def lived(world, domain, *, renewed, way=None, nth=0):
    """Live through a warning, or through the renewal after it, and spoil that; return monitor and wire."""
    world.house.pump.drain()
    if renewed:
        probe = world.watch(domain, 12.5)
        world.ends[domain] += 365 * DAY
    with on_the_wire(world.house) as wire:

        def is_the_nth(call):
            if call.room != "collect" or not call.writes:
                return False
            return sum(one.room == "collect" and one.writes for one in wire.calls) == nth

        if way:
            wire.spoil(way, is_the_nth)
        if renewed:
            world.house.clock.now += DAY
            world.tell(probe, world.seen(domain))
        else:
            probe = world.watch(domain, 12.5)
        world.house.sleep(minutes=7)  # what failed is visible again after six
        world.house.pump.drain()
    return probe, wire


@pytest.mark.parametrize("renewed", [False, True])
def test_when_all_goes_well(world, renewed):
    """The stories that are spoiled below have as many writes as are spoiled."""
    probe, wire = lived(world, f"well{renewed}.example".lower(), renewed=renewed)
    assert sum(call.room == "collect" and call.writes for call in wire.calls) == WRITES
    assert world.warnings(probe) == ["14", "renewed"][: 1 + renewed]


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("nth", range(1, WRITES + 1))
@pytest.mark.parametrize("renewed", [False, True])
def test_a_write_may_fail(world, renewed, nth, way):
    """One line of the log, one of the timeline, one incident; and nothing is left to be told (R173)."""
    domain = f"{renewed}-{nth}-{way}.example".lower()
    probe, wire = lived(world, domain, renewed=renewed, way=way, nth=nth)
    assert wire.spoiled
    assert world.warnings(probe) == ["14", "renewed"][: 1 + renewed]
    assert {line.fate for line in world.told(probe)} == {Fate.SENT}
    assert len(world.timeline(probe)) == 1 + renewed
    assert world.incident(probe)["status"] == ("RESOLVED" if renewed else "INVESTIGATING")
    warned = world.known(probe).warned
    assert warned is None if renewed else warned.days == 14
