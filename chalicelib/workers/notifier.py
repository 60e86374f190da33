"""Send one message to one channel."""

from typing import Any

from chalice import Blueprint

from chalicelib.settings import queue_name
from chalicelib.workers.batches import each

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(queue=queue_name("deliveries"), batch_size=1)
def notify(event: Any) -> dict[str, list[dict[str, str]]]:
    """Deliver what a batch names."""
    return each(event, send)


def send(body: str) -> None:
    """Work off one DeliveryNotice."""
    from chalicelib.messages import DeliveryNotice
    from chalicelib.services import delivering
    from chalicelib.toolbox import current

    tools = current()
    delivering.deliver(tools, DeliveryNotice.from_json(body), tools.clock())
