"""What warnings tell of a domain's registration, and what its renewal tells."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from chalicelib.core.alerts import Alert, Reason
from chalicelib.core.errors import NotFound
from chalicelib.core.findings import WARNINGS, Findings, Warned, is_of
from chalicelib.core.monitors import DAY
from chalicelib.messages import from_text
from chalicelib.services import describing, expiring
from chalicelib.toolbox import Toolbox


def of_domain(tools: Toolbox, blank: Alert, key: tuple[str, str], now: datetime) -> Alert:
    """Return the alert of a warning, or of its end; raises NotFound for a warning that is out of date.

    *key* is what expiring.story_of writes after the first word: whose it is, of which domain and what; and
    which end.
    """
    monitor_id, domain, what = key[0].split("@")
    expires = from_text(key[1])
    monitor = tools.monitors.load(monitor_id, fresh=True)
    known = _known(tools, monitor_id)
    incident_id = expiring.incident_of(monitor_id, expires)
    incident = describing.if_known(lambda: tools.incidents.find(incident_id))
    alert = replace(
        describing.about(blank, monitor, known.checked or now),
        incident_id=incident_id,
        incident=incident,
        figures=_figures(known, domain),
    )
    if incident:
        alert = replace(alert, severity=incident.impact)
    if what == expiring.RENEWED:
        told_in = (expiring.story_of(monitor_id, Warned(days, expires, domain), days) for days in WARNINGS)
        began = incident.created if incident else None
        return replace(alert, began=began, told_in=tuple(told_in)).told_as(Reason.RENEWED)
    if not _still_ends(known, domain, expires):
        raise NotFound("the domain was renewed, or is watched no more")
    return alert.told_as(Reason.EXPIRING)


def _known(tools: Toolbox, monitor_id: str) -> Findings:
    """Return what is known: nothing of a target that has no name any more.

    That its warning is over must be told all the same.
    """
    try:
        return tools.findings.find(monitor_id)
    except NotFound:
        return Findings(monitor_id, "")


def _still_ends(known: Findings, domain: str, expires: datetime) -> bool:
    present = known.registration.expires if known.registration else None
    return present is not None and is_of(known.host, domain) and present - expires < DAY


def _figures(known: Findings, domain: str) -> dict[str, Any]:
    """Return what is known of *domain*; nothing but its name where another is watched by now."""
    registration = known.registration if is_of(known.host, domain) else None
    expires = registration.expires if registration else None
    return {
        "domain": domain,
        "expiry_date": f"{expires.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if expires else None,
        "days_remaining": known.days_remaining if registration else None,
        "registrar": registration.registrar or None if registration else None,
    }
