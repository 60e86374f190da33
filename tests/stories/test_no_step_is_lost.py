"""Whichever write fails while people are called, act, or hear of a week: it is done in the end, and once."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count

import pytest

from chalicelib.local.house import FURNISHED, House, built
from chalicelib.services.links import acknowledge_url
from tests.stories.faults import DEAD, DEAD_AFTER, REFUSED, UNANSWERED, on_the_wire
from tests.stories.neighbours import (
    Receiver,
    empty_queues_answer_at_once,
    new_channel,
    new_check,
    receiving,
    speak,
)
from tests.stories.telling import MINUTE, incidents
from tests.stories.test_escalation_story import a_policy, act, configure

pytestmark = pytest.mark.usefixtures("quiet")

ADDRESS = "https://wakeful.test"
WEEK = timedelta(days=7)
WAYS = (REFUSED, UNANSWERED, DEAD, DEAD_AFTER)
TICKETS = (f"P{number}" for number in count())


@dataclass(frozen=True)
class World:
    """A house for all of these stories; *root* is the channel that monitors tell."""

    house: House
    receiver: Receiver
    root: str


@pytest.fixture(scope="module")
def world():
    """Return one house for all of these stories: each has something of its own."""
    settings = replace(FURNISHED, public_url=ADDRESS)
    with built(settings) as house, empty_queues_answer_at_once(), receiving(house.clock) as peer:
        root, pager = (new_channel(house, "STATUSPULSE", url=peer.url + path) for path in ("/", "/pager"))
        a_policy(house, (1, pager))
        yield World(house, peer, root)


def until_done(ask):
    """Ask as scripts do, again while the answer is 5xx."""
    for _ in range(3):
        if ask().status < 500:
            break


def called(world, begin):
    """Live through an outage that misses a service level within seconds, and escalates after a minute."""
    house, check = world.house, new_check(world.house, channels=world.root, timeout=86_400)
    configure(check, escalation_policy="oncall", sla={"target_pct": 99.99, "period": "day"})
    check.ping("fail")
    house.pump.drain()
    begin()
    house.advance(minutes=2, seconds=5)
    check.ping()
    house.pump.drain()


def acted_on(world, begin):
    """Trigger an incident, take it on by the link in its message, and resolve it, each until it is done."""
    house, check, ticket = world.house, new_check(world.house, channels=world.root), next(TICKETS)
    begin()
    until_done(lambda: act(house, monitor_id=check.check_id, state="triggered", pagerduty_id=ticket))
    house.advance(minutes=1, seconds=1)
    [shown] = [one for one in incidents(house) if check.check_id in one["checkIds"]]
    link = acknowledge_url(house.tools, house.tools.incidents.find(shown["id"])).removeprefix(ADDRESS)
    until_done(lambda: house.ask("POST", link))
    house.advance(minutes=1, seconds=1)
    until_done(lambda: act(house, state="resolved", pagerduty_id=ticket))
    house.advance(minutes=1, seconds=1)


def a_monday(house):
    """Let two of the hours pass in which a Monday's digests are sent; return whether each tick was noted."""
    monday, ticked = house.clock.now + WEEK - timedelta(days=house.clock.now.weekday()), []
    for hour in (8, 9):
        house.clock.now = monday.replace(hour=hour, minute=0, second=0, microsecond=0)
        house.pump.tick()
        ticked.append(house.tools.ticks.latest().at == house.clock.now)
        house.pump.drain()
    return ticked


TOLD = {
    called: {
        ("/", "monitor.state_changed"): 2,
        ("/", "sla.breached"): 1,
        ("/pager", "incident.escalated"): 1,
        ("/pager", "monitor.state_changed"): 1,
    },
    acted_on: {
        ("/", "incident.triggered"): 1,
        ("/", "incident.acknowledged"): 1,
        ("/", "incident.resolved"): 1,
    },
}
# Of a room in a story, when all goes well.
WRITES = {(called, "wake"): 9, (acted_on, "wake"): 9, (acted_on, "api"): 8}


