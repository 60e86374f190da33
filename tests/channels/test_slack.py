import html
import json
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis.strategies import integers, text

from chalicelib.channels.base import MASK, Outlet
from chalicelib.channels.letters import fit
from chalicelib.channels.slack import CALLS, Slack, escape, message
from chalicelib.core.alerts import Reason
from chalicelib.core.consensus import Result
from chalicelib.core.errors import Invalid
from chalicelib.core.status import Verdict
from chalicelib.guard.headers import AGENT
from chalicelib.settings import Settings
from tests.channels.crowded import ALERTS, UNHURRIED, crowded
from tests.channels.sending import fault

HOOK = "https://hooks.slack.com/services/T0A1B2C3D/B0X9Y8Z7W/abcdefABCDEF123456789012"
NOON = datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)
GAP = "\N{ZERO WIDTH SPACE}"
EVIL = "<!channel> & <https://evil.example|pay here> @all [pay](https://evil.example)"


@pytest.fixture
def slack(outlet, receiver):
    """Return a channel that leads to the receiver."""
    url = f"{receiver.url}/services/T0A1B2C3D/B0X9Y8Z7W/s3cret-t0ken"
    return Slack(Slack.check({"url": url}, allow_private=True), outlet)


def words(told):
    """Return every text in a message that people are shown."""
    if isinstance(told, dict):
        own = [told["text"]] if isinstance(told.get("text"), str) else []
        return own + [word for part in told.values() if not isinstance(part, str) for word in words(part)]
    return [word for part in told for word in words(part)] if isinstance(told, list) else []


def blocks(told):
    [attachment] = told["attachments"]
    return attachment["blocks"]


def fields(told):
    """Return the rows of a message, {label: text}."""
    pairs = [field["text"].split("\n", 1) for block in blocks(told) for field in block.get("fields", [])]
    return {label.strip("*"): value for label, value in pairs}


@pytest.mark.parametrize(
    "url", [HOOK, "https://chat.example:8065/hooks/5yq7dxo1kjr9fdw1", "https://me:pw@x.example/"]
)
def test_a_url_is_enough(url):
    """`{url}` is all that an incoming webhook needs, Slack's own or another server's (R44)."""
    stored = Slack.check({"url": url}, allow_private=False)
    assert stored == {"url": url}
    assert Slack.check(stored, allow_private=False) == stored


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (None, "is required"),
        ("", "is required"),
        (7, "must be text"),
        ([HOOK], "must be text"),
        ("hooks.slack.com/services", "is refused"),
        ("slack://hooks/T/B/x", "is refused"),
        ("https://hooks.slack.com/ x", "is refused"),
        ("https://127.0.0.1/hook", "is refused: 127.0.0.1 is a loopback address"),
        ("https://169.254.169.254/", "is refused"),
        ("http://hooks.slack.com/services", "must begin with https"),
        ("https://hooks.slack.com/" + "x" * 1000, "must not be longer than 1000"),
    ],
)
def test_what_cannot_work_is_refused(url, reason):
    """Anything but an https URL that may be reached is refused as `url` (R44, R102)."""
    with pytest.raises(Invalid, match=reason) as refusal:
        Slack.check({"url": url}, allow_private=False)
    assert refusal.value.field == "url"


def test_without_a_url_there_is_no_channel():
    """A configuration that names no URL is refused, whatever else it holds (R44)."""
    with pytest.raises(Invalid, match="url is required"):
        Slack.check({"webhookUrl": HOOK}, allow_private=False)


def test_a_server_in_our_own_network_may_be_opened():
    """Where private targets are allowed http on loopback is taken, and metadata still is not (R102)."""
    url = "http://127.0.0.1:8065/hooks/x"
    assert Slack.check({"url": url}, allow_private=True) == {"url": url}
    with pytest.raises(Invalid, match="metadata"):
        Slack.check({"url": "https://169.254.169.254/"}, allow_private=True)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (HOOK, f"https://hooks.slack.com/{MASK}"),
        ("https://me:hush@chat.example:8065/hooks/hush?token=hush#hush", f"https://chat.example:8065/{MASK}"),
    ],
)
def test_the_host_is_shown_and_nothing_else(url, shown):
    """People recognise their server; whoever reads channels cannot write in our name (R44, R392)."""
    assert Slack.mask({"url": url}) == {"url": shown}


