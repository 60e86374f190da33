"""What a month of a deployment uses: how often each road is gone, times what it costs.

What DynamoDB is asked comes from tests/storage/roads.py, where it was counted; memory, shards and alarms come
from what deploys, lines of the log from what writes them. What nobody could count without an AWS account is
assumed, and named here.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from chalice.app import SQSEventConfig

from app import app
from chalicelib.core.metrics import Metric, emf
from infra.package import ROOT
from tests.infra.prices import Use
from tests.storage import roads
from tests.storage.billing import Bill

STAGE = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"]["prod"]
ARCHITECTURE = STAGE["lambda_architecture"]
MEMORY = {name: made["lambda_memory_size"] / 1024 for name, made in STAGE["lambda_functions"].items()}  # GB
HOME, PROBER = (json.loads((ROOT / "infra" / name).read_text()) for name in ("resources.json", "prober.json"))
SHARDS = HOME["Parameters"]["Shards"]["Default"]
QUEUES = sum(isinstance(source, SQSEventConfig) for source in app.event_sources)  # that Lambda polls at home

# What a request leaves in API Gateway's access log, for example.
A_REQUEST = {
    "extendedRequestId": "JKJaXmPLvHcESHA=",
    "integration.requestId": "b91c1763-3b2f-4c5a-8f0e-7f6d2a1c9e55",
    "identity.sourceIp": "203.0.113.200",
    "httpMethod": "POST",
    "resourcePath": "/api/v3/checks/{code}",
    "status": "200",
    "responseLatency": "25",
    "responseLength": "2",
    "error.responseType": "-",
}

HOURS = 730  # of a month
MINUTES = 60 * HOURS
PLACES = 6  # on a ring of a minute: who sits in one place shares a message

# Assumed.
A_RUN, A_CALL = 0.010, 0.008  # seconds that a warm Lambda takes, and each call of AWS in it
WAIT, ANSWER, PACE = 0.5, 0.3, 0.02  # seconds: until a bundle's moment, of a target, between two starts
A_MESSAGE = 0.3  # seconds that a provider takes
POLLS = 5 * 3 * MINUTES  # of an idle queue: five pollers, each asks every 20 seconds
SPEC, ROUND, PING = 0.6, 0.7, 0.3  # kB of an item
PINGS_KEPT, ROUNDS_KEPT = 1000, 30 * 24 * 60
TO_A_CLIENT, TO_A_TARGET = 0.5, 1.5  # kB that leave for the answer to a ping, and for a probe by HTTPS

NONE = Bill([])


def line(metric: Metric) -> Use:
    """Return the line of the log that tells *metric* once."""
    told = emf("wakeful", metric, 1, datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
    return written(f"{told}\n")


def access_line() -> Use:
    """Return the line that API Gateway writes of a request."""
    on = HOME["Resources"]["RestAPI"]["Properties"]["AccessLogSetting"]["Fn::If"][1]
    return written(re.sub(r"\$context\.([\w.]+)", lambda named: A_REQUEST[named[1]], on["Format"]) + "\n")


def written(text: str) -> Use:
    """Return the ingestion of *text*."""
    return Use(logs=len(text.encode()) / 1e9)


@dataclass(frozen=True)
class Size:
    """How much is watched; heartbeats come every 5 minutes, URLs are probed every minute."""

    name: str
    heartbeats: int = 0
    urls: int = 0
    regions: int = 1
    looks: int = 0  # at a check through the API, a month
    ping_url: str = ""  # what PING_URL says

    @property
    def outages(self) -> int:
        """How many a month, each told to two channels by mail: one of each monitor."""
        return self.heartbeats + self.urls

    @property
    def metrics(self) -> float:
        """How many of our own are sent, some of them only in the hours of an outage, or of its end."""
        late, told = self.heartbeats / HOURS, 2 * self.outages / HOURS
        return bool(self.heartbeats) + bool(self.urls) + min(1.0, late) + min(1.0, told)


SIZES = (
    Size("nothing at all"),
    Size("20 heartbeats", 20, looks=MINUTES),
    Size("100 heartbeats, 50 URLs from 3 regions", 100, 50, 3, MINUTES),
    Size("1,000 heartbeats, 500 URLs from 3 regions", 1000, 500, 3, MINUTES),
    Size("the same, with `PING_URL=function`", 1000, 500, 3, MINUTES, "function"),
)


def asked(cost: Bill) -> Use:
    """Return what DynamoDB charges for."""
    return Use(reads=cost.read, writes=cost.write + cost.index + cost.refused)


def run(function: str, calls: float, seconds: float = 0) -> Use:
    """Return a run of a Lambda that calls AWS so often, and takes *seconds* besides."""
    return Use(runs=1, gb_seconds=MEMORY[function] * (A_RUN + calls * A_CALL + seconds))


def worked_off(function: str, road: Bill, more: float = 0, seconds: float = 0, together: int = 1) -> Use:
    """Return a message that a Lambda works off: sent with others perhaps, received and deleted alone."""
    handed = Use(queues=1 / together + 2)
    return handed + run(function, len(road.calls) + more, seconds) + asked(road)


def requested(road: Bill, more: float = 0) -> Use:
    """Return a request at the API."""
    answer = Use(api=1, sent=TO_A_CLIENT / 1e6) + access_line()
    return answer + run("api_handler", len(road.calls) + more) + asked(road)


def announced(road: Bill, message: Bill) -> Use:
    """Return a flip that is published, and told to two channels."""
    told = Use(topics=1) + run("announce", len(road.calls) + 1) + asked(road)
    sent = worked_off("notify", message, seconds=A_MESSAGE) + Use(mails=1) + line(Metric.DELIVERIES)
    return told + 2 * sent


PINGED = requested(roads.STEADY_PING) + line(Metric.PINGS)
PINGED_BY_URL = (
    run("ping", len(roads.STEADY_PING.calls))
    + asked(roads.STEADY_PING)
    + line(Metric.PINGS)
    + Use(sent=TO_A_CLIENT / 1e6)
)
VISITED = worked_off("wake", roads.VISIT)
LOOKED = requested(roads.CALL)
OUTAGE = (
    worked_off("wake", roads.TIMEOUT, more=1)
    + line(Metric.WAKE_LAG)
    + announced(roads.OUTAGE_TOLD_TO_TWO, roads.MESSAGE)
    + requested(roads.RECOVERY, more=1)
    + line(Metric.PINGS)
    + announced(roads.END_TOLD_TO_TWO, roads.END_MESSAGE)
)


def idle_minute() -> Use:
    """Return a minute in which nothing happens: a tick, and a look at each shard."""
    tick = run("tick", len(roads.TICK.calls) + 1) + asked(roads.TICK)
    first = worked_off("scan", roads.FIRST_SHARD, together=SHARDS)
    return tick + first + (SHARDS - 1) * worked_off("scan", roads.OTHER_SHARD, together=SHARDS)


def probed_minute(urls: int, regions: int) -> Use:
    """Return what probing adds to a minute, however few URLs: the wheel, its bundles, and their way home."""
    places = min(urls, SHARDS * PLACES)  # of which one region's bundle brings the verdicts
    slot = Bill(roads.SLOT.calls, read=max(roads.SLOT.read, urls / SHARDS * SPEC / 4 / 2))
    wheel = worked_off("scan", slot, more=regions, together=SHARDS)
    bundle = worked_off("probe", NONE, 1, WAIT + ANSWER - PACE, PLACES) + worked_off("collect", NONE)
    return SHARDS * wheel + places * (regions * bundle + line(Metric.ROUNDS))


def heard(road: Bill) -> Use:
    """Return what an answer adds to a run of the collector."""
    return Use(gb_seconds=MEMORY["collect"] * A_CALL * len(road.calls)) + asked(road)


def probed_round(regions: int) -> Use:
    """Return what a round of one URL adds: its places in the bundles, and its verdict."""
    road = roads.VERDICT
    for _ in range(regions - 1):
        road += roads.ANSWER
    starts = regions * Use(gb_seconds=MEMORY["probe"] * PACE, sent=TO_A_TARGET / 1e6)
    return starts + heard(road)


def rolled_up() -> Use:
    """Return what an hour of a URL adds; its rounds are read at one go."""
    whole = Use(reads=60 * ROUND / 4 - 1)  # the bill has one unit for it
    return whole + heard(roads.ROLL_UP)


SURVEYED = (
    worked_off("probe", NONE, 1, seconds=5) + worked_off("collect", roads.SURVEY) + asked(roads.SURVEY_ORDER)
)


def watched(template: dict, condition: str | None = None) -> Use:
    """Return the alarms and dashboards that a template makes for everybody, or on a condition."""
    resources = [one for one in template["Resources"].values() if one.get("Condition") == condition]
    made = [(one.get("Type"), one.get("Properties", {})) for one in resources]
    alarms = [
        sum("MetricStat" in metric for metric in told.get("Metrics", [])) or 1
        for kind, told in made
        if kind == "AWS::CloudWatch::Alarm"
    ]
    boards = [kind for kind, _ in made if kind == "AWS::CloudWatch::Dashboard"]
    return Use(alarms=sum(alarms), dashboards=len(boards))


def standing(size: Size) -> Use:
    """Return what is there without anything happening: polled queues, alarms, and what is stored."""
    elsewhere = size.regions - 1
    stored = (size.heartbeats * PINGS_KEPT * PING + size.urls * ROUNDS_KEPT * ROUND) / 1e6
    polled = Use(queues=(QUEUES + elsewhere) * POLLS)
    kept = Use(stored=stored, kept=stored, metrics=size.metrics)
    front = watched(HOME, "HasPingUrl") if size.ping_url else Use()
    return polled + watched(HOME) + front + elsewhere * watched(PROBER) + kept


def month(size: Size) -> Use:
    """Return what a month of *size* uses."""
    use = standing(size) + MINUTES * idle_minute()
    pinged = PINGED_BY_URL if size.ping_url else PINGED
    use += size.heartbeats * (MINUTES / 5 * pinged + HOURS * VISITED)
    use += size.outages * OUTAGE + size.looks * LOOKED
    if size.urls:
        of_a_url = MINUTES * probed_round(size.regions) + HOURS * rolled_up() + HOURS / 24 * SURVEYED
        use += MINUTES * probed_minute(size.urls, size.regions) + size.urls * of_a_url
    return use
