"""Whatever breaks, and however: no key, no secret of a channel and no body gets into the log (R392)."""

import json
import logging
import re
from base64 import b64encode
from contextlib import suppress

import pytest

from chalicelib.core.links import ACKNOWLEDGE, Claim, expiry, token_of
from chalicelib.faults import Broken
from chalicelib.local.house import built
from tests.dialects.broken import answering, silence
from tests.stories.neighbours import empty_queues_answer_at_once, new_channel, new_check, speak

OPERATIONS = ("GetItem", "BatchGetItem", "Query", "UpdateItem", "PutItem", "TransactWriteItems")
DIALECTS = {"healthchecks", "haspulse", "hooklistener", "indiepulse", "statuspulse", "web"}
NO_FIELDS = {*vars(logging.makeLogRecord({})), "message"}

SAID = {
    "body": "password-in-a-body",
    "mail": "password-in-a-mail",
    "subject": "password-in-a-subject",
    "signing": "secret-of-a-webhook",
    "path": "T0K3N-in-a-path",
    "query": "t0ken-in-a-query",
    "header": "t0ken-in-a-header",
    "target": "t0ken-of-a-target",
    "unknown": "key-of-nobody-at-all",
}


class Listener(logging.Handler):
    """Keeps every record as Lambda's log would: one JSON document with the record's fields, trace and all."""

    def __init__(self, lines):
        super().__init__(logging.DEBUG)
        self.lines = lines

    def emit(self, record):
        """Keep one record; a field that JSON cannot hold fails, as it would there."""
        carried = {name: value for name, value in vars(record).items() if name not in NO_FIELDS}
        told = {"level": record.levelname, "message": record.getMessage(), "logger": record.name}
        if record.exc_info:
            told["stackTrace"] = logging.Formatter().formatException(record.exc_info)
        self.lines.append(json.dumps(told | carried))


@pytest.fixture
def lines():
    """Return the list of all that the log and the metrics say."""
    return []


@pytest.fixture
def house(lines):
    """Build a house all of whose words are kept, also the quietest."""
    ours, root, listener = logging.getLogger("chalicelib"), logging.getLogger(), Listener(lines)
    before = ours.level
    ours.setLevel(logging.DEBUG)
    root.addHandler(listener)
    with built(emit=lines.append) as house, empty_queues_answer_at_once():
        yield house
    root.removeHandler(listener)
    ours.setLevel(before)


@pytest.fixture
def check(house):
    """Return a check that is down, and told to channels full of secrets."""
    new_channel(
        house,
        "WEBHOOK",
        url=f"http://127.0.0.1:9/{SAID['path']}?token={SAID['query']}",
        secret=SAID["signing"],
        headers={"X-Token": SAID["header"]},
    )
    new_channel(house, "SLACK_WEBHOOK", webhookUrl=f"http://127.0.0.1:9/services/{SAID['path']}")
    check = new_check(house, slug="backup", tags="prod")
    check.ping("fail")
    house.pump.drain()
    return check


@pytest.fixture
def link(house, check):  # noqa: ARG001  its incident is the only one
    """Return the token of the link that takes the incident on."""
    project = house.foundation.project
    [incident] = house.tools.incidents.open_of(project.project_id)
    claim = Claim(incident.incident_id, expiry(incident.created))
    return token_of(claim, ACKNOWLEDGE, house.tools.projects.find(project.project_id).badge_secret)


@pytest.fixture
def secrets(house, link):
    """Return everything that must stay secret."""
    opening = house.foundation
    keys = (opening.admin_key, opening.api_key, opening.read_only_key, opening.project.ping_key)
    badges = house.ask("GET", "/api/v3/badges", x_api_key=opening.read_only_key).text
    signed = re.findall(r"/badge/([^/]+)/([^/.\"]+)", badges)
    assert signed
    badge_secret = house.tools.projects.find(opening.project.project_id).badge_secret
    packed = b64encode(SAID["body"].encode()).decode()  # as tables and queues carry it
    return {*SAID.values(), packed, *keys, link, badge_secret, *(part for pair in signed for part in pair)}


