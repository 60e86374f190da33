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
    Reason.STILL_DOWN: "check.still_down",
    Reason.CALLED_OFF: "check.paused",
    Reason.CHANNEL_BROKE: "channel.broke",
    Reason.TEST: "test",
}

COLOURS = {
    Reason.WENT_DOWN: RED,
    Reason.RECOVERED: GREEN,
    Reason.WAS_DOWN: GREEN,
    Reason.STILL_DOWN: RED,
    Reason.CALLED_OFF: SLATE,
    Reason.CHANNEL_BROKE: RED,
    Reason.TEST: SLATE,
}

# What is said where nobody knows how long the outage lasted, and where that is known.
Sentences = dict[Reason, tuple[str, str]]

SUBJECTS: Sentences = {
    Reason.WENT_DOWN: ("Down: {name}", "Down: {name}"),
    Reason.RECOVERED: ("Up: {name}", "Up: {name} (was down {lasted})"),
    Reason.WAS_DOWN: ("Was down: {name}", "Was down: {name} ({lasted})"),
    Reason.STILL_DOWN: ("Still down: {name}", "Still down: {name} (for {lasted})"),
    Reason.CALLED_OFF: ("Paused: {name}", "Paused: {name} (was down {lasted})"),
    Reason.CHANNEL_BROKE: ("Channel not working: {name}", "Channel not working: {name}"),
    Reason.TEST: ("Test alert from Wakeful", "Test alert from Wakeful"),
}

HEADLINES: Sentences = {
    Reason.WENT_DOWN: ("{name} is down.", "{name} is down."),
    Reason.RECOVERED: ("{name} is up again.", "{name} is up again; it was down for {lasted}."),
    Reason.WAS_DOWN: ("{name} was down.", "{name} was down for {lasted}, and is up again."),
    Reason.STILL_DOWN: ("{name} is still down.", "{name} is still down, for {lasted} now."),
    Reason.CALLED_OFF: (
        "{name} was paused while it was down.",
        "{name} was paused; it had been down for {lasted}.",
    ),
    Reason.CHANNEL_BROKE: (
        "The channel {name} does not work any more.",
        "The channel {name} does not work any more.",
    ),
    Reason.TEST: (
        "This is a test: alerts of {project} will reach you here.",
        "This is a test: alerts of {project} will reach you here.",
    ),
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
    return _told(SUBJECTS, alert)


def headline(alert: Alert) -> str:
    """Return what happened as one sentence."""
    return _told(HEADLINES, alert)


def _told(sentences: Sentences, alert: Alert) -> str:
    lasted = duration(alert.lasted) if alert.lasted is not None else ""
    brief, full = sentences[alert.reason]
    sentence = full if lasted else brief
    return sentence.format(name=title(alert), lasted=lasted, project=one_line(alert.project))


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
        until = {Reason.STILL_DOWN: "Told again", Reason.CALLED_OFF: "Paused"}.get(alert.reason, "Up since")
        return [
            ("Down from", moment(alert.began)),
            (until, moment(alert.at)),
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


def _moment_of(text: object) -> str:
    return moment(datetime.fromisoformat(text)) if isinstance(text, str) and text else ""
