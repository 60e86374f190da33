import hashlib
import hmac
import json
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.channels.base import MASK, Outlet
from chalicelib.channels.posting import retry_after
from chalicelib.channels.signed import sign
from chalicelib.channels.webhook import Webhook
from chalicelib.core.alerts import Reason
from chalicelib.guard.headers import AGENT
from chalicelib.settings import Settings
from tests.channels.sending import fault

NOON = datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)


@pytest.fixture
def hook(outlet):
    """Return a function that makes a webhook of what a person wrote."""
    return lambda **config: Webhook(Webhook.check(config, allow_private=True), outlet)


def test_a_url_alone_hears_all_that_matters(hook, receiver, alert):
    """Without a body of its own a webhook is sent a JSON document of the outage (R44)."""
    hook(url=receiver.url).send(alert())
    [heard] = receiver.heard
    assert heard.method == "POST"
    assert heard.headers["Content-Type"] == "application/json"
    assert heard.json == {
        "delivery_id": "d-1",
        "event": "check.down",
        "reason": "went_down",
        "status": "down",
        "message": "Nightly backup is down.",
        "cause": "No signal came within the expected time and its grace.",
        "at": "2026-11-22T12:00:05+00:00",
        "began": None,
        "lasted": None,
        "monitor": {"id": "7c2f", "name": "Nightly backup", "slug": "nightly-backup", "tags": ["prod", "db"]},
        "channel": None,
        "incident": None,
        "figures": None,
        "project": "Alice's servers",
        "target": None,
        "regions": None,
        "exit_status": None,
        "summary": {"name": "Nightly backup", "grace": 3900, "timeout": 86400, "n_pings": 7},
    }


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (Reason.RECOVERED, ("check.up", "up", 3780)),
        (Reason.WAS_DOWN, ("check.up", "up", 3780)),
        (Reason.TEST, ("test", "down", None)),
        (Reason.CHANNEL_BROKE, ("channel.broke", "down", None)),
    ],
)
def test_every_reason_is_an_event(hook, receiver, alert, reason, told):
    """Recovery, combined message, test and broken channel are told apart, and how long it lasted (R47)."""
    hook(url=receiver.url).send(alert(reason))
    document = receiver.heard[0].json
    assert (document["event"], document["status"], document["lasted"]) == told


def test_what_is_about_a_channel_names_no_monitor(hook, receiver, alert):
    """A broken channel is told as a channel, with the reason that its provider gave."""
    broke = alert(
        Reason.CHANNEL_BROKE, monitor_id="c-1", name="Ops mail", body=b"The receiver answered 410: Gone"
    )
    hook(url=receiver.url).send(broke)
    document = receiver.heard[0].json
    assert document["monitor"] is None
    assert document["channel"] == {"id": "c-1", "name": "Ops mail"}
    assert document["cause"] == "The receiver answered 410: Gone"


def test_what_the_regions_found_is_told(hook, receiver, probed):
    """Of a probed monitor the target is told, and each region's answer: its fault, its code, its time."""
    hook(url=receiver.url).send(probed())
    document = receiver.heard[0].json
    assert document["target"] == "https://shop.example/health"
    assert document["regions"] == [
        {"region": "eu-west-1", "error": "expected 200, got 503", "code": 503, "ms": 88},
        {"region": "ap-southeast-1", "error": None, "code": 200, "ms": 310},
    ]
    assert document["cause"] == "The probes failed: expected 200, got 503 (eu-west-1)."


def test_a_round_that_is_forgotten_has_no_regions(hook, receiver, probed):
    """Where the round is not known any more the list is empty, but a list."""
    hook(url=receiver.url).send(probed(evidence=()))
    assert receiver.heard[0].json["regions"] == []


