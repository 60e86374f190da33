"""Alerts as full as people, jobs and targets can make them, for what a provider's limits must hold."""

from datetime import UTC, datetime

from hypothesis import settings
from hypothesis.strategies import builds, integers, one_of, sampled_from, text

from chalicelib.core.alerts import Alert, Reason
from chalicelib.core.consensus import Result
from chalicelib.core.incidents import Incident, Ticket
from chalicelib.core.status import Verdict
from chalicelib.core.steps import Cause

NOON = datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)
LOUD = text(alphabet='\U0001f525&<`*_[]@\\\n"é日', max_size=20)


def crowded(anything: str, times: int, n_regions: int, reason: Reason) -> Alert:
    """Return an alert with *anything*, many *times* over, wherever somebody may write anything."""
    anything *= times
    evidence = tuple(Result(f"{n}{anything}", Verdict.DOWN, error=f"{n}{anything}") for n in range(n_regions))
    return Alert(
        "d-1",
        reason,
        NOON,
        "7c2f",
        anything,
        anything,
        tags=anything,
        cause=Cause.PROBES_FAILED,
        began=NOON,
        summary={"desc": anything},
        body=anything.encode("utf-8", "replace") * 10,
        target=anything or "x",
        evidence=evidence,
        incident=Incident(
            "i-1", "p-1", "o-1", anything, NOON, assignee=anything, tickets=(Ticket("jira", anything),)
        ),
        updates=(anything,),
        figures={"domain": anything, "registrar": anything, "expiry_date": "2026-12-06"},
        uptime_percent=50.0,
        latency=(1.0, 2.0),
    )


ALERTS = builds(
    crowded, one_of(text(max_size=20), LOUD), integers(1, 200), integers(1, 20), sampled_from(Reason)
)
UNHURRIED = settings(deadline=None, max_examples=40)  # a busy machine proves nothing about limits
