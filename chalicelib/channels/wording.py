"""The sentences that all kinds of channel share: pure functions over an Alert."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from itertools import pairwise
from typing import Any

from chalicelib.core.alerts import Alert, Reason
from chalicelib.core.signals import BODY_LIMIT
from chalicelib.core.status import Verdict
from chalicelib.core.steps import Cause

UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
SUBJECT_LIMIT = 150
QUOTE_LIMIT = 200
MONTH = timedelta(days=30)
RED, GREEN, SLATE = "#b42318", "#157347", "#475467"

EVENTS = {
    Reason.WENT_DOWN: "check.down",
    Reason.RECOVERED: "check.up",
    Reason.WAS_DOWN: "check.up",
    Reason.CHANNEL_BROKE: "channel.broke",
    Reason.TEST: "test",
}

COLOURS = {
    Reason.WENT_DOWN: RED,
    Reason.RECOVERED: GREEN,
    Reason.WAS_DOWN: GREEN,
    Reason.CHANNEL_BROKE: RED,
    Reason.TEST: SLATE,
}

CAUSES = {
    Cause.SUCCESS: "A success signal came.",
    Cause.FAIL: "The job reported a failure.",
    Cause.TIMEOUT: "No signal came within the expected time and its grace.",
    Cause.OVERRUN: "A run began, but did not end within its grace.",
    Cause.PROBES_FAILED: "The probes failed.",
    Cause.PROBES_PASSED: "The probes pass again.",
    Cause.PAUSE: "It was paused.",
    Cause.RESUME: "It was resumed.",
}


def event(alert: Alert) -> str:
    """Return what happened as a word that programs compare."""
    return EVENTS[alert.reason]


def title(alert: Alert) -> str:
    """Return what people call the thing, on one line: its name, or its id where it has none."""
    return one_line(alert.name or alert.monitor_id)


def subject(alert: Alert) -> str:
    """Return the alert in a few words, on one line of bounded length."""
    return one_line(_subject(alert), SUBJECT_LIMIT)


def _subject(alert: Alert) -> str:
    name, lasted = title(alert), _lasted(alert)
    match alert.reason:
        case Reason.WENT_DOWN:
            return f"Down: {name}"
        case Reason.RECOVERED:
            return f"Up: {name} (was down {lasted})" if lasted else f"Up: {name}"
        case Reason.WAS_DOWN:
            return f"Was down: {name} ({lasted})" if lasted else f"Was down: {name}"
        case Reason.CHANNEL_BROKE:
            return f"Channel not working: {name}"
        case Reason.TEST:
            return "Test alert from Wakeful"


def headline(alert: Alert) -> str:
    """Return what happened as one sentence."""
    name, lasted = title(alert), _lasted(alert)
    match alert.reason:
        case Reason.WENT_DOWN:
            return f"{name} is down."
        case Reason.RECOVERED:
            return f"{name} is up again; it was down for {lasted}." if lasted else f"{name} is up again."
        case Reason.WAS_DOWN:
            return f"{name} was down for {lasted}, and is up again." if lasted else f"{name} was down."
        case Reason.CHANNEL_BROKE:
            return f"The channel {name} does not work any more."
        case Reason.TEST:
            return f"This is a test: alerts of {one_line(alert.project)} will reach you here."


def why(alert: Alert) -> str:
    """Return the cause as one sentence, or "" where none is known."""
    if alert.reason is Reason.TEST:
        return "Somebody asked for it; nothing is down."
    if alert.reason is Reason.CHANNEL_BROKE:
        return excerpt(alert.body.decode("utf-8", "replace"))  # the provider's words stand there
    if alert.cause is Cause.FAIL and alert.exit_status:
        return f"The job ended with exit status {alert.exit_status}."
    if alert.cause is Cause.PROBES_FAILED and (found := _faults(alert)):
        return f"The probes failed: {found}."
    return CAUSES[alert.cause] if alert.cause else ""


def _faults(alert: Alert) -> str:
    """Return what the regions found wrong, each reason once, with the regions that give it."""
    by_reason: dict[str, set[str]] = {}
    for result in alert.evidence:
        if result.verdict is Verdict.DOWN:
            reason = excerpt(result.error).rstrip(".") or "no reason was given"
            by_reason.setdefault(reason, set()).add(result.region)
    return "; ".join(f"{reason} ({', '.join(sorted(regions))})" for reason, regions in by_reason.items())


def facts(alert: Alert) -> list[tuple[str, str]]:
    """Return the rows of a message, (label, text) in reading order; none is empty."""
    rows = [("Why", why(alert)), ("Target", one_line(alert.target)), *_times(alert)]
    if alert.target:
        rows += [("Uptime", _uptime(alert)), ("Response", _response(alert))]
    elif alert.reason is Reason.WENT_DOWN:
        rows += [
            ("Last signal", _moment_of(alert.summary.get("last_ping"))),
            ("Expected", rhythm(alert.summary)),
        ]
    rows += [
        ("About", one_line(str(alert.summary.get("desc", "")), BODY_LIMIT)),
        ("Tags", one_line(alert.tags)),
        ("Project", one_line(alert.project)),
    ]
    return [(label, text) for label, text in rows if text]


def _times(alert: Alert) -> list[tuple[str, str]]:
    if alert.began:
        return [
            ("Down from", moment(alert.began)),
            ("Up since", moment(alert.at)),
            ("Down for", duration(alert.at - alert.began)),
        ]
    return [("Down since" if alert.reason is Reason.WENT_DOWN else "When", moment(alert.at))]


def _uptime(alert: Alert) -> str:
    if alert.uptime_percent is None:
        return ""
    # Rounded down: what was not always up must not read as 100 %.
    percent = Decimal(str(alert.uptime_percent)).quantize(Decimal("0.01"), ROUND_DOWN)
    watched = alert.at - alert.uptime_since if alert.uptime_since else MONTH
    return f"{percent} % in {'30 days' if watched >= MONTH else duration(watched)}"


def _response(alert: Alert) -> str:
    if alert.latency is None:
        return ""
    # They are known to a seventh (core.rollups): two figures are no less than that.
    p50, p95 = (round(float(f"{ms:.2g}")) for ms in alert.latency)
    return f"p50 {p50} ms, p95 {p95} ms in 24 hours"


def rhythm(summary: dict[str, Any]) -> str:
    """Return how often a signal is expected, in words, or "" where *summary* does not say."""
    grace = duration(timedelta(seconds=summary.get("grace", 0)))
    if "schedule" in summary:
        return one_line(f"{summary['schedule']} ({summary.get('tz', 'UTC')}), with {grace} of grace")
    if "timeout" in summary:
        return f"every {duration(timedelta(seconds=summary['timeout']))}, with {grace} of grace"
    return ""


def duration(length: timedelta) -> str:
    """Return *length* in its largest unit and the next one below, rounded down: 1 h 3 min."""
    seconds = max(0, int(length.total_seconds()))
    for (unit, size), (next_unit, next_size) in pairwise(UNITS):
        if seconds >= size:
            rest = seconds % size // next_size
            return f"{seconds // size} {unit}" + (f" {rest} {next_unit}" if rest else "")
    return f"{seconds} s"


def moment(at: datetime) -> str:
    """Return *at* in UTC to the second, in the one order of figures that nobody misreads."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def said(alert: Alert) -> str:
    """Return the body of the last ping as text, without control characters that no reader can show."""
    if alert.reason is Reason.CHANNEL_BROKE:
        return ""
    text = alert.body[:BODY_LIMIT].decode("utf-8", "replace").replace("\r\n", "\n")
    return "".join(letter for letter in text if letter.isprintable() or letter in "\n\t").strip()


def excerpt(text: str) -> str:
    """Return at most 200 printable characters of what a provider answered."""
    return one_line(text, QUOTE_LIMIT)


def one_line(text: str, limit: int = 1000) -> str:
    """Return *text* on one line, of at most *limit* printable characters."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text[: 10 * limit])
    line = " ".join(printable.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _lasted(alert: Alert) -> str:
    return duration(alert.lasted) if alert.lasted is not None else ""


def _moment_of(text: object) -> str:
    return moment(datetime.fromisoformat(text)) if isinstance(text, str) and text else ""
