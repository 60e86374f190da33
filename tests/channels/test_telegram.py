import json

import pytest
from hypothesis import example, given

from chalicelib.channels.base import MASK
from chalicelib.channels.letters import units
from chalicelib.channels.telegram import Telegram, message
from chalicelib.core.alerts import Reason
from chalicelib.core.errors import Invalid
from tests.channels.crowded import ALERTS, UNHURRIED, crowded
from tests.channels.sending import fault

TOKEN = "123456789:AAE-hush_hush-hush_hush-hush_hush01"
GROUP = {"botToken": TOKEN, "chatId": "-1001234567890", "messageThreadId": None}


@pytest.fixture
def telegram(outlet, receiver):
    """Return a function that makes a channel of a bot whose Telegram is the receiver."""

    class Loopback(Telegram):
        address = receiver.url

    receiver.body = b'{"ok": true, "result": {}}'
    return lambda **changes: Loopback({**GROUP, **changes}, outlet)


@pytest.fixture
def refuses(receiver):
    """Return a function that lets Telegram refuse what it is asked, in its own form."""

    def refuse(status, description, **parameters):
        receiver.status = status
        refused = {"ok": False, "error_code": status, "description": description, "parameters": parameters}
        receiver.body = json.dumps(refused).encode()

    return refuse


@pytest.mark.parametrize(
    ("chat", "stored"),
    [(-1001234567890, "-1001234567890"), (42, "42"), ("42", "42"), ("@our_alarms", "@our_alarms")],
)
def test_a_bot_and_a_chat_are_enough(chat, stored):
    """`{botToken, chatId}` is all, the chat by its number or a channel's name; a topic may be added (R44)."""
    config = Telegram.check({"botToken": TOKEN, "chatId": chat}, allow_private=False)
    assert config == {"botToken": TOKEN, "chatId": stored, "messageThreadId": None}
    assert Telegram.check({**config, "messageThreadId": 7}, allow_private=False)["messageThreadId"] == 7


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"botToken": None}, "botToken"),
        ({"botToken": 7}, "botToken"),
        ({"botToken": "hush"}, "botToken"),
        ({"botToken": f"{TOKEN}/../x"}, "botToken"),
        ({"chatId": ""}, "chatId"),
        ({"chatId": True}, "chatId"),
        ({"chatId": 0}, "chatId"),
        ({"chatId": "our alarms"}, "chatId"),
        ({"chatId": 4.5}, "chatId"),
        ({"messageThreadId": "7"}, "messageThreadId"),
        ({"messageThreadId": 0}, "messageThreadId"),
        ({"messageThreadId": True}, "messageThreadId"),
    ],
)
def test_what_cannot_work_is_refused(changes, field):
    """Each field is refused by its name, and no sentence repeats the token (R44, R392)."""
    with pytest.raises(Invalid) as refusal:
        Telegram.check({**GROUP, **changes}, allow_private=False)
    assert refusal.value.field == field
    assert "hush" not in refusal.value.reason


def test_the_token_is_not_shown():
    """The chat is shown, the token is not, and who gives its mask back is told to leave it out (R44, R45)."""
    assert Telegram.mask(GROUP) == {**GROUP, "botToken": MASK}
    with pytest.raises(Invalid, match="botToken is masked; leave it out"):
        Telegram.check(Telegram.mask(GROUP), allow_private=False)


def test_an_outage_is_told(telegram, receiver, probed):
    """The bot says in plain text what is down, why, and all facts; nobody visits what is down."""
    telegram().send(probed(body=b"<b>disk *full*</b>"))
    [heard] = receiver.heard
    assert (heard.method, heard.path) == ("POST", f"/bot{TOKEN}/sendMessage")
    assert set(heard.json) == {"chat_id", "text", "link_preview_options"}
    assert heard.json["chat_id"] == "-1001234567890"
    assert heard.json["link_preview_options"] == {"is_disabled": True}
    assert heard.json["text"] == (
        "Shop is down. The probes failed: expected 200, got 503 (eu-west-1).\n\n"
        "Target: https://shop.example/health\nDown since: 2026-11-22 12:00:05 UTC\n"
        "Tags: prod db\nProject: Alice's servers\n\n"
        "The last signal carried:\n<b>disk *full*</b>\n\nDelivery d-1"
    )


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_told(telegram, receiver, alert, reason):
    """Whatever there is to tell, a test included, is told to the chat, and to its topic (R47)."""
    telegram(messageThreadId=7).send(alert(reason))
    told = receiver.heard[0].json
    assert told["message_thread_id"] == 7
    assert "Alice's servers" in told["text"]


