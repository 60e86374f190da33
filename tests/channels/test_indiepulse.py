import hashlib
import hmac
from datetime import timedelta

import pytest

from chalicelib.channels.base import MASK
from chalicelib.channels.indiepulse import IndiePulse, document
from chalicelib.core.alerts import Reason
from chalicelib.core.errors import Invalid
from chalicelib.core.incidents import Stage
from chalicelib.core.status import Kind
from tests.channels.sending import fault
from tests.channels.stories import (
    BEGAN,
    FIGURES,
    INCIDENT,
    MONITOR,
    NOON,
    WORKSPACE,
    bare,
    incident,
    story,
    told,
)

HOOK = "https://hooks.example/alarm/T0ken0000000000000000"
SECRET, OLD = "a new secret", "an old secret"
STAMP = int(NOON.timestamp())


@pytest.fixture
def hook(outlet, receiver):
    """Return a function that makes a webhook that leads to the receiver."""

    def make(**config):
        given = {"url": f"{receiver.url}/in", "secret": SECRET, **config}
        return IndiePulse(IndiePulse.check(given, allow_private=True), outlet)

    return make


def hexdigest(secret, body):
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_a_url_and_a_secret_are_needed():
    """`{url, secret}` is enough, with `previousSecret` while a secret is replaced (R201, R211)."""
    stored = IndiePulse.check({"url": HOOK, "secret": SECRET}, allow_private=False)
    assert stored == {"url": HOOK, "secret": SECRET, "previousSecret": ""}
    rotated = IndiePulse.check({**stored, "secret": OLD, "previousSecret": SECRET}, allow_private=False)
    assert rotated == {"url": HOOK, "secret": OLD, "previousSecret": SECRET}


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"secret": SECRET}, "url is required"),
        ({"url": "http://hooks.example/", "secret": SECRET}, "url must begin with https://"),
        ({"url": "https://127.0.0.1/", "secret": SECRET}, "url is refused"),
        ({"url": HOOK}, "secret is required"),
        ({"url": HOOK, "secret": ""}, "secret is required"),
        ({"url": HOOK, "secret": "seven77"}, "secret must have at least 8 characters"),
        ({"url": HOOK, "secret": "x" * 201}, "secret must not be longer than 200"),
        ({"url": HOOK, "secret": MASK}, "secret is masked"),
        ({"url": HOOK, "secret": SECRET, "previousSecret": 7}, "previousSecret must be text"),
    ],
)
def test_what_cannot_work_is_refused(config, reason):
    """A URL that is not ours to visit and a secret that is none are refused by name (R44, R102, R201)."""
    with pytest.raises(Invalid, match=reason):
        IndiePulse.check(config, allow_private=False)


def test_secrets_are_masked():
    """Of the URL the host is shown, and of secrets that there are some (R392)."""
    stored = IndiePulse.check({"url": HOOK, "secret": SECRET}, allow_private=False)
    shown = {"url": f"https://hooks.example/{MASK}", "secret": MASK, "previousSecret": ""}
    assert IndiePulse.mask(stored) == shown