def test_a_mask_is_not_taken_for_a_url():
    """Who sends back what was shown is told so, and loses nothing (R45)."""
    with pytest.raises(Invalid, match="url is masked; leave it out"):
        Slack.check(Slack.mask({"url": HOOK}), allow_private=False)


def test_an_outage_is_told(slack, receiver, probed):
    """The sentence says what is down and why; the facts stand under it, with red beside."""
    slack.send(probed(uptime_percent=99.95, latency=(120.0, 310.0)))
    [heard] = receiver.heard
    assert (heard.method, heard.path) == ("POST", "/services/T0A1B2C3D/B0X9Y8Z7W/s3cret-t0ken")
    assert heard.headers["Content-Type"] == "application/json"
    assert heard.headers["User-Agent"] == AGENT
    assert heard.headers["X-Wakeful-Delivery"] == "d-1"
    told = heard.json
    assert told["text"] == "Shop is down. The probes failed: expected 200, got 503 (eu-west-1)."
    assert fields(told) == {
        "Target": "https://shop.example/health",
        "Down since": "2026-11-22 12:00:05 UTC",
        "Uptime": "99.95 % in 30 days",
        "Response": "p50 120 ms, p95 310 ms in 24 hours",
        "Tags": "prod db",
        "Project": "Alice's servers",
    }
    assert "Delivery d-1" in words(told)


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (Reason.RECOVERED, "Shop is up again; it was down for 1 h 3 min. The probes pass again."),
        (Reason.WAS_DOWN, "Shop was down for 1 h 3 min, and is up again. The probes pass again."),
        (Reason.CHANNEL_BROKE, "The channel Shop does not work any more. The receiver answered 410: Gone"),
        (
            Reason.TEST,
            (
                "This is a test: alerts of Alice's servers will reach you here."
                " Somebody asked for it; nothing is down."
            ),
        ),
    ],
)
def test_every_reason_is_told(slack, receiver, probed, reason, sentence):
    """A recovery, a combined message, a broken channel and a test each have their sentence (R47)."""
    slack.send(probed(reason, body=b"The receiver answered 410: Gone"))
    assert receiver.heard[0].json["text"] == sentence


def test_the_colour_is_that_of_the_status(alert):
    """Down is red, up is green, and a test is neither."""
    colours = {reason: message(alert(reason))["attachments"][0]["color"] for reason in Reason}
    red, green, grey = (colours[reason] for reason in (Reason.WENT_DOWN, Reason.RECOVERED, Reason.TEST))
    assert colours[Reason.CHANNEL_BROKE] == red
    assert colours[Reason.WAS_DOWN] == green
    assert len({red, green, grey}) == 3


def test_what_the_job_said_is_shown(alert):
    """The body of the last ping is shown as it was sent, and a block of it only where there was one."""
    assert "The last signal carried:\ndisk *full*\n95 %" in words(message(alert(body=b"disk *full*\n95 %")))
    assert not any("carried" in word for word in words(message(alert())))


def test_nobody_is_called_and_nothing_is_a_link(probed):
    """Names, targets, reasons and bodies can neither mention @channel nor pose as links."""
    evidence = (Result(EVIL, Verdict.DOWN, error=EVIL),)
    summary = {"desc": EVIL}
    told = message(
        probed(
            name=EVIL,
            project=EVIL,
            tags=EVIL,
            target=EVIL,
            evidence=evidence,
            summary=summary,
            body=EVIL.encode(),
        )
    )
    shown = words(told)
    assert not any("<" in word or ">" in word or CALLS.search(word) for word in shown)
    tame = EVIL.replace("@all", f"@{GAP}all").replace("](", f"]{GAP}(")
    assert sum(html.unescape(word).count(tame) for word in shown) == 8  # three in the sentence
    assert told["unfurl_links"] is told["unfurl_media"] is told["mrkdwn"] is False


