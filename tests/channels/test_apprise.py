import logging
import re
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import lists, sampled_from, text

from chalicelib.channels import TRANSPORTS
from chalicelib.channels.base import MASK, SendError
from chalicelib.channels.through_apprise import (
    OWN_KINDS,
    RECIPIENTS,
    SERVICES,
    ThroughApprise,
    message,
    plugin_for,
)
from chalicelib.core.alerts import Reason
from chalicelib.core.errors import Invalid
from tests.channels.apprise_urls import KEY, TO, URLS

PUSHOVER = URLS["pover"][0]
ANY = re.compile(".*")
OPTIONS = (
    "verify=no redirect=yes cto=600 rto=600 retry=9 wait=9 format=html store=yes optional=yes overflow=split"
)
SIGNS = ["/", ":", "@", "?", "&", "#", "=", "\\", "%", "..", "%2F", "%00", "é"]
PLACES = [
    "10.0.0.5",
    "169.254.169.254",
    "http://127.0.0.1/",
    "evil.internal:8080",
    "[::1]",
    "ops@evil.internal",
]
QUERIES = ["host=", "url=", "to=", "from=", "mode=bot", "region=eu", "token=", "batch=yes"]
PARTS = sampled_from([*SIGNS, *PLACES, *QUERIES, KEY, TO])


@pytest.fixture
def world():
    """Stand where requests leave the machine: vendors take every message, and nobody is really asked."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as internet:
        for method in ("GET", "POST", "PUT"):
            internet.add(method, ANY, json={"status": 0}, status=200)
        yield internet


@pytest.fixture
def logged():
    """Return what arrives at the root logger, where Lambda listens; pytest's own ear is at every logger."""
    records, ear = [], logging.Handler()
    ear.emit = records.append
    logging.getLogger().addHandler(ear)
    yield records
    logging.getLogger().removeHandler(ear)


def channel(url):
    """Return a channel as it is after it was checked and stored."""
    return ThroughApprise(ThroughApprise.check({"url": url}, allow_private=False), None)


def answering(world, status, **kwargs):
    """Let every vendor answer otherwise."""
    world.reset()
    world.add("POST", ANY, status=status, **kwargs)


def fault(transport, alert):
    with pytest.raises(SendError) as error:
        transport.send(alert)
    assert not error.value.permanent
    return str(error.value)


def test_every_service_has_an_example():
    """No service is let in without a URL here, and none is in Apprise and a kind of our own."""
    assert URLS.keys() == SERVICES.keys()
    assert not OWN_KINDS.keys() & SERVICES.keys()
    assert set(OWN_KINDS.values()) <= TRANSPORTS.keys()


@pytest.mark.parametrize("schema", URLS)
def test_every_service_is_told(world, alert, schema):
    """One URL is enough, and what is down stands in one request to the vendor's own host (R44)."""
    url, hosts = URLS[schema]
    assert ThroughApprise.check({"url": url}, allow_private=False) == {"url": url}
    channel(url).send(alert())
    [call] = world.calls
    assert urlsplit(call.request.url).hostname in hosts
    body = call.request.body or call.request.url
    told = body.decode() if isinstance(body, bytes) else body
    assert "backup is down" in told.replace("+", " ").replace("%20", " ").replace("\\u00a0", " ")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sampled_from([*URLS]), lists(PARTS, max_size=4), lists(PARTS, max_size=4), text(max_size=3))
def test_no_url_leads_anywhere_else(world, alert, schema, path, query, noise):
    """Whatever is written into a URL, only its service's own hosts are asked, if any are (R102)."""
    url, hosts = URLS[schema]
    world.calls.reset()
    for written in (f"{schema}://{''.join(path)}{noise}", f"{url}{''.join(path)}{noise}?{'&'.join(query)}"):
        with suppress(Invalid, SendError):
            channel(written).send(alert())
    assert {urlsplit(call.request.url).hostname for call in world.calls} <= hosts