def test_down_and_up_go_their_own_ways(hook, receiver, alert):
    """Each status is sent by its own method to its own URL, and its placeholders are filled in (R44)."""
    webhook = hook(
        urlDown=f"{receiver.url}/down/$NAME",
        bodyDown="$NAME is $STATUS: $BODY",
        urlUp=f"{receiver.url}/up?tag=$TAG1",
        methodUp="GET",
        headersUp={"X-Status": "$STATUS $NAME"},
    )
    webhook.send(alert(body=b"disk full"))
    webhook.send(alert(Reason.RECOVERED, name="日"))
    down, up = receiver.heard
    assert (down.method, down.path, down.body) == (
        "POST",
        "/down/Nightly%20backup",
        b"Nightly backup is down: disk full",
    )
    assert down.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert (up.method, up.path, up.body) == ("GET", "/up?tag=prod", b"")
    assert up.headers["X-Status"] == "up &#26085;"


def test_a_status_without_a_url_is_not_told(hook, receiver, alert):
    """An empty URL is silence, and no error."""
    hook(urlDown=receiver.url).send(alert(Reason.RECOVERED))
    assert receiver.heard == []


def test_a_test_is_never_silent(hook, receiver, alert):
    """A webhook that hears of recoveries alone is tested by that road (R47)."""
    hook(urlUp=receiver.url).send(alert(Reason.TEST))
    assert (receiver.heard[0].json["event"], receiver.heard[0].json["status"]) == ("test", "up")


def test_a_secret_signs_what_is_sent(hook, receiver, alert):
    """With a secret, time and raw body are signed by HMAC-SHA256; the secret itself is not sent (R392)."""
    hook(url=receiver.url, secret="hush").send(alert())
    [heard] = receiver.heard
    digest = hmac.new(b"hush", f"{int(NOON.timestamp())}.".encode() + heard.body, hashlib.sha256).hexdigest()
    assert heard.headers["X-Wakeful-Signature"] == f"t={int(NOON.timestamp())},v1={digest}"
    assert "hush" not in str(heard)
    assert sign(b"", NOON, "hush") != sign(b"", NOON + timedelta(seconds=1), "hush")


def test_without_a_secret_nothing_is_signed(hook, receiver, alert):
    """The delivery's id and our name are always sent, a signature only where there is a secret."""
    hook(url=receiver.url, method="GET").send(alert())
    headers = receiver.heard[0].headers
    assert headers["X-Wakeful-Delivery"] == "d-1"
    assert headers["User-Agent"] == AGENT
    assert "X-Wakeful-Signature" not in headers


def test_we_tell_our_true_version():
    """The version that we tell receivers is the project's."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert f"Wakeful/{project['version']}" == AGENT


def test_headers_of_ones_own_come_first(hook, receiver, alert):
    """The customer's Content-Type and User-Agent replace ours, whatever their case."""
    hook(url=receiver.url, headers={"content-type": "application/x-alarm", "USER-AGENT": "me"}).send(alert())
    headers = {name.lower(): value for name, value in receiver.heard[0].headers.items()}
    assert (headers["content-type"], headers["user-agent"]) == ("application/x-alarm", "me")


def test_a_name_cannot_add_a_header(hook, receiver, alert):
    """Line breaks in a monitor's name stay inside the header they were put into."""
    hook(url=receiver.url, headers={"X-Name": "$NAME"}).send(alert(name="a\r\nX-Evil: 1"))
    assert receiver.heard[0].headers["X-Name"] == "a  X-Evil: 1"
    assert "X-Evil" not in receiver.heard[0].headers


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_success(hook, receiver, alert, status):
    """Whatever success the receiver tells, the alert is sent."""
    receiver.status, receiver.body = status, b""
    assert hook(url=receiver.url).send(alert()) is None


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        (401, True),
        (404, True),
        (410, True),
        (400, False),
        (403, False),
        (405, False),
        (429, False),
        (500, False),
    ],
)
def test_a_refusal_is_told_with_its_status(hook, receiver, alert, status, permanent):
    """401, 404 and 410 are for good; every other refusal may be repeated (R48)."""
    receiver.status, receiver.body = status, b"no such hook"
    error = fault(hook(url=receiver.url), alert())
    assert error.permanent is permanent
    assert str(error) == f"The receiver answered {status}: no such hook"


