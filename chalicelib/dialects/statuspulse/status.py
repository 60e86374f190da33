"""/v1/status/{id}: how one monitor stands, and how it fared lately (R103-R109, R129)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.core.consensus import Result, Round
from chalicelib.core.incidents import Incident
from chalicelib.core.monitors import DAY, Monitor
from chalicelib.core.rollups import Rollup
from chalicelib.core.spans import INSTANT, Span
from chalicelib.core.status import Category, Verdict
from chalicelib.core.uptime import Tally, floored
from chalicelib.dialects import ids
from chalicelib.dialects.http import Answer, Visit, iso_z
from chalicelib.dialects.statuspulse import manners, render
from chalicelib.dialects.statuspulse.monitors import find
from chalicelib.services import history, incidents, levels, listing

MANNERS = manners.MANNERS
PERIODS = {"uptime_30d_pct": 30 * DAY, "uptime_7d_pct": 7 * DAY, "uptime_24h_pct": DAY}  # the longest first
PERCENTILES = (50, 95, 99)
WINDOW = "24h"
LATEST = 3  # rounds: the newest that is over is among them, and the one that is being answered
STATES = {Verdict.UP: "up", Verdict.DEGRADED: "degraded", Verdict.DOWN: "down", None: "unknown"}
SECOND = timedelta(seconds=1)


def status(visit: Visit) -> Answer:
    """Show one monitor's state, its last round by region, and the figures of its last day (R103-R107)."""
    shown = find(visit)
    is_maintained = bool(listing.maintained(visit.tools, [shown.spec], visit.now))
    told = _last_told(visit, shown)
    document = {
        "monitor_id": ids.spell(ids.MONITOR, shown.spec.monitor_id),
        "name": shown.spec.title,
        "type": shown.spec.kind.value,
        "state": render.state(visit, shown, in_maintenance=is_maintained),
        "last_probe_at": iso_z(_last_heard(shown, told)),
        "last_result": _result(told) if told else None,
        "metrics": _metrics(visit, shown),
        "regions": [_region(told, result) for result in told.results] if told else [],
        "active_incident": _active(visit, shown),
        "sla": _sla(visit, shown),
    }
    return Answer(200, document)


def _last_told(visit: Visit, shown: Monitor) -> Round | None:
    """Return the newest round that has a verdict, or in which nobody could tell: why not is worth knowing."""
    if shown.spec.watch is None:
        return None
    latest = visit.tools.rounds.latest(shown.spec.monitor_id, LATEST, visit.now)
    return next((one for one in latest if one.verdict or _is_unknown(one)), None)


def _is_unknown(one: Round) -> bool:
    """Whether all that were asked have answered, and none could tell."""
    heard = {result.region for result in one.results}
    return heard >= {*one.jury, *one.witnesses} and not any(result.verdict for result in one.results)


def _last_heard(shown: Monitor, told: Round | None) -> datetime | None:
    if shown.spec.watch is None:
        return shown.state.last_ping
    return max((at for at in (shown.state.judged_at, told and told.at) if at), default=None)


def _result(heard: Round) -> dict[str, Any]:
    """Return a round in the words of the first region that agrees with its verdict."""
    is_down, has_verdict = heard.verdict is Verdict.DOWN, heard.verdict is not None
    told = next(
        one
        for one in heard.results
        if bool(one.verdict) == has_verdict and (one.verdict is Verdict.DOWN) == is_down
    )
    return {
        "status_code": told.code,
        "latency_ms": _rounded(told.ms),
        "region": told.region,
        "error": told.error or None,
    }


def _region(heard: Round, result: Result) -> dict[str, Any]:
    return {
        "region": result.region,
        "state": STATES[result.verdict],
        "latency_ms": _rounded(result.ms),
        "checked_at": iso_z(heard.at),
        "error": result.error or None,
    }


def _metrics(visit: Visit, shown: Monitor) -> dict[str, Any]:
    """Return the figures: null where there is nothing to be told of."""
    now = visit.now
    rollup = _probed(visit, shown)
    parts = [Span(now - length, now) for length in PERIODS.values()]
    tallies = history.uptimes(visit.tools, shown, parts, now)
    uptimes = {name: _percent(tally) for name, tally in zip(PERIODS, tallies, strict=True)}
    percentiles = {f"p{p}_latency_ms": _rounded(rollup.percentile(p)) for p in PERCENTILES}
    return {
        **percentiles,
        "avg_latency_ms": _rounded(rollup.mean),
        "uptime_pct": uptimes["uptime_24h_pct"],  # the prose says so; the sample's label does not (R106)
        **dict(reversed(uptimes.items())),
        "probe_count": rollup.rounds,
        "samples": sum(rollup.latencies),
        "window": WINDOW,
    }


def _probed(visit: Visit, shown: Monitor) -> Rollup:
    if shown.spec.watch is None:
        return Rollup()
    return history.latency(visit.tools, shown, visit.now - DAY, visit.now + INSTANT, visit.now)


def _active(visit: Visit, shown: Monitor) -> Mapping[str, Any] | None:
    caller = replace(visit.caller, project_id=shown.spec.project_id, is_wide=False)
    found = [
        one
        for one in incidents.list_(visit.tools, caller, only_open=True)
        if shown.spec.monitor_id in one.monitors
    ]
    return render.active_incident(_worst(found)) if found else None


def _worst(found: Sequence[Incident]) -> Incident:
    """Return the newest of *found*, which comes first; outages before slowness, and that before the rest."""
    order = tuple(Category)  # the worst first
    return min(found, key=lambda one: order.index(one.category))


def _sla(visit: Visit, shown: Monitor) -> dict[str, Any] | None:
    standing = levels.standing(visit.tools, shown, visit.now)
    if standing is None:
        return None
    return {
        "target_pct": standing.sla.target,
        "period": standing.sla.period.value,
        "period_start": iso_z(standing.span.start),
        "period_end": iso_z(standing.span.end),
        "actual_pct": _percent(standing.tally),
        "error_budget_seconds": standing.budget // SECOND,
        "error_budget_used_seconds": standing.spent // SECOND,
        "error_budget_remaining_seconds": standing.left // SECOND,
        "breached": standing.is_broken,
    }


def _percent(tally: Tally) -> float | None:
    return None if tally.percent is None else floored(tally.percent)


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 1)
