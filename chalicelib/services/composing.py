"""Everything that a message may say, looked up once, so that a channel looks nothing up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from chalicelib.channels import wording
from chalicelib.core.alerts import Alert, Channel, Reason, reason_for
from chalicelib.core.consensus import Result
from chalicelib.core.errors import NotFound, Refusal
from chalicelib.core.incidents import incident_of
from chalicelib.core.monitors import Monitor, State
from chalicelib.core.signals import Ping
from chalicelib.core.status import Status
from chalicelib.core.steps import Cause, Flip
from chalicelib.core.summaries import rhythm, summarize, target
from chalicelib.core.uptime import Span
from chalicelib.messages import from_text
from chalicelib.services import history
from chalicelib.storage.deliveries import Delivery
from chalicelib.toolbox import Toolbox

T = TypeVar("T")

LOOKED_BACK = 20  # pings, for the last one before a flip
MONTH = timedelta(days=30)
DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)


def compose(tools: Toolbox, delivery: Delivery, channel: Channel, now: datetime) -> Alert:
    """Return the alert that *delivery* stands for; raises NotFound when what it tells of is gone."""
    subject, name, moment = delivery.story.split("#")
    project = tools.projects.find(channel.project_id)
    if subject == "flip":
        return _of_outage(tools, delivery.delivery_id, project.name, (name, from_text(moment)), now)
    if subject == "still":
        monitor_id, _, outage = name.partition("@")
        alert = _of_outage(tools, delivery.delivery_id, project.name, (monitor_id, from_text(outage)), now)
        if tools.monitors.load(monitor_id, fresh=True).state.since != alert.at:
            raise NotFound("the outage is over")
        told_again = replace(alert, at=from_text(moment), began=alert.at)
        return told_again.told_as(Reason.STILL_DOWN)
    if subject == "broke":
        broken = tools.channels.find(channel.project_id, name)
        return Alert(
            delivery.delivery_id,
            Reason.CHANNEL_BROKE,
            from_text(moment),
            name,
            broken.name or broken.kind,
            project.name,
            body=broken.broken.encode(),
        )
    name = channel.name or channel.kind
    return Alert(delivery.delivery_id, Reason.TEST, now, channel.channel_id, name, project.name)


def why(tools: Toolbox, flip: Flip) -> str:
    """Return the cause of *flip* as a sentence; of a probe's, with what each region found."""
    reason = reason_for(flip) or Reason.TEST
    alert = Alert("", reason, flip.at, flip.monitor_id, "", "", cause=flip.cause)
    if flip.cause is Cause.PROBES_FAILED:
        alert = replace(alert, evidence=_if_known(lambda: _evidence(tools, alert)) or ())
    return wording.why(alert)


def _of_outage(
    tools: Toolbox, delivery_id: str, project: str, flip_key: tuple[str, datetime], now: datetime
) -> Alert:
    """Return the alert of a flip, which its monitor and its moment name; raises NotFound."""
    monitor = tools.monitors.load(flip_key[0], fresh=True)
    flip, _ = tools.flips.find(*flip_key)
    ping = None if monitor.spec.watch else _last_ping(tools, monitor, flip)
    alert = _of_flip(delivery_id, project, monitor, flip, ping)
    return _with_findings(tools, alert, monitor, now) if monitor.spec.watch else alert


def _of_flip(delivery_id: str, project: str, monitor: Monitor, flip: Flip, ping: Ping | None) -> Alert:
    spec = monitor.spec
    reason = reason_for(flip) or Reason.TEST
    return Alert(
        delivery_id,
        reason,
        flip.at,
        spec.monitor_id,
        spec.title,
        project,
        slug=spec.slug,
        tags=spec.tags,
        cause=flip.cause,
        began=flip.began if flip.ends_outage else None,
        incident_id=incident_of(spec.monitor_id, flip.outage or flip.at),
        summary=summarize(spec, monitor.state, flip.at) | rhythm(spec),
        superseded=flip.ends_outage and _is_down_since(monitor.state, flip.at),
        exit_status=ping.arrival.exit_status if ping else None,
        body=ping.arrival.body if ping else b"",
        target=target(spec),
    )


def _with_findings(tools: Toolbox, alert: Alert, monitor: Monitor, now: datetime) -> Alert:
    """Return *alert* with what the probes found; what cannot be read is left out, for an alert is urgent."""
    at = alert.at
    month = _if_known(lambda: history.uptime(tools, monitor, Span(at - MONTH, at), now))
    day = _if_known(lambda: history.latency(tools, monitor, at - DAY, at, now))
    p50, p95 = (day.percentile(50), day.percentile(95)) if day else (None, None)
    return replace(
        alert,
        evidence=_if_known(lambda: _evidence(tools, alert)) or (),
        uptime_percent=month.percent if month else None,
        uptime_since=max(at - MONTH, monitor.spec.created),
        latency=(p50, p95) if p50 is not None and p95 is not None else None,
    )


def _evidence(tools: Toolbox, alert: Alert) -> tuple[Result, ...]:
    """Return what each region found in the round that changed the status."""
    rounds = tools.rounds.between(alert.monitor_id, alert.at, alert.at + INSTANT, fresh=True)
    return max(rounds, key=lambda found: found.version).results if rounds else ()


def _if_known(read: Callable[[], T]) -> T | None:
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
