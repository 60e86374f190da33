"""Slow chores that nobody waits for."""

from datetime import datetime

from chalicelib.core.errors import Conflict, NotFound
from chalicelib.messages import Purge
from chalicelib.services import outages, surveying
from chalicelib.toolbox import Toolbox

RECENT = 4  # flips; of outages and of slowness at most one each goes on
AT_ONCE = 500  # items; more are left to the next message


def purge(tools: Toolbox, message: Purge, now: datetime) -> None:
    """Delete what a deleted monitor left behind, and end its outage; raises Conflict while it is still there.

    Interrupted, it goes on: the message comes back, and what was deleted stays so.
    """
    try:
        tools.monitors.load(message.monitor_id, fresh=True)
    except NotFound:
        for opened in _last_opened(tools, message.monitor_id):
            # Perhaps its end was never announced: whoever would have been told of it is gone.
            outages.resolve(tools, message.monitor_id, opened, (max(now, opened), "It was deleted."))
        tables = (tools.pings, tools.flips, tools.rounds, tools.rollups)
        left = [table.purge(message.monitor_id, AT_ONCE) for table in tables]
        left.append(surveying.purge(tools, message.monitor_id, now, AT_ONCE))
        if any(left):
            tools.queues.purge(message)
        return
    raise Conflict("the monitor is not deleted yet")


def _last_opened(tools: Toolbox, monitor_id: str) -> set[datetime]:
    """Return the moments of what was opened last, an outage or slowness, whether it is over or not."""
    return {flip.opened for flip in tools.flips.newest(monitor_id, RECENT) if flip.opened}