def test_an_outage_is_told_as_the_document_has_it(hook, receiver):
    """One POST of JSON, with the document's names, forms and words (R201-R202, R205, R216)."""
    hook().send(story(Reason.WENT_DOWN, incident=incident(created=NOON)))
    [heard] = receiver.heard
    assert (heard.method, heard.path) == ("POST", "/in")
    assert heard.headers["Content-Type"] == "application/json"
    assert heard.json == {
        "event_type": "incident.created",
        "timestamp": "2026-11-22T12:00:05.000Z",
        "workspace": {"id": WORKSPACE, "name": "Alice & Co"},
        "monitor": {
            "id": MONITOR,
            "name": "Shop",
            "url": "https://shop.example/health",
            "monitor_type": "http",
        },
        "event": {
            "id": INCIDENT,
            "title": "Shop is down",
            "status": "Investigating",
            "severity": "major",
            "type": "INCIDENT",
            "created_at": "2026-11-22T12:00:05.000Z",
            "dashboard_url": "https://wakeful.example/monitors/1",
            "acknowledge_url": "https://wakeful.example/ack?token=t0ken&via=webhook",
        },
        "ai_insight": (
            "1 of 2 regions fails with expected 200, got 503: the server answers with a fault of its own."
        ),
    }


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (Reason.WENT_DOWN, "incident.created"),
        (Reason.TRIGGERED, "incident.created"),
        (Reason.RECOVERED, "incident.resolved"),
        (Reason.WAS_DOWN, "incident.resolved"),
        (Reason.CALLED_OFF, "incident.resolved"),
        (Reason.RESOLVED, "incident.resolved"),
        (Reason.ESCALATED, "incident.escalated"),
        (Reason.STILL_DOWN, "incident.reminder"),
        (Reason.ACKNOWLEDGED, "incident.acknowledged"),
        (Reason.SLOWED, "performance.created"),
        (Reason.SPED_UP, "performance.resolved"),
        (Reason.EXPIRING, "domain.expiring"),
        (Reason.RENEWED, "domain.renewed"),
        (Reason.SLA_MISSED, "sla.missed"),
        (Reason.DIGEST, "digest.weekly"),
        (Reason.CHANNEL_BROKE, "channel.broke"),
        (Reason.TEST, "test"),
    ],
)
def test_every_reason_is_an_event_of_its_type(reason, word):
    """The document's types are used for what they mean, and others of ours for what it lacks (R205-R210)."""
    assert document(story(reason))["event_type"] == word


@pytest.mark.parametrize("reason", [Reason.RECOVERED, Reason.SPED_UP, Reason.RESOLVED, Reason.WAS_DOWN])
def test_an_end_is_told_with_when_and_how_long(reason):
    """What is over says so, when it ended and how many seconds it took (R203, R206, R208)."""
    event = document(story(reason))["event"]
    assert event["status"] == "Resolved"
    assert (event["created_at"], event["resolved_at"]) == (
        "2026-11-22T10:57:05.000Z",
        "2026-11-22T12:00:05.000Z",
    )
    assert event["downtime_seconds"] == 3780


@pytest.mark.parametrize("reason", [Reason.WENT_DOWN, Reason.ESCALATED, Reason.SLOWED])
def test_what_goes_on_has_no_end(reason):
    """Of what is not over no end is told, even where it is over by the time that a late attempt looks."""
    event = document(story(reason, incident=incident(stage=Stage.RESOLVED)))["event"]
    assert event["status"] == "Investigating"
    assert not {"resolved_at", "downtime_seconds"} & event.keys()


def test_a_slowness_is_a_performance_event():
    """Slowness is of type PERFORMANCE, and its insight names the phase that takes the time (R208, R215)."""
    told_of = document(story(Reason.SLOWED))
    assert (told_of["event"]["type"], told_of["event"]["severity"]) == ("PERFORMANCE", "minor")
    assert "waiting for the first byte" in told_of["ai_insight"]


def test_a_heartbeat_tells_its_rhythm():
    """The monitor of a job has interval, grace and last ping, and no URL (R204)."""
    summary = {"timeout": 86400, "grace": 3900, "last_ping": "2026-11-21T10:00:00+00:00"}
    job = story(Reason.WENT_DOWN, kind=Kind.HEARTBEAT, target="", evidence=(), summary=summary)
    assert document(job)["monitor"] == {
        "id": MONITOR,
        "name": "Shop",
        "url": None,
        "monitor_type": "heartbeat",
        "heartbeat": {"interval": 86400, "grace": 3900, "last_ping_at": "2026-11-21T10:00:00.000Z"},
    }
    never = story(Reason.WENT_DOWN, kind=Kind.HEARTBEAT, summary={"schedule": "@daily", "grace": 60})
    assert document(never)["monitor"]["heartbeat"] == {"interval": None, "grace": 60, "last_ping_at": None}


def test_what_people_tell_has_no_monitor_but_tickets():
    """An incident about no monitor says so by null; its tickets and who has it are told (R114, R202)."""
    told_of = document(story(Reason.ACKNOWLEDGED, incident=told(assignee="Bob")))
    assert told_of["monitor"] is None
    assert told_of["event"]["external_ids"] == {"jira": "OPS-123", "pagerduty": "PD-9"}
    assert told_of["event"]["assignee"] == "Bob"


