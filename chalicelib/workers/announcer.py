"""A flip was published: queue a delivery for everybody who must hear of it."""

from typing import Any

from chalice import Blueprint

from chalicelib.faults import wordless
from chalicelib.settings import queue_name

blueprint = Blueprint(__name__)


@blueprint.on_sns_message(topic=queue_name("flips"))
@wordless()
def announce(event: Any) -> None:
    """Work off one FlipNotice; SNS tries again when this raises."""
    from chalicelib.messages import FlipNotice, from_text
    from chalicelib.services import announcing
    from chalicelib.toolbox import current

    tools, notice = current(), FlipNotice.from_json(event.message)
    announcing.announce(tools, notice.monitor_id, from_text(notice.at), tools.clock())
