"""Everything that a message may say, looked up once, so that a channel looks nothing up."""

from datetime import datetime

from chalicelib.core.alerts import Alert, Channel, Reason, reason_for
from chalicelib.core.errors import NotFound
from chalicelib.core.monitors import Monitor, State
from chalicelib.core.signals import Ping
from chalicelib.core.status import Status
from chalicelib.core.steps import Flip
from chalicelib.core.summaries import rhythm, summarize
from chalicelib.queues import from_text
from chalicelib.storage.deliveries import Delivery
from chalicelib.toolbox import Toolbox

LOOKED_BACK = 20  # pings, for the last one before a flip


def compose(tools: Toolbox, delivery: Delivery, channel: Channel, now: datetime) -> Alert:
    """Return the alert that *delivery* stands for; raises NotFound when what it tells of is gone."""
    subject, name, moment = delivery.story.split("#")
    project = tools.projects.project(channel.project_id)
    if subject == "flip":
        monitor = tools.monitors.load(name, fresh=True)
        flip, _ = tools.flips.find(name, from_text(moment))
        return _of_flip(delivery.delivery_id, project.name, monitor, flip, _last_ping(tools, monitor, flip))
    if subject == "broke":
        broken = tools.projects.channel(channel.project_id, name)
        return Alert(
            delivery.delivery_id,
            Reason.CHANNEL_BROKE,
            from_text(moment),
            name,
            broken.name or broken.kind,
            project.name,
            body=broken.broken.encode(),
        )
    return Alert(delivery.delivery_id, Reason.TEST, now, channel.channel_id, "Test", project.name)


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
        began=flip.began if reason is Reason.RECOVERED else None,
        summary=summarize(spec, monitor.state, flip.at) | rhythm(spec),
        superseded=reason is Reason.RECOVERED and _is_down_since(monitor.state, flip.at),
        exit_status=ping.arrival.exit_status if ping else None,
        body=ping.arrival.body if ping else b"",
    )


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
