import pytest

from chalicelib.channels.base import MASK, Outlet
from chalicelib.channels.pagerduty import PagerDuty, events
from chalicelib.core.alerts import Reason
from chalicelib.core.errors import Invalid
from chalicelib.guard.headers import AGENT
from chalicelib.settings import Settings
from tests.channels.sending import fault
from tests.channels.stories import INCIDENT, incident, story

KEY = "R02E6DLKYJ8ETPJ8BSPD9QQWPBLR5ZB5"


@pytest.fixture
def pager(outlet, receiver):
    """Return a function that makes a channel whose PagerDuty is the receiver, each region at its own path."""

    class Here(PagerDuty):
        addresses = {region: f"{receiver.url}/{region}" for region in PagerDuty.addresses}  # noqa: RUF012

    return lambda **config: Here(Here.check({"routingKey": KEY, **config}, allow_private=False), outlet)


def test_a_routing_key_is_enough():
    """`{routingKey}` is all that an integration needs; what was stored is taken again as it is (R44, R45)."""
    stored = PagerDuty.check({"routingKey": KEY}, allow_private=False)
    assert stored == {"routingKey": KEY, "severity": "critical", "region": "us"}
    changed = PagerDuty.check({**stored, "severity": "Warning", "region": "EU"}, allow_private=False)
    assert changed == {"routingKey": KEY, "severity": "warning", "region": "eu"}


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({}, "routingKey is required"),
        ({"routingKey": ""}, "routingKey is required"),
        ({"routingKey": 7}, "routingKey must be text"),
        ({"routingKey": KEY[1:]}, "routingKey must be the 32 letters and digits"),
        ({"routingKey": KEY + "\n"}, "routingKey must be the 32 letters and digits"),
        ({"routingKey": MASK}, "routingKey is masked; leave it out"),
        ({"routingKey": KEY, "severity": "loud"}, "severity must be one of critical, error, warning, info"),
        ({"routingKey": KEY, "severity": 1}, "severity must be one of"),
        ({"routingKey": KEY, "region": "mars"}, "region must be one of us, eu"),
    ],
)
def test_what_cannot_work_is_refused(config, reason):
    """A key of another shape, a masked one and unknown words are refused by name (R44, R45)."""
    with pytest.raises(Invalid, match=reason):
        PagerDuty.check(config, allow_private=False)


def test_the_key_is_masked():
    """All is shown but the key (R44, R392)."""
    stored = PagerDuty.check({"routingKey": KEY, "region": "eu"}, allow_private=False)
    assert PagerDuty.mask(stored) == {"routingKey": MASK, "severity": "critical", "region": "eu"}


def test_both_regions_have_their_address():
    """Events go to the address that PagerDuty documents for the account's region, by TLS."""
    assert dict(PagerDuty.addresses) == {
        "us": "https://events.pagerduty.com/v2/enqueue",
        "eu": "https://events.eu.pagerduty.com/v2/enqueue",
    }


def test_an_outage_triggers(pager, receiver, probed):
    """An outage is one event, with what is down, why, since when and for whom."""
    pager(region="eu", severity="error").send(probed(incident_id="i-7", body=b"disk full"))
    [heard] = receiver.heard
    assert (heard.method, heard.path) == ("POST", "/eu")
    assert heard.headers["Content-Type"] == "application/json"
    assert heard.headers["User-Agent"] == AGENT
    assert heard.json == {
        "routing_key": KEY,
        "event_action": "trigger",
        "dedup_key": "i-7",
        "client": "Wakeful",
        "payload": {
            "summary": "Shop is down. The probes failed: expected 200, got 503 (eu-west-1).",
            "source": "https://shop.example/health",
            "severity": "error",
            "timestamp": "2026-11-22T12:00:05+00:00",
            "group": "Alice's servers",
            "class": "check.down",
            "custom_details": {
                "Why": "The probes failed: expected 200, got 503 (eu-west-1).",
                "Target": "https://shop.example/health",
                "Down since": "2026-11-22 12:00:05 UTC",
                "Tags": "prod db",
                "Project": "Alice's servers",
                "The last signal carried": "disk full",
                "Delivery": "d-1",
            },
        },
    }


def test_the_end_resolves_what_the_outage_triggered(pager, receiver, probed):
    """The recovery names the outage's own key, so that its alert, and no other, is resolved."""
    transport = pager()
    transport.send(probed(incident_id="i-7"))
    transport.send(probed(Reason.RECOVERED, incident_id="i-7", delivery_id="d-2"))
    told = receiver.heard[1].json
    assert told == {"routing_key": KEY, "event_action": "resolve", "dedup_key": "i-7"}
    assert receiver.heard[0].json["dedup_key"] == told["dedup_key"]


