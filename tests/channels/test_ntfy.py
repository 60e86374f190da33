import pytest
from hypothesis import example, given

from chalicelib.channels.base import MASK
from chalicelib.channels.ntfy import Ntfy, message
from chalicelib.channels.posting import in_json
from chalicelib.core.alerts import Reason
from chalicelib.core.errors import Invalid
from tests.channels.crowded import ALERTS, UNHURRIED, crowded
from tests.channels.sending import fault

PLAIN = {"topic": "alices-alarms-7Qx2", "server": "https://ntfy.sh", "token": "", "priority": 4}
TOKEN = "tk_hushhushhushhushhushhushhushhu"


@pytest.fixture
def ntfy(outlet, receiver):
    """Return a function that makes a channel whose server is the receiver."""

    def make(**config):
        wish = {"topic": PLAIN["topic"], "server": receiver.url, **config}
        return Ntfy(Ntfy.check(wish, allow_private=True), outlet)

    return make


def test_a_topic_is_enough():
    """`{topic}` is on ntfy.sh, open, and loud when something is down; all of it may be set (R44, R45)."""
    assert Ntfy.check({"topic": PLAIN["topic"]}, allow_private=False) == PLAIN
    wish = {"topic": "t", "server": "https://ntfy.example:8443/", "token": TOKEN, "priority": 5}
    stored = Ntfy.check(wish, allow_private=False)
    assert stored == {**wish, "server": "https://ntfy.example:8443"}
    assert Ntfy.check({**stored, "token": "", "server": None}, allow_private=False) == {
        "topic": "t",
        "server": "https://ntfy.sh",
        "token": "",
        "priority": 5,
    }


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"topic": None}, "topic"),
        ({"topic": "a/b"}, "topic"),
        ({"topic": "x" * 65}, "topic"),
        ({"server": 7}, "server"),
        ({"server": "http://ntfy.example"}, "server"),
        ({"server": "https://ntfy.example/topic"}, "server"),
        ({"server": "https://ntfy.example/?a=b"}, "server"),
        ({"server": "https://me:pw@ntfy.example"}, "server"),
        ({"server": "https://169.254.169.254"}, "server"),
        ({"token": "two words"}, "token"),
        ({"token": "line\nbreak"}, "token"),
        ({"token": 7}, "token"),
        ({"priority": 0}, "priority"),
        ({"priority": 6}, "priority"),
        ({"priority": "high"}, "priority"),
        ({"priority": True}, "priority"),
    ],
)
def test_what_cannot_work_is_refused(changes, field):
    """Each field is refused by its name (R44, R102)."""
    with pytest.raises(Invalid) as refusal:
        Ntfy.check({**PLAIN, **changes}, allow_private=False)
    assert refusal.value.field == field


def test_neither_topic_nor_token_is_shown():
    """On an open server a topic's name is its password; a mask that is given back is refused (R44, R45)."""
    assert Ntfy.mask(PLAIN) == {**PLAIN, "topic": MASK}
    assert Ntfy.mask({**PLAIN, "token": TOKEN}) == {**PLAIN, "topic": MASK, "token": MASK}
    for field in ("topic", "token"):
        with pytest.raises(Invalid, match=f"{field} is masked; leave it out"):
            Ntfy.check({**PLAIN, field: MASK}, allow_private=False)


def test_an_outage_is_told(ntfy, receiver, probed):
    """The server's root is told the topic, what is down, and all facts, loudly."""
    ntfy().send(probed())
    [heard] = receiver.heard
    assert (heard.method, heard.path) == ("POST", "/")
    assert "Authorization" not in heard.headers
    assert heard.json == {
        "topic": PLAIN["topic"],
        "title": "Down: Shop",
        "message": "Shop is down. The probes failed: expected 200, got 503 (eu-west-1).\n\n"
        "Target: https://shop.example/health\nDown since: 2026-11-22 12:00:05 UTC\n"
        "Tags: prod db\nProject: Alice's servers\n\nDelivery d-1",
        "priority": 4,
        "tags": ["rotating_light"],
    }


BAD, GOOD, NEITHER = "rotating_light", "white_check_mark", "information_source"


@pytest.mark.parametrize(
    ("reason", "priorities", "tag"),
    [
        (Reason.WENT_DOWN, [4, 5, 1], BAD),
        (Reason.STILL_DOWN, [4, 5, 1], BAD),
        (Reason.CHANNEL_BROKE, [4, 5, 1], BAD),
        (Reason.RECOVERED, [3, 3, 1], GOOD),
        (Reason.WAS_DOWN, [3, 3, 1], GOOD),
        (Reason.CALLED_OFF, [3, 3, 1], NEITHER),
        (Reason.TEST, [3, 3, 1], NEITHER),
    ],
)
def test_only_bad_news_is_loud(ntfy, receiver, alert, reason, priorities, tag):
    """A priority is that of bad news; other news is as quiet or quieter, a test included (R47)."""
    for config in ({}, {"priority": 5}, {"priority": 1}):
        ntfy(**config).send(alert(reason))
    told = [heard.json for heard in receiver.heard]
    assert [document["priority"] for document in told] == priorities
    assert {tuple(document["tags"]) for document in told} == {(tag,)}


def test_a_token_opens_a_topic_and_does_not_travel(ntfy, receiver, alert):
    """A token is sent to the server alone, not to where it redirects."""
    ntfy(token=TOKEN).send(alert())
    assert receiver.heard[0].headers["Authorization"] == f"Bearer {TOKEN}"
    receiver.status = 307
    receiver.headers = {"Location": receiver.url.replace("127.0.0.1", "localhost")}
    fault(ntfy(token=TOKEN), alert())
    assert "Authorization" not in receiver.heard[-1].headers


@UNHURRIED
@given(ALERTS)
@example(crowded('"', 4000, 20, Reason.RECOVERED))
@example(crowded("日", 4000, 20, Reason.RECOVERED))
def test_a_message_keeps_to_ntfys_limits(alert):
    """No text becomes a file to download: it has 4,096 bytes at most, its title 1,024, and both 8,192."""
    told = message(alert, 4)
    assert len(told["message"].encode("utf-8", "replace")) <= 4096
    assert len(told["title"].encode("utf-8", "replace")) <= 1024
    assert len(in_json("https://ntfy.sh/", {"topic": "x" * 64, **told}, alert).body) <= 8192


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(401, True), (403, True), (404, True), (400, False), (429, False), (507, False)],
)
def test_a_topic_that_is_closed_is_given_up(ntfy, receiver, alert, status, permanent):
    """A token or topic that is refused ends the channel, in ntfy's words; all else may pass (R48)."""
    receiver.status, receiver.body = status, b'{"code":1,"error":"forbidden"}'
    error = fault(ntfy(), alert())
    assert error.permanent is permanent
    assert str(error) == f"The receiver answered {status}: " + receiver.body.decode()


def test_secrets_do_not_come_back(ntfy, receiver, alert):
    """An answer that repeats the topic and the token is cleaned (R392)."""
    receiver.status, receiver.body = 500, f"{TOKEN} may not write to {PLAIN['topic']}".encode()
    assert (
        str(fault(ntfy(token=TOKEN), alert())) == f"The receiver answered 500: {MASK} may not write to {MASK}"
    )
