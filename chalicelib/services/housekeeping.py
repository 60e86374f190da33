"""Slow chores that nobody waits for."""

from datetime import datetime

from chalicelib.core.errors import Conflict, NotFound
from chalicelib.messages import Purge
from chalicelib.services import outages
from chalicelib.toolbox import Toolbox

AT_ONCE = 500  # items; more are left to the next message


def purge(tools: Toolbox, message: Purge, now: datetime) -> None:
    """Delete what a deleted monitor left behind, and end its outage; raises Conflict while it is still there.

    Interrupted, it goes on: the message comes back, and what was deleted stays so.
    """
    try:
        tools.monitors.load(message.monitor_id, fresh=True)
    except NotFound:
        last = tools.flips.newest(message.monitor_id)
        outage = last.outage if last else None
        if outage:  # perhaps its end was never announced: whoever would have been told of it is gone
            outages.resolve(tools, message.monitor_id, outage, max(now, outage), "It was deleted.")
        tables = (tools.pings, tools.flips, tools.rounds, tools.rollups)
        left = [table.purge(message.monitor_id, AT_ONCE) for table in tables]
        if any(left):
            tools.queues.purge(message)
        return
    raise Conflict("the monitor is not deleted yet")
