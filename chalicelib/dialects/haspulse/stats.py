"""/v1/checks/{id}/stats: what the days of a check came to."""

from datetime import timedelta
from typing import Any

from chalicelib.core.uptime import floored
from chalicelib.dialects.haspulse import checks, manners, parse
from chalicelib.dialects.http import Answer, Visit
from chalicelib.services.statistics import PERCENTILES, Day, Statistics, daily

MANNERS = manners.MANNERS
LONGEST = 365  # days
DEFAULT = 90
MINUTE = timedelta(minutes=1)


def stats(visit: Visit) -> Answer:
    """Show the uptime of each day (UTC), and how long runs, or answers, took (R34, R35)."""
    monitor = checks.find(visit)
    n_days = parse.number_in(visit.request, "days", 1, LONGEST, DEFAULT)
    found = daily(visit.tools, monitor, n_days, visit.caller.plan.pings_kept, visit.now)
    return Answer(200, {"checkId": monitor.spec.monitor_id, **_shown(found)})


def _shown(found: Statistics) -> dict[str, Any]:
    took = zip(PERCENTILES, found.percentiles, strict=True)
    return {
        "days": [_day(day) for day in found.days],
        "uptimePercent": _percent(found.percent),
        **{f"durationP{p}Ms": None if ms is None else round(ms) for p, ms in took},
    }


def _day(day: Day) -> dict[str, Any]:
    tally = day.tally
    return {
        "date": day.start.strftime("%Y-%m-%d"),
        "upPercent": _percent(tally.percent),
        "upMinutes": round(tally.up / MINUTE, 2),
        "downMinutes": round(tally.down / MINUTE, 2),
        "totalPings": day.heard,
    }


def _percent(percent: float | None) -> float | None:
    return None if percent is None else floored(percent)
