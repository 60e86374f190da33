"""A delivery becomes an alert: everything that its message may say, so that a channel looks nothing up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from chalicelib.channels import STORIED
from chalicelib.core.alerts import Alert, Channel, Reason
from chalicelib.core.errors import NotFound
from chalicelib.messages import from_text
from chalicelib.services import describing, relating
from chalicelib.storage.deliveries import Delivery
from chalicelib.toolbox import Toolbox

Telling = Callable[[Toolbox, Alert, Channel, tuple[str, str], datetime], Alert]


def compose(tools: Toolbox, delivery: Delivery, channel: Channel, now: datetime) -> Alert:
    """Return the alert that *delivery* stands for; raises NotFound when what it tells of is gone.

    A story is a word for what it tells, what it is about, and which of those it is: parted by #.
    """
    subject, name, which = delivery.story.split("#")
    project = tools.projects.find(channel.project_id)
    # Not the present moment: every attempt, over every channel, says the same.
    blank = Alert(delivery.delivery_id, Reason.TEST, delivery.created, "", "", project.name)
    alert = TELLINGS[subject](tools, blank, channel, (name, which), now)
    return describing.completed(tools, alert, project) if channel.kind in STORIED else alert


def _of_flip(tools: Toolbox, blank: Alert, channel: Channel, key: tuple[str, str], now: datetime) -> Alert:
    return describing.of_flip(tools, blank, (key[0], from_text(key[1])), now, channel)


def _of_reminder(tools: Toolbox, blank: Alert, _: Channel, key: tuple[str, str], now: datetime) -> Alert:
    monitor_id, outage = key[0].split("@")
    alert = describing.of_flip(tools, blank, (monitor_id, from_text(outage)), now)
    if tools.monitors.load(monitor_id, fresh=True).state.since != alert.at:
        raise NotFound("the outage is over")
    incident = tools.incidents.find(alert.incident_id)
    if incident.acknowledged or incident.resolved:
        raise NotFound("somebody has taken it on meanwhile")
    alert = replace(alert, incident=incident)
    return replace(alert, at=from_text(key[1]), began=alert.at).told_as(Reason.STILL_DOWN)


def _of_broken(tools: Toolbox, blank: Alert, channel: Channel, key: tuple[str, str], _: datetime) -> Alert:
    broken = tools.channels.find(channel.project_id, key[0])
    title, words = broken.name or broken.kind, broken.broken.encode()
    told = replace(blank, at=from_text(key[1]), monitor_id=key[0], name=title, body=words)
    return told.told_as(Reason.CHANNEL_BROKE)


def _of_test(_: Toolbox, blank: Alert, channel: Channel, key: tuple[str, str], now: datetime) -> Alert:
    del key, now
    return replace(blank, monitor_id=channel.channel_id, name=channel.name or channel.kind)


def _for_any_channel(tell: relating.Telling) -> Telling:
    def told(tools: Toolbox, blank: Alert, _: Channel, key: tuple[str, str], now: datetime) -> Alert:
        return tell(tools, blank, key, now)

    return told


TELLINGS: dict[str, Telling] = {
    "flip": _of_flip,
    "still": _of_reminder,
    "broke": _of_broken,
    "test": _of_test,
    **{subject: _for_any_channel(tell) for subject, tell in relating.TELLINGS.items()},
}