@pytest.fixture
def requests(house, check, link):
    """Return (method, target, body, headers): something with secrets in it for each dialect and the web."""
    opening, key = house.foundation, {"x_api_key": house.foundation.api_key}
    webhook = {"url": f"http://127.0.0.1:9/{SAID['path']}", "secret": SAID["signing"]}
    channel = {"type": "WEBHOOK", "name": "Ours", "config": webhook}
    target = f"http://127.0.0.1:9/?{SAID['target']}"
    probe = {"name": "Shop", "url": target, "headers": {"X-Token": SAID["header"]}}
    read_only = {"x_api_key": opening.read_only_key}
    body = SAID["body"].encode()
    badge = house.ask("GET", "/api/v3/badges", **read_only).json()["badges"]["*"]["svg"]
    return [
        ("POST", f"/ping/{check.check_id}/fail", body, {}),
        ("POST", f"/ping/{opening.project.ping_key}/backup", body, {}),
        ("POST", f"/ping/{opening.project.ping_key}/backup/fail", body, {}),
        ("GET", badge[badge.index("/badge/") :], b"", {}),
        ("GET", f"/projects/{opening.project.project_id}/metrics/{opening.read_only_key}", b"", {}),
        ("POST", "/api/v3/checks", _json({"api_key": opening.api_key, "name": "Night", "desc": "x"}), {}),
        ("POST", "/v1/channels", _json(channel), key),
        ("GET", f"/v1/checks/{check.check_id}", b"", {"authorization": f"Bearer {opening.admin_key}"}),
        ("GET", f"/v1/checks/{check.check_id}", b"", {"authorization": f"Bearer {SAID['unknown']}"}),
        ("POST", f"/api/v1/heartbeat/{check.check_id}/fail", body, {}),
        ("GET", "/api/v1/status", b"", read_only),
        ("POST", "/api/v1/uptime-monitors", _json({"uptime_monitor": probe}), key),
        ("POST", "/v1/monitors", _json({"name": "Shop", "type": "https", "url": target}), key),
        ("GET", f"/v1/status/{check.check_id}", b"", read_only),
        ("GET", f"/ack?token={link}", b"", {}),
    ]


def _json(document):
    return json.dumps(document).encode()


def live(house, check, requests):
    """Let everybody ask, a mail come in, messages be sent, and what has a minute pass."""
    for method, target, body, headers in requests:
        house.ask(method, target, body, **headers)
    house.mail(f"{check.check_id}@pings.example.org", _mail())
    house.mail(f"{house.foundation.project.ping_key}+backup@pings.example.org", _mail())
    for channel in speak(house, "GET", "/v1/channels").json()["channels"]:
        speak(house, "POST", f"/v1/channels/{channel['id']}/test")
    house.advance(minutes=2)


def _mail():
    return f"Subject: {SAID['subject']}\n\n{SAID['mail']}".encode()


def told(lines, secrets):
    """Return the secrets that are in any line, with the line."""
    return [(secret, line) for line in lines for secret in secrets if secret in line]


def test_all_is_well(house, check, requests, secrets, lines):
    """What goes well, and what is refused, is told without secrets; messages that fail are no exception."""
    live(house, check, requests)
    names = {name for line in map(json.loads, lines) for name in line}
    assert {"Pings", "Failures"} <= names
    assert told(lines, secrets) == []


def test_a_silent_database_is_told_without_secrets(house, check, requests, secrets, lines):
    """Where DynamoDB does not answer, each dialect's requests are put off, by their ids alone."""
    for operation in OPERATIONS:
        with answering(house, operation, silence):
            for method, target, body, headers in requests:
                house.ask(method, target, body, **headers)
    put_off = [line for line in map(json.loads, lines) if "is put off" in line.get("message", "")]
    assert {line["dialect"] for line in put_off} == DIALECTS
    assert {line["monitor_id"] for line in put_off if "monitor_id" in line} == {check.check_id}
    assert told(lines, secrets) == []


def test_a_fault_of_ours_is_told_without_secrets(house, check, requests, secrets, lines):
    """Exceptions that quote all that we meant to write or look for are told without their words.

    So it is anywhere in the house: in views of every dialect, in whatever works off a queue, a topic or a
    mail, and in a tick.
    """
    betrayed = []

    def betray(params, **_):
        betrayed.append(str(params["body"]))
        raise ValueError(betrayed[-1])

    for operation in OPERATIONS:
        with answering(house, operation, betray):
            for method, target, body, headers in requests:
                house.ask(method, target, body, **headers)
            house.mail(f"{check.check_id}@pings.example.org", _mail())
            with suppress(Broken):  # a tick that failed is followed by another
                house.pump.tick()
            house.pump.drain()
    faults = [line for line in map(json.loads, lines) if line.get("fault")]
    assert {line["dialect"] for line in faults if "dialect" in line} == DIALECTS
    assert all(line["request_id"] and line["place"] and line["trace"] for line in faults if "dialect" in line)
    assert {line["message"] for line in faults} >= {
        "a request failed: ValueError",
        "a message could not be worked off: ValueError",
        "an event could not be worked off: ValueError",
    }
    assert {name for name, said in SAID.items() if said in "".join(betrayed)} >= {"signing", "target", "path"}
    assert told(lines, secrets) == []