@pytest.mark.parametrize(
    ("reason", "done"),
    [
        (Reason.WENT_DOWN, ["trigger"]),
        (Reason.STILL_DOWN, ["trigger"]),
        (Reason.CHANNEL_BROKE, ["trigger"]),
        (Reason.RECOVERED, ["resolve"]),
        (Reason.CALLED_OFF, ["resolve"]),
        (Reason.WAS_DOWN, ["trigger", "resolve"]),
        (Reason.TEST, ["trigger", "resolve"]),
        (Reason.ESCALATED, ["trigger"]),
        (Reason.ACKNOWLEDGED, ["acknowledge"]),
        (Reason.RESOLVED, ["resolve"]),
        (Reason.TRIGGERED, ["trigger"]),
        (Reason.SLOWED, ["trigger"]),
        (Reason.SPED_UP, ["resolve"]),
        (Reason.EXPIRING, ["trigger"]),
        (Reason.RENEWED, ["resolve"]),
    ],
)
def test_every_reason_leaves_the_alert_as_it_should_be(pager, receiver, alert, reason, done):
    """What goes on stays open, what is over is closed, and what is past leaves nothing open (R47)."""
    pager().send(alert(reason))
    assert [heard.json["event_action"] for heard in receiver.heard] == done
    assert {heard.json["dedup_key"] for heard in receiver.heard} == {"d-1"}


def test_a_test_wakes_nobody(alert):
    """A test says so, in the mildest severity, whatever the channel's own is (R47)."""
    [trigger, _] = events(alert(Reason.TEST), "critical")
    assert trigger["payload"]["severity"] == "info"
    assert trigger["payload"]["summary"].startswith("This is a test: alerts of Alice's servers")


@pytest.mark.parametrize("reason", [Reason.SLA_MISSED, Reason.DIGEST])
def test_what_nobody_need_mend_pages_nobody(pager, receiver, reason):
    """A missed service level and a week's digest are sent nowhere, and that is no error."""
    pager().send(story(reason))
    assert receiver.heard == []


@pytest.mark.parametrize("reason", [Reason.SLOWED, Reason.EXPIRING])
def test_what_can_wait_is_a_warning(reason):
    """Slowness and a domain that runs out are warnings, however loud the channel is for outages."""
    [trigger] = events(story(reason), "critical")
    assert trigger["payload"]["severity"] == "warning"


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (Reason.TRIGGERED, [("trigger", "PD-9")]),
        (Reason.ACKNOWLEDGED, [("acknowledge", "PD-9"), ("acknowledge", INCIDENT)]),
        (Reason.RESOLVED, [("resolve", "PD-9"), ("resolve", INCIDENT)]),
    ],
)
def test_an_incident_keeps_the_name_that_pagerduty_gave_it(pager, receiver, reason, told):
    """Acknowledging and resolving reach the alert of the PagerDuty id, and the one of our own (R115)."""
    pager().send(story(reason))
    assert [(heard.json["event_action"], heard.json["dedup_key"]) for heard in receiver.heard] == told


def test_an_incident_without_a_ticket_has_our_name(pager, receiver):
    """Where PagerDuty gave no id, all events have the incident's own (R115)."""
    for reason in (Reason.WENT_DOWN, Reason.ACKNOWLEDGED, Reason.RECOVERED):
        pager().send(story(reason, incident=incident()))
    assert {heard.json["dedup_key"] for heard in receiver.heard} == {INCIDENT}
    assert len(receiver.heard) == 3


def test_a_summary_keeps_to_pagerdutys_limit(alert):
    """However long the name is, the summary has at most 1,024 characters, on one line."""
    [trigger] = events(alert(name="long\n" * 1000), "error")
    summary = trigger["payload"]["summary"]
    assert len(summary) <= 1024
    assert "\n" not in summary


@pytest.mark.parametrize(
    ("status", "permanent"), [(400, True), (401, True), (404, True), (429, False), (500, False), (503, False)]
)
def test_a_key_that_is_gone_is_given_up(pager, receiver, alert, status, permanent):
    """What PagerDuty calls invalid ends the channel, in its words; being busy does not (R48)."""
    receiver.status, receiver.body = status, b'{"errors":["Invalid routing key"]}'
    error = fault(pager(), alert())
    assert error.permanent is permanent
    assert str(error) == f'The receiver answered {status}: {{"errors":["Invalid routing key"]}}'


def test_a_trigger_that_fails_is_not_resolved(pager, receiver, alert):
    """Where the first of two events fails, the second waits for the next try; Retry-After is handed on."""
    receiver.status, receiver.headers = 429, {"Retry-After": "30"}
    assert fault(pager(), alert(Reason.WAS_DOWN)).retry_after == 30
    assert len(receiver.heard) == 1


def test_an_answer_that_repeats_the_key_is_cleaned(pager, receiver, alert):
    """The key does not come back in an error (R392)."""
    receiver.status, receiver.body = 400, f"bad key {KEY}".encode()
    assert str(fault(pager(), alert())) == f"The receiver answered 400: bad key {MASK}"


def test_pagerduty_is_reached_by_guarded_roads(pager, receiver, alert):
    """Were its address to lead into our own network, nothing would be sent there (R102)."""
    transport = type(pager())(
        {"routingKey": KEY, "severity": "info", "region": "us"}, Outlet(Settings(), None)
    )
    assert fault(transport, alert()).permanent
    assert receiver.heard == []
