"""How long runs took: a success or a failure is paired with the start that it ends."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from chalicelib.core.heartbeats import LONGEST_RUN
from chalicelib.core.signals import Action, Ping

ENDS = (Action.SUCCESS, Action.FAIL)


def durations(pings: Iterable[Ping]) -> dict[int, timedelta]:
    """Return, by ping number, how long the run took that each success or failure ended (R343, R344).

    It is the time since the latest start with the same run id, if no success or failure of that id came in
    between, and if it is not longer than 72 hours. *pings* may come in any order.
    """
    starts: dict[str, datetime] = {}
    found = {}
    for ping in sorted(pings, key=lambda ping: ping.n):
        rid = ping.arrival.rid
        if ping.action is Action.START:
            starts[rid] = ping.at
        elif ping.action in ENDS and rid in starts:
            took = ping.at - starts.pop(rid)
            if timedelta() <= took <= LONGEST_RUN:
                found[ping.n] = took
    return found
