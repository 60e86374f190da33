"""Slow chores that nobody waits for."""

from chalicelib.core.errors import Conflict, NotFound
from chalicelib.queues import Purge
from chalicelib.toolbox import Toolbox

AT_ONCE = 500  # items; more are left to the next message


def purge(tools: Toolbox, message: Purge) -> None:
    """Delete what a deleted monitor left behind; raises Conflict while the monitor is still there.

    Interrupted, it goes on: the message comes back, and what was deleted stays so.
    """
    try:
        tools.monitors.load(message.monitor_id, fresh=True)
    except NotFound:
        tables = (tools.pings, tools.flips, tools.rounds, tools.rollups)
        left = [table.purge(message.monitor_id, AT_ONCE) for table in tables]
        if any(left):
            tools.queues.purge(message)
        return
    raise Conflict("the monitor is not deleted yet")
