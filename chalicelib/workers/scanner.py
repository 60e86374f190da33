"""Look at one shard: what falls due, by deadline or on the wheel, and what was never announced."""

from typing import Any

from chalice import Blueprint

from chalicelib.settings import queue_name
from chalicelib.workers.batches import each

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(queue=queue_name("scans"), batch_size=1)
def scan(event: Any) -> dict[str, list[dict[str, str]]]:
    """Send wakes and probes for what falls due in a shard, and publish what its outbox still holds."""
    return each(event, look)


def look(body: str) -> None:
    """Work off one ScanTick, WheelTick or SurveyTick; the outbox is swept once a tick, not once a page."""
    from chalicelib.messages import SurveyTick, WheelTick, scan_order
    from chalicelib.services import announcing, dispatching, surveying, waking
    from chalicelib.toolbox import current

    tools, message = current(), scan_order(body)
    now = tools.clock()
    if isinstance(message, WheelTick):
        dispatching.send_out(tools, message, now)
        return
    if isinstance(message, SurveyTick):
        surveying.order_due(tools, message, now)
        return
    waking.scan(tools, message, now)
    if not message.after_id:
        announcing.sweep(tools, message.shard, now)
        if message.shard == 0:
            waking.scan_incidents(tools, message, now)
