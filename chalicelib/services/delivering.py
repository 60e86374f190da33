"""A delivery becomes a message that is sent once: claimed, sent, settled; retried with growing patience."""

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.channels import transport_for
from chalicelib.channels.base import Outlet, SendError
from chalicelib.core.alerts import CLOSING, Alert, Channel, Fate, Reason, fate_of_end
from chalicelib.core.errors import Conflict, NotFound, Unavailable
from chalicelib.core.metrics import Metric
from chalicelib.faults import tell
from chalicelib.messages import DeliveryNotice, from_text, to_text
from chalicelib.services.composing import compose
from chalicelib.storage.deliveries import RETENTION, Delivery
from chalicelib.toolbox import Toolbox

WAITS = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 3600, 21600))
JITTER = 0.2  # of a wait, so that a provider that comes back is not met by all at once
BUSY_FOR = timedelta(seconds=10)
SOON = timedelta(seconds=1)
WAITING = (Fate.QUEUED, Fate.RETRYING, Fate.SENDING, Fate.MERGED)
SETTLED = (Fate.SENT, Fate.FAILED, Fate.MERGED, Fate.NEEDLESS)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended; *error* is the provider's answer, in short."""

    sent: bool
    error: str = ""
    permanent: bool = False
    retry_after: float | None = None


def deliver(tools: Toolbox, notice: DeliveryNotice, now: datetime) -> None:
    """Send one message to one channel, unless somebody did; raises Conflict while another is at it."""
    if notice.not_before and now < from_text(notice.not_before):
        tools.queues.retry_later(notice, from_text(notice.not_before), now)
        return
    delivery = _still_open(tools, notice, now)
    if delivery is None:
        return
    rests_until = delivery.rests_until(now)
    if rests_until:
        # A repeated notice: the pause is a fact of the log, and no message in the queue may shorten it.
        tools.queues.retry_later(notice, rests_until, now)
        return
    try:
        channel = tools.channels.find(notice.project_id, notice.channel_id)
        alert = _alert(tools, delivery, channel, now)
    except NotFound as why:
        tools.deliveries.settle(delivery, Fate.NEEDLESS, str(why), now)
        return
    except Conflict:
        # The outage's own message is leaving at this moment; what follows it depends on how it fares.
        tools.queues.retry_later(notice, now + BUSY_FOR, now)
        return
    if channel.broken:
        tools.deliveries.settle(delivery, Fate.FAILED, channel.broken, now)
        return
    claimed = tools.deliveries.claim(delivery, now)
    outcome = attempt(tools, channel, alert)
    tools.measure(Metric.DELIVERIES if outcome.sent else Metric.FAILURES)
    _settle(tools, notice, channel, claimed, outcome)


def _still_open(tools: Toolbox, notice: DeliveryNotice, now: datetime) -> Delivery | None:
    """Return the delivery that *notice* names, or None where nothing is left to do.

    Raises Conflict while another sends it: how that ends is not ours to say.
    """
    try:
        delivery = tools.deliveries.find(notice.story, notice.channel_id)
    except NotFound:
        return None
    if delivery.is_leaving(now):
        raise Conflict("another worker sends this message")
    return None if delivery.fate in SETTLED else delivery


def _alert(tools: Toolbox, delivery: Delivery, channel: Channel, now: datetime) -> Alert:
    """Return what the channel is told; the end of a story depends on how its beginning's messages fared.

    Raises NotFound when there is nothing to tell, Conflict while the beginning is being sent.
    """
    alert = compose(tools, delivery, channel, now)
    if not alert.reason.closes or not alert.told_in:
        return alert
    if alert.superseded and channel.kind not in CLOSING:
        raise NotFound("another outage has begun")
    if (alert.began or alert.at) < now - RETENTION:
        return alert  # the log has forgotten that it told of the outage; whoever waits for its end has not
    told = _told(tools, alert, channel)
    if any(one.fate is Fate.SENT for one in told):
        return alert
    reason = fate_of_end(alert.reason, told[0].fate)
    for beginning in told:
        if beginning.fate in WAITING:
            tools.deliveries.merge(beginning, now)
    if reason is None:
        raise NotFound("its beginning was never told here")
    return alert.told_as(reason)


