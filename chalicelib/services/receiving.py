"""A signal that is not plain: load, let time pass, decide, write."""

from datetime import datetime

from chalicelib.core.errors import Conflict, NotFound, Unavailable
from chalicelib.core.heartbeats import receive
from chalicelib.core.metrics import Metric
from chalicelib.core.signals import Arrival, Ping, classify
from chalicelib.services.committing import apply, let_pass, load
from chalicelib.toolbox import Toolbox

TRIES = 60  # each lost race means that another signal got through; none may be turned away for that


def take(tools: Toolbox, monitor_id: str, arrival: Arrival, now: datetime) -> None:
    """Take one signal; raises NotFound, also for what is probed, and TooMany past 1,000 a minute."""
    for attempt in range(TRIES):
        monitor = load(tools, monitor_id, fresh=attempt > 0)
        if monitor.spec.watch:
            raise NotFound("Check not found")
        signal = classify(monitor, arrival)
        if monitor.state.arrival_id == arrival.arrival_id:
            # The answer to an earlier try was lost, not the write: only the log may lack it.
            tools.pings.record(Ping(monitor_id, monitor.state.n_pings, now, signal.action, arrival))
            tools.measure(Metric.PINGS)
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
            tools.measure(Metric.PINGS)
            return
    raise Unavailable("too many signals at once", retry_after=1)
