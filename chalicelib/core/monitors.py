"""What a monitor is: the spec a customer asked for, and the state that we saw."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha1

from chalicelib.core.routes import Quiet, Rule
from chalicelib.core.schedules import Every, Schedule
from chalicelib.core.service_levels import Sla
from chalicelib.core.status import Impact, Kind, Status, Verdict
from chalicelib.core.targets import Watch

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
DAILY = Every(DAY)


@dataclass(frozen=True, slots=True)
class Spec:
    """What the customer asked for; only people change it."""

    monitor_id: str
    project_id: str
    organization_id: str
    created: datetime
    badge_key: str
    kind: Kind = Kind.HEARTBEAT
    name: str = ""
    slug: str = ""
    tags: str = ""
    desc: str = ""
    schedule: Schedule = DAILY
    grace: timedelta = HOUR
    manual_resume: bool = False
    methods: str = ""
    start_kw: str = ""
    success_kw: str = ""
    failure_kw: str = ""
    filter_subject: bool = False
    filter_body: bool = False
    filter_http_body: bool = False
    filter_default_fail: bool = False
    channels: tuple[str, ...] = ()
    channel_kinds: tuple[str, ...] = ()  # every channel of these kinds hears of it, besides *channels*
    tells_recovery: bool = True  # whether people hear that it is up again
    remind_every: timedelta | None = None  # how often people hear that it is still down; None: once is enough
    severity: Impact = Impact.MAJOR  # of the incidents that its outages open
    policy_id: str = ""  # of its escalation; empty: nobody else hears of what nobody takes on
    rules: tuple[Rule, ...] = ()  # who hears of what, where not all channels hear of everything
    quiet: Quiet | None = None
    sla: Sla | None = None
    watch: Watch | None = None  # how it is probed; None for a heartbeat
    updated: datetime | None = None  # when a person last changed it; None: not since it was created

    @property
    def has_rules(self) -> bool:
        """Whether a ping may mean something else than its URL says: by a rule, keywords, or being probed."""
        return bool(self.methods) or self.filter_http_body or self.watch is not None

    @property
    def title(self) -> str:
        """What people call it: its name, or its id where it has none."""
        return self.name or self.monitor_id

    def has_tags(self, wanted: frozenset[str]) -> bool:
        """Whether it carries every one of the *wanted* tags, compared whole (R272, R273)."""
        return wanted <= frozenset(self.tags.split())


@dataclass(frozen=True, slots=True)
class State:
    """What we saw; signals and time change it."""

    status: Status = Status.PENDING
    since: datetime | None = None  # when the present status began
    last_ping: datetime | None = None  # of the last success or failure
    last_start: datetime | None = None
    last_rid: str = ""  # the run id that the last start carried
    last_duration: timedelta | None = None
    reprieve: timedelta = timedelta()  # how far our own outages pushed the present deadline out
    look_at: datetime | None = None  # the promise: time changes nothing before this moment
    n_pings: int = 0
    minute: int = 0  # the minute (since 1970) that in_minute counts
    in_minute: int = 0
    arrival_id: str = ""  # of the last signal: how a repeated write recognises itself
    has_rules: bool = False  # Spec.has_rules, kept here so that a steady ping needs no read
    judged_at: datetime | None = None  # the round that the newest verdict is of
    verdict: Verdict | None = None  # the newest
    doubts: int = 0  # verdicts in a row that speak against the present status
    doubted_since: datetime | None = None  # the round of the first of them
    slow_since: datetime | None = None  # the flip that began the slowness that goes on
    paces: int = 0  # rounds in a row that speak for another speed
    paced_since: datetime | None = None  # the first of them
    paced_at: datetime | None = None  # and the last
    rolled_until: datetime | None = None  # rounds before it are in the rollups
    rev: int = 0


@dataclass(frozen=True, slots=True)
class Monitor:
    """A thing watched: what was asked, and what was seen."""

    spec: Spec
    state: State


def create(spec: Spec) -> Monitor:
    """Return the new monitor, waiting for its first signal."""
    return Monitor(spec, State(since=spec.created, has_rules=spec.has_rules))


def unique_key(monitor_id: str) -> str:
    """Return the public name that read-only keys see: SHA-1 of the id's first 16 hex digits (R279)."""
    return sha1(monitor_id.replace("-", "")[:16].encode(), usedforsecurity=False).hexdigest()
