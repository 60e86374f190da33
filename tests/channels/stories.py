"""Alerts of every reason, each with all that a message about it may say."""

from datetime import UTC, datetime, timedelta

from chalicelib.core.alerts import Alert, Reason
from chalicelib.core.consensus import Result
from chalicelib.core.incidents import Incident, Stage, Ticket
from chalicelib.core.status import Category, Impact, Kind, Verdict
from chalicelib.core.steps import Cause

NOON = datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)
BEGAN = NOON - timedelta(minutes=63)
MONITOR = "5a1c7c9e-8c1f-4b5e-9a39-2f6f1d3b7c2f"
INCIDENT = "019ab1c2-7f00-7aaa-8bbb-0123456789ab"
CHANNEL = "c6f1b0de-0d8c-4b46-8a61-2d8f6f0a1b22"
WORKSPACE = "0b9f6a52-44c3-4bb1-8f43-7d2a0e5c9911"

CAUSES = {
    Reason.WENT_DOWN: Cause.PROBES_FAILED,
    Reason.RECOVERED: Cause.PROBES_PASSED,
    Reason.WAS_DOWN: Cause.PROBES_PASSED,
    Reason.STILL_DOWN: Cause.PROBES_FAILED,
    Reason.CALLED_OFF: Cause.PAUSE,
    Reason.ESCALATED: Cause.PROBES_FAILED,
    Reason.SLOWED: Cause.SLOWED,
    Reason.SPED_UP: Cause.SPED_UP,
}
BEGINNINGS = (Reason.WENT_DOWN, Reason.SLOWED, Reason.TRIGGERED)
OF_NO_MONITOR = (Reason.DIGEST, Reason.TRIGGERED, Reason.ACKNOWLEDGED, Reason.RESOLVED)
OF_CHANNELS = (Reason.CHANNEL_BROKE, Reason.TEST)
PERFORMANCE = (Reason.SLOWED, Reason.SPED_UP)

FIGURES = {
    Reason.SLA_MISSED: {
        "target": 99.9,
        "actual": 99.8834,
        "period": "month",
        "period_start": "2026-11-01T00:00:00+00:00",
        "period_end": "2026-12-01T00:00:00+00:00",
        "downtime_seconds": 3022,
        "budget_seconds": 2592,
    },
    Reason.EXPIRING: {
        "domain": "shop.example",
        "expiry_date": "2026-12-06T00:00:00+00:00",
        "days_remaining": 14,
        "registrar": "Example Registrar Inc.",
    },
    Reason.RENEWED: {
        "domain": "shop.example",
        "expiry_date": "2027-12-06T00:00:00+00:00",
        "days_remaining": 379,
        "registrar": "Example Registrar Inc.",
    },
    Reason.DIGEST: {
        "period_start": "2026-11-16T00:00:00+00:00",
        "period_end": "2026-11-23T00:00:00+00:00",
        "monitors": 12,
        "incidents": 3,
        "uptime_percent": 99.98765,
        "downtime_seconds": 750,
    },
}


def incident(**changes):
    """Return an incident that the shop's outage opened."""
    facts = {
        "title": "Shop is down",
        "created": BEGAN,
        "impact": Impact.MAJOR,
        "automatic": True,
        "monitors": (MONITOR,),
        "outage": BEGAN,
    }
    return Incident(INCIDENT, "p-1", WORKSPACE, **{**facts, **changes})


def told(**changes):
    """Return an incident that people opened."""
    facts = {
        "title": "Checkout loses orders",
        "automatic": False,
        "monitors": (),
        "outage": None,
        "impact": Impact.CRITICAL,
        "tickets": (Ticket("jira", "OPS-123"), Ticket("pagerduty", "PD-9")),
    }
    return incident(**{**facts, **changes})


def incident_for(reason):
    """Return the incident that an alert of *reason* is about, None where it is about none."""
    if reason in (Reason.TRIGGERED, Reason.ACKNOWLEDGED, Reason.RESOLVED):
        stage = Stage.RESOLVED if reason is Reason.RESOLVED else Stage.INVESTIGATING
        by = "" if reason is Reason.TRIGGERED else "Bob"
        return told(stage=stage, acknowledged_by=by, assignee=by)
    if reason in PERFORMANCE:
        return incident(title="Shop degraded performance", category=Category.PERFORMANCE, impact=Impact.MINOR)
    return incident() if reason in CAUSES else None


def evidence_for(reason):
    """Return what the regions found: bad, slow or good."""
    if reason in (Reason.RECOVERED, Reason.WAS_DOWN, Reason.SPED_UP):
        return Result("eu-west-1", Verdict.UP, 87.6, 200), Result("ap-southeast-1", Verdict.UP, 310.4, 200)
    if reason is Reason.SLOWED:
        phases = {"dns": 12.0, "connect": 48.0, "tls": 40.0, "first_byte": 1900.0}
        slow = Result("eu-west-1", Verdict.DEGRADED, 2004.6, 200, phases=phases)
        return slow, Result("ap-southeast-1", Verdict.UP, 310.4, 200)
    error = "expected 200, got 503"
    return (
        Result("eu-west-1", Verdict.DOWN, 87.6, 503, error),
        Result("ap-southeast-1", Verdict.UP, 310.4, 200),
    )


def story(reason, **changes):
    """Return an alert of *reason*, with whatever that may carry."""
    opened = incident_for(reason)
    is_told, of_channel = reason in OF_NO_MONITOR, reason in OF_CHANNELS
    facts = {
        "delivery_id": "d-1",
        "at": NOON,
        "monitor_id": CHANNEL if of_channel else "" if is_told else MONITOR,
        "name": "Ops mail" if of_channel else "" if is_told else "Shop",
        "project": "Alice's servers",
        "kind": Kind.HTTP,
        "cause": CAUSES.get(reason),
        "began": None if reason in BEGINNINGS or opened is None else BEGAN,
        "incident_id": INCIDENT if opened else "",
        "body": b"The receiver answered 410: Gone" if reason is Reason.CHANNEL_BROKE else b"",
        "target": "" if is_told or of_channel else "https://shop.example/health",
        "evidence": evidence_for(reason) if reason in CAUSES else (),
        "organization_id": WORKSPACE,
        "organization": "Alice & Co",
        "incident": opened,
        "updates": ("It began.", "Orders vanish after payment.") if is_told and opened else (),
        "dashboard_url": "https://wakeful.example/monitors/1" if opened else "",
        "acknowledge_url": "https://wakeful.example/ack?token=t0ken&via=webhook" if opened else "",
        "figures": FIGURES.get(reason, {}),
    }
    return Alert(reason=reason, **{**facts, **changes})


def bare(reason):
    """Return an alert of *reason* that says no more than it must, and is about no monitor."""
    name = "Ops mail" if reason in OF_CHANNELS else ""
    return Alert("d-1", reason, NOON, name and CHANNEL, name, "Alice's servers")
