"""Look at one monitor at the very second of its deadline."""

from typing import Any

from chalice import Blueprint

from chalicelib.settings import queue_name
from chalicelib.workers.batches import each

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(queue=queue_name("wakes"), batch_size=10)
def wake(event: Any) -> dict[str, list[dict[str, str]]]:
    """Let time pass for the monitors that a batch names."""
    return each(event, look)


def look(body: str) -> None:
    """Work off one Wake."""
    from chalicelib.queues import Wake
    from chalicelib.services import waking
    from chalicelib.toolbox import current

    tools = current()
    waking.wake(tools, Wake.from_json(body), tools.clock())
