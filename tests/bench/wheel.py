"""What one tick costs when a hundred thousand monitors are probed, a tenth of them in its minute."""

import json
from collections import Counter
from datetime import datetime, timedelta
from time import process_time
from typing import Any

from chalicelib import aws
from chalicelib.core.monitors import Spec
from chalicelib.core.status import Kind
from chalicelib.core.targets import HttpTarget, Watch
from chalicelib.core.wheel import slot_of
from chalicelib.local.house import House, built
from chalicelib.settings import Settings
from chalicelib.storage.monitors import spec_item
from chalicelib.storage.tables import shard_of

MONITORS = 100_000
SHARDS = 4
INTERVAL = timedelta(minutes=10)
HOME, *_ = REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-1")
READS = ("Query", "GetItem", "BatchGetItem", "Scan")


class Meter:
    """Counts what passes through our clients, and what CPU time the emulator takes over it."""

    def __init__(self) -> None:
        self.reads = 0
        self.messages = 0
        self.elsewhere = 0.0  # seconds
        self._begun = 0.0
        clients = [
            aws.client("dynamodb", HOME, None),
            *(aws.client("sqs", region, None) for region in REGIONS),
        ]
        for client in clients:
            client.meta.events.register("provide-client-params", self._count)
            client.meta.events.register_first("before-send", self._leave)
            client.meta.events.register_last("before-send", self._return)

    def _count(self, params: dict[str, Any], model: Any, **_: object) -> None:
        self.reads += model.name in READS
        self.messages += len(params.get("Entries", ()))

    def _leave(self, **_: object) -> None:
        self._begun = process_time()

    def _return(self, **_: object) -> None:
        self.elsewhere += process_time() - self._begun


def measure() -> dict[str, float]:
    """Return what one tick and its scans read, send and take of the CPU, the emulator's own part apart."""
    with built(Settings(shards=SHARDS, probe_regions=REGIONS)) as house:
        house.pump.lines = [line for line in house.pump.lines if line.name == "scan"]
        house.pump.tick()  # the first tick writes the first row of ticks
        house.pump.drain()
        _fill(house)
        house.clock.now += timedelta(minutes=1)
        meter, begun = Meter(), process_time()
        house.pump.tick()
        house.pump.drain()
        took = process_time() - begun - meter.elsewhere
        due = _ordered()
    if set(due.values()) != {due[HOME]}:
        raise RuntimeError(f"the regions were not asked for the same: {due}")
    return {
        "wheel_monitors": MONITORS,
        "wheel_due": due[HOME],
        "wheel_reads": meter.reads,
        "wheel_messages": meter.messages,
        "wheel_seconds": round(took, 2),
    }


def _fill(house: House) -> None:
    """Put specs straight into the emulator's table: through its door it would take minutes."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.dynamodb.models import dynamodb_backends

    house.tools.ticks.add_ring(int(INTERVAL.total_seconds()))
    table = dynamodb_backends[DEFAULT_ACCOUNT_ID][HOME].tables["wakeful-monitors"]
    for number in range(MONITORS):
        spec = _spec(number, house.clock.now)
        slot = slot_of(spec.monitor_id, INTERVAL, shard_of(spec.monitor_id, SHARDS))
        table.put_item(spec_item(spec, slot).serialize())


def _spec(number: int, now: datetime) -> Spec:
    return Spec(
        f"5d4c4b2e-0000-4000-8000-{number:012}",
        project_id="5d4c4b2e-0000-4000-8000-100000000000",
        organization_id="5d4c4b2e-0000-4000-8000-200000000000",
        created=now,
        badge_key="5d4c4b2e-0000-4000-8000-300000000000",
        kind=Kind.HTTP,
        name=f"Shop {number}",
        watch=Watch(HttpTarget(f"https://shop-{number}.example.org/health"), INTERVAL),
    )


def _ordered() -> Counter[str]:
    """Return how many probes wait in the queue of each region."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.sqs.models import sqs_backends

    found: Counter[str] = Counter()
    for region in REGIONS:
        queue = sqs_backends[DEFAULT_ACCOUNT_ID][region].queues["wakeful-probes"]
        for message in queue._messages:  # the public list hides those that wait
            found[region] += len(json.loads(message.body)["orders"])
    return found


if __name__ == "__main__":
    print(json.dumps(measure()))
