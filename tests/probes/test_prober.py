import json
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta

import boto3
import msgspec
import pytest

from chalicelib.core.errors import Unavailable
from chalicelib.core.findings import Survey
from chalicelib.core.status import Kind, Verdict
from chalicelib.core.targets import (
    TARGETS,
    Assertion,
    DnsTarget,
    DomainTarget,
    HttpTarget,
    TcpTarget,
    TlsTarget,
)
from chalicelib.messages import ProbeBundle, ProbeOrder, ResultBundle, SurveyOrder, result
from chalicelib.toolbox import current, using
from chalicelib.workers import prober
from tests.guard.peers import OK, closed_port

FORBIDDEN = (
    "pynamodb",
    "jinja2",
    "croniter",
    "oncalendar",
    "boto3",
    "requests",
    "dns",
    "regex",
    "jsonpath",
    "botocore",
    "msgspec",
    "chalicelib.dialects",
    "chalicelib.services",
    "chalicelib.storage",
    "chalicelib.channels",
)


def order(house, target, kind=Kind.HTTP, **more):
    builtins = target if isinstance(target, dict) else msgspec.to_builtins(target)
    return ProbeOrder(
        "m1", house.clock.now, 3, kind, builtins, **{"timeout": 2.0, "jury": ("eu-west-1",), **more}
    )


def bundle(house, *orders, starts=None):
    return ProbeBundle("eu-west-1", starts or house.clock.now, orders)


def work_off(bundle):
    """Hand *bundle* to the Lambda's handler, as SQS does; return the ids of what failed."""
    record = {"body": bundle.to_json(), "receiptHandle": "", "messageId": "m"}
    return prober.probe({"Records": [record]}, None)["batchItemFailures"]


def answers(house):
    """Return the bundles of answers that lie in the queue."""
    sqs = boto3.client("sqs", region_name="us-east-1")
    found = []
    url = house.tools.settings.results_queue_url
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [ResultBundle.from_json(message["Body"]) for message in messages]
    return found


def test_what_was_found_goes_home(house, serve):
    """Each order is answered with its monitor, moment, version and jury, from the bundle's region."""
    peer = serve(OK)
    good = order(house, HttpTarget(peer.url()), witnesses=("us-east-1",))
    bad = replace(order(house, HttpTarget(peer.url(), expected_status="503")), monitor_id="m2")
    assert work_off(bundle(house, good, bad)) == []
    found = {answer.monitor_id: answer for each in answers(house) for answer in each.answers}
    assert (found["m1"].at, found["m1"].version) == (good.at, 3)
    assert (found["m1"].jury, found["m1"].witnesses) == (("eu-west-1",), ("us-east-1",))
    assert (found["m1"].result.region, found["m1"].result.verdict) == ("eu-west-1", Verdict.UP)
    assert (found["m2"].result.verdict, found["m2"].result.error) == (Verdict.DOWN, "expected 503, got 200")
    assert b"Wakeful/0.1.0 (eu-west-1)" in peer.asked[0]


def test_what_a_survey_found_goes_home(house):
    """An order in the same queue is told from a bundle, and so is its answer; here nobody is to be asked."""
    assert work_off(SurveyOrder("m1", "")) == []
    sqs, url = boto3.client("sqs", region_name="us-east-1"), house.tools.settings.results_queue_url
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    found = result(message["Body"])
    assert (found.monitor_id, found.survey) == ("m1", Survey("", house.clock.now))


def test_every_kind_travels(house):
    """A target of every kind arrives as it was sent, and is answered."""
    port = closed_port()
    targets = {
        Kind.HTTP: HttpTarget(f"http://127.0.0.1:{port}/", assertions=(Assertion("body", "contains", "x"),)),
        Kind.TCP: TcpTarget("127.0.0.1", port),
        Kind.DNS: DnsTarget("a.example", expected=("192.0.2.1",), resolver=f"127.0.0.1:{port}"),
        Kind.TLS: TlsTarget("127.0.0.1", port),
        Kind.DOMAIN: DomainTarget(""),
    }
    assert set(targets) == set(TARGETS)
    work_off(
        bundle(
            house, *(replace(order(house, target, kind), monitor_id=kind) for kind, target in targets.items())
        )
    )
    found = {answer.monitor_id: answer.result for each in answers(house) for answer in each.answers}
    assert {kind: result.error for kind, result in found.items()} == {
        Kind.HTTP: "connection refused",
        Kind.TCP: "connection refused",
        Kind.DNS: "name server: connection refused",
        Kind.TLS: "connection refused",
        Kind.DOMAIN: "domain name cannot be read",
    }


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (Kind.HTTP, {}),
        (Kind.HTTP, {"url": 5}),
        (Kind.TCP, {"host": "a.example", "port": "many"}),
        (Kind.HEARTBEAT, {"url": "http://a.example/"}),
    ],
)
def test_a_target_that_cannot_be_understood_is_answered_too(house, kind, target):
    """What a newer version of us ordered, say, is no fault of the target: nothing can be said of it."""
    assert work_off(bundle(house, order(house, target, kind))) == []
    [[answer]] = [each.answers for each in answers(house)]
    assert (answer.result.verdict, answer.result.error) == (None, "the target cannot be understood")


def test_the_rest_of_the_last_second_is_waited_for(house, serve):
    """SQS delays by whole seconds: a bundle that comes early waits for its moment."""
    starts = house.clock.now + timedelta(seconds=0.7)
    work_off(bundle(house, order(house, HttpTarget(serve(OK).url())), starts=starts))
    assert house.clock.now == starts
    assert len(answers(house)) == 1


