"""What watching a target costs on DynamoDB, heard on the wire (see billing.py)."""

from datetime import timedelta

import pytest

from app import app
from chalicelib.core.consensus import Answer, Result
from chalicelib.core.findings import RecordSet, Registration, Survey
from chalicelib.core.status import Kind, Verdict
from chalicelib.core.targets import HttpTarget, Watch
from chalicelib.local.pump import SCHEDULED
from chalicelib.messages import ResultBundle, SurveyResult, SurveyTick, WheelTick
from chalicelib.services import access, watching
from chalicelib.storage.keys import Lane
from tests.storage.billing import Bill
from tests.storage.roads import ANSWER, ROLL_UP, ROUND, SLOT, SURVEY, SURVEY_ORDER, TICK, VERDICT

REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-1")
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
UP, DOWN = Verdict.UP, Verdict.DOWN


@pytest.fixture
def shop(deployment):
    """Return a probed monitor that is up: its first round has come home."""
    made = watch(deployment)
    for region in REGIONS:
        hear(deployment, made, deployment.now, region, UP)
    return made


def watch(deployment, url="https://shop.example/"):
    """Return a new probed monitor."""
    caller = access.enter(deployment.tools, deployment.foundation.api_key, Lane.V3, deployment.now)
    wish = {"kind": Kind.HTTP, "watch": Watch(HttpTarget(url), interval=MINUTE)}
    return watching.create(deployment.tools, caller, wish, deployment.now)


def hear(deployment, monitor, at, region, verdict):
    """Let what *region* found in the round at *at* come home."""
    result = Result(region, verdict, ms=123.4, code=200, phases={"dns": 1.0, "connect": 2.0, "tls": 3.0})
    answer = Answer(monitor.spec.monitor_id, at, monitor.spec.watch.version, REGIONS, (), result)
    deployment.work("collect", ResultBundle((answer,)))


def test_an_answer_costs_one_write(deployment, shop):
    """What one region found is one update and no read, while there is no verdict and after there is one."""
    at = deployment.now + MINUTE
    first = deployment.bill(lambda: hear(deployment, shop, at, REGIONS[0], UP))
    second = deployment.bill(lambda: hear(deployment, shop, at, REGIONS[1], UP))
    third = deployment.bill(lambda: hear(deployment, shop, at, REGIONS[2], UP))
    assert first == third == ANSWER
    assert second == VERDICT


def test_a_round_that_agrees_costs_four_writes(deployment, shop):
    """A round of three regions costs three writes and one for its verdict, and touches no index."""
    at = deployment.now + MINUTE
    bill = deployment.bill(lambda: [hear(deployment, shop, at, region, UP) for region in REGIONS])
    assert bill == ROUND
    assert (bill.write, bill.read, bill.index) == (4, 0.5, 0)


def test_an_hour_costs_two_writes_more(deployment, shop):
    """The first verdict after an hour is over reads its rounds, and writes what they come to and that they
    were.
    """
    at = deployment.now.replace(minute=3) + timedelta(hours=1)
    for region in REGIONS:
        hear(deployment, shop, at, region, UP)
    at += timedelta(hours=1)
    hear(deployment, shop, at, REGIONS[0], UP)
    bill = deployment.bill(lambda: hear(deployment, shop, at, REGIONS[1], UP))
    assert bill == VERDICT + ROLL_UP


def test_an_outage_costs_a_transaction(deployment, shop):
    """The round that takes it down writes state and flip together, the doubt before it only the state."""
    bills = []
    for number in (1, 2):
        at = deployment.now + number * MINUTE
        hear(deployment, shop, at, REGIONS[0], DOWN)
        bills.append(deployment.bill(lambda at=at: hear(deployment, shop, at, REGIONS[1], DOWN)))
    doubt, fall = bills
    assert doubt == Bill(["UpdateItem", "Query", "UpdateItem"], read=0.5, write=2)
    assert fall == Bill(["UpdateItem", "Query", "TransactWriteItems"], read=0.5, write=5, index=1)


@pytest.mark.usefixtures("shop")
def test_scheduling_writes_nothing(deployment):
    """A minute of the wheel is one read a slot; that it is due is nowhere written."""
    since, until = deployment.now + MINUTE, deployment.now + 2 * MINUTE
    turn = WheelTick(["60:0:0"], since.isoformat(), until.isoformat())
    assert deployment.bill(lambda: deployment.work("scan", turn)) == SLOT


@pytest.mark.usefixtures("shop")
def test_a_tick_with_a_wheel_costs_what_it_costs_without(deployment):
    """The rings in use come with the latest tick: no read and no write more."""
    app.handler_map["tick"](SCHEDULED, None)
    deployment.now += MINUTE
    bill = deployment.bill(lambda: app.handler_map["tick"](SCHEDULED, None))
    assert bill == TICK


def test_a_new_probe_costs_one_write_more_than_a_heartbeat(deployment):
    """Its ring is noted once with the tick, which is read once; its slot is one more index entry."""
    watch(deployment)
    known = deployment.bill(lambda: watch(deployment))
    assert known.calls == ["UpdateItem", "UpdateItem", "TransactWriteItems", "GetItem", "PutItem"]
    assert known.refused == 1


def survey(deployment, monitor, at, *values):
    """Let a survey come home."""
    found = Registration("shop.example", "Names & Co", deployment.now + 300 * DAY, locked=True)
    records = (RecordSet("MX", "shop.example", values), RecordSet("A", "shop.example", ("192.0.2.1",)))
    told = SurveyResult(monitor.spec.monitor_id, Survey("shop.example", at, found, records))
    deployment.work("collect", told)


def test_a_name_costs_an_item_once_and_little_a_day(deployment):
    """A target with a name is created with an item more, which is due by an index; each day it is found there
    and moved on, and what was found is written: one item while nothing changes, three for a change.
    """
    shop, day = watch(deployment), deployment.now + DAY
    nameless = deployment.bill(lambda: watch(deployment, "http://192.0.2.1/"))
    named = deployment.bill(lambda: watch(deployment))
    assert (named.write - nameless.write, named.index - nameless.index) == (2, 1)
    survey(deployment, shop, deployment.now, "10 a")
    quiet = deployment.bill(lambda: survey(deployment, shop, day, "10 a"))
    change = deployment.bill(lambda: survey(deployment, shop, day + DAY, "10 b"))
    assert quiet == SURVEY
    assert change == Bill(["Query", "TransactWriteItems"], read=1, write=6)
    deployment.now = day
    order = deployment.bill(lambda: deployment.work("scan", SurveyTick(day.isoformat())))
    assert order == SURVEY_ORDER
