"""Delete what deleted monitors, projects and organizations left behind."""

from typing import Any

from chalice import Blueprint

from chalicelib.faults import wordless
from chalicelib.settings import queue_name

blueprint = Blueprint(__name__)


@blueprint.on_sns_message(topic=queue_name("chores"))
@wordless()
def purge(event: Any) -> None:
    """Work off one Purge or Clearance; SNS tries again when this raises."""
    from chalicelib.messages import Clearance, chore_order
    from chalicelib.services import clearing, housekeeping
    from chalicelib.toolbox import current

    tools, chore = current(), chore_order(event.message)
    if isinstance(chore, Clearance):
        clearing.clear(tools, chore, tools.clock())
    else:
        housekeeping.purge(tools, chore, tools.clock())
