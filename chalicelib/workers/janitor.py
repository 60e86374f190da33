"""Delete what a deleted monitor left behind."""

from typing import Any

from chalice import Blueprint

from chalicelib.settings import queue_name

blueprint = Blueprint(__name__)


@blueprint.on_sns_message(topic=queue_name("chores"))
def purge(event: Any) -> None:
    """Work off one Purge; SNS tries again when this raises."""
    from chalicelib.queues import Purge
    from chalicelib.services import housekeeping
    from chalicelib.toolbox import current

    housekeeping.purge(current(), Purge.from_json(event.message))
