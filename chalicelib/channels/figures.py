"""The figures of an alert in words: moments, lengths, percentages, and what is made of them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from chalicelib.core.alerts import Alert
from chalicelib.core.words import counted, duration, excerpt, one_line

MONTH = timedelta(days=30)


def moment(at: datetime) -> str:
    """Return *at* in UTC to the second, in the one order of figures that nobody misreads."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def moment_of(value: object) -> str:
    """Return a moment, as it is or in ISO 8601, in words; a day alone as it is, and nothing for nothing."""
    if isinstance(value, str) and len(value) > len("2026-11-22"):
        value = datetime.fromisoformat(value)
    return moment(value) if isinstance(value, datetime) else str(value or "")


def _percent(percent: float, places: str = "0.01") -> str:
    # Rounded down: what was not always up must not read as 100 %.
    return f"{Decimal(str(percent)).quantize(Decimal(places), ROUND_DOWN)} %"


def _percent_of(percent: float | None) -> str:
    return "" if percent is None else _percent(percent, "0.001")


def _length_of(seconds: float) -> str:
    return duration(timedelta(seconds=seconds))


def rhythm(summary: dict[str, Any]) -> str:
    """Return how often a signal is expected, in words, or "" where *summary* does not say."""
    grace = duration(timedelta(seconds=summary.get("grace", 0)))
    if "schedule" in summary:
        return one_line(f"{summary['schedule']} ({summary.get('tz', 'UTC')}), with {grace} of grace")
    if "timeout" in summary:
        return f"every {duration(timedelta(seconds=summary['timeout']))}, with {grace} of grace"
    return ""


def uptime(alert: Alert) -> str:
    """Return how much of the last 30 days it was up, or "" where that is not known."""
    if alert.uptime_percent is None:
        return ""
    watched = alert.at - alert.uptime_since if alert.uptime_since else MONTH
    return f"{_percent(alert.uptime_percent)} in {'30 days' if watched >= MONTH else duration(watched)}"


def response(alert: Alert) -> str:
    """Return how long answers took in the last day, or "" where that is not known."""
    if alert.latency is None:
        return ""
    # They are known to a seventh (core.rollups): two figures are no less than that.
    p50, p95 = (round(float(f"{ms:.2g}")) for ms in alert.latency)
    return f"p50 {p50} ms, p95 {p95} ms in 24 hours"


def left(days: int | None) -> str:
    """Return when something ends of which *days* are left, after "expires"."""
    if days is None:
        return "soon"
    return f"in {counted(days, 'day')}" if days > 0 else "within a day"


def overspent(alert: Alert) -> str:
    """Return how long it was down, and how long it may be, as one sentence, or "" where that is not known."""
    spent, budget = (alert.figures.get(name) for name in ("downtime_seconds", "budget_seconds"))
    if spent is None or budget is None:
        return ""
    down, allowed = _length_of(spent), _length_of(budget)
    period = alert.figures.get("period", "period")
    return f"It was down for {down} in this {period}, where {allowed} are allowed."


def registered(alert: Alert) -> str:
    """Return until when a domain is registered, and where, as one sentence, or "" where that is not known."""
    until, registrar = (alert.figures.get(name) for name in ("expiry_date", "registrar"))
    at = f", at {excerpt(str(registrar)).rstrip('.')}" if registrar else ""
    return f"It is registered until {moment_of(until)}{at}." if until else ""


def rows(alert: Alert) -> Iterator[tuple[str, str]]:
    """Yield what *alert* tells of a service level or of a week, (label, text)."""
    figures = alert.figures
    yield from ((label, spell(figures[name])) for name, label, spell in FIGURES if name in figures)


FIGURES: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("target", "Promised", "{:g} %".format),
    ("actual", "Actual", _percent_of),
    ("period_start", "From", moment_of),
    ("period_end", "Until", moment_of),
    ("monitors", "Monitors", str),
    ("incidents", "Incidents", str),
    ("uptime_percent", "Uptime", _percent_of),
    ("downtime_seconds", "Down for", _length_of),
)
