"""What all kinds of channel say of an alert: pure functions over it."""

from collections.abc import Iterator

from chalicelib.channels import figures
from chalicelib.channels.sentences import COLOURS, EVENTS, HEADLINES, SLATE, STILL_OPEN, SUBJECTS, Pair
from chalicelib.core.alerts import Alert, Reason
from chalicelib.core.routes import Topic
from chalicelib.core.signals import BODY_LIMIT
from chalicelib.core.status import Category, Verdict
from chalicelib.core.steps import Cause
from chalicelib.core.words import duration, excerpt, one_line

SUBJECT_LIMIT = 150
BRIEF = 60  # characters of what stands in a row but needs no line of its own
MEASURED = (Topic.DOWN, Topic.UP, Topic.REMINDER, Topic.ESCALATION, Topic.PERFORMANCE)

CAUSES = {
    Cause.SUCCESS: "A success signal came.",
    Cause.FAIL: "The job reported a failure.",
    Cause.TIMEOUT: "No signal came within the expected time and its grace.",
    Cause.OVERRUN: "A run began, but did not end within its grace.",
    Cause.PROBES_FAILED: "The probes failed.",
    Cause.PROBES_PASSED: "The probes pass again.",
    Cause.PAUSE: "It was paused.",
    Cause.RESUME: "It was resumed.",
    Cause.SLOWED: "It answers slowly, and has done so for a while.",
    Cause.SPED_UP: "It answers as fast as it should again.",
    Cause.OVERTAKEN: "It went down, or was paused, while it was slow.",
}

# How a story's times are called: when it began, when it ended or where it stands, and its length.
TIMES = {
    Reason.RECOVERED: ("Down from", "Up since", "Down for"),
    Reason.WAS_DOWN: ("Down from", "Up since", "Down for"),
    Reason.STILL_DOWN: ("Down from", "Told again", "Down for"),
    Reason.CALLED_OFF: ("Down from", "Paused", "Down for"),
    Reason.ESCALATED: ("Began", "Escalated", "Open for"),
    Reason.SPED_UP: ("Slow from", "Slow until", "Slow for"),
    Reason.ACKNOWLEDGED: ("Began", "Taken on", "Open for"),
    Reason.RESOLVED: ("Began", "Resolved", "Open for"),
}
STILL_OPEN_TIMES = ("Began", "Told again", "Open for")
SINCE = {Reason.WENT_DOWN: "Down since", Reason.SLOWED: "Slow since", Reason.TRIGGERED: "Since"}


def event(alert: Alert) -> str:
    """Return what happened as a word that programs compare."""
    return EVENTS[alert.reason]


def colour(alert: Alert) -> str:
    """Return the colour of what happened; an outage that follows slowness does not make that good news."""
    return SLATE if alert.cause is Cause.OVERTAKEN else COLOURS[alert.reason]


def called(alert: Alert) -> str:
    """Return what people call the thing, as they wrote it; else its incident, or its id."""
    told = alert.incident.title if alert.incident else ""
    return alert.name or told or alert.monitor_id or "Something without a name"


def title(alert: Alert) -> str:
    """Return what people call the thing, on one line."""
    return one_line(called(alert)) or one_line(alert.monitor_id) or "Something without a name"


def subject(alert: Alert) -> str:
    """Return the alert in a few words, on one line of bounded length."""
    return one_line(_subject(alert), SUBJECT_LIMIT)


def _subject(alert: Alert) -> str:
    return _told(STILL_OPEN[0] if _is_no_outage(alert) else SUBJECTS[alert.reason], alert)


def headline(alert: Alert) -> str:
    """Return what happened as one sentence."""
    return _told(STILL_OPEN[1] if _is_no_outage(alert) else HEADLINES[alert.reason], alert)


def _is_no_outage(alert: Alert) -> bool:
    """Whether it reminds of what people told, or of slowness."""
    incident = alert.incident
    is_outage = incident is None or (incident.automatic and incident.category is Category.INCIDENT)
    return alert.reason is Reason.STILL_DOWN and not is_outage


def _told(sentences: Pair, alert: Alert) -> str:
    brief, full = sentences
    lasted = duration(alert.lasted) if alert.lasted is not None else ""
    target = alert.figures.get("target")
    return (full if lasted else brief).format(
        name=title(alert),
        lasted=lasted,
        project=one_line(alert.project),
        incident=_incident(alert),
        who=_taken_by(alert) or "Somebody",
        target="" if target is None else f" of {target:g} %",
        domain=one_line(str(alert.figures.get("domain", ""))) or title(alert),
        left=figures.left(alert.figures.get("days_remaining")),
    )


