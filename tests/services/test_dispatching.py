"""Probes on their way out: shared messages, none too large, none too early, none at once with all others."""

from dataclasses import replace
from datetime import timedelta

import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.core.errors import Invalid, Unavailable
from chalicelib.core.status import Kind
from chalicelib.core.targets import HttpTarget, Watch
from chalicelib.messages import ProbeBundle, WheelTick, to_text
from chalicelib.services import dispatching
from chalicelib.services.dispatching import BUNDLE_BYTES, PER_BUNDLE, PER_MESSAGE, bundles, witnesses_for
from chalicelib.storage.monitors import spec_item
from tests.storage.examples import NOON, a_spec
from tests.stories.neighbours import Queue, calls_through, queue_of, table_of
from tests.stories.targets import new_probe

SECOND = timedelta(seconds=1)
REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-1")


def probed(**watch):
    """Return the spec of a probed monitor."""
    target = watch.pop("target", HttpTarget("https://shop.example/"))
    return replace(a_spec(), kind=Kind.HTTP, watch=Watch(target, **watch))


def test_every_region_is_asked_for_the_same_round():
    """A round is named alike in every region, and each answer knows the whole jury."""
    spec = probed(slow_ms=500, slow_ms_in=(("eu-west-1", 900),))
    made = list(bundles([(NOON, spec)], REGIONS))
    assert [bundle.region for bundle in made] == list(REGIONS)
    assert {(order.at, order.jury) for bundle in made for order in bundle.orders} == {(NOON, REGIONS)}
    assert [bundle.orders[0].slow_ms for bundle in made] == [500, 900, 500]


def test_those_who_are_due_together_share_a_message():
    """A hundred and twenty monitors of one moment are three messages a region, started over ten seconds."""
    made = list(bundles([(NOON, probed()) for _ in range(120)], REGIONS[:1]))
    assert [len(bundle.orders) for bundle in made] == [PER_BUNDLE, PER_BUNDLE, 20]
    assert [bundle.starts - NOON for bundle in made] == [0 * SECOND, 3 * SECOND, 6 * SECOND]


def test_a_message_holds_no_more_than_sqs_bills_as_one():
    """Monitors with large requests share less; one alone always fits."""
    large = HttpTarget("https://shop.example/", "POST", body="x" * 10_000)
    made = list(bundles([(NOON, probed(target=large)) for _ in range(20)], REGIONS[:1]))
    assert sum(len(bundle.orders) for bundle in made) == 20
    assert all(len(bundle.to_json()) < BUNDLE_BYTES + 1_000 for bundle in made)


@pytest.mark.parametrize(
    ("own", "jury"),
    [
        ((), REGIONS),
        (("eu-west-1",), ("eu-west-1",)),
        (("eu-west-1", "mars-1"), ("eu-west-1",)),
        (("mars-1",), REGIONS),
    ],
)
def test_a_region_that_is_gone_is_not_asked(own, jury):
    """Regions that the deployment has left judge no more; where none is left, all do (R97)."""
    made = bundles([(NOON, probed(regions=own))], REGIONS)
    assert tuple(bundle.region for bundle in made) == jury


@pytest.mark.parametrize(
    ("jury", "witnesses"),
    [(("eu-west-1",), ("us-east-1", "ap-southeast-1")), (REGIONS[:2], ()), (REGIONS, ())],
)
def test_only_a_jury_of_one_needs_witnesses(jury, witnesses):
    """Two or more regions are not alone with a bad minute (R390)."""
    assert witnesses_for(jury, REGIONS) == witnesses


def test_what_comes_back_is_what_was_sent():
    """A bundle survives its way through a queue with every kind of value in it."""
    spec = probed(regions=("eu-west-1",))
    [bundle, *_] = bundles([(NOON, spec)], REGIONS, with_witnesses=True)
    travelled = ProbeBundle.from_json(bundle.to_json())
    assert travelled.to_json() == bundle.to_json()
    assert (travelled.starts, travelled.orders[0].at, travelled.orders[0].kind) == (NOON, NOON, Kind.HTTP)