@pytest.mark.parametrize("schema", URLS)
def test_no_url_changes_our_manners(schema):
    """Certificates count, redirects do not, and nobody is waited for long, whatever a URL asks (R48)."""
    url = URLS[schema][0]
    plugin = plugin_for(f"{url}?{OPTIONS.replace(' ', '&')}")
    assert plugin.verify_certificate is True
    assert plugin.redirects is False
    assert plugin.request_rate_per_sec == 0
    assert len(plugin) <= RECIPIENTS
    assert sum(plugin.request_timeout) * RECIPIENTS < 29  # seconds; then API Gateway hangs up


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (None, "is required"),
        ("", "is required"),
        (7, "must be text"),
        ("pover://" + "x" * 1000, "must not be longer than 1000"),
        ("pover", "must begin with one of 46elks://, brevo://"),
        ("syslog://localhost", "must begin with one of"),
        ("windows://", "must begin with one of"),
        ("matrixs://user:pass@10.0.0.5", "must begin with one of"),
        ("betterstack://token@10.0.0.5", "must begin with one of"),
        ("zulip://bot@org.10.0.0.5/token", "must begin with one of"),
        ("json://10.0.0.5/", "make a channel of type WEBHOOK"),
        ("https://10.0.0.5/", "make a channel of type WEBHOOK"),
        ("slack://T/B/x", "make a channel of type SLACK"),
        ("PagerDuty://key@key", "make a channel of type PAGERDUTY"),
        ("mailtos://user:pass@example.org", "make a channel of type EMAIL"),
        ("pover://user-without-a-token", "is not as Apprise wants it for Pushover"),
        ("twilio://", "is not as Apprise wants it for Twilio"),
        (f"pbul://{KEY}/one/two/three/four", "must not name more than 3 recipients"),
        (f"{PUSHOVER}?key={'0' * 64}", "asks for encryption, which is not possible"),
    ],
)
def test_what_cannot_work_is_refused(url, reason):
    """Other services, local ones, chosen hosts and unfinished URLs are refused as `url` (R44, R102)."""
    with pytest.raises(Invalid, match=reason) as refusal:
        ThroughApprise.check({"url": url}, allow_private=True)
    assert refusal.value.field == "url"


def test_the_service_is_shown_and_nothing_else():
    """Keys and recipients are masked, and a mask is not taken for a URL (R44, R45, R392)."""
    shown = ThroughApprise.mask({"url": PUSHOVER})
    assert shown == {"url": f"pover://{MASK}"}
    with pytest.raises(Invalid, match="url is masked; leave it out"):
        ThroughApprise.check(shown, allow_private=False)


def test_a_push_has_a_title_and_the_facts(world, probed):
    """Where a service shows titles, the subject is one; the facts follow in lines of plain text."""
    channel(f"{PUSHOVER}?format=html").send(probed(name="<b>Shop & Co</b>"))
    [call] = world.calls
    told = parse_qs(call.request.body)
    assert told["title"] == ["Down: <b>Shop & Co</b>"]
    assert told["message"][0].startswith(
        "<b>Shop & Co</b> is down. The probes failed: expected 200, got 503 (eu-west-1).\n\n"
        "Target: https://shop.example/health\n"
    )
    assert "html" not in told


def test_a_text_message_is_short(world, alert):
    """By SMS go the sentences alone, cut to one message."""
    channel(URLS["twilio"][0]).send(alert(name="long name " * 40))
    [call] = world.calls
    [told] = parse_qs(call.request.body)["Body"]
    assert told.startswith("long name long name")
    assert len(told) <= 160


def test_nobody_is_called(world, alert):
    """A name or a body that would mention everybody in a chat is told letter by letter."""
    channel(URLS["gchat"][0]).send(alert(name="<users/all>", body=b"<users/all>"))
    assert b"users/all" in world.calls[0].request.body.encode()
    assert b"<users/all>" not in world.calls[0].request.body.encode()


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (Reason.WENT_DOWN, "failure"),
        (Reason.STILL_DOWN, "failure"),
        (Reason.CHANNEL_BROKE, "failure"),
        (Reason.RECOVERED, "success"),
        (Reason.WAS_DOWN, "success"),
        (Reason.CALLED_OFF, "info"),
        (Reason.SLOWED, "warning"),
        (Reason.TRIGGERED, "failure"),
        (Reason.RESOLVED, "success"),
        (Reason.DIGEST, "info"),
        (Reason.TEST, "info"),
    ],
)
def test_every_reason_has_its_kind(alert, reason, kind):
    """Services that colour or sort messages are told whether it is bad news, good news or neither (R47)."""
    assert message(alert(reason), plugin_for(PUSHOVER))["notify_type"] == kind


def test_a_refusal_is_told_without_secrets(world, alert, logged):
    """The outcome names the service and the status; nothing else comes into it or a log (R48, R392)."""
    answering(world, 404, body=f"no such user {'u' * 30}")
    assert fault(channel(PUSHOVER), alert()) == "Pushover did not take the message, but answered 404."
    assert logged == []


def test_a_network_fault_is_told_without_secrets(world, alert, logged):
    """Where no answer comes, the address that was asked is not told either: it holds the key (R48, R392)."""
    answering(world, 200, body=requests.ConnectionError(f"https://msgapi.threema.ch/?secret={KEY}"))
    assert fault(channel(URLS["threema"][0]), alert()) == "Threema Gateway did not take the message."
    assert logged == []


def test_a_plugin_that_breaks_is_told_without_secrets(world, alert):
    """A fault of Apprise's own is an outcome like others, by its name alone (R48, R392)."""
    answering(world, 200, body=RuntimeError(KEY))
    assert fault(channel(PUSHOVER), alert()) == "The plugin for Pushover broke: RuntimeError."


def test_a_url_that_is_no_longer_let_in_is_told(alert):
    """A stored URL of a service that is gone from the list fails with a sentence, and is sent nowhere."""
    error = fault(ThroughApprise({"url": "syslog://localhost"}, None), alert())
    assert error.startswith("The channel's url must begin with one of")
