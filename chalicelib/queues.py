"""The tube post: typed messages between our Lambdas, each naming a fact that its receiver checks."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import aws
from chalicelib.core.errors import Unavailable
from chalicelib.core.steps import Flip
from chalicelib.settings import Settings

BATCH = 10  # the most that SQS takes at once
LONGEST_DELAY = 900  # seconds; longer waits hop
SECOND = timedelta(seconds=1)
ALMOST_A_SECOND = SECOND - timedelta(microseconds=1)  # for what must not come early


@dataclass(frozen=True, slots=True)
class Message:
    """What all messages can do: become JSON and come back from it. Moments are ISO 8601 in UTC."""

    def to_json(self) -> str:
        """Return the message as it travels."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the message that *text* carries; raises ValueError or TypeError for anything else."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class ScanTick(Message):
    """Look at one shard's deadlines; *after_id* and *after_at* say where an earlier look stopped."""

    at: str
    shard: int
    after_id: str = ""
    after_at: str = ""


@dataclass(frozen=True, slots=True)
class Wake(Message):
    """Look at one monitor, now that *look_at* has come."""

    monitor_id: str
    look_at: str


@dataclass(frozen=True, slots=True)
class FlipNotice(Message):
    """A flip was written and is to be announced."""

    monitor_id: str
    at: str

    @classmethod
    def of(cls, flip: Flip) -> "FlipNotice":
        """Return the notice of *flip*."""
        return cls(flip.monitor_id, to_text(flip.at))


@dataclass(frozen=True, slots=True)
class DeliveryNotice(Message):
    """A message is to be sent to a channel, not before *not_before* where that is given.

    *story* is what the message is about: `flip#<monitor>#<moment>` or `broke#<channel>#<moment>`.
    """

    story: str
    project_id: str
    channel_id: str
    not_before: str = ""


@dataclass(frozen=True, slots=True)
class Purge(Message):
    """A monitor is gone; so must be what it left behind."""

    monitor_id: str


class Queues:
    """The queues and topics of one deployment."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def scan(self, ticks: Iterable[ScanTick]) -> None:
        """Have shards looked at."""
        self._send(self._settings.scans_queue_url, [(tick, 0) for tick in ticks])

    def wake(self, wakes: Iterable[Wake], now: datetime) -> None:
        """Have monitors looked at, each in the second before the moment that it names, never later."""
        self._send(
            self._settings.wakes_queue_url,
            [(wake, delay(from_text(wake.look_at) - now)) for wake in wakes],
        )

    def deliver(self, notices: Iterable[DeliveryNotice]) -> None:
        """Have messages sent."""
        self._send(self._settings.deliveries_queue_url, [(notice, 0) for notice in notices])

    def retry_later(self, notice: DeliveryNotice, at: datetime, now: datetime) -> None:
        """Have a message sent at *at*; SQS waits 15 minutes at most, so that longer waits come back early."""
        later = replace(notice, not_before=to_text(at))
        self._send(self._settings.deliveries_queue_url, [(later, delay(at - now + ALMOST_A_SECOND))])

    def flip(self, notice: FlipNotice) -> None:
        """Have a flip announced."""
        self._publish(self._settings.flips_topic_arn, notice.to_json())

    def purge(self, purge: Purge) -> None:
        """Have the remains of a monitor deleted."""
        self._publish(self._settings.chores_topic_arn, purge.to_json())

    def tell_operators(self, subject: str, text: str) -> None:
        """Tell the people who run this deployment something about the deployment itself."""
        self._publish(self._settings.operators_topic_arn, text, Subject=subject[:99])

    def _send(self, url: str, messages: list[tuple[Message, int]]) -> None:
        entries = [
            {"Id": str(number), "MessageBody": message.to_json(), "DelaySeconds": delay}
            for number, (message, delay) in enumerate(messages)
        ]
        for start in range(0, len(entries), BATCH):
            with _answering("queue"):
                reply = self._client("sqs").send_message_batch(
                    QueueUrl=url, Entries=entries[start : start + BATCH]
                )
            if reply.get("Failed"):
                raise Unavailable(f"the queue refused {len(reply['Failed'])} messages")

    def _publish(self, topic: str, text: str, **more: str) -> None:
        with _answering("topic"):
            self._client("sns").publish(TopicArn=topic, Message=text, **more)

    def _client(self, service: str) -> Any:
        return aws.client(service, self._settings.region, self._settings.endpoint_url)


@contextmanager
def _answering(name: str) -> Iterator[None]:
    """Translate the failure of an AWS service into Unavailable."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise Unavailable(f"the {name} does not answer") from error


def delay(wait: timedelta) -> int:
    """Return the whole seconds of *wait*, as far as SQS delays."""
    return min(max(wait // SECOND, 0), LONGEST_DELAY)


def to_text(moment: datetime) -> str:
    """Return *moment* as messages carry it, to the microsecond."""
    return moment.astimezone(UTC).isoformat()


def from_text(text: str) -> datetime:
    """Return the moment that a message carries."""
    return datetime.fromisoformat(text)
