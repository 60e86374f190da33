"""What a message may say of a monitor, its flips and its incidents, looked up once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from chalicelib.channels import wording
from chalicelib.core import incidents as story
from chalicelib.core.alerts import Alert, Channel, Reason, is_for_ends, reason_for
from chalicelib.core.consensus import Result
from chalicelib.core.errors import NotFound, Refusal
from chalicelib.core.incidents import Incident, incident_of
from chalicelib.core.monitors import DAY, Monitor, Spec, State
from chalicelib.core.signals import Ping
from chalicelib.core.slowness import BESIDE
from chalicelib.core.spans import INSTANT, Span
from chalicelib.core.status import Category, Status
from chalicelib.core.steps import SPEEDS, Cause, Flip
from chalicelib.core.summaries import rhythm, summarize, target
from chalicelib.core.tenancy import Project
from chalicelib.services import history, links, telling
from chalicelib.toolbox import Toolbox

T = TypeVar("T")

LOOKED_BACK = 20  # pings, for the last one before a flip
MONTH = timedelta(days=30)


def completed(tools: Toolbox, alert: Alert, project: Project) -> Alert:
    """Return *alert* with its incident, its organization and its links, for the channels that tell all."""
    organization = if_known(lambda: tools.organizations.find(project.organization_id))
    alert = replace(
        alert,
        organization_id=project.organization_id,
        organization=organization.name if organization else "",
        dashboard_url=links.dashboard_url(tools, alert.monitor_id) if alert.is_of_monitor else "",
    )
    incident = alert.incident
    if incident is None and alert.incident_id:
        incident = if_known(lambda: tools.incidents.find(alert.incident_id))
    if incident is None:
        return alert
    found = story.as_of(incident, alert.at)
    return replace(
        alert,
        incident=found,
        updates=alert.updates or if_known(lambda: said_until(tools, found, alert.at)) or (),
        acknowledge_url=links.acknowledge_url(tools, found, alert.at) if found.is_open else "",
    )


def said_until(tools: Toolbox, incident: Incident, at: datetime) -> tuple[str, ...]:
    """Return what an incident's timeline said *at* that time, the oldest first."""
    timeline = tools.incidents.timeline(incident.incident_id)
    return tuple(update.message for update in timeline if update.at <= at)


def why(tools: Toolbox, flip: Flip) -> str:
    """Return the cause of *flip* as a sentence; of a probe's, with what each region found."""
    reason = reason_for(flip) or Reason.TEST
    alert = Alert("", reason, flip.at, flip.monitor_id, "", "", cause=flip.cause)
    if flip.cause is Cause.PROBES_FAILED:
        alert = replace(alert, evidence=if_known(lambda: _evidence(tools, alert)) or ())
    return wording.why(alert)


def of_flip(
    tools: Toolbox,
    blank: Alert,
    flip_key: tuple[str, datetime],
    now: datetime,
    channel: Channel | None = None,
) -> Alert:
    """Return the alert of a flip, which its monitor and its moment name; raises NotFound.

    A *channel* that a rule sends ends alone hears them without having heard a beginning.
    """
    monitor = tools.monitors.load(flip_key[0], fresh=True)
    flip, _ = tools.flips.find(*flip_key)
    ping = None if monitor.spec.watch else _last_ping(tools, monitor, flip)
    alert = _of_flip(about(blank, monitor, flip.at), monitor, flip, ping)
    if flip.closes and not (channel and is_for_ends(channel, alert.reason.topic, monitor.spec)):
        alert = replace(alert, told_in=_beginnings(tools, monitor.spec, flip))
    return _with_findings(tools, alert, monitor, now) if monitor.spec.watch else alert


def about(blank: Alert, monitor: Monitor, at: datetime) -> Alert:
    """Return an alert about a monitor as it was *at* that time, whatever it tells."""
    spec = monitor.spec
    return replace(
        blank,
        at=at,
        monitor_id=spec.monitor_id,
        name=spec.title,
        slug=spec.slug,
        tags=spec.tags,
        kind=spec.kind,
        severity=spec.severity,
        summary=summarize(spec, monitor.state, at) | rhythm(spec),
        target=target(spec),
    )


def _of_flip(about_it: Alert, monitor: Monitor, flip: Flip, ping: Ping | None) -> Alert:
    is_superseded = flip.closes and flip.category is Category.INCIDENT
    return replace(
        about_it,
        reason=reason_for(flip) or Reason.TEST,
        cause=flip.cause,
        old=flip.old,
        began=flip.began if flip.closes else None,
        incident_id=incident_of(flip.monitor_id, flip.opened or flip.at),
        superseded=is_superseded and _is_down_since(monitor.state, flip.at),
        exit_status=ping.arrival.exit_status if ping else None,
        body=ping.arrival.body if ping else b"",
    )


def _beginnings(tools: Toolbox, spec: Spec, flip: Flip) -> tuple[str, ...]:
    """Return under which names the beginning of what *flip* ends was told: escalation adds to the first."""
    opened = flip.opened or flip.at
    incident_id = incident_of(spec.monitor_id, opened)
    try:
        return telling.beginnings(tools.incidents.find(incident_id))
    except NotFound:
        return (telling.flip_story(spec.monitor_id, opened),)  # it was deleted


def _with_findings(tools: Toolbox, alert: Alert, monitor: Monitor, now: datetime) -> Alert:
    """Return *alert* with what the probes found; what cannot be read is left out, for an alert is urgent."""
    at = alert.at
    month = if_known(lambda: history.uptime(tools, monitor, Span(at - MONTH, at), now))
    day = if_known(lambda: history.latency(tools, monitor, at - DAY, at, now))
    p50, p95 = (day.percentile(50), day.percentile(95)) if day else (None, None)
    return replace(
        alert,
        evidence=if_known(lambda: _evidence(tools, alert)) or (),
        uptime_percent=month.percent if month else None,
        uptime_since=max(at - MONTH, monitor.spec.created),
        latency=(p50, p95) if p50 is not None and p95 is not None else None,
    )


def _evidence(tools: Toolbox, alert: Alert) -> tuple[Result, ...]:
    """Return what each region found in the round that changed the status, or the speed."""
    at = alert.at - BESIDE if alert.cause in SPEEDS else alert.at
    rounds = tools.rounds.between(alert.monitor_id, at, at + INSTANT, fresh=True)
    return max(rounds, key=lambda found: found.version).results if rounds else ()


def if_known(read: Callable[[], T]) -> T | None:
    """Return what *read* finds, or None where it does not answer: an alert is urgent."""
    try:
        return read()
    except Refusal:
        return None


def _is_down_since(state: State, moment: datetime) -> bool:
    return state.status is Status.DOWN and state.since is not None and state.since > moment


def _last_ping(tools: Toolbox, monitor: Monitor, flip: Flip) -> Ping | None:
    """Return the last ping at or before the flip, with its body."""
    if flip.n:
        try:
            return tools.pings.find(monitor.spec.monitor_id, flip.n)
        except NotFound:
            return None  # overwritten by a thousand newer ones
    state = monitor.state
    newest = tools.pings.latest(monitor.spec.monitor_id, state.n_pings, LOOKED_BACK)
    before = next((ping for ping in newest if ping.at <= flip.at), None)
    if before is None or not before.arrival.body_size:
        return before
    try:
        return tools.pings.find(monitor.spec.monitor_id, before.n)
    except NotFound:
        return before
