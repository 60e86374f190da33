"""The tube post: typed messages between our Lambdas, each naming a fact that its receiver checks."""

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import aws
from chalicelib.core.consensus import Answer
from chalicelib.core.errors import Unavailable
from chalicelib.core.status import Kind
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from chalicelib.core.steps import Flip

log = logging.getLogger(__name__)

BATCH = 10  # the most that SQS takes at once
BATCH_BYTES = 250_000  # and how much; a single message never comes near
LONGEST_DELAY = 900  # seconds; longer waits hop
SECOND = timedelta(seconds=1)
ALMOST_A_SECOND = SECOND - timedelta(microseconds=1)  # for what must not come early

T = TypeVar("T")


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
class WheelTick(Message):
    """Have those in *slots* probed whose moment is from *since* up to *until*; *after_id* was seen before."""

    slots: list[str]
    since: str
    until: str
    after_id: str = ""


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
    def of(cls, flip: "Flip") -> "FlipNotice":
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


@dataclass(frozen=True, slots=True)
class Parcel(Message):
    """A message that carries typed values: moments, enumerations, other dataclasses.

    The others do without msgspec, which a cold ping need not import.
    """

    def to_json(self) -> str:
        """Return the message as it travels."""
        return _encoded(self)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the message that *text* carries; raises msgspec.DecodeError for anything else."""
        import msgspec

        return msgspec.json.decode(text, type=cls)


@dataclass(frozen=True, slots=True)
class ProbeOrder:
    """One probe of one round; *target* holds the fields of the kind's Target, times are in seconds."""

    monitor_id: str
    at: datetime
    version: int
    kind: Kind
    target: dict[str, Any]
    timeout: float
    jury: tuple[str, ...]
    witnesses: tuple[str, ...] = ()
    slow_ms: int = 0


@dataclass(frozen=True, slots=True)
class ProbeBundle(Parcel):
    """Probes that one region makes together, none before *starts*."""

    region: str
    starts: datetime
    orders: tuple[ProbeOrder, ...]


@dataclass(frozen=True, slots=True)
class ResultBundle(Parcel):
    """Answers on their way home."""

    answers: tuple[Answer, ...]


class Queues:
    """The queues and topics of one deployment."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def scan(self, ticks: Iterable[ScanTick | WheelTick]) -> None:
        """Have shards, or slots of the wheel, looked at."""
        self._send(self._settings.scans_queue_url, [(tick, 0) for tick in ticks])

    def probe(self, bundles: Iterable[ProbeBundle], now: datetime) -> None:
        """Have targets probed, each bundle in its region, in the second before it starts.

        A region that does not answer does not silence the others; raises Unavailable where none does.
        """
        by_region: dict[str, list[tuple[Message, int]]] = {}
        for bundle in bundles:
            by_region.setdefault(bundle.region, []).append((bundle, delay(bundle.starts - now)))
        silent = [region for region, messages in by_region.items() if not self._try_region(region, messages)]
        if silent and len(silent) == len(by_region):
            raise Unavailable("no region takes probes")

    def _try_region(self, region: str, messages: list[tuple[Message, int]]) -> bool:
        try:
            self._send(self._settings.probes_queue_in(region), messages, region)
        except Unavailable as silence:
            log.warning("%d bundles did not reach %s: %s", len(messages), region, silence)
            return False
        return True

    def results(self, bundle: ResultBundle) -> None:
        """Have answers judged."""
        self._send(self._settings.results_queue_url, [(bundle, 0)])

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

    def _send(self, url: str, messages: Iterable[tuple[Message, int]], region: str = "") -> None:
        for entries in _batches(messages):
            with _answering("queue"):
                reply = self._client("sqs", region).send_message_batch(QueueUrl=url, Entries=entries)
            if reply.get("Failed"):
                raise Unavailable(f"the queue refused {len(reply['Failed'])} messages")

    def _publish(self, topic: str, text: str, **more: str) -> None:
        with _answering("topic"):
            self._client("sns").publish(TopicArn=topic, Message=text, **more)

    def _client(self, service: str, region: str = "") -> Any:
        return aws.client(service, region or self._settings.region, self._settings.endpoint_url)


def _batches(messages: Iterable[tuple[Message, int]]) -> Iterator[list[dict[str, Any]]]:
    """Yield the entries of as few batches as SQS allows, by number and by size."""
    bodies = ((message.to_json(), wait) for message, wait in messages)
    for batch in packed(bodies, lambda sent: len(sent[0].encode()), BATCH, BATCH_BYTES):
        yield [
            {"Id": str(number), "MessageBody": body, "DelaySeconds": wait}
            for number, (body, wait) in enumerate(batch)
        ]


def packed(items: Iterable[T], weigh: Callable[[T], int], most: int, most_bytes: int) -> Iterator[list[T]]:
    """Yield *items*, in their order, in as few parts as may hold *most* of them and *most_bytes*.

    One that is heavier by itself makes a part of its own.
    """
    part: list[T] = []
    size = 0
    for item in items:
        weight = weigh(item)
        if part and (len(part) == most or size + weight > most_bytes):
            yield part
            part, size = [], 0
        part.append(item)
        size += weight
    if part:
        yield part


def weight_of(value: Any) -> int:
    """Return how many bytes *value* takes up in a Parcel."""
    return len(_encoded(value))


def _encoded(value: Any) -> str:
    """Return *value* as JSON of ASCII alone: SQS refuses some characters, and the whole batch with them."""
    import msgspec

    return json.dumps(msgspec.to_builtins(value), separators=(",", ":"))


def scan_order(text: str) -> ScanTick | WheelTick:
    """Return what a message in the queue of scans asks for; one queue for both is polled once."""
    return WheelTick.from_json(text) if "slots" in json.loads(text) else ScanTick.from_json(text)


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
