"""The second walk: a target is watched from three regions, fails and comes back; and who hears of it."""

import socket
import time
from datetime import timedelta
from itertools import pairwise

import pytest

from chalicelib.core.rollups import Grain
from chalicelib.core.status import Kind
from chalicelib.core.targets import DnsTarget, HttpTarget, TcpTarget
from tests.stories.neighbours import new_check, wrap_handlers
from tests.stories.targets import cut_off, new_probe, serving

REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-1")
SECOND = timedelta(seconds=1)


@pytest.fixture
def shop():
    """Run a web site on loopback."""
    with serving() as site:
        yield site


def seconds_until(house, happened, most=60):
    """Let time pass until *happened*; return how many seconds that took."""
    begun = house.clock()
    for _ in range(most * 2):
        if happened():
            return (house.clock() - begun) / SECOND
        house.advance(seconds=0.5)
    raise AssertionError("it did not happen")


def after_a_round(house, probe):
    """Let time pass until a round was just judged: the worst moment for a target to fail."""
    judged = probe.monitor.state.judged_at
    seconds_until(house, lambda: probe.monitor.state.judged_at > judged)


def test_an_outage_from_its_first_doubt_to_its_end(house, receiver, shop):
    """Up; one region sees a fault: no alarm; all do: investigating, then down, with one flip and one message;
    back: recovering, then up, with one message more (R144-R147, R152, R205, R206, R390).
    """
    probe = new_probe(house, shop.url)
    assert probe.phase == "pending"
    house.advance(seconds=1)
    assert (probe.phase, sorted(shop.asked)) == ("up", sorted(REGIONS))

    shop.is_down_in("eu-west-1")
    house.advance(minutes=2)
    assert (probe.phase, probe.turns) == ("up", ["pending to up by probes_passed"])

    after_a_round(house, probe)
    shop.is_down()
    seen = []
    seconds_until(house, lambda: seen.append(probe.phase) or probe.phase == "down")
    assert list(dict.fromkeys(seen)) == ["up", "investigating", "down"]
    house.advance(seconds=1)
    assert receiver.reasons() == ["went_down"]

    house.advance(minutes=2)
    assert receiver.reasons() == ["went_down"]
    shop.is_up()
    seen = []
    seconds_until(house, lambda: seen.append(probe.phase) or probe.phase == "up")
    assert list(dict.fromkeys(seen)) == ["down", "recovering", "up"]
    house.advance(seconds=1)
    assert receiver.reasons() == ["went_down", "recovered"]
    assert probe.turns == [
        "pending to up by probes_passed",
        "up to down by probes_failed",
        "down to up by probes_passed",
    ]


@pytest.mark.parametrize(("threshold", "most"), [(2, 15), (1, 13)])
def test_an_alarm_comes_in_time(house, receiver, shop, threshold, most):
    """At 10 s and a threshold of 2 the message comes within 15 s of the fault; of 1, within 13 s (R233)."""
    probe = new_probe(house, shop.url, failure_threshold=threshold)
    house.advance(minutes=2)
    after_a_round(house, probe)
    shop.is_down()
    failed = house.clock()
    seconds_until(house, lambda: receiver.heard)
    assert (receiver.heard[0].at - failed) / SECOND <= most


def test_an_outage_begins_with_its_first_bad_round(house, receiver, shop):
    """The flip carries the moment of the first failing round, the recovery that of the first good one."""
    probe = new_probe(house, shop.url)
    house.advance(minutes=1)
    shop.is_down()
    house.advance(minutes=1)
    shop.is_up()
    house.advance(minutes=1)
    bad = [found.at for found in probe.rounds if found.verdict == "DOWN"]
    good = [found.at for found in probe.rounds if found.verdict == "UP" and found.at > bad[-1]]
    assert [flip.at for flip in probe.flips[1:]] == [bad[0], good[0]]
    assert receiver.heard[-1].story["lasted"] == int((good[0] - bad[0]) / SECOND)


def test_a_region_that_is_cut_off_raises_no_alarm(house, receiver, shop):
    """Two of three regions are a majority: what the third would say is not needed."""
    probe = new_probe(house, shop.url)
    cut_off(house, "eu-west-1")
    house.advance(minutes=3)
    assert (probe.phase, receiver.heard) == ("up", [])
    assert probe.monitor.state.judged_at > house.clock() - timedelta(seconds=12)


def test_our_silence_is_not_the_customers_downtime(house, receiver, shop):
    """Where one region alone answers there is no verdict, whatever it says: no data is not down (R390)."""
    probe = new_probe(house, shop.url)
    house.advance(minutes=1)
    for region in REGIONS[1:]:
        cut_off(house, region)
    shop.is_down()
    judged = probe.monitor.state.judged_at
    house.advance(minutes=3)
    assert (probe.phase, receiver.heard) == ("up", [])
    assert probe.monitor.state.judged_at <= judged + timedelta(seconds=10)


