"""Who must hear of something, and why; and everything that a message may say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from chalicelib.core.consensus import Result
from chalicelib.core.incidents import Incident
from chalicelib.core.monitors import Spec
from chalicelib.core.routes import Topic, routed
from chalicelib.core.status import Category, Impact, Kind, Status
from chalicelib.core.steps import Cause, Flip

# The kinds of channel where what a message opened stays open until another closes it.
CLOSING = frozenset({"JIRA", "OPSGENIE", "PAGERDUTY"})
# Those where other programs follow what people do to an incident; people need not hear of themselves.
FOLLOWING = frozenset({"JIRA", "OPSGENIE", "PAGERDUTY", "STATUSPULSE"})
# Those where they follow a monitor's state besides: they hear that it is up again, whoever resolved what.
MIRRORING = frozenset({"STATUSPULSE"})


class Reason(StrEnum):
    """Why somebody is told something."""

    WENT_DOWN = "went_down"
    RECOVERED = "recovered"
    WAS_DOWN = "was_down"  # an outage that was over before its first message could leave
    STILL_DOWN = "still_down"  # a reminder
    CALLED_OFF = "called_off"  # an outage whose end nobody will see: the monitor was paused
    ESCALATED = "escalated"  # nobody took it on in time
    SLOWED = "slowed"
    SPED_UP = "sped_up"
    SLA_MISSED = "sla_missed"
    EXPIRING = "expiring"  # a domain's registration runs out
    RENEWED = "renewed"
    TRIGGERED = "triggered"  # by a person, as are the two below
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    DIGEST = "digest"  # what a week came to
    CHANNEL_BROKE = "channel_broke"
    TEST = "test"

    @property
    def status(self) -> str:
        """The status that a message of this reason speaks of: up or down."""
        return "up" if self.closes or self is Reason.DIGEST else "down"

    @property
    def closes(self) -> bool:
        """Whether it is the last that is said of a story: what that opened elsewhere is to be closed."""
        return self in CLOSERS

    @property
    def topic(self) -> Topic:
        """What it is about, as rules name it."""
        return TOPICS.get(self, Topic.OTHER)


CLOSERS = frozenset(
    {
        Reason.RECOVERED,
        Reason.WAS_DOWN,
        Reason.CALLED_OFF,
        Reason.SPED_UP,
        Reason.RENEWED,
        Reason.RESOLVED,
    }
)
TOPICS = {
    Reason.WENT_DOWN: Topic.DOWN,
    Reason.RECOVERED: Topic.UP,
    Reason.WAS_DOWN: Topic.UP,
    Reason.CALLED_OFF: Topic.UP,
    Reason.STILL_DOWN: Topic.REMINDER,
    Reason.ESCALATED: Topic.ESCALATION,
    Reason.SLOWED: Topic.PERFORMANCE,
    Reason.SPED_UP: Topic.PERFORMANCE,
    Reason.SLA_MISSED: Topic.SLA,
    Reason.EXPIRING: Topic.DOMAIN,
    Reason.RENEWED: Topic.DOMAIN,
    Reason.TRIGGERED: Topic.INCIDENT,
    Reason.ACKNOWLEDGED: Topic.INCIDENT,
    Reason.RESOLVED: Topic.INCIDENT,
}


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
    at: datetime  # when it happened
    monitor_id: str  # "" where it is about none
    name: str
    project: str
    slug: str = ""
    tags: str = ""
    cause: Cause | None = None
    kind: Kind = Kind.HEARTBEAT
    old: Status | None = None  # what the monitor was before the flip that is told of
    severity: Impact = Impact.MAJOR
    began: datetime | None = None  # of a story that is over, or goes on: when it began
    incident_id: str = ""  # the same in all messages about one outage; empty where there is none
    summary: dict[str, Any] = field(default_factory=dict)  # core.summaries
    exit_status: int | None = None
    body: bytes = b""  # of the last ping at or before the flip
    superseded: bool = False  # a recovery after which the next outage has begun
    # Of the end of a story: under which names its beginning was told; who heard none of them hears no end.
    told_in: tuple[str, ...] = ()
    target: str = ""  # what is probed, without secrets; empty for a heartbeat
    evidence: tuple[Result, ...] = ()  # of the round that changed the status, as far as it is known
    uptime_percent: float | None = None  # in the 30 days before the change, or since it was created
    uptime_since: datetime | None = None  # from when on that is
    latency: tuple[float, float] | None = None  # p50 and p95 in ms, in the 24 hours before it
    organization_id: str = ""  # this, its name, and the two URLs: for the channels that tell all
    organization: str = ""
    incident: Incident | None = None
    updates: tuple[str, ...] = ()  # the timeline's messages, the oldest first
    dashboard_url: str = ""
    acknowledge_url: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)  # of a service level, a registration, a digest

    @property
    def status(self) -> str:
        """The status that the message speaks of: up or down."""
        return self.reason.status

    @property
    def is_of_monitor(self) -> bool:
        """Whether it is about a monitor, which then has a page; not about a channel, or a project."""
        return bool(self.monitor_id) and self.reason not in (Reason.TEST, Reason.CHANNEL_BROKE)

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
    if flip.category is Category.PERFORMANCE:
        return Reason.SLOWED if flip.opens else Reason.SPED_UP
    if flip.opens:
        return Reason.WENT_DOWN
    return Reason.RECOVERED if flip.new is Status.UP else Reason.CALLED_OFF


def plan(reason: Reason, severity: Impact, spec: Spec, channels: Iterable[Channel]) -> list[Channel]:
    """Return those of its project's *channels* that must hear something, less those that are broken.

    A monitor names channels one by one, or by their kind (R236, R237); its rules may send some messages
    elsewhere (R119), but who may have heard of the beginning hears of the end. Where its recoveries are not
    told (R26), they still are to whoever keeps an incident open until then.
    """
    topics = {reason.topic}
    if reason.closes and reason.topic in (Topic.UP, Topic.INCIDENT):
        topics.add(Topic.DOWN)
    heard = able(reason, channels)
    wanted = [channel for channel in heard if any(hears(channel, one, severity, spec) for one in topics)]
    if reason.topic is Topic.UP and not spec.tells_recovery:
        return [channel for channel in wanted if channel.kind in CLOSING]
    return wanted


def able(reason: Reason, channels: Iterable[Channel]) -> list[Channel]:
    """Return those of *channels* that could hear something: what works, or follows what people do."""
    return [
        channel
        for channel in channels
        if not channel.broken and (reason is not Reason.ACKNOWLEDGED or channel.kind in FOLLOWING)
    ]


def hears(channel: Channel, topic: Topic, severity: Impact, spec: Spec) -> bool:
    """Whether a monitor's messages about *topic* go to *channel*."""
    chosen = routed(spec.rules, topic, severity)
    if chosen is not None:
        return channel.channel_id in chosen
    return channel.channel_id in spec.channels or channel.kind in spec.channel_kinds


def is_for_ends(channel: Channel, topic: Topic, spec: Spec) -> bool:
    """Whether a rule sends the ends of outages to *channel*, and nothing sends it their beginnings (R119)."""
    chosen = routed(spec.rules, topic, spec.severity)
    is_sent = chosen is not None and channel.channel_id in chosen
    return topic is Topic.UP and is_sent and not hears(channel, Topic.DOWN, spec.severity, spec)


def fate_of_end(reason: Reason, told: Fate | None) -> Reason | None:
    """Return what the end of a story says, given how the message of its beginning to the same channel fared.

    It is sent after the beginning was told, becomes one combined message while that still waits, and is not
    sent at all where the beginning was never told. Of slowness, or of what people told, that came and went
    before anybody heard of it, nobody need hear.
    """
    if told is Fate.SENT:
        return reason
    if told in (Fate.QUEUED, Fate.RETRYING, Fate.SENDING, Fate.MERGED):
        if reason is Reason.CALLED_OFF:
            return reason
        return Reason.WAS_DOWN if reason is Reason.RECOVERED else None
    return None