def test_a_digest_is_the_figures_of_a_week():
    """A digest has its workspace and its figures, and neither monitor nor event (R209)."""
    told_of = document(story(Reason.DIGEST))
    assert told_of.keys() == {"event_type", "timestamp", "workspace", "digest"}
    assert told_of["digest"] == FIGURES[Reason.DIGEST]


def test_figures_stand_under_their_topic():
    """A missed service level and a registration bring their figures along."""
    assert document(story(Reason.SLA_MISSED))["sla"]["budget_seconds"] == 2592
    assert document(story(Reason.EXPIRING))["domain"]["days_remaining"] == 14


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.DIGEST])
def test_an_insight_is_always_there(reason):
    """The key is there whatever can be said: a text, or null (R215)."""
    for alert in (story(reason), bare(reason)):
        insight = document(alert)["ai_insight"]
        assert insight is None or insight.endswith(".")


def test_addresses_that_are_not_known_are_null():
    """Without a public address of ours there is nothing to link to."""
    event = document(bare(Reason.WENT_DOWN))["event"]
    assert (event["dashboard_url"], event["acknowledge_url"]) == (None, None)


def test_a_test_shows_its_channel_as_a_monitor(hook, receiver):
    """A test event has the form of the others: its channel stands where they have a monitor (R210)."""
    hook().send(story(Reason.TEST))
    [heard] = receiver.heard
    told = story(Reason.TEST)
    shown = {"id": told.monitor_id, "name": told.name, "url": None, "monitor_type": "http"}
    assert (heard.json["event_type"], heard.json["monitor"]) == ("test", shown)
    assert heard.json["event"]["title"].startswith("This is a test")


def test_the_raw_body_is_signed(hook, receiver):
    """The first signature is the bare hex HMAC of the raw body, in lower case (R211)."""
    hook().send(story(Reason.WENT_DOWN, name="Größe 日"))
    [heard] = receiver.heard
    assert heard.headers["X-IndiePulse-Signature"] == hexdigest(SECRET, heard.body)
    assert "Größe 日".encode() in heard.body


def test_a_second_signature_bears_the_time_and_both_secrets(hook, receiver):
    """While a secret is replaced either one verifies it; what is sent again later shows its time (R211)."""
    hook(previousSecret=OLD).send(story(Reason.WENT_DOWN))
    [heard] = receiver.heard
    signed = f"{STAMP}.".encode() + heard.body
    both = f"t={STAMP},v1={hexdigest(SECRET, signed)},v1={hexdigest(OLD, signed)}"
    assert heard.headers["X-IndiePulse-Signature-V2"] == both
    assert heard.headers["X-IndiePulse-Signature"] == hexdigest(SECRET, heard.body)


def test_a_repetition_is_known_by_its_delivery(hook, receiver):
    """Two attempts have one id and one body, and no secret is in either (R392)."""
    for _ in range(2):
        hook().send(story(Reason.RECOVERED))
    first, second = receiver.heard
    assert first.headers["X-IndiePulse-Delivery"] == second.headers["X-IndiePulse-Delivery"] == "d-1"
    assert first.body == second.body
    assert SECRET not in str(receiver.heard)


@pytest.mark.parametrize(
    ("status", "permanent"), [(401, True), (404, True), (410, True), (429, False), (500, False)]
)
def test_a_refusal_is_told_without_secrets(hook, receiver, status, permanent):
    """A receiver that is gone is given up, another is not; no secret comes back in its words (R48, R392)."""
    receiver.status, receiver.body = status, f"no {SECRET}, no {OLD}".encode()
    error = fault(hook(previousSecret=OLD), story(Reason.WENT_DOWN))
    assert error.permanent is permanent
    assert str(error) == f"The receiver answered {status}: no {MASK}, no {MASK}"


def test_how_long_is_never_less_than_nothing():
    """An incident that maintenance held back until after its end lasted no time."""
    late = story(Reason.RECOVERED, incident=incident(created=NOON + timedelta(minutes=1)))
    assert document(late)["event"]["downtime_seconds"] == 0
    assert late.began == BEGAN