@pytest.mark.parametrize("first", [0, 1])
def test_a_target_that_flaps_never_alternates(house, receiver, shop, first):
    """Good and bad rounds in turn leave the monitor up, and nobody hears of them (R148)."""
    probe = new_probe(house, shop.url)
    house.advance(minutes=1)
    shop.script = lambda _, number: 200 if number % 2 == first else 503
    house.advance(minutes=2)
    assert receiver.heard == []
    assert probe.turns == ["pending to up by probes_passed"]
    assert {found.verdict for found in probe.rounds} == {"UP", "DOWN"}


def test_a_recovery_that_fails_is_the_same_outage(house, receiver, shop):
    """A good round between bad ones ends nothing, and nobody is told twice."""
    probe = new_probe(house, shop.url)
    house.advance(minutes=1)
    shop.script = lambda _, number: 200 if number % 4 == 3 else 503
    house.advance(minutes=3)
    assert receiver.reasons() == ["went_down"]
    assert probe.turns[1:] == ["up to down by probes_failed"]


def test_a_jury_of_one_is_heard_with_witnesses(house, receiver, shop):
    """A monitor with one region is not taken down by its bad hour, but by an outage it is (R390)."""
    probe = new_probe(house, shop.url, regions=("eu-west-1",))
    house.advance(minutes=1)
    assert set(shop.asked) == {"eu-west-1"}
    shop.is_down_in("eu-west-1")
    house.advance(minutes=2)
    assert (receiver.heard, set(shop.asked)) == ([], set(REGIONS))
    shop.is_down()
    house.advance(minutes=1)
    assert receiver.reasons() == ["went_down"]
    assert probe.phase == "down"


def test_two_regions_are_not_outvoted(house, receiver, shop):
    """What both regions of a monitor see is an outage, whatever others would see."""
    new_probe(house, shop.url, regions=("eu-west-1", "ap-southeast-1"))
    house.advance(minutes=1)
    shop.is_down_in("eu-west-1", "ap-southeast-1")
    house.advance(minutes=1)
    assert receiver.reasons() == ["went_down"]


def test_every_message_may_come_twice(house, receiver, shop):
    """With every handler called twice for every message, an outage is still one story, told once."""

    def twice(_, handler):
        def handle(event, context):
            handler(event, context)
            return handler(event, context)

        return handle

    wrap_handlers(house, twice)
    probe = new_probe(house, shop.url)
    house.advance(seconds=61)
    shop.is_down()
    house.advance(seconds=20)
    shop.is_up()
    house.advance(seconds=30)
    assert receiver.reasons() == ["went_down", "recovered"]
    assert len(probe.flips) == 3
    assert all(len(found.results) <= len(REGIONS) for found in probe.rounds)


@pytest.mark.parametrize("seconds", [10, 15, 20, 30, 60, 120])
def test_rounds_keep_to_their_interval(house, shop, seconds):
    """Once on the wheel a monitor is probed every interval, to the second, in whole seconds (R95)."""
    interval = timedelta(seconds=seconds)
    probe = new_probe(house, shop.url, interval=interval, regions=("us-east-1",))
    house.advance(minutes=7)
    moments = [found.at for found in probe.rounds if found.at >= house.clock() - timedelta(minutes=4)]
    assert len(moments) >= 240 // seconds
    assert {after - before for before, after in pairwise(moments)} == {interval}
    assert all(moment.microsecond == 0 for moment in moments)


@pytest.mark.parametrize("late", [60, 77, 119])
def test_a_new_monitor_is_probed_at_once_and_then_without_a_gap(house, shop, late):
    """The first answer comes at once; no interval is left out or asked for twice until the wheel turns."""
    house.advance(seconds=late)
    probe = new_probe(house, shop.url)
    house.advance(minutes=4)
    moments = [found.at for found in probe.rounds]
    assert len(shop.asked) == len(REGIONS) * len(moments)
    assert (moments[1] - moments[0]) / SECOND <= 15
    assert all(after - before == timedelta(seconds=10) for before, after in pairwise(moments[1:]))


def test_a_paused_monitor_is_left_alone(house, receiver, shop):
    """Paused it changes nothing and leaves the wheel; resumed it is pending until asked at once (R150)."""
    probe = new_probe(house, shop.url)
    house.advance(minutes=1)
    probe.ask("POST", "pause")
    shop.is_down()
    house.advance(minutes=3)
    asked = len(shop.asked)
    house.advance(minutes=10)
    assert (len(shop.asked), probe.phase, receiver.heard) == (asked, "paused", [])
    shop.is_up()
    probe.ask("POST", "resume")
    assert probe.phase == "pending"
    house.advance(seconds=1)
    assert probe.phase == "up"
    house.advance(minutes=3)
    assert probe.monitor.state.judged_at > house.clock() - timedelta(seconds=12)


def test_a_change_is_asked_about_at_once(house, receiver, shop):
    """After a change the next answers are to the new question; older ones are not judged (R117, R240)."""
    probe = new_probe(house, shop.url, failure_threshold=3)
    house.advance(minutes=3)
    with serving() as other:
        probe.watch(target=HttpTarget(other.url))
        shop.is_down()
        house.advance(minutes=5)
        assert (probe.phase, receiver.heard) == ("up", [])
        assert len(other.asked) >= 3 * 29


