import re

import pytest
from hypothesis import example, given

from chalicelib.channels.base import MASK, Outlet
from chalicelib.channels.discord import Discord, address, escape, message
from chalicelib.channels.letters import units
from chalicelib.core.alerts import Reason
from chalicelib.core.consensus import Result
from chalicelib.core.errors import Invalid
from chalicelib.core.status import Verdict
from chalicelib.guard.headers import AGENT
from chalicelib.settings import Settings
from tests.channels.crowded import ALERTS, NOON, UNHURRIED, crowded
from tests.channels.sending import fault

HOOK = "https://discord.com/api/webhooks/1098765432101234567/aB3-dE5_fG7hI9jK"
EVIL = "@everyone <@&42> [pay here](https://evil.example) **now** ||_`~~ # x > y"


@pytest.fixture
def discord(outlet, receiver):
    """Return a channel that leads to the receiver."""
    receiver.status, receiver.body = 204, b""
    url = receiver.url + HOOK.removeprefix("https://discord.com")
    return Discord(Discord.check({"webhookUrl": url}, allow_private=True), outlet)


def shown(text):
    """Return *text* as Discord shows it: without what escapes the letter after it."""
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text)


def texts(embed):
    """Return every text of an embed that Discord counts."""
    rows = [part for field in embed["fields"] for part in (field["name"], field["value"])]
    return [embed["title"], embed["description"], embed["footer"]["text"], *rows]


@pytest.mark.parametrize(
    "url",
    [
        HOOK,
        f"{HOOK}?thread_id=42",
        HOOK.replace("discord.com", "ptb.discord.com"),
        HOOK.replace("/api/", "/api/v9/"),
        f"{HOOK}/",
    ],
)
def test_a_webhook_is_enough(url):
    """`{webhookUrl}` is what Discord shows people, with or without a version or a thread (R44)."""
    stored = Discord.check({"webhookUrl": url}, allow_private=False)
    assert stored == {"webhookUrl": url}
    assert Discord.check(stored, allow_private=False) == stored


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (None, "is required"),
        (7, "must be text"),
        ("https://discord.com/channels/1/2", "must be of the form"),
        (f"{HOOK}/slack", "must be of the form"),
        ("https://discord.com/api/webhooks/1", "must be of the form"),
        (HOOK.replace("https", "http"), "must begin with https"),
        (HOOK.replace("discord.com", "10.0.0.1"), "is refused"),
        (HOOK + "x" * 1000, "must not be longer"),
    ],
)
def test_what_is_no_webhook_is_refused(url, reason):
    """Anything but a webhook's URL, by https, is refused as `webhookUrl` (R44, R102)."""
    with pytest.raises(Invalid, match=reason) as refusal:
        Discord.check({"webhookUrl": url}, allow_private=False)
    assert refusal.value.field == "webhookUrl"


def test_the_token_is_not_shown():
    """Only the host is shown, and who gives that back is told to leave it out (R44, R45, R392)."""
    masked = Discord.mask({"webhookUrl": HOOK})
    assert masked == {"webhookUrl": f"https://discord.com/{MASK}"}
    with pytest.raises(Invalid, match="webhookUrl is masked; leave it out"):
        Discord.check(masked, allow_private=False)


@pytest.mark.parametrize(
    ("url", "posted"),
    [
        (HOOK, "?wait=true"),
        (f"{HOOK}?thread_id=42", "?thread_id=42&wait=true"),
        (HOOK.replace("/api/", "/api/v6/") + "/", "?wait=true"),
    ],
)
def test_the_version_is_ours(url, posted):
    """Whatever version a URL names, it is asked by the one whose Retry-After is in seconds."""
    assert address(url) == HOOK.replace("/api/", "/api/v10/") + posted


def test_an_outage_is_told(discord, receiver, probed):
    """One embed says what is down and why, in red, with the facts beneath; nobody is mentioned."""
    discord.send(probed(body=b"disk *full*", uptime_percent=99.95))
    [heard] = receiver.heard
    assert (heard.method, heard.path.partition("?")[0]) == (
        "POST",
        "/api/v10/webhooks/1098765432101234567/aB3-dE5_fG7hI9jK",
    )
    assert heard.headers["Content-Type"] == "application/json"
    assert (heard.headers["User-Agent"], heard.headers["X-Wakeful-Delivery"]) == (AGENT, "d-1")
    assert heard.json["allowed_mentions"] == {"parse": []}
    [embed] = heard.json["embeds"]
    assert embed["title"] == "Down: Shop"
    assert embed["color"] == 0xB42318
    assert embed["timestamp"] == "2026-11-22T12:00:05+00:00"
    assert shown(embed["description"]) == (
        "Shop is down. The probes failed: expected 200, got 503 (eu-west-1).\n\n"
        "The last signal carried:\n```\ndisk *full*\n```"
    )
    assert {field["name"]: shown(field["value"]) for field in embed["fields"]} == {
        "Target": "https://shop.example/health",
        "Down since": "2026-11-22 12:00:05 UTC",
        "Uptime": "99.95 % in 30 days",
        "Tags": "prod db",
        "Project": "Alice's servers",
    }
    assert embed["footer"]["text"] == "Delivery d-1"


