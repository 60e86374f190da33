"""What a list of a thousand checks costs us in CPU time, against reading and writing its JSON alone.

The calls' answers are kept, and given again: neither the emulator's work nor botocore's is ours.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from time import process_time
from typing import Any

from chalicelib import aws
from chalicelib.local.house import House, built
from tests.dialects.healthchecks.crowd import fill

MANY = 1000
ROUNDS = 7


def measure() -> dict[str, float]:
    """Return the least CPU milliseconds of a list, and how many times its JSON that is."""
    with built() as house:
        fill(house, house.foundation.project, MANY, 0)
        listing = ask(house)
        with answers_again(house):
            ours = min(took(lambda: ask(house)) for _ in range(ROUNDS))
        plain = min(took(lambda: json.loads(json.dumps(listing))) for _ in range(ROUNDS))
    return {"listing_1000_ms": round(ours * 1000, 1), "listing_ratio": round(ours / plain, 1)}


def ask(house: House) -> Any:
    """Return the list, as its reader has it."""
    document = house.ask("GET", "/api/v3/checks/", X_Api_Key=house.foundation.api_key).json()
    if len(document["checks"]) != MANY:
        raise RuntimeError("the list is not whole")
    return document


def took(work: Callable[[], object]) -> float:
    """Return the CPU seconds of *work*."""
    begun = process_time()
    work()
    return process_time() - begun


@contextmanager
def answers_again(house: House) -> Iterator[None]:
    """Keep the answers to the calls of one list, and give them to those inside the block."""
    settings = house.tools.settings
    events = aws.client("dynamodb", settings.region, settings.endpoint_url).meta.events
    kept: list[tuple[Any, Any]] = []

    def keep(http_response: Any, parsed: Any, **_: object) -> None:
        kept.append((http_response, parsed))

    def give(**_: object) -> tuple[Any, Any]:
        return next(again)

    events.register("after-call.dynamodb", keep)
    ask(house)
    events.unregister("after-call.dynamodb", keep)
    again = cycle(kept)
    events.register("before-call.dynamodb", give)
    try:
        yield
    finally:
        events.unregister("before-call.dynamodb", give)