def lived(world, story, room, nth=0):
    """Live through *story* with a room's write number *nth* spoiled; return what was told, and the wire."""
    seen = len(world.receiver.heard)
    with on_the_wire(world.house) as wire:

        def writes():
            keys = "wakeful-keys"  # whoever is not let in has not begun
            return [
                call for call in wire.calls if call.room == room and call.writes and keys not in str(call)
            ]

        def begin():
            wire.calls.clear()
            if nth:
                wire.spoil(WAYS[nth // 2 % len(WAYS)], lambda call: call in writes() and len(writes()) == nth)

        story(world, begin)
    told = [(heard.path, heard.story["type"]) for heard in world.receiver.heard[seen:]]
    return Counter(told), wire, len(writes())


def nothing_waits(house):
    """Whether time alone moves no incident any more."""
    return house.tools.incidents.due(house.clock() + 10_000 * MINUTE, 10) == []


@pytest.mark.parametrize(("story", "room"), WRITES)
def test_when_all_goes_well(world, story, room):
    """The stories that are spoiled below have as many writes as are spoiled (R99, R111, R112, R123)."""
    told, _, n_writes = lived(world, story, room)
    assert told == TOLD[story]
    assert n_writes == WRITES[story, room]


# Every other write is enough: each road does its three steps more than once.
CASES = [
    (story, room, nth) for (story, room), n_writes in WRITES.items() for nth in range(1, n_writes + 1, 2)
]


@pytest.mark.parametrize(("story", "room", "nth"), CASES)
def test_a_write_may_fail(world, story, room, nth):
    """Refused, unanswered or dead at any write of its own: nothing is lost, and nothing told twice (R388)."""
    told, wire, _ = lived(world, story, room, nth)
    assert wire.spoiled
    assert told == TOLD[story]
    assert nothing_waits(world.house)


OF_A_MESSAGE = ("PutItem", "SendMessageBatch")


@pytest.mark.parametrize("operation", OF_A_MESSAGE)
def test_a_channel_is_there_once_though_its_greeting_fails(world, operation):
    """Whoever were told that it failed would add another (R210)."""
    wish = b'{"type": "INDIEPULSE", "name": "%s", "config": {"url": "%s/hook", "secret": "our secret"}}'
    body = wish % (operation.encode(), world.receiver.url.encode())
    with on_the_wire(world.house) as wire:
        wire.spoil(REFUSED, lambda call: call.operation == operation and "wakeful-deliveries" in str(call))
        assert speak(world.house, "POST", "/v1/channels", body).status == 201
        assert wire.spoiled
    shown = speak(world.house, "GET", "/v1/channels").json()["channels"]
    [made] = [one for one in shown if one["name"] == operation]
    assert speak(world.house, "DELETE", f"/v1/channels/{made['id']}").status == 204


@pytest.mark.parametrize("operation", OF_A_MESSAGE)
def test_a_digest_that_fails_is_sent_an_hour_later_and_costs_no_tick(world, operation):
    """A tick that came is noted as one, whatever becomes of its chores (R209)."""
    house, receiver = world.house, world.receiver
    channel = new_channel(house, "INDIEPULSE", url=f"{receiver.url}/{operation}", secret="our secret")
    with on_the_wire(house) as wire:
        spoiled = (operation, "wakeful-deliveries")
        wire.spoil(
            REFUSED,
            lambda call: call.room == "tick" and spoiled == (call.operation, str(call).rpartition(" ")[2]),
        )
        ticked = a_monday(house)
        assert wire.spoiled
    assert [heard.story["event_type"] for heard in receiver.at(f"/{operation}")].count("digest.weekly") == 1
    assert ticked == [True, True]
    assert speak(house, "DELETE", f"/v1/channels/{channel}").status == 204
