"""How soon after a target fails its alarm is at the receiver, in real time, from three regions.

Each target fails just after a round, which is the worst moment: a whole interval passes before anybody asks.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from chalicelib.core.status import Kind, Status
from chalicelib.core.targets import HttpTarget, Watch
from chalicelib.local.__main__ import furnish
from chalicelib.local.stack import running
from chalicelib.services import access, channels, watching
from chalicelib.services.channels import ChannelWish
from chalicelib.settings import Settings
from chalicelib.storage.keys import Lane
from chalicelib.toolbox import current
from tests.bench.detection import now, receiver
from tests.stories.targets import serving

TARGETS = 5  # for each threshold
INTERVAL = timedelta(seconds=10)
PATIENCE = 60.0


def measure() -> dict[str, float]:
    """Return the longest time from fault to webhook in seconds, for thresholds of one and of two."""
    furnish(None)
    with running(Settings.from_env(), 0) as stack, receiver() as (address, received):
        caller = access.enter(current(), stack.foundation.api_key, Lane.V3, current().clock())
        wish = ChannelWish("bench", {"url": address}, kind="WEBHOOK")
        channels.add(current(), caller, wish, current().clock())
        return {
            f"outage_to_message_max_s_threshold_{threshold}": max(
                _seconds(caller, threshold, received) for _ in range(TARGETS)
            )
            for threshold in (1, 2)
        }


def _seconds(caller: Any, threshold: int, received: list[tuple[float, dict[str, Any]]]) -> float:
    with serving() as target:
        watch = Watch(HttpTarget(target.url), interval=INTERVAL, failure_threshold=threshold)
        wish = {"kind": Kind.HTTP, "name": target.url, "channels": ("*",), "watch": watch}
        monitor_id = watching.create(current(), caller, wish, current().clock()).spec.monitor_id

        def state() -> Any:
            return current().monitors.load(monitor_id, fresh=True).state

        _until(lambda: state().status is Status.UP)
        judged = state().judged_at
        _until(lambda: state().judged_at > judged)
        target.is_down()
        failed = now()
        heard: list[float] = []
        _until(
            lambda: (
                heard.extend(at for at, told in received if (told["monitor"] or {}).get("id") == monitor_id)
                or heard
            )
        )
        watching.delete(current(), caller, monitor_id, current().clock())
        return round(heard[0] - failed, 2)


def _until(happened: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > end:
            raise RuntimeError("it did not happen")
        time.sleep(0.05)
