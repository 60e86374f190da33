"""Every minute: name the shards that must be looked at."""

from typing import Any

from chalice import Blueprint, Rate

from chalicelib.faults import wordless

blueprint = Blueprint(__name__)


@blueprint.schedule(Rate(1, Rate.MINUTES))
@wordless()
def tick(event: Any) -> None:  # noqa: ARG001  Lambda hands it over, the clock says more
    """Send one scan for each shard."""
    from chalicelib.services import waking
    from chalicelib.toolbox import current

    tools = current()
    waking.tick(tools, tools.clock())
