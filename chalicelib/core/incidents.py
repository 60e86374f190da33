"""The story of a downtime, or of whatever people tell: opened, worked on, resolved.

An incident that an outage opened is named after that outage: however often we are told of it, there is one.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from chalicelib.core.monitors import Spec, State
from chalicelib.core.status import Status
from chalicelib.core.steps import Flip


class Stage(StrEnum):
    """How far people have come with it."""

    INVESTIGATING = "INVESTIGATING"
    IDENTIFIED = "IDENTIFIED"
    MONITORING = "MONITORING"
    RESOLVED = "RESOLVED"


class Impact(StrEnum):
    """How bad it is."""

    NONE = "NONE"
    MINOR = "MINOR"
    MAJOR = "MAJOR"
    CRITICAL = "CRITICAL"


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
class Incident:
    """A period with a story."""

    incident_id: str
    project_id: str
    organization_id: str
    title: str
    created: datetime  # when it began
    stage: Stage = Stage.INVESTIGATING
    impact: Impact = Impact.MINOR
    automatic: bool = False
    monitors: tuple[str, ...] = ()
    updated: datetime | None = None
    acknowledged: datetime | None = None
    acknowledged_by: str = ""
    resolved: datetime | None = None
    outage: datetime | None = None  # of an automatic one: the moment of the flip that opened it
    held: bool = False  # nobody knows of it yet: its monitor is under maintenance
    look_at: datetime | None = None  # time alone changes nothing before this moment; None: never
    rev: int = 0

    @property
    def monitor_id(self) -> str:
        """The monitor whose outage opened it; only automatic ones have it."""
        return self.monitors[0]

    @property
    def is_open(self) -> bool:
        """Whether it is still worked on."""
        return self.resolved is None

    @property
    def is_untold(self) -> bool:
        """Whether maintenance no longer holds it back, and no channel was asked to tell of it yet."""
        return not self.held and self.look_at is not None and self.look_at <= self.created


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


def open_for(spec: Spec, flip: Flip, held_until: datetime | None = None) -> Incident:
    """Return the incident that a *flip* to down opens, held back where maintenance covers it (R12, R59)."""
    incident = Incident(
        incident_of(spec.monitor_id, flip.at),
        spec.project_id,
        spec.organization_id,
        f"{spec.title} is down",
        created=flip.at,
        impact=Impact.MAJOR,
        automatic=True,
        monitors=(spec.monitor_id,),
        outage=flip.at,
    )
    if held_until:
        return replace(incident, held=True, look_at=held_until)
    return replace(incident, look_at=next_reminder(incident, spec, flip.at))


def is_unsettled(incident: Incident, state: State) -> bool:
    """Whether the outage that opened *incident* still goes on."""
    return state.status is Status.DOWN and state.since == incident.outage


def released(incident: Incident, now: datetime) -> Incident:
    """Return a held incident as it opens when the maintenance is over, and the outage is not (R59).

    It is untold then, until its timer is moved on.
    """
    at = min(incident.look_at or now, now)
    return replace(incident, held=False, created=at, look_at=at)


def next_reminder(incident: Incident, spec: Spec, last: datetime) -> datetime | None:
    """Return when people are to be reminded again, *last* told at that time; None: not at all (R26)."""
    if spec.remind_every is None or incident.held or incident.acknowledged or incident.resolved:
        return None
    return last + spec.remind_every


def acknowledge(incident: Incident, by: str, now: datetime) -> Incident:
    """Return *incident* as somebody's: reminders stop; doing so again changes nothing."""
    if incident.acknowledged or incident.resolved:
        return incident
    return replace(incident, acknowledged=now, acknowledged_by=by, updated=now, look_at=None)


def moved(incident: Incident, stage: Stage, now: datetime) -> Incident:
    """Return *incident* at another *stage*: RESOLVED ends it, any other opens it again (R53, R55)."""
    if stage is Stage.RESOLVED:
        resolved = incident.resolved or max(now, incident.created)
        return replace(incident, stage=stage, resolved=resolved, updated=now, look_at=None)
    return replace(incident, stage=stage, resolved=None, updated=now)