def test_an_address_stays_an_address():
    """Only what could call somebody is parted: an e-mail address is copied as it was written."""
    assert escape("mail ops@example.org, or @here") == f"mail ops@example.org, or @{GAP}here"


@given(text(alphabet="ab&<>@[](). \U0001f525", max_size=60), integers(2, 80))
@example("a & b", 4)
@example("&" * 9, 6)
def test_a_text_keeps_to_its_limit_and_no_escape_is_cut(written, limit):
    """What is shown is what was written, or begins so and ends in an ellipsis."""
    fitted = fit(written, limit, size=len, spell=escape)
    shown = html.unescape(fitted).replace(GAP, "")
    assert len(fitted) <= limit
    assert shown == written or (shown.endswith("…") and written.startswith(shown[:-1]))
    assert fitted.count("&") == sum(fitted.count(escape) for escape in ("&amp;", "&lt;", "&gt;"))


@UNHURRIED
@given(ALERTS)
@example(crowded("&", 4000, 30, Reason.RECOVERED))
@example(crowded("\U0001f525", 4000, 30, Reason.RECOVERED))
def test_a_message_keeps_to_slacks_limits(alert):
    """No section is over 3,000 characters or ten fields of 2,000, by any count, nor is any of them empty."""
    told = message(alert)
    assert len(told["text"].encode("utf-16-le")) // 2 <= 4000
    for block in blocks(told):
        assert len(block.get("fields", [])) <= 10
        for field in block.get("fields", []):
            assert 0 < len(field["text"].encode("utf-16-le")) // 2 <= 2000 + len("*Down since*\n")
        assert all(0 < len(word) <= 3000 for word in words(block))
    assert json.dumps(told).isascii()


@pytest.mark.parametrize(
    ("status", "answer", "permanent"),
    [
        (403, b"invalid_token", True),
        (403, b"action_prohibited", True),
        (404, b"no_service", True),
        (410, b"channel_is_archived", True),
        (401, b"", True),
        (400, b"invalid_payload", False),
        (429, b"rate_limited", False),
        (500, b"rollup_error", False),
    ],
)
def test_a_hook_that_is_gone_is_given_up(slack, receiver, alert, status, answer, permanent):
    """What Slack will never take again ends the channel, in Slack's words; all else may pass (R48)."""
    receiver.status, receiver.body = status, answer
    error = fault(slack, alert())
    assert error.permanent is permanent
    assert str(error) == f"The receiver answered {status}" + (f": {answer.decode()}" if answer else ".")


def test_slack_says_when_to_come_again(slack, receiver, alert):
    """Retry-After is handed on."""
    receiver.status, receiver.headers = 429, {"Retry-After": "30"}
    assert fault(slack, alert()).retry_after == 30


def test_an_answer_that_repeats_the_url_is_cleaned(slack, receiver, alert):
    """Neither the whole path nor a part of it comes back in an error (R392)."""
    receiver.status, receiver.body = 500, b"no /services/T0A1B2C3D/B0X9Y8Z7W/s3cret-t0ken here; s3cret-t0ken"
    message = str(fault(slack, alert()))
    assert not any(part in message for part in ("T0A1B2C3D", "B0X9Y8Z7W", "s3cret-t0ken"))


def test_an_unreachable_server_is_tried_again(outlet, alert):
    """A network fault is not for good, and its sentence does not show the path (R48, R392)."""
    error = fault(Slack({"url": "http://127.0.0.1:1/hush"}, outlet), alert())
    assert not error.permanent
    assert str(error) == "127.0.0.1 did not accept a connection at port 1: connection refused."


def test_private_targets_are_refused_at_sending_too(receiver, alert):
    """A URL that was stored while private targets were open is refused when they no longer are (R102)."""
    error = fault(Slack({"url": receiver.url}, Outlet(Settings(), lambda: NOON)), alert())
    assert error.permanent
    assert receiver.heard == []