def test_a_tick_that_is_too_much_is_handed_on(house):
    """Slots with more monitors than go out at once are gone on with by the next, from where it stopped; what
    reaches no region is tried again as it is, and its rest is handed on by whoever succeeds.
    """
    table = table_of(house, "monitors")
    specs = [probed(interval=10 * SECOND, regions=("us-east-1",)) for _ in range(PER_MESSAGE + 5)]
    for spec in specs:
        table.put_item(spec_item(spec, "10:0:0").serialize())
    now = house.clock()
    message = WheelTick(["10:0:0"], to_text(now), to_text(now + 10 * SECOND))
    with calls_through(silent_in("us-east-1")), pytest.raises(Unavailable):
        dispatching.send_out(house.tools, message, now)
    assert queue_of(house, "scans").bodies == []
    dispatching.send_out(house.tools, message, now)
    assert len(orders_waiting(house)) == PER_MESSAGE
    [rest] = queue_of(house, "scans").bodies
    dispatching.send_out(house.tools, WheelTick.from_json(rest), now)
    asked = [order.monitor_id for order in orders_waiting(house)]
    assert sorted(asked) == sorted(spec.monitor_id for spec in specs)
    assert queue_of(house, "scans").bodies == [rest]


def silent_in(region):
    """Let the queue of probes in *region* not answer."""

    def broken(client, operation, arguments, make):
        is_there = client.meta.region_name == region and arguments.get("QueueUrl", "").endswith("probes")
        if operation == "SendMessageBatch" and is_there:
            raise EndpointConnectionError(endpoint_url="https://sqs.example/")
        return make()

    return broken


def orders_waiting(house):
    """Return every order that waits in the home region's queue."""
    return [
        order for body in queue_of(house, "probes").bodies for order in ProbeBundle.from_json(body).orders
    ]


def test_an_interval_that_the_wheel_does_not_know_is_refused(house):
    """A monitor on no ring would never be probed; so there is none, new or changed (R96)."""
    with pytest.raises(Invalid, match="interval"):
        new_probe(house, "http://127.0.0.1:9/", interval=90 * SECOND)
    probe = new_probe(house, "http://127.0.0.1:9/")
    with pytest.raises(Invalid, match="interval"):
        probe.watch(interval=11 * SECOND)
    assert probe.monitor.spec.watch.interval == 10 * SECOND


def test_a_monitor_is_created_though_the_queue_is_away(house):
    """Where the first probes cannot be sent the monitor is made all the same, and the wheel asks for it."""

    def broken(_client, operation, _arguments, make):
        if operation == "SendMessageBatch":
            raise EndpointConnectionError(endpoint_url="https://sqs.example/")
        return make()

    with calls_through(broken):
        probe = new_probe(house, "http://127.0.0.1:9/")
    assert orders_waiting(house) == []
    house.advance(minutes=4)
    assert probe.phase == "down"


def test_a_deployment_without_probes_sends_nothing(house):
    """Where nobody is probed a tick costs no message for the wheel."""
    house.pump.tick()
    assert all("slots" not in body for body in queue_of(house, "scans").bodies)


def test_a_region_that_is_silent_silences_no_other(house):
    """Where one region's queue does not answer, the others are asked all the same: they are a majority."""
    with calls_through(silent_in("eu-west-1")):
        house.tools.queues.probe(bundles([(NOON, probed())], REGIONS), NOON)
    assert len(orders_waiting(house)) == 1
    assert len(Queue("wakeful-probes", "ap-southeast-1").bodies) == 1
    assert Queue("wakeful-probes", "eu-west-1").bodies == []


def test_no_letter_of_a_target_can_poison_a_message():
    """Messages are ASCII alone: SQS refuses some characters, and with them the probes of everybody else."""
    odd = HttpTarget("https://shop.example/", "POST", body="\uffff\ufffe\x00 ü \U0001f6f0")
    [bundle] = bundles([(NOON, probed(target=odd))], REGIONS[:1])
    assert bundle.to_json().isascii()
    assert ProbeBundle.from_json(bundle.to_json()).orders[0].target["body"] == odd.body
