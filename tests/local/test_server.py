import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from chalicelib.dialects import ids
from chalicelib.local.emulation import TEMPLATE
from chalicelib.local.house import FURNISHED
from chalicelib.local.stack import running
from chalicelib.settings import Settings
from chalicelib.toolbox import current
from tests.local.clients import Client, eventually

LIMIT = 10_000  # bytes of a ping's body that are kept
HELLO = "GET /local HTTP/1.1\r\nHost: here\r\n"


@pytest.fixture(scope="module")
def client():
    """Somebody who speaks to a stack that runs in this process."""
    furnished = Settings(
        probe_regions=FURNISHED.probe_regions,
        allow_private_targets=True,
        mail_from="wakeful@example.org",
        ping_url="function",
    )
    with running(furnished, 0) as stack:
        yield Client(stack)


def gateway(kind):
    """Return what the template lets API Gateway say by itself."""
    answers = json.loads(TEMPLATE.read_text())["Resources"]["RestAPI"]["Properties"]["GatewayResponses"]
    return json.loads(answers[kind]["ResponseTemplates"]["application/json"])


def posted(code, *headers, body=b"", version="1.1"):
    """Return a ping as it goes over the wire, and the wish to close."""
    lines = [f"POST /ping/{code} HTTP/{version}", *headers, "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def test_a_connection_serves_many_requests_without_a_stall(client):
    """A kept connection answers at once each time: no answer waits for an acknowledgement (Nagle)."""
    connection, start = client.connect(), time.monotonic()
    for _ in range(50):
        connection.request("GET", "/local")
        assert connection.getresponse().read().startswith(b"Wakeful")
    took = time.monotonic() - start
    connection.close()
    assert took < 50 * 0.04  # the stall is 44 ms each


def test_head_is_get_without_its_body(client):
    """HEAD pings, is told the length it does not get, and leaves the connection in order (R15)."""
    code, connection = client.check("head"), client.connect()
    for _ in range(2):
        connection.request("HEAD", f"/ping/{code}")
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Content-Length"], answer.read()) == (200, "2", b"")
    connection.request("GET", f"/ping/{code}")
    assert connection.getresponse().read() == b"OK"
    connection.close()
    assert client.raw(f"HEAD /ping/{code} HTTP/1.1\r\nConnection: close\r\n\r\n".encode()).endswith(
        b"\r\n\r\n"
    )
    assert client.ping(code).n == 4


def test_a_body_may_come_in_chunks(client):
    """A chunked body arrives whole, chunk extensions and trailers aside, and the next request after it."""
    code = client.check("chunked")
    chunks = b"6;note=1\r\nbackup\r\n5\r\n done\r\n0\r\nX-Trailer: 1\r\n\r\n"
    request = f"POST /ping/{code} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + chunks
    answers = client.raw(request + posted(code, "Content-Length: 0"))
    assert answers.count(b"HTTP/1.1 200 OK") == 2
    assert current().pings.find(code, 1).arrival.body == b"backup done"


def test_a_large_body_is_taken_and_cut(client):
    """A ping with 6 MB counts; its first 10,000 bytes are kept (R18)."""
    code, log = client.check("large"), bytes(range(256)) * 24_000
    status, headers, _ = client.ask("POST", f"/ping/{code}", log)
    assert (status, headers["Ping-Body-Limit"]) == (200, str(LIMIT))
    assert client.ping(code).arrival.body == log[:LIMIT]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_beyond_api_gateway_s_limit_is_refused(client, chunked):
    """More than 10 MB is answered 413 in the words of the deployed gateway; the client gets to read them."""
    size = 10 * 2**20 + 1
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
    body = b"%x\r\n" % size + bytes(size) if chunked else bytes(size)
    answer = client.raw(posted("x", framing, body=body))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == gateway("REQUEST_TOO_LARGE")


def test_curl_is_asked_to_go_on_with_a_large_body(client):
    """Who waits for `100 Continue` gets it, and does not wait a second for nothing, as curl would."""
    code = client.check("continue")
    with socket.create_connection(client.address, timeout=5) as connection:
        connection.sendall(posted(code, "Content-Length: 5", "Expect: 100-continue"))
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hello")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 OK")
    refused = client.raw(posted(code, "Content-Length: 99999999", "Expect: 100-continue"))
    assert refused.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["Host: one", "Host: two", "User-Agent: a", "User-Agent: b"], b""),
        (["Folded: one", "\ttwo"], b""),
        (["User-Agent: caf\xe9 \xff\xfe"], b""),
        (["X-Empty:", "Content-Type: ;;;", "X-Forwarded-Proto: gopher"], b""),
        (["Content-Length: 3, 3", "Content-Type: multipart/form-data"], b"abc"),
        ([f"X-Long: {'x' * 16_000}"], b""),
    ],
)
def test_an_odd_request_is_still_a_ping(client, headers, body):
    """Headers that are merely odd lose no ping."""
    code = client.check("odd")
    assert client.raw(posted(code, *headers, body=body)).startswith(b"HTTP/1.1 200 OK")
    assert client.ping(code).arrival.body == body


