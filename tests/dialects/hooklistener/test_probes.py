from contextlib import suppress
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from threading import Event, Thread

import pytest

from hooklistener.asking import ask, listed, rows, seen, watched

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
MINUTE = timedelta(minutes=1)


class Site:
    """A web site that keeps what it is asked, and answers as it is told."""

    def __init__(self):
        self.status, self.body = 200, b"all is ok"
        self.headers = {}
        self.asked = []
        self.answers = Event()
        self.answers.set()


@pytest.fixture(autouse=True)
def _nothing_is_left(carol):
    """Delete what a test watched: it would be probed as long as the house stands."""
    yield
    for monitor in listed(carol):
        ask(carol, "delete", monitor["id"])


@pytest.fixture
def site():
    """Return a running Site."""
    place = Site()

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            place.asked.append((self.command, self.headers, body))
            place.answers.wait(10)
            self.send_response(place.status)
            for name, value in {"Content-Length": str(len(place.body)), **place.headers}.items():
                self.send_header(name, value)
            with suppress(OSError):  # who asked may have given up
                self.end_headers()
                self.wfile.write(b"" if self.command == "HEAD" else place.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer  # noqa: N815  http.server's names

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        place.url = f"http://127.0.0.1:{server.server_port}/health"
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield place
        place.answers.set()
        server.shutdown()


def probed(person, site, **fields):
    """Return a new monitor after its first round, and what that round found."""
    monitor = watched(person, url=site.url, **fields)
    person.house.advance(seconds=1)
    [row] = rows(person, monitor)
    return monitor, row


@pytest.mark.parametrize("method", METHODS)
def test_the_method_is_the_probe_s(carol, site, method):
    """Each that is allowed is used (R227)."""
    _, row = probed(carol, site, method=method)
    assert (row["status"], row["response_status"], row["error"]) == ("up", 200, None)
    assert {asked[0] for asked in site.asked} == {method}


def test_headers_and_body_are_sent(carol, site):
    """As they were given, to the target (R234, R235)."""
    probed(
        carol,
        site,
        method="POST",
        headers={"X-Token": "s3cret", "Accept": "text/plain"},
        body='{"a": "\N{BEETLE}"}',
    )
    _, headers, body = site.asked[0]
    assert (headers["X-Token"], headers["Accept"]) == ("s3cret", "text/plain")
    assert body.decode() == '{"a": "\N{BEETLE}"}'


def test_the_status_must_be_the_expected_one(carol, site):
    """Another is a failure, a good one included (R231, R244)."""
    site.status = 503
    _, row = probed(carol, site)
    assert (row["status"], row["response_status"]) == ("down", 503)
    assert "503" in row["error"]
    _, row = probed(carol, site, expected_status_code=503)
    assert (row["status"], row["error"]) == ("up", None)
    site.status = 204
    _, row = probed(carol, site)
    assert (row["status"], row["response_status"]) == ("down", 204)


def test_who_expects_a_redirect_sees_it(carol, site):
    """Others are led on by it, as far as it leads (R231)."""
    site.status, site.headers = 302, {"Location": "/elsewhere"}
    monitor, row = probed(carol, site, expected_status_code=302)
    assert (row["status"], row["response_status"]) == ("up", 302)
    assert probed(carol, site)[1]["status"] == "down"
    ask(carol, "change", monitor["id"], {"expected_status_code": 200})
    carol.house.advance(seconds=1)
    assert rows(carol, monitor)[0]["status"] == "down"


def test_the_body_must_contain_the_words(carol, site):
    """Where they are missing the probe fails, where none are given it does not (R232, R244)."""
    assert probed(carol, site, body_contains="is ok")[1]["status"] == "up"
    _, row = probed(carol, site, body_contains="is not ok")
    assert (row["status"], row["response_status"]) == ("down", 200)
    assert "body" in row["error"]
    site.body = b""
    assert probed(carol, site)[1]["status"] == "up"


def test_who_does_not_answer_in_time_is_abandoned(carol, site):
    """After `timeout_ms` the probe is a failure, without a status and a time (R230, R244)."""
    site.answers.clear()
    _, row = probed(carol, site, timeout_ms=1000)
    assert (row["status"], row["response_status"], row["response_time_ms"]) == ("down", None, None)
    assert row["error"]


def test_where_nobody_listens_is_down(carol):
    """A connection that is refused is told in a few words (R244)."""
    nobody = Site()
    nobody.url = "http://127.0.0.1:9/"
    _, row = probed(carol, nobody)
    assert (row["status"], row["response_status"]) == ("down", None)
    assert 0 < len(row["error"]) <= 100


def test_a_change_of_the_interval_changes_the_rounds(carol, site):
    """After the PUT of the document the next probes are 60 seconds apart (R228, R240)."""
    monitor, _ = probed(carol, site, check_interval=60)
    ask(carol, "change", monitor["id"], {"check_interval": 1})
    carol.house.advance(minutes=5)
    moments = [datetime.fromisoformat(row["checked_at"]) for row in rows(carol, monitor)]
    assert {later - sooner for later, sooner in pairwise(moments[:3])} == {MINUTE}


def test_two_failures_in_a_row_are_down(carol, site):
    """A fault that stays is looked at again at once; one that was over by then is none (R233, R245)."""
    monitor, _ = probed(carol, site, check_interval=1)
    assert seen(carol, monitor)["status"] == "up"
    site.status = 500
    carol.house.advance(minutes=2)
    assert seen(carol, monitor)["status"] == "down"
    site.status = 200
    carol.house.advance(minutes=2)
    assert seen(carol, monitor)["status"] == "up"
