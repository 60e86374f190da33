"""News becomes one delivery for each channel that must hear of it, under a name that makes it once only."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.core.alerts import Channel, Reason, able, plan
from chalicelib.core.incidents import Act, Incident
from chalicelib.core.monitors import Spec
from chalicelib.core.routes import rests_until
from chalicelib.core.status import Category, Impact
from chalicelib.messages import DeliveryNotice, to_text
from chalicelib.storage.deliveries import Delivery
from chalicelib.toolbox import Toolbox

# After quiet hours what ends is told before what begins: so both are told as one.
LATER = timedelta(seconds=5)
OPENINGS = {Category.INCIDENT: Reason.WENT_DOWN, Category.PERFORMANCE: Reason.SLOWED}
ACTS = {Act.OPENED: Reason.TRIGGERED, Act.ACKNOWLEDGED: Reason.ACKNOWLEDGED, Act.RESOLVED: Reason.RESOLVED}


class News(NamedTuple):
    """Why people are told something, the name under which that is logged, and how bad it is."""

    reason: Reason
    story: str
    severity: Impact


def flip_story(monitor_id: str, at: datetime) -> str:
    """Return the name under which the deliveries of a flip are logged."""
    return f"flip#{monitor_id}#{to_text(at)}"


def reminder_story(monitor_id: str, outage: datetime, at: datetime) -> str:
    """Return the name under which the deliveries of a reminder are logged."""
    return f"still#{monitor_id}@{to_text(outage)}#{to_text(at)}"


def rung_story(incident_id: str, number: int) -> str:
    """Return the name under which the deliveries of a step of an escalation are logged, counted from 0."""
    return f"rung#{incident_id}#{number}"


def level_story(monitor_id: str, period: datetime) -> str:
    """Return the name under which it is logged that a service level was missed: once a period."""
    return f"level#{monitor_id}#{to_text(period)}"


def opening(incident: Incident) -> News:
    """Return the news that an incident began: by a flip, or because somebody said so."""
    if incident.outage:
        story = flip_story(incident.monitor_id, incident.outage)
        return News(OPENINGS[incident.category], story, incident.impact)
    return act(incident, Act.OPENED, incident.created)


def act(incident: Incident, deed: Act, at: datetime) -> News:
    """Return the news of what was done to an incident."""
    return News(ACTS[deed], f"{deed}#{incident.incident_id}#{to_text(at)}", incident.impact)


def beginnings(incident: Incident) -> tuple[str, ...]:
    """Return under which names the beginning of an incident was told: at once, and step by step.

    Of a registration there are none to ask for: whoever was warned of it hears that people see to it.
    """
    if incident.category is Category.DOMAIN:
        return ()
    rungs = (rung_story(incident.incident_id, number) for number in range(incident.climbed))
    return opening(incident).story, *rungs


def queue(tools: Toolbox, spec: Spec, channels: Iterable[Channel], news: News, now: datetime) -> None:
    """Queue a message to each channel that must hear of a monitor; doing so again queues no second one."""
    send(tools, plan(news.reason, news.severity, spec, channels), news, spec, now)


def queue_end(
    tools: Toolbox, spec: Spec, audience: tuple[list[Channel], Collection[str]], news: News, now: datetime
) -> None:
    """Queue the end of a story, also to those channels that heard of it only as it escalated."""
    channels, called = audience
    wanted = plan(news.reason, news.severity, spec, channels)
    heard_late = [one for one in able(news.reason, channels) if one.channel_id in called]
    late = [channel for channel in heard_late if channel not in wanted]
    send(tools, [*wanted, *late], news, spec, now)


def send(tools: Toolbox, channels: Iterable[Channel], news: News, spec: Spec | None, now: datetime) -> None:
    """Queue a message to each of *channels*; one that falls into quiet hours waits for their end."""
    waits = rests_until(spec.quiet, news.severity, now) if spec else None
    if waits and not news.reason.closes:
        waits += LATER
    notices = []
    for channel in channels:
        delivery = Delivery(news.story, channel.channel_id, now, str(news.reason), lease_until=waits)
        tools.deliveries.queue(delivery)
        notices.append(DeliveryNotice(news.story, channel.project_id, channel.channel_id))
    tools.queues.deliver(notices)
