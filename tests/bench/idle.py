"""What one tick reads when a hundred thousand monitors are idle: the number of shards decides, not theirs."""

from collections import Counter
from datetime import timedelta
from typing import Any

from chalicelib import aws
from chalicelib.core.monitors import State
from chalicelib.core.status import Status
from chalicelib.local.house import built
from chalicelib.settings import Settings
from chalicelib.storage.monitors import state_item

MONITORS = 100_000
SHARDS = 4


def measure() -> dict[str, float]:
    """Return the DynamoDB reads of one tick over ten idle monitors and over very many."""
    few, many = _reads(10), _reads(MONITORS)
    return {"tick_shards": SHARDS, "tick_reads_of_10": few, f"tick_reads_of_{MONITORS}": many}


def _reads(monitors: int) -> int:
    with built(Settings(shards=SHARDS)) as house:
        _fill(monitors, house.clock.now)
        house.pump.tick()  # the first tick writes the first row of ticks
        house.pump.drain()
        calls: Counter[str] = Counter()
        client = aws.client("dynamodb", "us-east-1", None)
        client.meta.events.register("before-call.dynamodb", lambda model, **_: calls.update([model.name]))
        house.clock.now += timedelta(minutes=1)
        house.pump.tick()
        house.pump.drain()
        return calls["Query"] + calls["GetItem"] + calls["BatchGetItem"] + calls["Scan"]


def _fill(monitors: int, now: Any) -> None:
    """Put states straight into the emulator's table: through its door it would take minutes."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.dynamodb.models import dynamodb_backends

    table = dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].tables["wakeful-monitors"]
    for number in range(monitors):
        state = State(
            Status.UP, since=now, last_ping=now, look_at=now + timedelta(days=1, seconds=number), n_pings=1
        )
        table.put_item(state_item(f"monitor-{number}", state, SHARDS).serialize())
