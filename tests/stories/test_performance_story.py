"""A site is slow for a while: an event of its own, told once, and never a downtime."""

import json
from datetime import timedelta

import pytest

from chalicelib.core.consensus import Answer, Result
from chalicelib.core.status import Kind, Verdict
from chalicelib.core.targets import HttpTarget
from chalicelib.messages import ResultBundle
from chalicelib.services import judging
from tests.dialects.indiepulse.asking import hear
from tests.dialects.regions import REGIONS, settle
from tests.stories.neighbours import Check, new_channel, receiving, speak
from tests.stories.targets import Probe, new_probe
from tests.stories.telling import asked

MINUTE = timedelta(minutes=1)
EVENTS, STATUS = "/api/v1/events", "/api/v1/status"


class Visitor:
    """Whoever lets the regions answer in Alice's house."""

    def __init__(self, house):
        self.house = house


@pytest.fixture
def shop(house, receiver):
    """Return a probed site that nobody really asks, told to the receiver, up since its first round."""
    assert receiver
    probe = new_probe(house, HttpTarget("https://shop.example/"), Kind.HTTP, interval=MINUTE)
    hear(Visitor(house), probe.check_id)
    return probe


def rounds(probe: Probe, letters):
    """Let rounds be judged: u is well, s slow, d down."""
    words = {"u": Verdict.UP, "s": Verdict.DEGRADED, "d": Verdict.DOWN}
    for letter in letters:
        hear(Visitor(probe.house), probe.check_id, words[letter])


def rounds_by_region(probe, letters):
    """Let a round be judged whose regions answer one after another, each in its own way."""
    words = {"u": Verdict.UP, "s": Verdict.DEGRADED}
    house = probe.house
    house.clock.now += MINUTE
    for region, letter in zip(REGIONS, letters, strict=True):
        result = Result(region, words[letter], ms=100.0, code=200)
        version = probe.monitor.spec.watch.version
        answer = Answer(probe.check_id, house.clock.now, version, REGIONS, (), result)
        judging.collect(house.tools, ResultBundle((answer,)), house.clock.now)
    settle(house)


def events(house, kind="PERFORMANCE"):
    """Return the events of a type."""
    return asked(house, "GET", f"{EVENTS}?type={kind}").json()["data"]


def test_sustained_slowness_is_an_event_and_its_end_resolves_it(house, receiver, shop):
    """It is told when it begins and when it is over, and shows as active in between (R159, R192, R208)."""
    rounds(shop, "sss")
    [event] = events(house)
    assert (event["type"], event["title"]) == ("PERFORMANCE", "Shop degraded performance")
    assert (event["status"], event["severity"]) == ("Investigating", "minor")
    status = asked(house, "GET", STATUS).json()["data"]
    assert status["overall_status"] == "performance_degraded"
    assert [one["id"] for one in status["active_performance_events"]] == [event["id"]]
    assert status["active_incidents"] == []
    assert set(status["active_performance_events"][0]) == {"id", "type", "title", "status", "created_at"}
    rounds(shop, "uuu")
    [resolved] = events(house)
    assert (resolved["id"], resolved["status"]) == (event["id"], "Resolved")
    assert receiver.reasons() == ["slowed", "sped_up"]
    assert asked(house, "GET", STATUS).json()["data"]["overall_status"] == "operational"


@pytest.mark.parametrize("order", [("s", "s", "u"), ("u", "s", "s"), ("s", "u", "s")])
def test_two_slow_regions_of_three_are_most_whoever_answers_first(house, shop, order):
    """Whoever is slow answers last, and counts all the same; one of three is not most (R159)."""
    for _ in range(3):
        rounds_by_region(shop, order)
    assert [one["status"] for one in events(house)] == ["Investigating"]
    for _ in range(3):
        rounds_by_region(shop, ("u", "u", "s"))
    assert [one["status"] for one in events(house)] == ["Resolved"]


def test_a_slow_round_now_and_then_is_none(house, receiver, shop):
    """However often it happens (R159)."""
    rounds(shop, "ssu" * 4)
    assert events(house) == []
    assert receiver.reasons() == []


def test_it_never_touches_the_uptime(house, shop):
    """A day with nothing but slowness is 100 percent up; degraded rows are counted apart (R154, R166)."""
    rounds(shop, "ssssuuu")
    shown = asked(house, "GET", f"/api/v1/monitors/{shop.check_id}").json()["data"]
    assert shown["stats_24h"]["uptime_percent"] == 100.0
    assert shown["stats_24h"]["degraded_count"] == 12


def test_an_outage_takes_its_place(house, receiver, shop):
    """What is down is not slow: one story ends as the other begins (R158, R208)."""
    rounds(shop, "sssdd")
    assert [one["status"] for one in events(house)] == ["Resolved"]
    assert [one["status"] for one in events(house, "INCIDENT")] == ["Investigating"]
    assert sorted(receiver.reasons()) == ["slowed", "sped_up", "went_down"]
    assert asked(house, "GET", STATUS).json()["data"]["overall_status"] == "degraded"


def test_whoever_pauses_or_deletes_it_ends_it(house, shop):
    """No event stays open of what nobody watches (R150)."""
    rounds(shop, "sss")
    assert shop.ask("POST", "pause").status == 200
    house.pump.drain()
    assert [one["status"] for one in events(house)] == ["Resolved"]
    other = new_probe(house, HttpTarget("https://other.example/"), Kind.HTTP, interval=MINUTE)
    rounds(other, "usss")
    speak(house, "DELETE", f"/v1/checks/{other.check_id}")
    house.pump.drain()
    assert {one["status"] for one in events(house)} == {"Resolved"}


def test_the_history_of_ups_and_downs_knows_nothing_of_it(house, shop):
    """Healthchecks' flips are about being up or down (R351)."""
    rounds(shop, "sssuuu")
    flips = Check(house, shop.check_id).house.ask(
        "GET", f"/api/v3/checks/{shop.check_id}/flips/", x_api_key=house.foundation.api_key
    )
    assert [flip["up"] for flip in flips.json()] == [1]


def test_a_webhook_of_that_dialect_hears_it_in_its_own_words(house, shop):
    """performance.created and performance.resolved, with the event of the API (R203, R208)."""
    with receiving(house.clock) as hook:
        secret = "a secret of Alice's"
        channel = new_channel(house, "INDIEPULSE", url=hook.url + "/", secret=secret)
        house.pump.drain()
        shop.amend(channels=(channel,))
        rounds(shop, "sssuuu")
        greeting, *told = [json.loads(heard.body) for heard in hook.heard]
    assert greeting["event_type"] == "test"
    assert [one["event_type"] for one in told] == ["performance.created", "performance.resolved"]
    [event] = events(house)
    assert {one["event"]["id"] for one in told} == {event["id"]}
    assert told[1]["event"]["downtime_seconds"] == 180
