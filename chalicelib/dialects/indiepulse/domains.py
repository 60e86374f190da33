"""/api/v1/monitors/{id}/domain-health: until when a domain is registered, and what DNS says of it."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from chalicelib.core.errors import NotFound
from chalicelib.core.findings import WARNINGS, Change, Findings, RecordSet, host_of
from chalicelib.core.incidents import Incident
from chalicelib.core.monitors import Spec
from chalicelib.core.status import Category
from chalicelib.dialects.http import Answer, Visit, iso_z
from chalicelib.dialects.indiepulse import manners
from chalicelib.dialects.indiepulse.monitors import find

MANNERS = manners.MANNERS
MOST_CHANGES = 100


def health(visit: Visit) -> Answer:
    """Show what surveys found about a monitor's domain; nothing of a target without a name (R173-R176)."""
    spec = find(visit).spec
    known, changes = Findings(spec.monitor_id, ""), []
    with suppress(NotFound):  # a heartbeat, or deleted at this moment
        known = visit.tools.findings.find(spec.monitor_id)
        changes = visit.tools.findings.changes(known, MOST_CHANGES)
    data = {
        "domain": _domain(known),
        "dns_baselines": [_baseline(found) for found in known.baselines.values() if found.values],
        "dns_changes": [_change(change) for change in changes],
    }
    return Answer(200, {"data": data})


def summary(visit: Visit, specs: Iterable[Spec], told: Iterable[Incident]) -> dict[str, Any]:
    """Return how many of a workspace's targets have a domain, and whose registration runs out soon (R197).

    *told* are its incidents: of no others need findings be read.
    """
    watched = {spec.monitor_id for spec in specs if host_of(spec)}
    warned = {one.monitor_id for one in told if one.category is Category.DOMAIN} & watched
    found = visit.tools.findings.heads(sorted(warned)) if warned else []
    soon = [
        {"domain": known.registration.domain, "days_remaining": days, "monitor_id": known.monitor_id}
        for known in found
        if known.registration and (days := known.days_remaining) is not None and days <= WARNINGS[0]
    ]
    soon.sort(key=lambda one: (one["days_remaining"], one["domain"], one["monitor_id"]))
    return {"monitored": len(watched), "all_healthy": not soon, "expiring_soon": soon}


def _domain(known: Findings) -> dict[str, Any] | None:
    registration = known.registration
    if registration is None:
        return None
    return {
        "monitored_domain": registration.domain,
        "registrar": registration.registrar or None,
        "expiry_date": iso_z(registration.expires),
        "days_remaining": known.days_remaining,
        "transfer_locked": registration.locked,
        "check_timestamp": iso_z(known.checked),
    }


def _baseline(found: RecordSet) -> dict[str, Any]:
    return {
        "record_type": found.record_type,
        "record_values": list(found.values),
        "ttl": found.ttl,
        "dnssec_valid": found.dnssec_valid,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "record_type": change.record_type,
        "change_type": change.change_type,
        "previous_values": list(change.previous),
        "new_values": list(change.new),
    }
