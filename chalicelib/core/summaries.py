"""The facts of a monitor under the names that Healthchecks gave them: for its API and for $JSON."""

from datetime import UTC, datetime
from typing import Any

from chalicelib.core.heartbeats import expected_at, view
from chalicelib.core.monitors import Spec, State
from chalicelib.core.schedules import Every


def summarize(spec: Spec, state: State, now: datetime) -> dict[str, Any]:
    """Return what both kinds of API key may see, in the documented order of keys (R265, R266)."""
    due = expected_at(spec, state)
    shown = view(spec, state, now)
    facts: dict[str, Any] = {
        "name": spec.name,
        "slug": spec.slug,
        "tags": spec.tags,
        "desc": spec.desc,
        "grace": whole_seconds(spec.grace.total_seconds()),
        "n_pings": state.n_pings,
        "status": shown,
        "started": state.last_start is not None,
        "last_ping": iso_seconds(state.last_ping),
        "next_ping": iso_seconds(due) if shown in ("up", "grace") else None,
        "manual_resume": spec.manual_resume,
        "methods": spec.methods,
        # The deprecated names mirror the keywords only while subjects are filtered (R317, R318).
        "subject": spec.success_kw if spec.filter_subject else "",
        "subject_fail": spec.failure_kw if spec.filter_subject else "",
        "start_kw": spec.start_kw,
        "success_kw": spec.success_kw,
        "failure_kw": spec.failure_kw,
        "filter_subject": spec.filter_subject,
        "filter_body": spec.filter_body,
        "filter_http_body": spec.filter_http_body,
        "filter_default_fail": spec.filter_default_fail,
    }
    if state.last_duration is not None:
        facts["last_duration"] = whole_seconds(state.last_duration.total_seconds())
    return facts


def rhythm(spec: Spec) -> dict[str, Any]:
    """Return how often signals are due: `timeout`, or `schedule` and `tz` (R266, R286, R287)."""
    if isinstance(spec.schedule, Every):
        return {"timeout": whole_seconds(spec.schedule.period.total_seconds())}
    return {"schedule": spec.schedule.expression, "tz": spec.schedule.tz}


def iso_seconds(moment: datetime | None) -> str | None:
    """Return ISO 8601 in UTC with whole seconds and +00:00, or None (R268)."""
    return moment.astimezone(UTC).replace(microsecond=0).isoformat() if moment else None


def whole_seconds(seconds: float) -> int:
    """Return *seconds* without their fraction."""
    return int(seconds)
