"""The facts of a monitor under the names that Healthchecks gave them: for its API and for $JSON."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from chalicelib.core.heartbeats import expected_at, view
from chalicelib.core.monitors import Spec, State
from chalicelib.core.schedules import Every
from chalicelib.core.targets import DnsTarget, DomainTarget, HttpTarget, TcpTarget, TlsTarget


def summarize(spec: Spec, state: State, now: datetime) -> dict[str, Any]:
    """Return what both kinds of API key may see, in the documented order of keys (R265, R266).

    A probed monitor is a check of which no ping is expected and that has no grace.
    """
    due = expected_at(spec, state)
    shown = view(spec, state, now)
    facts: dict[str, Any] = {
        "name": spec.name,
        "slug": spec.slug,
        "tags": spec.tags,
        "desc": spec.desc,
        "grace": 0 if spec.watch else whole_seconds(spec.grace.total_seconds()),
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
    """Return how often signals, or probes, are due: `timeout`, or `schedule` and `tz` (R266, R286, R287)."""
    if spec.watch:
        return {"timeout": whole_seconds(spec.watch.interval.total_seconds())}
    if isinstance(spec.schedule, Every):
        return {"timeout": whole_seconds(spec.schedule.period.total_seconds())}
    return {"schedule": spec.schedule.expression, "tz": spec.schedule.tz}


def target(spec: Spec) -> str:
    """Return what is probed, in a form that may be shown to anybody who is told; "" for a heartbeat."""
    if spec.watch is None:
        return ""
    match spec.watch.target:
        case HttpTarget(url=url):
            return _shown_url(url)
        case TcpTarget(host=host, port=port) | TlsTarget(host=host, port=port):
            return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        case DnsTarget(host=host, record_type=record_type):
            return f"{host} ({record_type})"
        case DomainTarget(domain=domain):
            return domain


def _shown_url(url: str) -> str:
    """Return *url* without name, password, parameters and fragment: any of them may be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" + ("?…" if parts.query else "")


def iso_seconds(moment: datetime | None) -> str | None:
    """Return ISO 8601 in UTC with whole seconds and +00:00, or None (R268)."""
    return moment.astimezone(UTC).replace(microsecond=0).isoformat() if moment else None


def whole_seconds(seconds: float) -> int:
    """Return *seconds* without their fraction."""
    return int(seconds)
