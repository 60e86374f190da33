import re

import pytest
from hypothesis import example, given

from chalicelib.channels.base import MASK
from chalicelib.channels.posting import in_json
from chalicelib.channels.teams import Teams, escape, message
from chalicelib.core.alerts import Reason
from chalicelib.core.errors import Invalid
from tests.channels.crowded import ALERTS, UNHURRIED, crowded
from tests.channels.sending import fault

HOOK = (
    "https://prod-12.westeurope.logic.azure.com:443/workflows/0123456789abcdef0123456789abcdef"
    "/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=aB3-d%2BE5_f"
)
EVIL = "[pay here](https://evil.example) **now** _x_ `y` # z <at>all</at> &amp;"


@pytest.fixture
def teams(outlet, receiver):
    """Return a channel that leads to the receiver."""
    receiver.status, receiver.body = 202, b""
    url = receiver.url + HOOK.partition(":443")[2]
    return Teams(Teams.check({"webhookUrl": url}, allow_private=True), outlet)


def card(document):
    """Return the card of a message."""
    assert document["type"] == "message"
    [attachment] = document["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    return attachment["content"]


def blocks(document):
    """Return the texts of a card, as people see them, and its facts."""
    body = card(document)["body"]
    texts = [shown(block["text"]) for block in body if block["type"] == "TextBlock"]
    [facts] = [block["facts"] for block in body if block["type"] == "FactSet"]
    return texts, {fact["title"]: shown(fact["value"]) for fact in facts}


def shown(text):
    """Return *text* without what escapes the letter after it."""
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text)


def test_a_webhook_is_enough():
    """`{webhookUrl}` is what the Workflows app shows people, long as it is (R44)."""
    stored = Teams.check({"webhookUrl": HOOK}, allow_private=False)
    assert stored == {"webhookUrl": HOOK}
    assert Teams.check(stored, allow_private=False) == stored


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (None, "is required"),
        ("prod-12.westeurope.logic.azure.com", "is refused"),
        (HOOK.replace("https", "http"), "must begin with https"),
        ("https://169.254.169.254/workflows", "is refused"),
    ],
)
def test_what_cannot_work_is_refused(url, reason):
    """Anything but an https URL that may be reached is refused as `webhookUrl` (R44, R102)."""
    with pytest.raises(Invalid, match=reason) as refusal:
        Teams.check({"webhookUrl": url}, allow_private=False)
    assert refusal.value.field == "webhookUrl"


def test_the_signature_is_not_shown():
    """Only the host is shown, and who gives that back is told to leave it out (R44, R45, R392)."""
    masked = Teams.mask({"webhookUrl": HOOK})
    assert masked == {"webhookUrl": f"https://prod-12.westeurope.logic.azure.com:443/{MASK}"}
    with pytest.raises(Invalid, match="webhookUrl is masked; leave it out"):
        Teams.check(masked, allow_private=False)


def test_an_outage_is_told(teams, receiver, probed):
    """One card says what is down, why, and all facts; what the job said stands line by line."""
    teams.send(probed(body=b"disk *full*\n95 %", uptime_percent=99.95))
    [heard] = receiver.heard
    assert heard.headers["Content-Type"] == "application/json"
    assert heard.headers["X-Wakeful-Delivery"] == "d-1"
    assert heard.path.endswith("&sig=aB3-d%2BE5_f")
    assert (card(heard.json)["type"], card(heard.json)["version"]) == ("AdaptiveCard", "1.4")
    texts, facts = blocks(heard.json)
    assert texts == [
        "Shop is down.",
        "The probes failed: expected 200, got 503 (eu-west-1).",
        "The last signal carried:",
        "disk *full*\n\n95 %",
        "Delivery d-1",
    ]
    assert facts == {
        "Target": "https://shop.example/health",
        "Down since": "2026-11-22 12:00:05 UTC",
        "Uptime": "99.95 % in 30 days",
        "Tags": "prod db",
        "Project": "Alice's servers",
    }


@pytest.mark.parametrize(
    ("reason", "style"),
    [
        (Reason.WENT_DOWN, "Attention"),
        (Reason.STILL_DOWN, "Attention"),
        (Reason.CHANNEL_BROKE, "Attention"),
        (Reason.RECOVERED, "Good"),
        (Reason.WAS_DOWN, "Good"),
        (Reason.CALLED_OFF, "Default"),
        (Reason.TEST, "Default"),
    ],
)
def test_every_reason_has_its_style(teams, receiver, alert, reason, style):
    """Bad news is drawn as a warning, good news as good, and what is neither as text (R47)."""
    teams.send(alert(reason))
    headline, *_ = card(receiver.heard[0].json)["body"]
    assert headline["color"] == style
    assert headline["text"].endswith((".", "here."))


def test_nothing_is_markup_but_ours(probed):
    """Names, tags, targets and bodies are no links and no emphasis, and look as they were written."""
    texts, facts = blocks(message(probed(name=EVIL, tags=EVIL, target=EVIL, body=EVIL.encode())))
    assert EVIL in texts[0]
    assert texts[-2] == facts["Tags"] == facts["Target"] == EVIL
    raw = [block["text"] for block in card(message(probed(name=EVIL)))["body"] if "text" in block]
    assert not re.search(r"(?<!\\)[*_`\[\]<>#&]", raw[0])
    assert escape("- one\n2. two 3.5") == "\\- one\n2\\. two 3.5"


@UNHURRIED
@given(ALERTS)
@example(crowded("\\", 4000, 20, Reason.RECOVERED))
def test_a_message_keeps_to_teams_limit(alert):
    """No message is over 28 KB, whatever is in it, and no fact is empty."""
    document = message(alert)
    assert len(in_json("https://x.example/", document, alert).body) <= 28_000
    [facts] = [block["facts"] for block in card(document)["body"] if block["type"] == "FactSet"]
    assert all(fact["title"] and fact["value"] for fact in facts)


@pytest.mark.parametrize(
    ("status", "permanent"), [(401, True), (404, True), (410, True), (400, False), (429, False), (502, False)]
)
def test_a_workflow_that_is_gone_is_given_up(teams, receiver, alert, status, permanent):
    """A workflow that was deleted ends the channel, in Microsoft's words; all else may pass (R48)."""
    receiver.status, receiver.headers = status, {"Retry-After": "12"}
    receiver.body = b'{"error":{"code":"WorkflowNotFound"}}'
    error = fault(teams, alert())
    assert (error.permanent, error.retry_after) == (permanent, 12)
    assert str(error) == f"The receiver answered {status}: " + receiver.body.decode()


@pytest.mark.parametrize("spelling", ["aB3-d%2BE5_f", "aB3-d+E5_f"])
def test_the_signature_does_not_come_back(teams, receiver, alert, spelling):
    """An answer that repeats the signature is cleaned, as it was sent and as it is read (R392)."""
    receiver.status, receiver.body = 500, f"no {spelling} here".encode()
    assert str(fault(teams, alert())) == f"The receiver answered 500: no {MASK} here"