def test_every_reason_has_its_title_and_colour(discord, receiver, alert):
    """Bad news is red, good news is green, and what is neither is grey (R47)."""
    told = {}
    for reason in Reason:
        receiver.heard.clear()
        discord.send(alert(reason))
        [embed] = receiver.heard[0].json["embeds"]
        told[reason] = embed["color"]
        assert embed["title"]
    bad = {told[reason] for reason in (Reason.WENT_DOWN, Reason.STILL_DOWN, Reason.CHANNEL_BROKE)}
    good = {told[reason] for reason in (Reason.RECOVERED, Reason.WAS_DOWN)}
    neither = {told[reason] for reason in (Reason.CALLED_OFF, Reason.TEST)}
    assert [len(colours) for colours in (bad, good, neither, bad | good | neither)] == [1, 1, 1, 3]


def test_nothing_is_markup_but_ours(probed):
    """Names, targets, reasons and facts mention nobody, are no links, and look as they were written."""
    evil = probed(
        name=EVIL,
        tags=EVIL,
        target=EVIL,
        summary={"desc": EVIL},
        evidence=(Result(EVIL, Verdict.DOWN, error=EVIL),),
    )
    [embed] = message(evil)["embeds"]
    facts = {field["name"]: field["value"] for field in embed["fields"]}
    for text in (
        embed["title"],
        embed["description"],
        *(facts[name] for name in ("Target", "About", "Tags")),
    ):
        assert not re.search(r"(?<!\\)(?:[*_~`|\[\]<>@#]|://)", text)
        assert EVIL in shown(text)
    assert escape("- https://a.example/b_c") == "\\- https\\://a.example/b\\_c"


def test_a_body_cannot_leave_its_frame(alert):
    """What a job said is shown as code, and ends where we end it."""
    [embed] = message(alert(body=b"a```b ````\n@here"))["embeds"]
    before, code, after = embed["description"].split("```")
    assert (before.endswith(":\n"), after) == (True, "")
    assert code.replace("\N{ZERO WIDTH SPACE}", "") == "\na```b ````\n@here\n"


@UNHURRIED
@given(ALERTS)
@example(crowded("\U0001f525", 4000, 20, Reason.RECOVERED))
def test_a_message_keeps_to_discords_limits(alert):
    """No embed has over 6,000 letters or 25 fields, no part of it over its own limit, and none is empty."""
    [embed] = message(alert)["embeds"]
    assert 0 < units(embed["title"]) <= 256
    assert units(embed["description"]) <= 4096
    assert len(embed["fields"]) <= 25
    assert all(0 < units(field["name"]) <= 256 for field in embed["fields"])
    assert all(0 < units(field["value"]) <= 1024 for field in embed["fields"])
    assert sum(map(units, texts(embed))) <= 6000


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(401, True), (404, True), (400, False), (403, False), (429, False), (502, False)],
)
def test_a_webhook_that_is_gone_is_given_up(discord, receiver, alert, status, permanent):
    """A webhook that was deleted ends the channel, in Discord's words; all else may pass (R48)."""
    receiver.status, receiver.body = status, b'{"message": "Unknown Webhook", "code": 10015}'
    error = fault(discord, alert())
    assert error.permanent is permanent
    assert str(error) == f"The receiver answered {status}: " + receiver.body.decode()


def test_discord_says_when_to_come_again(discord, receiver, alert):
    """Retry-After is handed on, in seconds."""
    receiver.status, receiver.headers = 429, {"Retry-After": "65"}
    assert fault(discord, alert()).retry_after == 65


def test_the_token_does_not_come_back(outlet, receiver, alert):
    """However short it is, an answer that repeats the token is cleaned (R392)."""
    receiver.status, receiver.body = 500, b"no /api/webhooks/42/hush-hush here: hush-hush"
    transport = Discord({"webhookUrl": f"{receiver.url}/api/webhooks/42/hush-hush"}, outlet)
    assert "hush" not in str(fault(transport, alert()))


def test_private_targets_are_refused_at_sending_too(receiver, alert):
    """A URL that was stored while private targets were open is refused when they no longer are (R102)."""
    transport = Discord({"webhookUrl": f"{receiver.url}/api/webhooks/42/x"}, Outlet(Settings(), lambda: NOON))
    assert fault(transport, alert()).permanent
    assert receiver.heard == []
