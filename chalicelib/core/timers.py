"""What time does to an open incident: people are reminded, steps are climbed, service levels are missed."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from chalicelib.core.escalation import Policy
from chalicelib.core.incidents import Incident
from chalicelib.core.monitors import Spec
from chalicelib.core.routes import rests_until
from chalicelib.core.status import Category


class Duty(StrEnum):
    """What is to be done when its moment has come."""

    REMIND = "remind"
    CLIMB = "climb"
    BREAK = "break"


def wound(incident: Incident, spec: Spec | None, policy: Policy | None, told: datetime) -> Incident:
    """Return *incident*, of which people were *told* at that time, with its reminders and steps ahead."""
    remind_at = next_reminder(incident, spec, told) if spec else None
    return looking(replace(incident, remind_at=remind_at, climb_at=next_step(incident, policy)))


def next_reminder(incident: Incident, spec: Spec, last: datetime) -> datetime | None:
    """Return when people are to be reminded again, *last* told at that time; None: not at all (R26).

    Those that fall into quiet hours wait for their end, all as one.
    """
    if spec.remind_every is None or not _is_urgent(incident) or not incident.automatic:
        return None
    due = last + spec.remind_every
    return rests_until(spec.quiet, incident.impact, due) or due


def next_step(incident: Incident, policy: Policy | None) -> datetime | None:
    """Return when the next step of its escalation is to be climbed, or None."""
    if policy is None or not _is_urgent(incident):
        return None
    rung = policy.rung(incident.climbed)
    return incident.created + rung[0] if rung else None


def _is_urgent(incident: Incident) -> bool:
    is_taken = incident.acknowledged or incident.resolved
    return not incident.held and not is_taken and incident.category is Category.INCIDENT


def looking(incident: Incident) -> Incident:
    """Return *incident* with the earliest of its moments as the one to look at it again."""
    waits = [incident.owed_since if incident.owed else None, *moments(incident).values()]
    return replace(incident, look_at=min((wait for wait in waits if wait), default=None))


def moments(incident: Incident) -> dict[Duty, datetime]:
    """Return when which duty falls due."""
    waits = {Duty.REMIND: incident.remind_at, Duty.CLIMB: incident.climb_at, Duty.BREAK: incident.breaks_at}
    return {duty: wait for duty, wait in waits.items() if wait}


def due(incident: Incident, now: datetime) -> dict[Duty, datetime]:
    """Return the duties whose moment has come, the earliest first."""
    ready = {duty: wait for duty, wait in moments(incident).items() if wait <= now}
    return dict(sorted(ready.items(), key=lambda item: item[1]))