def test_a_changed_interval_counts_from_the_next_round(house, shop):
    """A slower ring leaves the quicker one at once (R240)."""
    probe = new_probe(house, shop.url)
    house.advance(minutes=3)
    probe.watch(interval=timedelta(minutes=5))
    house.advance(minutes=3)  # what was on its way to the regions was asked all the same
    before = len(shop.asked)
    house.advance(minutes=20)
    assert len(shop.asked) - before == 3 * 4


def test_a_deleted_monitor_leaves_nothing(house, receiver, shop):
    """Its rounds and rollups go with it, and answers that come late bring it not back."""
    probe = new_probe(house, shop.url, interval=timedelta(minutes=5))
    house.advance(hours=1, minutes=8)
    assert house.tools.rollups.range(
        probe.check_id, Grain.HOUR, house.clock() - timedelta(days=1), house.clock()
    )
    probe.ask("DELETE")
    house.advance(minutes=6)
    assert house.tools.rounds.latest(probe.check_id, 10, house.clock()) == []
    assert probe.ask().status == 404
    assert receiver.heard == []


@pytest.mark.parametrize(("slow_in", "verdicts"), [(REGIONS[1:2], {"UP"}), (REGIONS, {"DEGRADED"})])
def test_what_is_slow_is_degraded_and_up(house, receiver, shop, slow_in, verdicts):
    """Answers slower than their region's threshold are degraded where most are, and wake nobody (R154)."""
    shop.script = lambda *_: time.sleep(0.02) or 200
    probe = new_probe(house, shop.url, slow_ms_in=tuple((region, 1) for region in slow_in))
    house.advance(minutes=1)
    assert (probe.phase, receiver.heard) == ("up", [])
    assert {found.verdict for found in probe.rounds} == verdicts


def test_we_were_away_and_nothing_is_caught_up(house, receiver, shop):
    """After an outage of ours probing goes on from now; no probe is made of the past."""
    new_probe(house, shop.url)
    house.advance(minutes=3)
    house.sleep(hours=6)
    asked = len(shop.asked)
    house.advance(minutes=3)
    assert len(shop.asked) - asked <= 3 * (6 * 3 + 3)
    assert receiver.heard == []


def test_a_probed_monitor_takes_no_pings(house, shop):
    """Its id is no ping URL: a ping is not found, and changes nothing (R372)."""
    probe = new_probe(house, shop.url)
    house.advance(seconds=1)
    shop.is_down()
    house.advance(minutes=2)
    assert [probe.ping(), probe.ping("start"), probe.ping("fail")] == [404, 404, 404]
    assert (probe.phase, probe.monitor.state.n_pings) == ("down", 0)


def test_heartbeats_are_not_probed(house, shop):
    """Beside a probed monitor a heartbeat lives as ever."""
    check = new_check(house)
    new_probe(house, shop.url)
    check.ping()
    house.advance(seconds=90)
    assert check.status == "grace"
    house.advance(minutes=1)
    assert check.status == "down"


def test_a_port_is_watched(house, receiver):
    """A TCP monitor is up while its port accepts connections (R92)."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        probe = new_probe(house, TcpTarget("127.0.0.1", port), Kind.TCP)
        house.advance(seconds=1)
        assert probe.phase == "up"
    house.advance(minutes=2)
    assert probe.phase == "down"
    assert receiver.reasons() == ["went_down"]


def test_a_name_is_watched(house, receiver):
    """A DNS monitor whose resolver does not answer is down, with a reason (R93)."""
    probe = new_probe(house, DnsTarget("shop.example", resolver="127.0.0.1"), Kind.DNS, timeout=SECOND)
    house.advance(seconds=30)
    assert probe.phase == "down"
    assert receiver.reasons() == ["went_down"]


def test_an_alarm_about_what_was_never_up_says_why(house, receiver, shop):
    """The first alarm of a mistyped target tells what the regions found, as any other does."""
    shop.is_down()
    new_probe(house, shop.url, failure_threshold=1)
    house.advance(seconds=1)
    [heard] = receiver.heard
    assert heard.story["cause"].startswith("The probes failed: expected 200-299, got 503 (")
    assert {found["region"] for found in heard.story["regions"]} == set(REGIONS)


def test_a_change_leaves_no_round_out(house, shop):
    """After a change the next round of the wheel is asked in the new way, however soon it comes."""
    probe = new_probe(house, shop.url, interval=timedelta(minutes=1))
    house.advance(minutes=4)
    before = probe.rounds[-1].at
    house.advance(seconds=(before - house.clock()) / SECOND + 30)
    probe.watch(timeout=5 * SECOND)
    house.advance(minutes=3)
    moments = [found.at for found in probe.rounds if found.at > before and found.at.microsecond == 0]
    assert moments[0] - before == timedelta(minutes=1)
    assert {found.version for found in probe.rounds if found.at in moments and found.verdict} >= {1}
    assert probe.monitor.state.judged_at > house.clock() - timedelta(minutes=1, seconds=5)
