import pytest

from chalicelib.channels.base import MASK
from chalicelib.channels.signed import sign
from chalicelib.channels.statuspulse import StatusPulse, document
from chalicelib.core.alerts import Reason
from chalicelib.core.errors import Invalid
from chalicelib.core.ids import INCIDENT, MONITOR, spell
from chalicelib.core.status import Kind
from chalicelib.core.steps import Cause
from tests.channels import stories
from tests.channels.sending import fault
from tests.channels.stories import FIGURES, NOON, incident, story

SECRET, OLD = "a new secret", "an old secret"
MONITOR_ID = spell(MONITOR, stories.MONITOR)
INCIDENT_ID = spell(INCIDENT, stories.INCIDENT)
SHOP = {"monitor_id": MONITOR_ID, "name": "Shop", "type": "http", "url": "https://shop.example/health"}


@pytest.fixture
def hook(outlet, receiver):
    """Return a function that makes a webhook that leads to the receiver."""

    def make(**config):
        given = {"url": f"{receiver.url}/in", **config}
        return StatusPulse(StatusPulse.check(given, allow_private=True), outlet)

    return make


def test_a_url_is_enough():
    """`{url}` is all that is needed; what is stored is shown without secrets (R44, R392)."""
    stored = StatusPulse.check({"url": "https://hooks.example/in"}, allow_private=False)
    assert stored == {"url": "https://hooks.example/in", "secret": "", "previousSecret": ""}
    signed = StatusPulse.check({**stored, "secret": SECRET}, allow_private=False)
    assert StatusPulse.mask(signed) == {
        "url": f"https://hooks.example/{MASK}",
        "secret": MASK,
        "previousSecret": "",
    }


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({}, "url is required"),
        ({"url": "ftp://hooks.example/"}, "url is refused"),
        ({"url": "https://hooks.example/", "secret": "short"}, "secret must have at least 8"),
        ({"url": "https://hooks.example/", "previousSecret": MASK}, "previousSecret is masked"),
    ],
)
def test_what_cannot_work_is_refused(config, reason):
    """What is no address, and what is no secret, is refused by name (R44, R102)."""
    with pytest.raises(Invalid, match=reason):
        StatusPulse.check(config, allow_private=False)


def test_a_change_of_state_is_told(hook, receiver):
    """From which state to which, when, why, of which monitor, and what each region saw (R122)."""
    hook().send(story(Reason.WENT_DOWN))
    [heard] = receiver.heard
    assert heard.headers["Content-Type"] == "application/json"
    assert heard.json == {
        "id": "d-1",
        "type": "monitor.state_changed",
        "created_at": "2026-11-22T12:00:05.000Z",
        "data": {
            "from": "up",
            "to": "down",
            "reason": "The probes failed: expected 200, got 503 (eu-west-1).",
            "time": "2026-11-22T12:00:05.000Z",
            "monitor": SHOP,
            "regions": [
                {
                    "region": "eu-west-1",
                    "state": "down",
                    "latency_ms": 88,
                    "error": "expected 200, got 503",
                },
                {"region": "ap-southeast-1", "state": "up", "latency_ms": 310, "error": None},
            ],
            "incident_id": INCIDENT_ID,
            "external_ids": {},
        },
    }


@pytest.mark.parametrize(
    ("reason", "states"),
    [
        (Reason.WENT_DOWN, ("up", "down")),
        (Reason.RECOVERED, ("down", "up")),
        (Reason.WAS_DOWN, ("down", "up")),
        (Reason.CALLED_OFF, ("down", "paused")),
        (Reason.SLOWED, ("up", "degraded")),
        (Reason.SPED_UP, ("degraded", "up")),
    ],
)
def test_every_change_has_its_states(reason, states):
    """What goes down, comes back, is paused, slows or speeds up is told by both states (R122)."""
    data = document(story(reason))["data"]
    assert (data["from"], data["to"]) == states


def test_slowness_that_an_outage_overtook_is_not_told_as_up():
    """What is no longer slow because it is down is told as what it is."""
    overtaken = story(Reason.SPED_UP, cause=Cause.OVERTAKEN, summary={"status": "down"})
    assert document(overtaken)["data"]["to"] == "down"


def test_a_heartbeat_has_no_regions():
    """A job has neither a URL nor regions, and a list all the same."""
    job = story(Reason.WENT_DOWN, kind=Kind.HEARTBEAT, target="", evidence=(), cause=Cause.TIMEOUT)
    data = document(job)["data"]
    assert (data["monitor"]["type"], data["monitor"]["url"], data["regions"]) == ("heartbeat", None, [])


