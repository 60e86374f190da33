import logging

import pytest

from chalicelib.core.tenancy import hash_secret
from chalicelib.storage.keys import Lane
from haspulse.asking import CHANNELS, NOBODY, ROUTES, ask, hook, log_of, refusal


@pytest.fixture(scope="module")
def shared(house):
    """Return the id of a channel that many tests ask about and none changes."""
    body = b'{"type": "WEBHOOK", "name": "shared", "config": {"url": "http://127.0.0.1:9/"}}'
    return house.ask("POST", CHANNELS, body, X_Api_Key=house.foundation.api_key).json()["id"]


# --- testing ------------------------------------------------------------------------------------------------


def test_a_test_is_really_sent_and_logged(alice, receiver):
    """The receiver hears a test, the answer says so, and so does the log (R47, R48)."""
    channel = hook(alice, receiver.url)
    answer = ask(alice, "test", channel["id"])
    assert (answer.status, answer.json()) == (200, {"success": True})
    assert [told["event"] for told in receiver.heard] == ["test"]
    [line] = log_of(alice, channel)
    assert (line["event"], line["status"], line["attempts"], line["error"]) == ("test", "sent", 1, None)


def test_a_test_that_fails_tells_the_receivers_words(alice, receiver):
    """Outcome false, with the answer; the channel remembers it until a test succeeds (R48)."""
    channel = hook(alice, receiver.url)
    receiver.status, receiver.answer = 500, b"out of order"
    answer = ask(alice, "test", channel["id"])
    assert (answer.status, answer.json()["success"]) == (200, False)
    assert "500" in answer.json()["error"]
    assert "out of order" in answer.json()["error"]
    assert ask(alice, "show", channel["id"]).json()["lastError"] == answer.json()["error"]
    assert log_of(alice, channel)[0]["status"] == "failed"
    receiver.status = 200
    assert ask(alice, "test", channel["id"]).json() == {"success": True}
    assert ask(alice, "show", channel["id"]).json()["lastError"] is None


def test_a_test_of_an_address_where_nobody_listens_fails(alice):
    """No connection is an outcome, not a fault of ours (R48)."""
    answer = ask(alice, "test", alice.channel("nobody")["id"])
    assert (answer.status, answer.json()["success"]) == (200, False)
    assert answer.json()["error"]


# --- the log, and sending again -----------------------------------------------------------------------------


@pytest.fixture
def given_up(alice, anyone, receiver):
    """Return a channel, and the message to it that its receiver refused for good."""
    receiver.status = 404
    channel = hook(alice, receiver.url)
    check = alice.check(channels=channel["id"])
    anyone.get(f"/ping/{check['uuid']}/fail")
    alice.house.advance(seconds=1)
    [line] = log_of(alice, channel)
    return channel, line


def test_what_was_given_up_is_in_the_log(alice, given_up):
    """A receiver that is gone breaks the channel, and the log says what it answered."""
    channel, line = given_up
    assert (line["event"], line["status"], line["attempts"]) == ("went_down", "failed", 1)
    assert "404" in line["error"]
    assert line["settledAt"].endswith("Z")
    now = ask(alice, "show", channel["id"]).json()
    assert (now["broken"], now["lastError"]) == (True, line["error"])


def test_the_log_says_when_a_message_is_tried_again(alice, anyone, receiver):
    """While it waits for its next attempt, and no longer than that."""
    receiver.status = 500
    channel = hook(alice, receiver.url)
    check = alice.check(channels=channel["id"])
    anyone.get(f"/ping/{check['uuid']}/fail")
    alice.house.advance(seconds=1)
    [line] = log_of(alice, channel)
    assert (line["status"], line["attempts"]) == ("retrying", 1)
    assert line["nextAttemptAt"] > line["settledAt"] >= line["createdAt"]
    receiver.status = 200
    alice.house.advance(seconds=10)
    [line] = log_of(alice, channel)
    assert (line["status"], line["nextAttemptAt"]) == ("sent", None)


def test_what_was_given_up_can_be_sent_again(alice, receiver, given_up):
    """Repaired, the channel gets what it missed."""
    channel, line = given_up
    receiver.status = 200
    ask(alice, "change", channel["id"], {"config": {"url": receiver.url}})
    answer = ask(alice, "replay", channel["id"], {"deliveryId": line["id"]})
    assert (answer.status, answer.json()) == (202, {"success": True})
    alice.house.advance(seconds=1)
    assert [told["event"] for told in receiver.heard] == ["check.down", "check.down"]
    assert (log_of(alice, channel)[0]["status"], log_of(alice, channel)[0]["attempts"]) == ("sent", 2)


def test_what_was_sent_is_not_sent_again(alice, receiver):
    """Only what was given up can be repeated (R387)."""
    channel = hook(alice, receiver.url)
    ask(alice, "test", channel["id"])
    [line] = log_of(alice, channel)
    refused = ask(alice, "replay", channel["id"], {"deliveryId": line["id"]})
    assert refusal(refused)[:2] == (409, "CONFLICT")
    assert len(receiver.heard) == 1


@pytest.mark.parametrize("message", ["nothing", "", "x" * 5000, "\0", "flip##", "\N{BEETLE}", "\ud800"])
def test_a_message_that_was_never_logged_cannot_be_sent_again(alice, shared, message):
    """Whatever its id, it is not found, or no id at all (R72, R75)."""
    status, code, _ = refusal(ask(alice, "replay", shared, {"deliveryId": message}))
    assert (status, code) in {(404, "NOT_FOUND"), (400, "BAD_REQUEST")}


def test_another_channels_message_is_not_found(alice, shared, given_up):
    """A log belongs to its channel (R75)."""
    _, line = given_up
    assert ask(alice, "replay", shared, {"deliveryId": line["id"]}).status == 404


# --- secrets ------------------------------------------------------------------------------------------------


def test_secrets_never_come_back(alice, receiver, caplog):
    """Neither answers, nor errors that a receiver echoes, nor our own log tell a secret again (R44, R392)."""
    caplog.set_level(logging.DEBUG, logger="chalicelib")
    secrets = ["s1gning-secret", "header-t0ken-of-alice", "query-t0ken-of-alice", "Template-0f-her-own"]
    channel = hook(
        alice,
        f"{receiver.url}?token={secrets[2]}",
        secret=secrets[0],
        headers={"Authorization": f"Bearer {secrets[1]}"},
        body=f'{{"said": "{secrets[3]}"}}',
    )
    receiver.status, receiver.answer = 500, " ".join(secrets[:3]).encode()
    answers = [
        ask(alice, "test", channel["id"]),
        ask(alice, "show", channel["id"]),
        ask(alice, "list"),
        ask(alice, "change", channel["id"], {"name": "renamed"}),
        ask(alice, "log", channel["id"]),
    ]
    assert receiver.headers[0]["Authorization"] == f"Bearer {secrets[1]}"
    told = str(channel) + "".join(answer.text for answer in answers) + caplog.text
    assert [secret for secret in secrets if secret in told] == []


def test_keys_are_never_told(alice, house, caplog):
    """No answer and no log line repeats the key that asked; only its hash is stored (R392, R393)."""
    caplog.set_level(logging.DEBUG, logger="chalicelib")
    answers = [ask(alice, name, NOBODY) for name in ROUTES]
    assert alice.key not in "".join(answer.text + str(answer.headers) for answer in answers) + caplog.text
    key, _ = house.tools.keys.spend(hash_secret(alice.key), Lane.V1, house.clock.now)
    assert alice.key not in repr(key)
