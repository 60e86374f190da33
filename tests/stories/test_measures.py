"""What we count of ourselves: a line of the log for each thing that was done, and none for what was not."""

import errno
import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest

from chalicelib.core.consensus import Answer, Result
from chalicelib.core.signals import PINGS_PER_MINUTE
from chalicelib.core.status import Verdict
from chalicelib.local.house import built
from chalicelib.messages import ResultBundle
from chalicelib.services import judging
from chalicelib.storage.states import StateItem
from tests.stories.faults import REFUSED, on_the_wire
from tests.stories.neighbours import empty_queues_answer_at_once, new_channel, new_check, speak
from tests.stories.targets import new_probe

REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-1")


@pytest.fixture
def lines():
    """Return the list that every line is kept in."""
    return []


@pytest.fixture
def house(lines):
    """Build a house whose lines are kept."""
    with built(emit=lines.append) as house, empty_queues_answer_at_once():
        yield house


def measured(lines, name):
    """Return the values of one metric, in the order of the lines."""
    return [document[name] for document in map(json.loads, lines) if name in document]


def test_each_ping_is_counted_once_it_is_taken(house, lines):
    """By id, by slug, by IndiePulse's token and by mail, of whatever kind: each taken ping is one line."""
    check, key = new_check(house, slug="backup"), house.foundation.project.ping_key
    roads = ("/ping/{id}", "/ping/{id}", "/ping/{id}/start", "/ping/{id}/fail", "/ping/{id}/log")
    roads += ("/ping/{key}/backup", "/v1/ping/{id}", "/api/v1/heartbeat/{id}")
    for number, road in enumerate(roads, 1):
        assert house.ask("GET", road.format(id=check.check_id, key=key)).status == 200
        assert measured(lines, "Pings") == [1] * number
    house.mail(f"{check.check_id}@pings.example.org", b"Subject: done\n\n")
    assert measured(lines, "Pings") == [1] * (len(roads) + 1) == [1] * len(check.log)


def test_what_is_refused_is_not_counted(house, lines):
    """Unknown checks, floods and faults leave no line."""
    check, nobody = new_check(house), "5d4c4b2e-0000-4000-8000-000000000001"
    assert house.ask("GET", f"/ping/{nobody}").status == 404
    check.ping()
    StateItem(check.check_id, "state").update([StateItem.in_minute.set(PINGS_PER_MINUTE)])
    lines.clear()
    assert check.ping("log") == 429
    house.clock.now += timedelta(minutes=1)
    with on_the_wire(house) as wire:
        wire.spoil(REFUSED, lambda call: call.operation == "PutItem")
        assert check.ping() == 503
    assert lines == []


def test_a_steady_ping_costs_one_line_and_two_calls(house, lines):
    """Beside its two writes a ping of a check that is well leaves one line, and asks AWS nothing more."""
    check = new_check(house)
    check.ping()
    lines.clear()
    with on_the_wire(house) as wire:
        assert check.ping() == 200
    assert [call.operation for call in wire.calls] == ["UpdateItem", "PutItem"]
    assert measured(lines, "Pings") == [1]
    assert len(lines) == 1


@pytest.mark.parametrize("fault", [OSError(errno.EPIPE, "broken pipe"), ValueError("closed file")])
def test_a_broken_log_loses_no_ping(house, fault):
    """Where a line cannot be written the ping is kept and answered like any other."""

    def broken(_):
        raise fault

    check = new_check(house)
    house.tools.emit = broken
    assert [check.ping(), check.ping(), check.ping("fail")] == [200, 200, 200]
    assert len(check.log) == 3


def test_lateness_is_measured_from_the_deadline(house, lines):
    """It is nothing where the wake comes on time, half a minute where it comes half a minute late.

    A ping that finds its monitor overdue before any wake tells how late that is.
    """
    check = new_check(house)
    check.ping()
    house.advance(seconds=121)
    assert measured(lines, "WakeLag") == [0]
    check.ping()
    house.advance(seconds=61)
    house.sleep(seconds=89)
    house.advance(seconds=1)
    [_, late] = measured(lines, "WakeLag")
    assert 30_000 <= late < 31_000
    check.ping()
    house.advance(seconds=30)
    house.sleep(seconds=95)
    check.ping()
    assert measured(lines, "WakeLag")[2:] == [5000]


def test_lateness_of_a_timer_is_measured(house, lines):
    """A reminder of an outage that comes ten seconds late tells so."""
    new_channel(house, "EMAIL", email="alice@example.org")
    check = new_check(house)
    speak(house, "PATCH", f"/v1/checks/{check.check_id}", b'{"reminderIntervalHours": 1}')
    check.ping("fail")
    house.advance(minutes=59, seconds=30)
    lines.clear()
    house.sleep(seconds=40)
    house.advance(seconds=1)
    [late] = measured(lines, "WakeLag")
    assert 10_000 <= late < 11_000


def test_the_rounds_of_a_bundle_are_one_line(house, lines):
    """Rounds are counted when their verdict is there, all that one bundle decides together."""
    probes = [new_probe(house, "http://127.0.0.1:9/") for _ in range(3)]

    def bundle(region, these):
        answers = [
            Answer(one.check_id, house.clock(), 0, REGIONS, (), Result(region, Verdict.UP)) for one in these
        ]
        judging.collect(house.tools, ResultBundle(tuple(answers)), house.clock())

    lines.clear()
    for region, judged in ((REGIONS[0], []), (REGIONS[1], [3]), (REGIONS[2], [3])):
        bundle(region, probes)
        assert measured(lines, "Rounds") == judged


def test_messages_and_failures_are_counted(house, receiver, lines):
    """A message that is refused twice and then taken is two failures and one delivery."""
    check = new_check(house)
    receiver.answers_once(500)
    receiver.answers_once(500)
    check.ping("fail")
    house.advance(minutes=2)
    assert (measured(lines, "Failures"), measured(lines, "Deliveries")) == ([1, 1], [1])
    assert len(receiver.heard) == 3


SPEAK = "from chalicelib.core.metrics import Metric; from chalicelib.toolbox import current; "
PING_TWICE = SPEAK + "current().measure(Metric.PINGS); current().measure(Metric.PINGS, 2)"


def said_by(program, **environment):
    """Return what *program* writes to standard output."""
    bare = {name: value for name, value in os.environ.items() if name != "AWS_LAMBDA_FUNCTION_NAME"}
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", program], env=bare | environment, check=True, capture_output=True, text=True
    )
    return done.stdout


def test_lambda_alone_is_spoken_to():
    """In Lambda each metric is a line on standard output; an operator's command says nothing of the kind."""
    lines = said_by(PING_TWICE, AWS_LAMBDA_FUNCTION_NAME="wakeful-api", WAKEFUL_PREFIX="harbour").splitlines()
    assert [(line["Deployment"], line["Pings"]) for line in map(json.loads, lines)] == [
        ("harbour", 1),
        ("harbour", 2),
    ]
    assert said_by(PING_TWICE) == ""