def test_a_missed_service_level_is_told():
    """Target, what came of it, the window, the budget of which nothing remains, and the monitor (R123)."""
    told = document(story(Reason.SLA_MISSED))
    assert told["type"] == "sla.breached"
    assert told["data"] == {
        "target_pct": 99.9,
        "actual_pct": 99.8834,
        "window": {
            "period": "month",
            "start": "2026-11-01T00:00:00+00:00",
            "end": "2026-12-01T00:00:00+00:00",
        },
        "downtime_seconds": 3022,
        "error_budget_seconds": 2592,
        "error_budget_remaining_seconds": 0,
        "monitor": SHOP,
    }


def test_an_incident_that_people_open_is_told():
    """A manual incident has its title, severity, notes and tickets; it is about no monitor (R114, R124)."""
    told = document(story(Reason.TRIGGERED))
    assert told["type"] == "incident.triggered"
    assert told["data"] == {
        "incident": {
            "incident_id": INCIDENT_ID,
            "state": "triggered",
            "title": "Checkout loses orders",
            "severity": "critical",
            "assignee": None,
            "notes": "Orders vanish after payment.",
            "started_at": "2026-11-22T10:57:05.000Z",
            "resolved_at": None,
            "external_ids": {"jira": "OPS-123", "pagerduty": "PD-9"},
        },
        "monitor": None,
    }


@pytest.mark.parametrize(
    ("reason", "word", "state", "resolved"),
    [
        (Reason.ACKNOWLEDGED, "incident.acknowledged", "acknowledged", None),
        (Reason.RESOLVED, "incident.resolved", "resolved", "2026-11-22T12:00:05.000Z"),
        (Reason.ESCALATED, "incident.escalated", "triggered", None),
        (Reason.STILL_DOWN, "incident.reminder", "triggered", None),
    ],
)
def test_what_becomes_of_an_incident_is_told(reason, word, state, resolved):
    """Taken on, resolved, escalated and told again are events with the incident's state (R124)."""
    told = document(story(reason))
    shown = told["data"]["incident"]
    assert (told["type"], shown["state"], shown["resolved_at"]) == (word, state, resolved)


def test_who_has_an_incident_is_known_from_then_on():
    """What is told later of an incident that somebody took on says that it is acknowledged."""
    taken = incident(acknowledged=NOON, acknowledged_by="Bob", assignee="Bob")
    shown = document(story(Reason.ESCALATED, incident=taken))["data"]["incident"]
    assert (shown["state"], shown["assignee"]) == ("acknowledged", "Bob")


def test_other_news_has_types_of_its_own():
    """Registrations, digests, broken channels and tests are told by words of ours."""
    assert document(story(Reason.EXPIRING))["data"] == {**FIGURES[Reason.EXPIRING], "monitor": SHOP}
    assert document(story(Reason.DIGEST))["data"] == FIGURES[Reason.DIGEST]
    broke = document(story(Reason.CHANNEL_BROKE))
    assert (broke["type"], broke["data"]["channel"]["name"]) == ("channel.broke", "Ops mail")
    assert broke["data"]["reason"] == "The receiver answered 410: Gone"
    assert document(story(Reason.TEST))["type"] == "test"


def test_what_is_sent_is_signed(hook, receiver):
    """With a secret, time and raw body are signed, by both secrets while one is replaced (R125)."""
    hook(secret=SECRET, previousSecret=OLD).send(story(Reason.RECOVERED))
    [heard] = receiver.heard
    assert heard.headers["X-StatusPulse-Signature"] == sign(heard.body, NOON, SECRET, OLD)
    assert heard.headers["X-StatusPulse-Signature"].count(",v1=") == 2
    assert SECRET not in str(heard)


def test_a_repetition_is_known_by_its_delivery(hook, receiver):
    """Two attempts have one id, in the header and in the body; without a secret nothing is signed (R125)."""
    for _ in range(2):
        hook().send(story(Reason.RECOVERED))
    first, second = receiver.heard
    assert first.headers["X-StatusPulse-Delivery"] == second.headers["X-StatusPulse-Delivery"] == "d-1"
    assert first.body == second.body
    assert "X-StatusPulse-Signature" not in first.headers


@pytest.mark.parametrize(("status", "permanent"), [(410, True), (503, False)])
def test_a_refusal_is_told_without_secrets(hook, receiver, status, permanent):
    """A receiver that is gone is given up, another tried again; no secret comes back (R125, R392)."""
    receiver.status, receiver.body = status, f"no {SECRET}".encode()
    error = fault(hook(secret=SECRET), story(Reason.WENT_DOWN))
    assert (error.permanent, str(error)) == (permanent, f"The receiver answered {status}: no {MASK}")
