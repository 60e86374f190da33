"""Hear what the regions found, and judge."""

from typing import Any

from chalice import Blueprint

from chalicelib.settings import queue_name
from chalicelib.workers.batches import each

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(queue=queue_name("results"), batch_size=5)
def collect(event: Any) -> dict[str, list[dict[str, str]]]:
    """Take the answers that a batch brings."""
    return each(event, hear)


def hear(body: str) -> None:
    """Work off one ResultBundle."""
    from chalicelib.messages import ResultBundle
    from chalicelib.services import judging
    from chalicelib.toolbox import current

    tools = current()
    judging.collect(tools, ResultBundle.from_json(body), tools.clock())
