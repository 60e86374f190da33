"""What a month of a deployment uses: how often each road is gone, times what it costs.

What DynamoDB is asked comes from tests/storage/roads.py, where it was counted; memory, shards and alarms come
from what deploys. What nobody could count without an AWS account is assumed, and named here.
"""

import json
from dataclasses import dataclass

from chalice.app import SQSEventConfig

from app import app
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


@dataclass(frozen=True)
class Size:
    """How much is watched; heartbeats come every 5 minutes, URLs are probed every minute."""

    name: str
    heartbeats: int = 0
    urls: int = 0
    regions: int = 1
    looks: int = 0  # at a check through the API, a month

    @property
    def outages(self) -> int:
        """How many a month, each told to two channels by mail: one of each monitor."""
        return self.heartbeats + self.urls


SIZES = (
    Size("nothing at all"),
    Size("20 heartbeats", 20, looks=MINUTES),
    Size("100 heartbeats, 50 URLs from 3 regions", 100, 50, 3, MINUTES),
    Size("1,000 heartbeats, 500 URLs from 3 regions", 1000, 500, 3, MINUTES),
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
    answer = Use(api=1, sent=TO_A_CLIENT / 1e6)
    return answer + run("api_handler", len(road.calls) + more) + asked(road)


def announced(road: Bill, message: Bill) -> Use:
    """Return a flip that is published, and told to two channels."""
    told = Use(topics=1) + run("announce", len(road.calls) + 1) + asked(road)
    return told + 2 * (worked_off("notify", message, seconds=A_MESSAGE) + Use(mails=1))


PINGED = requested(roads.STEADY_PING)
VISITED = worked_off("wake", roads.VISIT)
LOOKED = requested(roads.CALL)
OUTAGE = (
    worked_off("wake", roads.TIMEOUT, more=1)
    + announced(roads.OUTAGE_TOLD_TO_TWO, roads.MESSAGE)
    + requested(roads.RECOVERY, more=1)
    + announced(roads.END_TOLD_TO_TWO, roads.END_MESSAGE)
)


def idle_minute() -> Use:
    """Return a minute in which nothing happens: a tick, and a look at each shard."""
    tick = run("tick", len(roads.TICK.calls) + 1) + asked(roads.TICK)
    first = worked_off("scan", roads.FIRST_SHARD, together=SHARDS)
    return tick + first + (SHARDS - 1) * worked_off("scan", roads.OTHER_SHARD, together=SHARDS)


def probed_minute(urls: int, regions: int) -> Use:
    """Return what probing adds to a minute, however few URLs: the wheel, its bundles, and their way home."""
    bundles = min(urls, SHARDS * PLACES) * regions
    slot = Bill(roads.SLOT.calls, read=max(roads.SLOT.read, urls / SHARDS * SPEC / 4 / 2))
    wheel = worked_off("scan", slot, more=regions, together=SHARDS)
    bundle = worked_off("probe", NONE, 1, WAIT + ANSWER - PACE, PLACES) + worked_off("collect", NONE)
    return SHARDS * wheel + bundles * bundle


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


def watched(template: dict) -> Use:
    """Return the alarms and dashboards of a template."""
    made = [(one.get("Type"), one.get("Properties", {})) for one in template["Resources"].values()]
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
    return polled + watched(HOME) + elsewhere * watched(PROBER) + Use(stored=stored, kept=stored)


def month(size: Size) -> Use:
    """Return what a month of *size* uses."""
    use = standing(size) + MINUTES * idle_minute()
    use += size.heartbeats * (MINUTES / 5 * PINGED + HOURS * VISITED)
    use += size.outages * OUTAGE + size.looks * LOOKED
    if size.urls:
        of_a_url = MINUTES * probed_round(size.regions) + HOURS * rolled_up() + HOURS / 24 * SURVEYED
        use += MINUTES * probed_minute(size.urls, size.regions) + size.urls * of_a_url
    return use
