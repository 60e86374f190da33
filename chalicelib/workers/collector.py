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
    """Work off one ResultBundle or SurveyResult."""
    from chalicelib.messages import SurveyResult, result
    from chalicelib.services import judging, surveying
    from chalicelib.toolbox import current

    tools, message = current(), result(body)
    if isinstance(message, SurveyResult):
        surveying.take(tools, message, tools.clock())
    else:
        judging.collect(tools, message, tools.clock())
