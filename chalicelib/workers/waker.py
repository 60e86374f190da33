"""Look at one monitor, or one incident, at the very second of its deadline."""

from typing import Any

from chalice import Blueprint

from chalicelib.settings import queue_name
from chalicelib.workers.batches import each

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(queue=queue_name("wakes"), batch_size=10)
def wake(event: Any) -> dict[str, list[dict[str, str]]]:
    """Let time pass for the monitors and incidents that a batch names."""
    return each(event, look)


def look(body: str) -> None:
    """Work off one Wake or Timer."""
    from chalicelib.messages import Timer, wake_order
    from chalicelib.services import attending, waking
    from chalicelib.toolbox import current

    tools, message = current(), wake_order(body)
    if isinstance(message, Timer):
        attending.look(tools, message, tools.clock())
    else:
        waking.wake(tools, message, tools.clock())
