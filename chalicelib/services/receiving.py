"""A signal that is not plain: load, let time pass, decide, write."""

from datetime import datetime

from chalicelib.core.errors import Conflict, NotFound, Unavailable
from chalicelib.core.heartbeats import receive
from chalicelib.core.monitors import Monitor
from chalicelib.core.signals import Arrival, Ping, classify
from chalicelib.services.committing import apply, let_pass
from chalicelib.toolbox import Toolbox

TRIES = 60  # each lost race means that another signal got through; none may be turned away for that


def take(tools: Toolbox, monitor_id: str, arrival: Arrival, now: datetime) -> None:
    """Take one signal; raises NotFound, and TooMany past 1,000 a minute."""
    for attempt in range(TRIES):
        monitor = _load(tools, monitor_id, fresh=attempt > 0)
        signal = classify(monitor, arrival)
        if monitor.state.arrival_id == arrival.arrival_id:
            # The answer to an earlier try was lost, not the write: only the log may lack it.
            tools.pings.record(Ping(monitor_id, monitor.state.n_pings, now, signal.action, arrival))
            return
        # Time passes up to the signal first: history does not depend on how late we look.
        passed = let_pass(tools, monitor.spec, monitor.state, now)
        step = passed.then(receive(monitor.spec, passed.state, signal, now))
        ping = Ping(monitor_id, step.state.n_pings, now, signal.action, arrival)
        try:
            apply(tools, monitor, step, now, ping)
        except Conflict:
            tools.back_off(attempt)
        else:
            return
    raise Unavailable("too many signals at once", retry_after=1)


def _load(tools: Toolbox, monitor_id: str, *, fresh: bool) -> Monitor:
    """Return the monitor, also one that was made this very second and that not every replica knows yet."""
    if not fresh:
        try:
            return tools.monitors.load(monitor_id)
        except NotFound:
            pass
    return tools.monitors.load(monitor_id, fresh=True)