def _incident(alert: Alert) -> str:
    told = one_line(alert.incident.title) if alert.incident else ""
    return told.rstrip(".") or title(alert)


def _taken_by(alert: Alert) -> str:
    incident = alert.incident
    return one_line(incident.assignee or incident.acknowledged_by, BRIEF) if incident else ""


def why(alert: Alert) -> str:
    """Return the cause as one sentence, or "" where none is known."""
    match alert.reason:
        case Reason.TEST:
            return "Somebody asked for it; nothing is down."
        case Reason.CHANNEL_BROKE:
            return excerpt(alert.body.decode("utf-8", "replace"))  # the provider's words stand there
        case Reason.SLA_MISSED:
            return figures.overspent(alert)
        case Reason.EXPIRING | Reason.RENEWED:
            return figures.registered(alert)
    if alert.reason.topic is Topic.INCIDENT or alert.cause is None:
        return excerpt(alert.updates[-1]) if alert.updates else ""
    return _cause(alert, alert.cause)


def _cause(alert: Alert, cause: Cause) -> str:
    if cause is Cause.FAIL and alert.exit_status:
        return f"The job ended with exit status {alert.exit_status}."
    if cause is Cause.PROBES_FAILED and (found := _faults(alert)):
        return f"The probes failed: {found}."
    if cause is Cause.SLOWED and (found := _delays(alert)):
        return f"It answers slowly: {found}."
    return CAUSES[cause]


def _faults(alert: Alert) -> str:
    """Return what the regions found wrong, each reason once, with the regions that give it."""
    by_reason: dict[str, set[str]] = {}
    for result in alert.evidence:
        if result.verdict is Verdict.DOWN:
            reason = excerpt(result.error).rstrip(".") or "no reason was given"
            by_reason.setdefault(reason, set()).add(result.region)
    return "; ".join(f"{reason} ({', '.join(sorted(regions))})" for reason, regions in by_reason.items())


def _delays(alert: Alert) -> str:
    """Return how long slow regions took, the slowest first."""
    found = [(result.ms, result.region) for result in alert.evidence if result.verdict is Verdict.DEGRADED]
    slow = sorted(((ms, region) for ms, region in found if ms is not None), reverse=True)
    return ", ".join(f"{ms:.0f} ms ({excerpt(region)})" for ms, region in slow)


def facts(alert: Alert) -> list[tuple[str, str]]:
    """Return the rows of a message, (label, text) in reading order; none is empty, ten at most."""
    rows = [
        ("Why", why(alert)),
        ("Target", one_line(alert.target)),
        *_times(alert),
        *_story(alert),
        *_measures(alert),
        ("About", one_line(str(alert.summary.get("desc", "")), BODY_LIMIT)),
        ("Tags", one_line(alert.tags)),
        ("Project", one_line(alert.project)),
    ]
    return [(label, text) for label, text in rows if text]


def _measures(alert: Alert) -> Iterator[tuple[str, str]]:
    """Yield what is known of the thing's past, where the news is how well it runs."""
    if alert.target and alert.reason.topic in MEASURED:
        yield "Uptime", figures.uptime(alert)
        yield "Response", figures.response(alert)
    elif alert.reason is Reason.WENT_DOWN:
        yield "Last signal", figures.moment_of(alert.summary.get("last_ping"))
        yield "Expected", figures.rhythm(alert.summary)


def _story(alert: Alert) -> Iterator[tuple[str, str]]:
    """Yield what only some reasons have to tell: of people, of a service level, of a week."""
    if alert.reason.topic is Topic.INCIDENT and alert.incident:
        yield "Taken on by", _taken_by(alert)
        tickets = ", ".join(f"{ticket.key} ({ticket.system})" for ticket in alert.incident.tickets)
        yield "Tickets", one_line(tickets, BRIEF)
    elif alert.reason in (Reason.SLA_MISSED, Reason.DIGEST):
        yield from figures.rows(alert)


def _times(alert: Alert) -> list[tuple[str, str]]:
    if alert.began and alert.reason in TIMES:
        began, until, lasted = STILL_OPEN_TIMES if _is_no_outage(alert) else TIMES[alert.reason]
        return [
            (began, figures.moment(alert.began)),
            (until, figures.moment(alert.at)),
            (lasted, duration(alert.at - alert.began)),
        ]
    return [(SINCE.get(alert.reason, "When"), figures.moment(alert.at))]


def said(alert: Alert) -> str:
    """Return the body of the last ping as text, without control characters that no reader can show."""
    if alert.reason is Reason.CHANNEL_BROKE:
        return ""
    text = alert.body[:BODY_LIMIT].decode("utf-8", "replace").replace("\r\n", "\n")
    return "".join(letter for letter in text if letter.isprintable() or letter in "\n\t").strip()
