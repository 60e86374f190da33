"""What our Lambdas tell each other: typed messages, each naming a fact that its receiver checks."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar

from chalicelib.core.consensus import Answer
from chalicelib.core.findings import Survey
from chalicelib.core.status import Kind

if TYPE_CHECKING:
    from chalicelib.core.steps import Flip

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
class SurveyTick(Message):
    """Have every host surveyed whose survey is due at *due_by*."""

    due_by: str


@dataclass(frozen=True, slots=True)
class SurveyOrder(Message):
    """Survey a monitor's host; *domain* is the registered one, as far as it is known."""

    monitor_id: str
    host: str
    domain: str = ""


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

    *story* is what the message is about, as `flip#<monitor>#<moment>`: services/composing knows them all.
    """

    story: str
    project_id: str
    channel_id: str
    not_before: str = ""


@dataclass(frozen=True, slots=True)
class Timer(Message):
    """Look at one incident, now that *look_at* has come."""

    incident_id: str
    look_at: str


@dataclass(frozen=True, slots=True)
class Purge(Message):
    """A monitor is gone; so must be what it left behind."""

    monitor_id: str


@dataclass(frozen=True, slots=True)
class Clearance(Message):
    """A project is gone; so must be all that it owned."""

    project_id: str
    organization_id: str


Chore = Purge | Clearance


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


@dataclass(frozen=True, slots=True)
class SurveyResult(Parcel):
    """What was found about a monitor's host, on its way home."""

    monitor_id: str
    survey: Survey


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


def scan_order(text: str) -> ScanTick | WheelTick | SurveyTick:
    """Return what a message in the queue of scans asks for; one queue for all is polled once."""
    told = json.loads(text)
    kind = WheelTick if "slots" in told else SurveyTick if "due_by" in told else ScanTick
    return kind.from_json(text)


def probe_order(text: str) -> ProbeBundle | SurveyOrder:
    """Return what a message in a queue of probes asks for: probes, or a survey."""
    return SurveyOrder.from_json(text) if "host" in json.loads(text) else ProbeBundle.from_json(text)


def result(text: str) -> ResultBundle | SurveyResult:
    """Return what a message in the queue of results brings: answers, or a survey."""
    return SurveyResult.from_json(text) if "survey" in json.loads(text) else ResultBundle.from_json(text)


def wake_order(text: str) -> Wake | Timer:
    """Return what a message in the queue of wakes asks to look at: a monitor or an incident."""
    return Timer.from_json(text) if "incident_id" in json.loads(text) else Wake.from_json(text)


def chore_order(text: str) -> Chore:
    """Return what a message in the topic of chores asks to delete the remains of."""
    return Clearance.from_json(text) if "project_id" in json.loads(text) else Purge.from_json(text)


def to_text(moment: datetime) -> str:
    """Return *moment* as messages carry it, to the microsecond."""
    return moment.astimezone(UTC).isoformat()


def from_text(text: str) -> datetime:
    """Return the moment that a message carries."""
    return datetime.fromisoformat(text)