def test_the_receiver_says_when_to_come_again(hook, receiver, alert):
    """Retry-After is handed on, in seconds or as a date."""
    receiver.status, receiver.headers = 429, {"Retry-After": "120"}
    assert fault(hook(url=receiver.url), alert()).retry_after == 120
    receiver.status, receiver.headers = 503, {"Retry-After": "Sun, 22 Nov 2026 12:01:05 GMT"}
    assert fault(hook(url=receiver.url), alert()).retry_after == 60
    receiver.headers = {}
    assert fault(hook(url=receiver.url), alert()).retry_after is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("9" * 400, 21_600),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
        ("Sun, 22 Nov 2026 12:00:15 -0000", 10),
        ("Mon, 22 Nov 2027 12:00:00 GMT", 21_600),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_is_kept_within_reason(text, seconds):
    """A wait is neither negative nor longer than our own longest pause; nonsense asks for nothing."""
    assert retry_after(text, NOON) == seconds


def test_a_redirect_is_followed(hook, receiver, alert):
    """The alert arrives where a redirect leads, still as a POST with its body."""
    target = f"{receiver.url}/new"
    receiver.status, receiver.headers = 302, {"Location": target}
    error = fault(hook(url=receiver.url), alert())
    assert "redirects more than 3 times" in str(error)
    assert {(heard.method, heard.json["event"]) for heard in receiver.heard} == {("POST", "check.down")}
    assert [heard.path for heard in receiver.heard] == ["/", "/new", "/new", "/new"]


def test_a_redirect_into_our_own_network_is_refused(hook, receiver, alert):
    """A receiver that sends us to the metadata service ends the channel, with a sentence (R391)."""
    receiver.status, receiver.headers = 307, {"Location": "http://169.254.169.254/latest"}
    error = fault(hook(url=receiver.url), alert())
    assert error.permanent
    assert "metadata" in str(error)


def test_private_targets_are_refused_at_sending_too(receiver, alert):
    """A URL that was stored while private targets were open is refused when they no longer are (R102)."""
    config = Webhook.check({"url": receiver.url}, allow_private=True)
    error = fault(Webhook(config, Outlet(Settings(), lambda: NOON)), alert())
    assert error.permanent
    assert receiver.heard == []


def test_an_unreachable_receiver_is_tried_again(hook, alert):
    """A network fault is not for good, and its sentence does not show the path (R48, R392)."""
    error = fault(hook(url="http://127.0.0.1:1/hush"), alert())
    assert not error.permanent
    assert str(error) == "127.0.0.1 did not accept a connection at port 1: connection refused."


def test_an_answer_is_quoted_short_and_printable(hook, receiver, alert):
    """Of a long answer at most 200 printable characters are told (R48)."""
    receiver.status, receiver.body = 500, b"\x00\x1b[31m" + b"oops\r\n" * 500
    message = str(fault(hook(url=receiver.url), alert()))
    assert message.isprintable()
    assert len(message.partition(": ")[2]) <= 200


def test_an_answer_that_repeats_secrets_is_cleaned(hook, receiver, alert):
    """Secret, header values, passwords and tokens do not come back in an error (R392)."""
    webhook = hook(
        url=receiver.url.replace("//", "//me:pass-word@") + "/T0ken0000000000000000?key=query-key",
        secret="hush",
        headers={"Authorization": "Bearer bear-token", "X-Key": "k3y"},
    )
    receiver.status = 500
    receiver.body = (
        b"hush, k3y, Bearer bear-token, bear-token, pass-word, /T0ken0000000000000000?key=query-key"
    )
    message = str(fault(webhook, alert()))
    assert message == f"The receiver answered 500: {', '.join([MASK] * 5)}, /{MASK}?key={MASK}"


def test_basic_authentication_by_url_works(hook, receiver, alert):
    """A name and password in the URL are sent as Basic authentication, as curl does."""
    hook(url=receiver.url.replace("//", "//me:pass@")).send(alert())
    assert receiver.heard[0].headers["Authorization"] == "Basic bWU6cGFzcw=="


def test_a_body_that_is_json_is_sent_as_json(hook, receiver, alert):
    """A template that makes JSON needs no Content-Type of its own."""
    hook(url=receiver.url, body='{"text": $NAME_JSON}').send(alert(name='a "b"'))
    assert receiver.heard[0].headers["Content-Type"] == "application/json"
    assert json.loads(receiver.heard[0].body) == {"text": 'a "b"'}
