"""Who watches the watcher: a check elsewhere is pinged by each tick, and by no tick that broke."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from chalicelib.local.house import FURNISHED, House, built
from tests.stories.faults import UNREACHABLE, on_the_wire
from tests.stories.neighbours import empty_queues_answer_at_once
from tests.stories.targets import Target, serving

SECRET = "only-we-know-this"


@pytest.fixture
def outside() -> Iterator[Target]:
    """Run somebody's check on loopback."""
    with serving() as check:
        yield check


@pytest.fixture
def house(outside: Target) -> Iterator[House]:
    """Build a house that pings the check outside; it is five minutes to nine."""
    told = replace(FURNISHED, outward_ping_url=outside.url + SECRET)
    with built(told) as house, empty_queues_answer_at_once():
        house.sleep(minutes=55)
        yield house


def settle(house: House, **changes: object) -> None:
    """Deploy other settings."""
    house.tools.settings = replace(house.tools.settings, **changes)


def test_every_tick_pings_once(house, outside):
    """Somebody outside hears of us every minute, also in the minute of the hourly chores."""
    house.advance(minutes=7)
    assert len(outside.asked) == 7


@pytest.mark.usefixtures("quiet")
def test_a_tick_that_breaks_does_not_ping(house, outside):
    """Whichever call of a tick to AWS fails: that tick is not heard of, and the next one is."""
    house.advance(minutes=5)
    with on_the_wire(house) as wire:
        house.advance(minutes=1)
    calls = [call for call in wire.calls if call.room == "tick"]
    assert {call.operation for call in calls} >= {"GetItem", "SendMessageBatch", "UpdateItem"}
    for step in range(len(calls)):
        outside.asked.clear()
        with on_the_wire(house) as wire:
            wire.spoil(UNREACHABLE, lambda call, step=step: call.room == "tick" and call.number == step)
            house.advance(minutes=1)
        assert (wire.spoiled.operation, outside.asked) == (calls[step].operation, [])
        house.advance(minutes=1)
        assert len(outside.asked) == 1


@pytest.mark.usefixtures("quiet")
def test_an_hour_whose_chores_break_does_not_ping(house, outside):
    """A full hour whose chores cannot be done is not heard of, though its tick was recorded."""
    house.advance(minutes=4)
    with on_the_wire(house) as wire:
        wire.spoil(UNREACHABLE, lambda call: call.room == "tick" and was_recorded(wire.calls[:-1]))
        house.advance(minutes=1)
    assert wire.spoiled
    assert (house.tools.ticks.latest().at, len(outside.asked)) == (house.clock(), 4)


def was_recorded(calls):
    """Whether a tick has written down by now that it came."""
    return ("tick", "UpdateItem") in [(call.room, call.operation) for call in calls]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"outward_ping_url": "http://127.0.0.1:1/" + SECRET}, "the outward ping failed: 127.0.0.1 "),
        ({"outward_ping_url": "no URL at all, " + SECRET}, "the outward ping failed: A URL cannot contain"),
        ({"allow_private_targets": False}, "the outward ping failed: 127.0.0.1 leads to a loopback address"),
        ({}, "the outward ping was answered 503"),
    ],
    ids=["nobody-there", "no-url", "private", "refused"],
)
def test_a_ping_that_fails_hurts_nobody(house, outside, caplog, changes, line):
    """Whatever becomes of the ping: the tick was one, and the log has a line, without the URL (R391)."""
    outside.is_down()
    settle(house, **changes)
    house.advance(minutes=1)
    assert house.tools.ticks.latest().at == house.clock()
    assert len(outside.asked) == (not changes)
    [said] = [record.getMessage() for record in caplog.records if "outward" in record.getMessage()]
    assert said.startswith(line)
    assert SECRET not in caplog.text


def test_without_a_url_there_is_no_http():
    """A tick of whoever wants no ping does not even import the HTTP that one would need."""
    code = (
        "import sys\n"
        "from chalicelib.services import outward, waking\n"
        "from chalicelib.settings import Settings\n"
        "from chalicelib.toolbox import Toolbox\n"
        "outward.ping(Toolbox(Settings()))\n"
        "assert waking and not {'requests', 'chalicelib.guard.fetching'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603  our own program