def _told(tools: Toolbox, alert: Alert, channel: Channel) -> list[Delivery]:
    """Return how the beginning of a story was told over *channel*; raises NotFound where it was not."""
    found = []
    for story in alert.told_in:
        with suppress(NotFound):
            found.append(tools.deliveries.find(story, channel.channel_id))
    if not found:
        raise NotFound("Delivery not found")
    return found


def attempt(tools: Toolbox, channel: Channel, alert: Alert) -> Outcome:
    """Try once to send *alert* over *channel*, and tell how it went."""
    transport = transport_for(channel.kind)(channel.config, Outlet(tools.settings, tools.clock))
    try:
        transport.send(alert)
    except SendError as error:
        return Outcome(False, str(error), error.permanent, error.retry_after)
    except Exception as fault:  # noqa: BLE001  a fault of ours must not cost an alarm its other tries
        tell(log, "sending over a channel broke", fault, channel_id=channel.channel_id, kind=channel.kind)
        return Outcome(False, "internal error")
    return Outcome(True)


def _settle(
    tools: Toolbox, notice: DeliveryNotice, channel: Channel, claimed: Delivery, outcome: Outcome
) -> None:
    """Write how the attempt went, and see to it that what can still succeed is tried again."""
    now = tools.clock()
    if outcome.permanent:
        _give_up(tools, channel, outcome.error, now)
        tools.deliveries.settle(claimed, Fate.FAILED, outcome.error, now)
        return
    if outcome.sent:
        tools.deliveries.settle(claimed, Fate.SENT, "", now)
    elif claimed.attempts > len(WAITS):
        tools.deliveries.settle(claimed, Fate.FAILED, outcome.error, now)
    else:
        again = now + patience(claimed.attempts, outcome, tools.chance())
        tools.deliveries.settle(claimed, Fate.RETRYING, outcome.error, now, again)
        tools.queues.retry_later(notice, again, now)
    if outcome.error != channel.last_error:
        _note(tools, channel, outcome.error)


def _note(tools: Toolbox, channel: Channel, error: str) -> None:
    """Keep what the provider said last, where that is possible: the message itself is settled already."""
    try:
        tools.channels.note_error(channel.project_id, channel.channel_id, error, broken=False)
    except Unavailable:
        log.warning(
            "the last error of a channel could not be noted", extra={"channel_id": channel.channel_id}
        )


def _give_up(tools: Toolbox, channel: Channel, error: str, now: datetime) -> None:
    """Mark *channel* as broken, unless somebody did, and say so.

    It is said before it is marked, and marked before the message is settled: a crash in between
    repeats the news, where the other way round it would lose it.
    """
    try:
        if tools.channels.find(channel.project_id, channel.channel_id).broken:
            return
    except NotFound:
        return
    _tell_the_others(tools, channel, now)
    tools.channels.note_error(channel.project_id, channel.channel_id, error, broken=True)


def patience(attempts: int, outcome: Outcome, chance: float) -> timedelta:
    """Return how long to wait after so many *attempts*: growing, scattered, and what the provider asked."""
    wait = WAITS[attempts - 1] * (1 + JITTER * chance)
    asked = timedelta(seconds=min(outcome.retry_after or 0, WAITS[-1].total_seconds()))
    return max(wait, asked)


def _tell_the_others(tools: Toolbox, broken: Channel, now: datetime) -> None:
    """Tell the project's working channels that *broken* reaches nobody any more."""
    story = f"broke#{broken.channel_id}#{to_text(now)}"
    channels = tools.channels.of_project(broken.project_id)
    for channel in channels:
        if channel.channel_id != broken.channel_id and not channel.broken:
            tools.deliveries.queue(Delivery(story, channel.channel_id, now, str(Reason.CHANNEL_BROKE)))
            notice = DeliveryNotice(story, channel.project_id, channel.channel_id)
            # By then the channel itself says why it is broken.
            tools.queues.retry_later(notice, now + SOON, now)


def replay(tools: Toolbox, channel: Channel, story: str) -> None:
    """Send a message that was given up once more; raises NotFound, and Conflict when it was not given up."""
    delivery = tools.deliveries.find(story, channel.channel_id)
    tools.deliveries.reopen(delivery)
    tools.queues.deliver([DeliveryNotice(story, channel.project_id, channel.channel_id)])