def test_an_old_client_is_understood(client):
    """HTTP/1.0 without a Host, lines that end with LF alone and blank lines before a request all count."""
    code = client.check("old")
    assert client.raw(f"\r\n\nGET /ping/{code} HTTP/1.0\n\n".encode(), whole=False).endswith(b"OK")
    asked = f"GET /api/v3/checks/{code} HTTP/1.0\nX-Api-Key: {client.key}\n\n".encode()
    assert f"{client.stack.base_url}/api/v3/checks/{code}".encode() in client.raw(asked, whole=False)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET /ping/a b HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),  # TLS
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: a\x00b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: a\r\n b\x00\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n first: folded\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nExpect: a cake\r\n\r\n1", 417),
        (b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 413),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n", 431),
    ],
)
def test_what_is_no_request_is_refused(client, request_, status):
    """Nothing that a client sends breaks the server: it says in JSON what is wrong, and closes."""
    head, _, body = client.raw(request_, whole=False).partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"\r\nConnection: close" in head
    assert json.loads(body)["error"]
    assert client.raw(f"{HELLO}Connection: close\r\n\r\n".encode()).startswith(b"HTTP/1.1 200 OK")


def test_who_hangs_up_in_the_middle_did_not_ping(client):
    """Half a request counts for nothing, and is answered with nothing."""
    code = client.check("half")
    assert client.raw(posted(code, "Content-Length: 10", body=b"half")) == b""
    assert client.raw(f"GET /ping/{code} HT".encode()) == b""
    assert client.raw(posted(code)).startswith(b"HTTP/1.1 200 OK")
    assert client.ping(code).n == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nowhere"),
        ("GET", "/"),
        ("POST", "/local/outbox"),
        ("BREW", "/api/v3/checks"),
        ("GET", "//a"),
    ],
)
def test_an_unknown_path_or_method_is_not_found(client, method, path):
    """What has no route is answered by us, a method that there is not by API Gateway: alike, with CORS."""
    status, headers, body = client.ask(method, path)
    assert (status, json.loads(body)) == (404, gateway("MISSING_AUTHENTICATION_TOKEN"))
    assert headers["Access-Control-Allow-Origin"] == "*"


def test_pings_have_a_port_of_their_own(client):
    """With a function URL `ping_url` leads to a second port; what is pinged there is seen at the first."""
    made = client.json("POST", "/api/v3/checks/", {"name": "cheap", "slug": "cheap"})
    port = urlsplit(made["ping_url"]).port
    assert port != client.address[1]
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    for method, path, status in (
        ("GET", urlsplit(made["ping_url"]).path, 200),
        ("GET", "/api/v3/checks", 404),
    ):
        connection.request(method, path, headers={"User-Agent": "frugal"})
        answer = connection.getresponse()
        assert (answer.status, bool(answer.read())) == (status, True)
    connection.close()
    assert client.ping(made["ping_url"].rpartition("/")[2]).arrival.agent == "frugal"


@pytest.mark.parametrize("path", ["/ping/{key}/%66ar", "/ping/{key}/far/", "http://here/ping/{key}/far"])
def test_a_path_may_be_written_in_several_ways(client, path):
    """Percent-encoding, one slash at the end and a proxy's absolute form all reach the check."""
    client.check("far")
    request = f"GET {path.format(key=client.ping_key)} HTTP/1.1\r\nConnection: close\r\n\r\n"
    assert client.raw(request.encode()).endswith(b"OK")


@pytest.mark.parametrize("name", [b"\xff\xfe", b"caf\xc3\xa9", b"%FF%00", b"%zz", b";x", b"%2F"])
def test_a_path_of_strange_bytes_is_no_check(client, name):
    """Bytes that are no text, and percents that are no encoding, are refused in the words of the dialect."""
    path = f"/ping/{client.ping_key}/".encode() + name
    answer = client.raw(b"GET " + path + b" HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 "))
    assert b"\r\nPing-Body-Limit: " in answer


