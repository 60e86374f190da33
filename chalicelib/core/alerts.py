"""Who must hear of a flip, and why; and everything that a message may say."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from chalicelib.core.consensus import Result
from chalicelib.core.monitors import Spec
from chalicelib.core.status import Status
from chalicelib.core.steps import Cause, Flip

# The kinds of channel where what a message opened stays open until another closes it.
CLOSING = frozenset({"OPSGENIE", "PAGERDUTY"})


class Reason(StrEnum):
    """Why somebody is told something."""

    WENT_DOWN = "went_down"
    RECOVERED = "recovered"
    WAS_DOWN = "was_down"  # an outage that was over before its first message could leave
    STILL_DOWN = "still_down"  # a reminder
    CALLED_OFF = "called_off"  # an outage whose end nobody will see: the monitor was paused
    CHANNEL_BROKE = "channel_broke"
    TEST = "test"

    @property
    def status(self) -> str:
        """The status that a message of this reason speaks of: up or down."""
        return "up" if self.ends_an_outage else "down"

    @property
    def ends_an_outage(self) -> bool:
        """Whether it is the last that is said of an outage: what it opened elsewhere is to be closed."""
        return self in (Reason.RECOVERED, Reason.WAS_DOWN, Reason.CALLED_OFF)


class Fate(StrEnum):
    """Where a delivery stands."""

    QUEUED = "queued"
    SENDING = "sending"  # claimed by a worker, until its lease runs out
    RETRYING = "retrying"
    SENT = "sent"
    FAILED = "failed"
    MERGED = "merged"  # told together with the recovery
    NEEDLESS = "needless"  # a recovery whose outage was never told


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to reach people, as its project configured it; *config* holds secrets."""

    channel_id: str
    project_id: str
    kind: str
    name: str
    config: dict[str, Any]
    created: datetime
    broken: str = ""  # why it was given up, in the provider's words; empty while it works
    last_error: str = ""
    updated: datetime | None = None  # when a person last changed it


@dataclass(frozen=True, slots=True)
class Alert:
    """All that a message may show; a channel looks nothing up."""

    delivery_id: str  # the same on every attempt, so that a receiver can tell a repetition
    reason: Reason
    at: datetime  # when the status changed
    monitor_id: str
    name: str
    project: str
    slug: str = ""
    tags: str = ""
    cause: Cause | None = None
    began: datetime | None = None  # of an outage that is over, or that is reminded of: when it began
    incident_id: str = ""  # the same in all messages about one outage; empty where there is none
    summary: dict[str, Any] = field(default_factory=dict)  # core.summaries
    exit_status: int | None = None
    body: bytes = b""  # of the last ping at or before the flip
    superseded: bool = False  # a recovery after which the next outage has begun
    target: str = ""  # what is probed, without secrets; empty for a heartbeat
    evidence: tuple[Result, ...] = ()  # of the round that changed the status, as far as it is known
    uptime_percent: float | None = None  # in the 30 days before the change, or since it was created
    uptime_since: datetime | None = None  # from when on that is
    latency: tuple[float, float] | None = None  # p50 and p95 in ms, in the 24 hours before it

    @property
    def status(self) -> str:
        """The status that the message speaks of: up or down."""
        return self.reason.status

    def told_as(self, reason: Reason) -> "Alert":
        """Return the same alert, told for another *reason*."""
        return replace(self, reason=reason)

    @property
    def lasted(self) -> timedelta | None:
        """How long the outage was, or None while it goes on."""
        return self.at - self.began if self.began else None


def reason_for(flip: Flip) -> Reason | None:
    """Return why somebody must hear of *flip*, or None where it is no news."""
    if not flip.is_news:
        return None
    if flip.new is Status.DOWN:
        return Reason.WENT_DOWN
    return Reason.RECOVERED if flip.new is Status.UP else Reason.CALLED_OFF


def plan(reason: Reason | None, spec: Spec, channels: Iterable[Channel]) -> list[Channel]:
    """Return those of its project's *channels* that must hear something, less those that are broken.

    A monitor names channels one by one, or by their kind (R236, R237). Where its recoveries are not told
    (R26), they still are to whoever keeps an incident open until then.
    """
    if reason is None:
        return []
    is_closing_alone = reason.ends_an_outage and not spec.tells_recovery
    return [
        channel
        for channel in channels
        if _hears(channel, spec)
        and not channel.broken
        and not (is_closing_alone and channel.kind not in CLOSING)
    ]


def _hears(channel: Channel, spec: Spec) -> bool:
    return channel.channel_id in spec.channels or channel.kind in spec.channel_kinds


def fate_of_end(reason: Reason, down: Fate | None) -> Reason | None:
    """Return what the end of an outage says, given how the outage's message to the same channel fared.

    It is sent after the outage was told, becomes one combined message while that still waits, and is not
    sent at all where the outage was never told.
    """
    if down is Fate.SENT:
        return reason
    if down in (Fate.QUEUED, Fate.RETRYING, Fate.SENDING, Fate.MERGED):
        return Reason.WAS_DOWN if reason is Reason.RECOVERED else reason
    return None