def test_a_clock_that_differs_keeps_nobody_waiting_for_long(house, serve):
    """However far away the moment seems, more than two seconds are not waited."""
    before = house.clock.now
    work_off(bundle(house, order(house, HttpTarget(serve(OK).url())), starts=before + timedelta(hours=1)))
    assert house.clock.now == before + timedelta(seconds=2)
    assert len(answers(house)) == 1


def test_a_round_that_is_long_over_is_not_made_up(house, serve):
    """A minute late is in time, later is never: nobody is asked, and nothing fails."""
    peer = serve(OK)
    one = order(house, HttpTarget(peer.url()))
    assert work_off(bundle(house, one, starts=house.clock.now - timedelta(seconds=61))) == []
    assert (peer.asked, answers(house)) == ([], [])
    assert work_off(bundle(house, one, starts=house.clock.now - timedelta(seconds=60))) == []
    assert len(answers(house)) == 1


def test_a_hung_target_keeps_no_other_answer_waiting(house, serve):
    """Answers go home while another target is still waited for, and its answer follows with its timeout."""
    hung = order(house, HttpTarget(serve(lambda *_: time.sleep(3)).url()), timeout=1.2)
    quick = order(house, HttpTarget(serve(OK).url()))
    work_off(bundle(house, hung, quick, quick))
    assert [len(each.answers) for each in answers(house)] == [2, 1]


def test_many_answers_take_several_messages(house):
    """No message carries more than fifty answers, or more than SQS takes."""
    few = [order(house, {}) for _ in range(120)]
    work_off(bundle(house, *few))
    sizes = [len(each.answers) for each in answers(house)]
    assert sum(sizes) == 120
    assert max(sizes) <= 50
    assert [len(parcel) for parcel in prober._parcels([b"x" * 50_000] * 10)] == [2, 2, 2, 2, 2]


def test_private_targets_are_refused_unless_they_are_allowed(house, serve):
    """The deployment's setting decides, as it does for webhooks (R391)."""
    peer = serve(OK)
    tools = replace(house.tools, settings=replace(house.tools.settings, allow_private_targets=False))
    with using(tools):
        work_off(bundle(house, order(house, HttpTarget(peer.url()))))
    [[answer]] = [each.answers for each in answers(house)]
    assert "may not be reached from here" in answer.result.error
    assert peer.connected == 0


class Unwell:
    """Queues that refuse the first messages."""

    def __init__(self, queues, faults):
        self.queues, self.faults = queues, faults

    def results(self, bundle):
        """Take *bundle*, or do not."""
        if self.faults:
            self.faults -= 1
            raise Unavailable("the queue does not answer")
        self.queues.results(bundle)


@pytest.mark.parametrize(("faults", "arrived", "failed"), [(1, 2, 0), (9, 0, 1)])
def test_answers_that_cannot_be_sent_go_with_the_next(house, serve, faults, arrived, failed):
    """A queue that does not answer once loses nothing; one that never does makes the bundle fail."""
    quick = order(house, HttpTarget(serve(OK).url()))
    slow = order(house, HttpTarget(serve(lambda sock, _: (time.sleep(0.8), sock.sendall(OK))).url()))
    tools = replace(house.tools)
    tools.__dict__["queues"] = Unwell(house.tools.queues, faults)
    with using(tools):
        assert current().queues.faults == faults
        assert len(work_off(bundle(house, quick, slow))) == failed
    assert sum(len(each.answers) for each in answers(house)) == arrived


def test_a_message_that_is_none_fails(house):
    """What cannot be read is no bundle, and goes to the dead letters."""
    assert house
    record = {"body": "{}", "receiptHandle": "", "messageId": "m"}
    assert len(prober.probe({"Records": [record]}, None)["batchItemFailures"]) == 1


def modules_after(statements):
    """Return the names of all modules that a fresh interpreter has after *statements*."""
    code = f"{statements}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(  # noqa: S603  it is our own interpreter
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def found_in(modules, *names):
    return [name for name in names if any(each == name or each.startswith(f"{name}.") for each in modules)]


def test_the_module_imports_nothing_that_it_does_not_need():
    """A fresh interpreter with the Lambda's handler has no table, no template, no dialect and no HTTP yet."""
    handle = "from chalicelib.workers import prober\nassert prober.probe({'Records': []}, None)"
    assert found_in(modules_after(handle), *FORBIDDEN, "app") == []


@pytest.mark.parametrize(
    ("kind", "needed", "others"),
    [
        ("http", ["requests"], ["dns", "regex", "jsonpath", "pynamodb"]),
        ("tcp", [], ["dns", "regex", "jsonpath", "pynamodb"]),
        ("tls", [], ["dns", "regex", "pynamodb"]),
        ("dns", ["dns"], ["regex", "jsonpath", "pynamodb"]),
        ("domain", ["requests"], ["dns", "regex", "jsonpath", "pynamodb"]),
    ],
)
def test_a_protocol_imports_no_others_library(kind, needed, others):
    """Who probes one protocol pays for no other's."""
    modules = modules_after(f"import chalicelib.probes.{kind}")
    assert found_in(modules, *needed) == needed
    assert found_in(modules, *others, "chalicelib.queues", "chalicelib.storage", "chalicelib.services") == []


def test_whatever_a_target_says_its_result_travels(house, serve):
    """Half characters and line breaks in what is quoted of an answer keep no result from going home."""
    body = b'{"a": "\\ud800 \\u0000 \\n", "b": 5}'
    peer = serve(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    wanted = Assertion("json", "equals", "x", "$.a")
    assert work_off(bundle(house, order(house, HttpTarget(peer.url(), assertions=(wanted,))))) == []
    [one] = answers(house)
    assert one.answers[0].result.error.startswith('$.a is not "x" (it is ')
    assert ResultBundle.from_json(one.to_json()) == one
