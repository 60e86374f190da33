"""Whichever call to AWS fails between an answer and the message: nothing is lost, nothing told twice."""

from datetime import timedelta

import pytest

from chalicelib.core.consensus import Answer, Result
from chalicelib.core.status import Verdict
from chalicelib.messages import ResultBundle
from tests.stories.faults import DEAD, DEAD_AFTER, REFUSED, UNANSWERED, on_the_wire
from tests.stories.neighbours import post
from tests.stories.targets import new_probe

pytestmark = pytest.mark.usefixtures("quiet")

REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-1")
ROUNDS = (Verdict.UP, Verdict.DOWN, Verdict.DOWN, Verdict.UP, Verdict.UP)
TEN_SECONDS = timedelta(seconds=10)
CALLS = 30  # of the collector in such a story, when all goes well


def bundle(probe, number, verdict):
    """Return what all regions found in a round, as one message."""
    at = probe.monitor.spec.created + number * TEN_SECONDS
    error = "" if verdict is Verdict.UP else "timeout"
    results = [Result(region, verdict, 12.0, error=error) for region in REGIONS]
    answers = [Answer(probe.check_id, at, 0, REGIONS, (), result) for result in results]
    return ResultBundle(tuple(answers)).to_json()


def live(house, wire):
    """Live through an outage of five rounds; what failed comes again before the next; return the monitor."""
    house.pump.lines = [line for line in house.pump.lines if line.name != "probe"]
    probe = new_probe(house, "http://127.0.0.1:9/", interval=timedelta(hours=1))
    has_come_again = False
    for number, verdict in enumerate(ROUNDS, 1):
        post(house, house.tools.settings.results_queue_url, bundle(probe, number, verdict))
        house.advance(seconds=1)
        if wire.spoiled and not has_come_again:
            house.advance(minutes=4)
            has_come_again = True
    return probe


def of_collector(wire):
    """Return how many calls the collector made."""
    return sum(call.room == "collect" for call in wire.calls)


def test_when_all_goes_well(house, receiver):
    """The story that is spoiled below has as many calls as are spoiled."""
    with on_the_wire(house) as wire:
        probe = live(house, wire)
    assert of_collector(wire) == CALLS
    assert receiver.reasons() == ["went_down", "recovered"]
    assert [flip.new for flip in probe.flips] == ["up", "down", "up"]


WAYS = (REFUSED, UNANSWERED, DEAD, DEAD_AFTER)


@pytest.mark.parametrize("number", range(len(WAYS), CALLS + 1, len(WAYS)))
@pytest.mark.parametrize("fault", WAYS, ids=str)
def test_a_call_of_the_collector_may_fail(house, receiver, fault, number):
    """Refused, unanswered or dead at a call of its own, the collector leaves one outage, told once."""
    nth = number - WAYS.index(fault)  # so that each call is spoiled in one of the ways
    with on_the_wire(house) as wire:
        wire.spoil(fault, lambda call: call.room == "collect" and of_collector(wire) == nth)
        probe = live(house, wire)
    assert wire.spoiled
    assert receiver.reasons() == ["went_down", "recovered"]
    assert [flip.new for flip in probe.flips] == ["up", "down", "up"]
