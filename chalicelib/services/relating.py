"""What is told beside flips: steps of an escalation, what people did, service levels, domains, digests."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from chalicelib.core import incidents as story
from chalicelib.core.alerts import Alert, Reason
from chalicelib.core.errors import NotFound
from chalicelib.core.incidents import Act, Incident
from chalicelib.core.summaries import iso_seconds
from chalicelib.core.uptime import floored
from chalicelib.messages import from_text
from chalicelib.services import describing, digests, levels, registrations, telling
from chalicelib.services.telling import ACTS
from chalicelib.toolbox import Toolbox

Telling = Callable[[Toolbox, Alert, tuple[str, str], datetime], Alert]


def _of_rung(tools: Toolbox, blank: Alert, key: tuple[str, str], now: datetime) -> Alert:
    incident = tools.incidents.find(key[0])
    if incident.acknowledged or incident.resolved:
        raise NotFound("somebody has taken it on meanwhile")
    alert = _of_incident(tools, blank, incident, now)
    return replace(alert, at=blank.at, began=incident.created).told_as(Reason.ESCALATED)


def _of_deed(deed: Act) -> Telling:
    def told(tools: Toolbox, blank: Alert, key: tuple[str, str], now: datetime) -> Alert:
        incident = tools.incidents.find(key[0])
        if deed is Act.ACKNOWLEDGED and incident.resolved:
            raise NotFound("it is over")  # or who follows it would take it for open again
        at = from_text(key[1])
        alert = _of_incident(tools, replace(blank, at=at), story.as_of(incident, at), now)
        alert = replace(alert, at=at).told_as(ACTS[deed])
        if not alert.reason.closes:
            return alert
        return replace(alert, began=incident.created, told_in=telling.beginnings(incident))

    return told


def _of_incident(tools: Toolbox, blank: Alert, incident: Incident, now: datetime) -> Alert:
    """Return an alert about an incident: with all that its outage's own message says, where it has one."""
    alert, at = replace(blank, name=incident.title), blank.at
    if incident.outage:
        alert = describing.of_flip(tools, blank, (incident.monitor_id, incident.outage), now)
    elif incident.monitor_id:
        monitor = describing.if_known(lambda: tools.monitors.load(incident.monitor_id, fresh=True))
        alert = describing.about(blank, monitor, incident.created) if monitor else alert
    return replace(
        alert,
        severity=incident.impact,
        incident_id=incident.incident_id,
        incident=incident,
        updates=describing.said_until(tools, incident, at),
    )


def _of_level(tools: Toolbox, blank: Alert, key: tuple[str, str], _: datetime) -> Alert:
    monitor, start = tools.monitors.load(key[0], fresh=True), from_text(key[1])
    sla = monitor.spec.sla
    stands = levels.of_period(tools, monitor, sla.period.around(start), blank.at) if sla else None
    if stands is None or not stands.is_broken:
        raise NotFound("nothing is promised any more that was missed")
    figures = {
        "target": stands.sla.target,
        "actual": None if stands.tally.percent is None else floored(stands.tally.percent),
        "period": stands.sla.period.value,
        "period_start": iso_seconds(stands.span.start),
        "period_end": iso_seconds(stands.span.end),
        "downtime_seconds": int(stands.spent.total_seconds()),
        "budget_seconds": int(stands.budget.total_seconds()),
    }
    alert = describing.about(blank, monitor, blank.at)
    return replace(alert, figures=figures).told_as(Reason.SLA_MISSED)


TELLINGS: dict[str, Telling] = {
    "rung": _of_rung,
    "level": _of_level,
    "digest": digests.of_week,
    "domain": registrations.of_domain,
    **{deed.value: _of_deed(deed) for deed in Act},
}
