"""Pings over a function URL: another shape on the way in and out, and nothing else."""

import base64
from dataclasses import replace

import pytest

import app
from chalicelib.core.signals import BODY_LIMIT, PINGS_PER_MINUTE
from chalicelib.dialects.function_url import PINGS, ping
from chalicelib.local.front import PingFront
from chalicelib.local.house import FURNISHED, built
from chalicelib.storage.states import StateItem
from tests.dialects.people import CHECKS, Person

ADDRESS = "0123456789abcdef.lambda-url.eu-central-1.on.aws"
HOURLY = {"timeout": 3600, "grace": 60}


@pytest.fixture
def url():
    """Return the function URL."""
    return PingFront()


def event(method, path, query="", body=None, **headers):
    """Return what Lambda hands over, field by field as AWS prints it."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {
            "host": ADDRESS,
            "x-forwarded-proto": "https",
            "x-forwarded-for": "203.0.113.9",
            "x-forwarded-port": "443",
            "x-amzn-trace-id": "Root=1-62ecd163-5f302e550dcde3b12402207d",
            "accept": "*/*",
        }
        | {name.replace("_", "-"): value for name, value in headers.items()},
        "requestContext": {
            "accountId": "anonymous",
            "apiId": ADDRESS.partition(".")[0],
            "domainName": ADDRESS,
            "domainPrefix": ADDRESS.partition(".")[0],
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.9",
                "userAgent": headers.get("user_agent", ""),
            },
            "requestId": "e1506fd5-9e7b-434f-bd42-4f8fa224b599",
            "routeKey": "$default",
            "stage": "$default",
            "time": "12/Mar/2026:19:03:58 +0000",
            "timeEpoch": 1583348638390,
        },
        "isBase64Encoded": False,
    } | ({"body": body} if body is not None else {})


def logged(person, check):
    """Return the log of a check, newest first."""
    return person.get(f"{CHECKS}{check['uuid']}/pings/").json()["pings"]


def test_what_lambda_hands_over_is_a_ping(alice):
    """A request as AWS documents it is logged with its sender, method, scheme and agent."""
    check = alice.check(name="Backup", **HOURLY)
    answer = ping(event("GET", f"/ping/{check['uuid']}", user_agent="curl/8.5.0"), None)
    assert (answer["statusCode"], answer["body"]) == (200, "OK")
    assert answer["headers"]["Ping-Body-Limit"] == str(BODY_LIMIT)
    (line,) = logged(alice, check)
    shown = {name: line[name] for name in ("type", "scheme", "remote_addr", "method", "ua")}
    assert shown == {
        "type": "success",
        "scheme": "https",
        "remote_addr": "203.0.113.9",
        "method": "GET",
        "ua": "curl/8.5.0",
    }


@pytest.mark.parametrize(
    ("sent", "encoded"),
    [
        ("all went well: ø", False),
        (base64.b64encode(b"\x00\xff raw").decode(), True),
    ],
)
def test_a_body_is_kept_byte_for_byte(alice, sent, encoded):
    """Text comes as it is, anything else in base64; both are kept as the job sent them."""
    check = alice.check(name="Backup", **HOURLY)
    ping(event("POST", f"/ping/{check['uuid']}", body=sent) | {"isBase64Encoded": encoded}, None)
    (line,) = logged(alice, check)
    kept = alice.get(f"{CHECKS}{check['uuid']}/pings/{line['n']}/body")
    assert kept.body == (base64.b64decode(sent) if encoded else sent.encode())


def spoken(house, check):
    """Return every way to ping: (method, target), the odd ones among them."""
    code, key = check["uuid"], house.foundation.project.ping_key
    return [
        ("HEAD", f"/ping/{code}"),
        ("POST", f"/ping/{code}/start?rid=8c2e2c3e-4d5c-4a7e-9d7b-0d3c3a1f7a55"),
        ("POST", f"/ping/{code}/3?rid=8c2e2c3e-4d5c-4a7e-9d7b-0d3c3a1f7a55"),
        ("GET", f"/ping/{code}/log/"),
        ("GET", f"/ping/{key}/{check['slug']}"),
        ("GET", f"/ping/{key}/{check['slug']}/fail"),
        ("GET", f"/ping/{key}/%6ightly"),
        ("GET", f"/v1/ping/{code}"),
        ("GET", f"/v1/ping/{key}/{check['slug']}/0"),
        ("GET", f"/api/v1/heartbeat/{code}"),
        ("POST", f"/api/v1/heartbeat/{code}/fail"),
        ("OPTIONS", f"/ping/{code}"),
        ("DELETE", f"/ping/{code}"),
        ("GET", f"/ping/{code}/?rid=nonsense"),
        ("GET", f"/ping/{code}/256"),
        ("GET", f"/ping/{code}/nothing"),
        ("GET", f"/ping/{key}/unknown"),
        ("GET", f"/v1/ping/{key}/unknown"),
        ("GET", "/api/v1/heartbeat/nobody"),
    ]


def test_both_fronts_answer_alike(house, alice, url):
    """Whatever is asked, the function URL gives the very status, headers and body that the API gives.

    The log of the check grows by the same lines.
    """
    answers, lines = {}, {}
    for name, front in (("api", house.front), ("url", url)):
        check = alice.check(name=name, slug="nightly", **HOURLY)
        for method, target in spoken(house, check):
            reply = front.ask(method, target, {"host": ADDRESS, "accept": "text/html"}, b"printed")
            text = reply.text.replace(check["uuid"], "ID").replace(f'"name": "{name}"', '"name": "NAME"')
            place = target.replace(check["uuid"], "ID")
            answers.setdefault((method, place), []).append((reply.status, dict(reply.headers), text))
        told = ("type", "method", "rid", "ua", "scheme")
        lines[name] = [[line[part] for part in told] for line in logged(alice, check)]
        alice.ask("DELETE", CHECKS + check["uuid"])
    assert {asked: both for asked, both in answers.items() if both[0] != both[1]} == {}
    assert {status for both in answers.values() for status, *_ in both} >= {200, 204, 400, 404, 405}
    assert lines["api"] == lines["url"]
    assert len(lines["url"]) == 10


def test_the_limit_of_a_check_counts_both_fronts(house, alice, url):
    """Of 1,000 pings a minute some may come by either front; then both say 429 and for how long (R80)."""
    check = alice.check(name="Busy", **HOURLY)
    target = f"/ping/{check['uuid']}"
    fronts = (house.front, url)
    assert [front.ask("GET", target).status for front in fronts] == [200, 200]
    StateItem(check["uuid"], "state").update([StateItem.in_minute.set(PINGS_PER_MINUTE - 2)])
    assert [front.ask("GET", target).status for front in fronts] == [200, 200]
    refused = [front.ask("GET", target) for front in fronts]
    assert [(reply.status, reply.headers["Retry-After"]) for reply in refused] == [(429, "60")] * 2


def test_nothing_but_pings_comes_by_it(alice, url):
    """The rest of the API is not there, in the words of the pinging API, whoever asks."""
    for target in ("/", "/api/v3/checks/", "/v1/checks", "/monitors/x", "/badge/a/b", "/ping"):
        reply = url.ask("GET", target, {"x-api-key": alice.key})
        assert reply.status == 404, target
        assert "not found" in reply.text.lower()


def test_ping_urls_name_the_cheaper_front_where_there_is_one():
    """With a function URL `ping_url` and `pingUrl` lead there, and every other address to the API."""
    with built(replace(FURNISHED, ping_url=f"https://{ADDRESS}")) as house:
        owner = Person(house, house.foundation.api_key)
        check = owner.check(name="Backup")
        theirs = owner.get(f"/v1/checks/{check['uuid']}").json()
    wanted = f"https://{ADDRESS}/ping/{check['uuid']}"
    assert check["ping_url"] == theirs["pingUrl"] == wanted
    assert {check[name].partition("/api/")[0] for name in ("update_url", "pause_url")} == {
        "http://wakeful.test"
    }


def test_every_ping_route_is_there():
    """Whatever path of the API records a signal is a path of the function URL as well."""
    recording = {"pings", "v1_pings", "heartbeats"}
    of_the_api = {
        (part.__package__, route)
        for part in app.DIALECTS
        for route in part.ROUTES
        if route.view.partition(".")[0] in recording
    }
    assert set(PINGS) == of_the_api