def test_nobody_is_called(alert):
    """A name mentions no user; an e-mail address stays what it is."""
    text = message(alert(name="@alice of ops@example.org"), "42", None)["text"]
    assert text.startswith("@\N{ZERO WIDTH SPACE}alice of ops@example.org is down.")


@UNHURRIED
@given(ALERTS)
@example(crowded("\U0001f525", 4000, 20, Reason.RECOVERED))
def test_a_message_keeps_to_telegrams_limit(alert):
    """No text is over 4,096 letters, by any count, nor is it empty."""
    assert 0 < units(message(alert, "42", None)["text"]) <= 4096


@pytest.mark.parametrize(
    ("status", "description", "permanent"),
    [
        (403, "Forbidden: bot was blocked by the user", True),
        (403, "Forbidden: bot was kicked from the supergroup chat", True),
        (400, "Bad Request: chat not found", True),
        (400, "Bad Request: message thread not found", True),
        (400, "Bad Request: not enough rights to send text messages to the chat", True),
        (401, "Unauthorized", True),
        (404, "Not Found", True),
        (400, "Bad Request: message is too long", False),
        (500, "Internal Server Error", False),
    ],
)
def test_a_chat_that_is_closed_is_given_up(telegram, refuses, alert, status, description, permanent):
    """A bot or a chat that is gone ends the channel, in Telegram's words; all else may pass (R48)."""
    refuses(status, description)
    error = fault(telegram(), alert())
    assert error.permanent is permanent
    assert str(error) == f"The receiver answered {status}: {description}"


def test_telegram_says_when_to_come_again(telegram, refuses, alert):
    """The wait stands in the answer's body, and is handed on."""
    refuses(429, "Too Many Requests: retry after 35", retry_after=35)
    error = fault(telegram(), alert())
    assert (error.permanent, error.retry_after) == (False, 35)


def test_a_group_that_moved_is_followed(telegram, receiver, refuses, alert):
    """A group that became a supergroup is told under its new number, without anybody's doing."""
    refuses(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-100777)
    assert not fault(telegram(), alert()).permanent
    assert [heard.json["chat_id"] for heard in receiver.heard] == ["-1001234567890", "-100777"]


@pytest.mark.parametrize("body", [b"<html>Bad Gateway</html>", b"[" * 4000, b'{"description": 7}', b"\xff"])
def test_what_is_not_telegrams_answer_is_quoted(telegram, receiver, alert, body):
    """A proxy's page in place of an answer is told like any other receiver's, and may pass (R48)."""
    receiver.status, receiver.body = 502, body
    error = fault(telegram(), alert())
    assert not error.permanent
    assert str(error).startswith("The receiver answered 502: ")


def test_the_token_does_not_come_back(telegram, refuses, alert):
    """No error names the token: neither an answer that repeats it nor a network that fails (R392)."""
    refuses(500, f"no /bot{TOKEN} here: {TOKEN.partition(':')[2]}")
    assert "hush" not in str(fault(telegram(), alert()))
    unreachable = telegram()
    type(unreachable).address = "http://127.0.0.1:1"
    error = fault(unreachable, alert())
    assert str(error) == "127.0.0.1 did not accept a connection at port 1: connection refused."
    assert not error.permanent


def test_telegram_is_where_it_is():
    """But for tests there is one address, which nobody can configure."""
    assert Telegram.address == "https://api.telegram.org"
    assert "address" not in Telegram.check({**GROUP, "address": "https://evil.example"}, allow_private=True)
