"""The story of a downtime, or of whatever people tell: opened, worked on, resolved.

An incident that an outage opened is named after that outage: however often we are told of it, there is one.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from chalicelib.core.monitors import Spec, State
from chalicelib.core.status import Category, Impact, Status
from chalicelib.core.steps import Flip


class Stage(StrEnum):
    """How far people have come with it."""

    INVESTIGATING = "INVESTIGATING"
    IDENTIFIED = "IDENTIFIED"
    MONITORING = "MONITORING"
    RESOLVED = "RESOLVED"


class Act(StrEnum):
    """What was done to an incident that its channels are still to hear of."""

    OPENED = "opened"  # by a person, or when the maintenance that held it back was over
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"  # by a person


@dataclass(frozen=True, slots=True)
class Update:
    """A line of the timeline."""

    update_id: str
    incident_id: str
    at: datetime
    stage: Stage
    message: str
    author: str = ""  # the name of the key that wrote it; empty where we did


@dataclass(frozen=True, slots=True)
class Ticket:
    """What an incident is called elsewhere: in *system*, which is pagerduty or jira (R114)."""

    system: str
    key: str


@dataclass(frozen=True, slots=True)
class Incident:
    """A period with a story."""

    incident_id: str
    project_id: str
    organization_id: str
    title: str
    created: datetime  # when it began
    stage: Stage = Stage.INVESTIGATING
    impact: Impact = Impact.MINOR
    category: Category = Category.INCIDENT
    automatic: bool = False
    monitors: tuple[str, ...] = ()
    updated: datetime | None = None
    acknowledged: datetime | None = None
    acknowledged_by: str = ""
    assignee: str = ""
    tickets: tuple[Ticket, ...] = ()
    resolved: datetime | None = None
    outage: datetime | None = None  # of an automatic one: the moment of the flip that opened it
    held: bool = False  # nobody knows of it yet: its monitor is under maintenance
    voiced: bool = False  # what people do to it is told to its channels, as what its monitor does
    owed: Act | None = None  # what its channels are to hear next
    owed_since: datetime | None = None
    remind_at: datetime | None = None
    climbed: int = 0  # steps of the escalation policy
    called: tuple[str, ...] = ()  # the channels, by their ids, that heard of it by one of these steps
    climb_at: datetime | None = None
    breaks_at: datetime | None = None  # when its monitor's service level is missed if it goes on
    look_at: datetime | None = None  # time alone changes nothing before this moment; None: never
    rev: int = 0

    @property
    def monitor_id(self) -> str:
        """The monitor whose outage opened it, or that people told it of first; "" where there is none."""
        return self.monitors[0] if self.monitors else ""

    @property
    def external_ids(self) -> dict[str, str]:
        """What it is called elsewhere, by system (R114)."""
        return {ticket.system: ticket.key for ticket in self.tickets}

    @property
    def is_open(self) -> bool:
        """Whether it is still worked on."""
        return self.resolved is None

    @property
    def is_untold(self) -> bool:
        """Whether maintenance no longer holds it back, and no channel was asked to tell of it yet."""
        return not self.held and self.owed is Act.OPENED


def identify(at: datetime, seed: str) -> str:
    """Return a UUID (version 7, RFC 9562) that sorts by *at* and is the same whenever *seed* is."""
    stamp = int(at.timestamp() * 1000) << 80
    noise = int.from_bytes(sha256(seed.encode()).digest()[:10], "big")
    number = stamp | noise
    number = number & ~(0xF << 76) | 0x7 << 76
    return str(UUID(int=number & ~(0x3 << 62) | 0x2 << 62))


def incident_of(monitor_id: str, outage: datetime) -> str:
    """Return the id of the incident that an outage opens."""
    return identify(outage, f"{monitor_id} {outage.isoformat()}")


def line(incident: Incident, at: datetime, message: str, name: str = "") -> Update:
    """Return a line that we write into a timeline: the same for the same *name*, or stage, and moment."""
    update_id = identify(at, f"{incident.incident_id} {name or incident.stage}")
    return Update(update_id, incident.incident_id, at, incident.stage, message)


TITLES = {Category.INCIDENT: "{} is down", Category.PERFORMANCE: "{} degraded performance"}


def open_for(spec: Spec, flip: Flip, held_until: datetime | None = None) -> Incident:
    """Return the incident that a *flip* opens, held back where maintenance covers it (R12, R59, R192)."""
    is_down = flip.category is Category.INCIDENT
    incident = Incident(
        incident_of(spec.monitor_id, flip.at),
        spec.project_id,
        spec.organization_id,
        TITLES[flip.category].format(spec.title),
        created=flip.at,
        impact=spec.severity if is_down else Impact.MINOR,
        category=flip.category,
        automatic=True,
        monitors=(spec.monitor_id,),
        outage=flip.at,
        voiced=True,
    )
    return replace(incident, held=True, look_at=held_until) if held_until else incident


def is_unsettled(incident: Incident, state: State) -> bool:
    """Whether what opened *incident* still goes on; a registration is looked after where it is surveyed."""
    if incident.category is Category.DOMAIN:
        return incident.is_open
    if incident.category is Category.PERFORMANCE:
        return state.slow_since == incident.outage
    return state.status is Status.DOWN and state.since == incident.outage


def released(incident: Incident, now: datetime) -> Incident:
    """Return a held incident as it opens when the maintenance is over, and the outage is not (R59).

    It is untold then, until what it owes is paid.
    """
    at = min(incident.look_at or now, now)
    return owing(replace(incident, held=False, created=at), Act.OPENED, at)


def owing(incident: Incident, act: Act, at: datetime) -> Incident:
    """Return *incident* with what its channels are to hear at once, if they hear of it at all."""
    return replace(incident, owed=act, owed_since=at, look_at=at) if incident.voiced else incident


def acknowledge(incident: Incident, by: str, now: datetime, assignee: str = "") -> Incident:
    """Return *incident* as somebody's: reminders and escalation stop; doing so again changes nothing."""
    if incident.acknowledged or incident.resolved:
        return incident
    taken = replace(
        incident,
        acknowledged=now,
        acknowledged_by=by,
        assignee=assignee or incident.assignee,
        updated=now,
        remind_at=None,
        climb_at=None,
    )
    # Who has not heard of its beginning hears of that first; that somebody has taken it on shows there.
    return taken if taken.is_untold else owing(taken, Act.ACKNOWLEDGED, now)


def moved(incident: Incident, stage: Stage, now: datetime) -> Incident:
    """Return *incident* at another *stage*: RESOLVED ends it, any other opens it again (R53, R55)."""
    if stage is Stage.RESOLVED:
        resolved = incident.resolved or max(now, incident.created)
        return silenced(replace(incident, stage=stage, resolved=resolved, updated=now))
    return replace(incident, stage=stage, resolved=None, updated=now)


def as_of(incident: Incident, at: datetime) -> Incident:
    """Return *incident* as it was *at* that time: what is told late is told as it was."""
    if incident.acknowledged and incident.acknowledged > at:
        incident = replace(incident, acknowledged=None, acknowledged_by="", assignee="")
    if incident.resolved and incident.resolved > at:
        incident = replace(incident, resolved=None, stage=Stage.INVESTIGATING)
    return incident


def silenced(incident: Incident) -> Incident:
    """Return *incident* with nothing left that time would do to it."""
    return replace(
        incident,
        owed=None,
        owed_since=None,
        remind_at=None,
        climb_at=None,
        breaks_at=None,
        look_at=None,
    )
