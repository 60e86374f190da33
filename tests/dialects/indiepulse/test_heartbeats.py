import pytest

from indiepulse.asking import EVENTS, HEARTBEAT, NOBODY, beating, data, refusal, see, watched
from tests.dialects.regions import settle


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_success_needs_no_key(alice, anyone, method):
    """The token alone authorizes, the answer is the document's, the ping is recorded (R177, R178, R184)."""
    backup = beating(alice)
    reply = anyone.ask(method, f"{HEARTBEAT}/{backup}")
    assert (reply.status, reply.json()) == (200, {"ok": True, "monitor_id": backup, "name": "Nightly Backup"})
    assert see(alice, backup)["monitor_state"] == "UP"
    assert [ping.arrival.method for ping in alice.pings({"uuid": backup})] == [method]


def test_a_failure_opens_an_incident(carol, anyone):
    """It is answered in the document's words, and an incident is there right after (R180)."""
    backup = beating(carol)
    reply = anyone.post(f"{HEARTBEAT}/{backup}/fail", b"disk full")
    assert (reply.status, reply.json()) == (200, {"ok": True, "monitor_id": backup, "ping_type": "fail"})
    settle(carol.house)
    [event] = data(carol.get(EVENTS))
    assert (event["type"], event["monitor_id"], event["status"]) == ("INCIDENT", backup, "Investigating")


def test_following_a_link_fails_nothing(alice, anyone):
    """GET on the failing address is refused, and says what is taken (R181)."""
    backup = beating(alice)
    reply = anyone.get(f"{HEARTBEAT}/{backup}/fail")
    assert refusal(reply) == (405, "Method not allowed")
    assert reply.headers["Allow"] == "POST, OPTIONS"
    assert alice.pings({"uuid": backup}) == []


@pytest.mark.parametrize("token", [NOBODY, "YOUR_TOKEN", "x" * 500])
@pytest.mark.parametrize("tail", ["", "/fail"])
def test_an_unknown_token_is_not_found(anyone, token, tail):
    """Whatever it looks like: the document's words (R179, R182)."""
    assert refusal(anyone.post(f"{HEARTBEAT}/{token}{tail}")) == (404, "Monitor not found")


def test_pings_do_not_use_up_a_key(alice, anyone):
    """They carry none, and count against none (R143)."""
    backup = beating(alice)
    before = int(alice.get(EVENTS).headers["X-RateLimit-Remaining"])
    for _ in range(5):
        anyone.get(f"{HEARTBEAT}/{backup}")
    assert int(alice.get(EVENTS).headers["X-RateLimit-Remaining"]) == before - 1


def test_a_probed_monitor_takes_no_heartbeat_for_a_verdict(alice, anyone):
    """What is probed is not up because somebody says so."""
    site = watched(alice)
    anyone.get(f"{HEARTBEAT}/{site}")
    assert see(alice, site)["monitor_state"] == "PENDING"
