from datetime import timedelta

import pytest

from chalicelib.core.status import Status
from chalicelib.core.steps import Cause
from healthchecks.pinging import YEAR, logged, url


@pytest.fixture
def check(alice):
    """Return a new check of Alice's, with nothing due while these tests run."""
    return alice.check(timeout=YEAR, grace=YEAR)


# --- what the check's own rules make of a ping --------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "kind", "status"), [("POST", "success", "up"), ("GET", "ign", "new"), ("HEAD", "ign", "new")]
)
def test_a_check_may_take_posts_only(alice, anyone, method, kind, status):
    """Other methods are answered, counted and logged as ignored (R303)."""
    check = alice.check(methods="POST")
    assert anyone.ask(method, url(check)).status == 200
    now = alice.see(check)
    assert (logged(alice, check)[0], now["status"], now["n_pings"]) == (kind, status, 1)


def test_the_rule_counts_once_a_check_is_up(alice, anyone):
    """A check that is up already, and its shortest road, keep the rule as well (R303, R325)."""
    check = alice.check()
    anyone.get(url(check))
    alice.post(f"/api/v3/checks/{check['uuid']}", {"methods": "POST"})
    before = alice.see(check)
    alice.house.clock.now += timedelta(seconds=5)
    anyone.get(url(check))
    assert logged(alice, check)[0] == "ign"
    assert alice.see(check) == before | {"n_pings": 2, "methods": "POST"}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"all OK", "success", "up"),
        (b"OK but ERROR", "fail", "down"),
        (b"BEGIN", "start", "new"),
        (b"ok", "ign", "new"),
        (b"\xff\xfe OK \xc3", "success", "up"),
        (b"", "ign", "new"),
    ],
)
def test_keywords_in_the_body_decide(alice, anyone, body, kind, status):
    """With filter_http_body the body says what the ping means, whatever its URL says (R313, R315)."""
    words = {"success_kw": "OK,DONE", "failure_kw": "FATAL, ERROR", "start_kw": "BEGIN"}
    check = alice.check(filter_http_body=True, **words)
    assert anyone.post(url(check, "/1"), body).status == 200
    assert (logged(alice, check)[0], alice.see(check)["status"]) == (kind, status)


def test_a_body_without_keywords_may_count_as_a_failure(alice, anyone):
    """filter_default_fail turns the unknown into a failure (R315)."""
    check = alice.check(filter_http_body=True, success_kw="OK", filter_default_fail=True)
    anyone.post(url(check), b"nothing to see")
    assert alice.see(check)["status"] == "down"


def test_only_what_is_kept_of_a_body_is_searched(alice, anyone):
    """A keyword past the 10,000th byte is not seen, as it is not stored (R18, R315)."""
    check = alice.check(filter_http_body=True, success_kw="OK")
    anyone.post(url(check), b"x" * 10_000 + b"OK")
    assert logged(alice, check)[0] == "ign"


# --- pauses -------------------------------------------------------------------------------------------------


@pytest.fixture
def paused(alice):
    """Return a function that makes a paused check."""

    def make(**wish):
        check = alice.check(**wish)
        return alice.post(f"/api/v3/checks/{check['uuid']}/pause").json()

    return make


@pytest.mark.parametrize(
    ("tail", "status", "started"),
    [("", "up", False), ("/fail", "down", False), ("/start", "paused", True), ("/log", "paused", False)],
)
def test_a_ping_wakes_a_paused_check(alice, anyone, paused, tail, status, started):
    """A success or a failure ends the pause; a start or a log line does not (R19, R300, R332)."""
    check = paused()
    assert anyone.get(url(check, tail)).status == 200
    now = alice.see(check)
    assert (now["status"], now["started"], now["n_pings"]) == (status, started, 1)