def test_requests_at_the_same_time_are_not_mixed_up(client):
    """Each thread has its own current request: eight checks, pinged at once, count their own pings."""
    codes = [client.check(f"crowd-{number}") for number in range(8)]
    with ThreadPoolExecutor(8) as crowd:
        said = list(crowd.map(lambda code: client.ask("POST", f"/ping/{code}", code)[0], codes * 3))
    assert said == [200] * 24
    assert [(client.ping(code).n, client.ping(code).arrival.body.decode()) for code in codes] == [
        (3, code) for code in codes
    ]


def test_a_slow_channel_does_not_hold_up_pings(client):
    """While a webhook takes its time over a test message, pings are answered."""
    code = client.check("brisk")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = {"url": f"http://127.0.0.1:{silent.getsockname()[1]}/"}
        hook = client.json("POST", "/v1/channels", {"type": "WEBHOOK", "name": "slow", "config": config})
        tester = threading.Thread(
            target=client.ask,
            args=("POST", f"/v1/channels/{hook['id']}/test"),
            kwargs={"X_Api_Key": client.key},
        )
        tester.start()
        waiting, _ = silent.accept()
        assert client.ask("GET", f"/ping/{code}")[0] == 200
        assert tester.is_alive()
        waiting.close()
    tester.join()


def test_the_outbox_shows_what_would_have_left(client):
    """A test of an e-mail channel shows up in the outbox as it would have been sent, in both bodies (R47)."""
    config = {"email": "alice@example.org"}
    mail = client.json("POST", "/v1/channels", {"type": "EMAIL", "name": "mail", "config": config})
    assert client.json("POST", f"/v1/channels/{mail['id']}/test") == {"success": True}
    newest = client.json("GET", "/local/outbox")["messages"][0]
    assert (newest["to"], newest["from"]) == (["alice@example.org"], "wakeful@example.org")
    assert newest["subject"] in newest["text"] + newest["html"]
    assert newest["html"].startswith("<!DOCTYPE html>")
    assert set(newest) == {"to", "from", "subject", "text", "html", "at"}


def test_a_failure_is_announced_by_itself(client):
    """The queues are worked off all the time: a failed job becomes a mail without anybody's doing."""
    config = {"email": "bob@example.org"}
    mail = client.json("POST", "/v1/channels", {"type": "EMAIL", "name": "bob", "config": config})
    code = client.check("alarm", channels=mail["id"])
    client.ask("GET", f"/ping/{code}")
    client.ask("GET", f"/ping/{code}/fail")

    def told():
        messages = client.json("GET", "/local/outbox")["messages"]
        return [message["subject"] for message in messages if message["to"] == ["bob@example.org"]]

    assert eventually(told) == ["Down: alarm"]


def test_a_site_is_probed_from_every_region_by_itself(client):
    """Whoever names a URL has it probed at once, from all three regions, without anybody's doing."""
    monitors = "/api/v1/uptime-monitors"
    wish = {"name": "Ourselves", "url": f"{client.stack.base_url}/local"}
    made = client.json("POST", monitors, {"uptime_monitor": wish})["data"]
    eventually(lambda: client.json("GET", f"{monitors}/{made['id']}")["data"]["status"] == "up")
    tools, monitor_id = current(), ids.read(ids.MONITOR, made["id"])

    def first_round():
        (*_, first) = tools.rounds.latest(monitor_id, 10, tools.clock())
        return len(first.results) == len(FURNISHED.probe_regions) and first

    assert {result.region for result in eventually(first_round).results} == set(FURNISHED.probe_regions)


def test_the_schedule_has_fired_at_the_start(client):
    """The first tick does not wait for a minute: an outage of the stack itself is noticed at once."""
    assert client.stack.base_url
    assert eventually(lambda: current().ticks.latest().at)


def test_without_a_mail_domain_no_mail_is_taken(client):
    """Where checks have no address, the inbox says why it takes nothing."""
    assert client.json("POST", "/api/v3/checks/", {"name": "x"})["ping_email"] is None
    status, _, said = client.ask("POST", "/local/inbox?to=x@pings.example.org", b"Subject: x\n\nx")
    assert (status, said) == (404, b"MAIL_DOMAIN is empty: no check has an address\n")