@pytest.mark.parametrize("tail", ["", "/fail", "/start", "/log", "/0"])
def test_with_manual_resume_a_paused_check_sleeps_on(alice, anyone, paused, tail):
    """Every ping is answered and logged as ignored until somebody resumes the check (R301)."""
    check = paused(manual_resume=True)
    assert anyone.get(url(check, tail)).text == "OK"
    now = alice.see(check)
    assert (now["status"], now["started"], now["n_pings"]) == ("paused", False, 1)
    assert logged(alice, check)[0] == "ign"


def test_resumed_by_hand_a_check_listens_again(alice, anyone, paused):
    """After a resume the next ping counts (R301, R335)."""
    check = paused(manual_resume=True)
    alice.post(f"/api/v3/checks/{check['uuid']}/resume")
    anyone.get(url(check))
    assert alice.see(check)["status"] == "up"


# --- status changes and alarms ------------------------------------------------------------------------------


def test_pings_that_change_the_status_are_flips(alice, anyone, check):
    """Up by a success, down by a failure, and what says the same again is no flip (R12, R372)."""
    for tail in ("", "", "/fail", "/fail", "/start", "/log", ""):
        alice.house.clock.now += timedelta(seconds=1)
        anyone.get(url(check, tail))
    assert [(flip.new, flip.cause, flip.n) for flip in alice.flips(check)] == [
        (Status.UP, Cause.SUCCESS, 1),
        (Status.DOWN, Cause.FAIL, 3),
        (Status.UP, Cause.SUCCESS, 7),
    ]


def test_silence_becomes_grace_then_down_and_is_told(alice, anyone, receiver):
    """A minute after its ping a check is in grace, two minutes after it down, and told so (R376, R389)."""
    check = alice.check(timeout=60, grace=60, channels=alice.channel("Hook", receiver.url)["id"])
    anyone.get(url(check))
    pinged = alice.house.clock.now
    alice.house.advance(seconds=59)
    assert alice.see(check)["status"] == "up"
    alice.house.advance(seconds=1)
    assert alice.see(check)["status"] == "grace"
    alice.house.advance(seconds=60)
    assert alice.see(check)["status"] == "down"
    alice.house.advance(seconds=2)
    flip = alice.flips(check)[-1]
    assert (flip.new, flip.cause, flip.at) == (Status.DOWN, Cause.TIMEOUT, pinged + timedelta(seconds=120))
    assert [(told["event"], told["monitor"]["id"]) for told in receiver.heard] == [
        ("check.down", check["uuid"])
    ]


def test_a_failure_is_told_at_once_and_its_recovery_too(alice, anyone, receiver):
    """A fail ping alarms without any grace; the next success is told as well (R12, R374)."""
    check = alice.check(channels=alice.channel("Hook", receiver.url)["id"])
    anyone.get(url(check, "/3"))
    alice.house.advance(seconds=2)
    anyone.get(url(check))
    alice.house.advance(seconds=2)
    assert [(told["event"], told["exit_status"]) for told in receiver.heard] == [
        ("check.down", 3),
        ("check.up", None),
    ]


def test_a_start_without_an_end_goes_down(alice, anyone, receiver):
    """A run that outlasts the grace is an alarm, even of a check that never succeeded (R11)."""
    check = alice.check(grace=60, channels=alice.channel("Hook", receiver.url)["id"])
    anyone.get(url(check, "/start"))
    alice.house.advance(seconds=61)
    now = alice.see(check)
    assert (now["status"], now["started"]) == ("down", True)
    assert len(receiver.heard) == 1


def test_a_paused_check_is_never_an_alarm(alice, anyone, receiver):
    """Neither its deadline nor a start's grace is watched while it is paused (R19, R334)."""
    check = alice.check(timeout=60, grace=60, channels=alice.channel("Hook", receiver.url)["id"])
    anyone.get(url(check))
    alice.post(f"/api/v3/checks/{check['uuid']}/pause")
    anyone.get(url(check, "/start"))
    alice.house.advance(minutes=4)
    assert (alice.see(check)["status"], receiver.heard) == ("paused", [])
