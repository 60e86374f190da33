import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.local.clients import ROOT


@pytest.fixture
def ready(stack, elsewhere):
    """Let the folder tell of the running stack, as `make run` does."""
    (elsewhere / ".local").mkdir()
    facts = {"base_url": stack.base_url} | stack.foundation.opening
    (elsewhere / ".local" / "ready.json").write_text(json.dumps(facts))


class Stranger:
    """A server that is no deployment; it keeps what it heard and answers as it is told."""

    def __init__(self):
        self.heard = []
        self.status, self.headers, self.body = 200, {}, b""


@pytest.fixture
def stranger():
    """Return a running Stranger."""
    peer = Stranger()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            peer.heard.append(dict(self.headers))
            self.send_response(peer.status)
            for name, value in {"Content-Length": str(len(peer.body)), **peer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(peer.body)

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        peer.url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield peer
        server.shutdown()


@pytest.mark.usefixtures("ready")
def test_the_running_stack_is_found_by_itself(elsewhere):
    """In the folder of a running stack nothing has to be said; the program is started as people do (R248)."""
    told = subprocess.run(
        [sys.executable, "-m", "chalicelib.cli", "monitor", "list"],
        cwd=elsewhere,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (told.returncode, told.stdout, told.stderr) == (0, "Nothing is watched yet.\n", "")


def test_options_come_before_the_environment(stack, say, monkeypatch):
    """What the line says counts most, then the environment (R248)."""
    door = ("--url", stack.base_url + "/", "--key", stack.foundation.api_key)
    monkeypatch.setenv("WAKEFUL_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("WAKEFUL_KEY", "wrong")
    assert say(*door, "monitor", "list").status == 0
    assert say("--url", stack.base_url, "monitor", "list").err == "wakeful: Authentication required\n"


@pytest.mark.usefixtures("ready")
def test_the_environment_comes_before_the_local_stack(say, monkeypatch):
    """A running stack does not catch what is meant for another deployment (R248)."""
    monkeypatch.setenv("WAKEFUL_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("WAKEFUL_KEY", "k")
    assert say("monitor", "list").err == "wakeful: http://127.0.0.1:1 does not answer\n"


@pytest.mark.usefixtures("ready")
def test_the_local_key_is_for_the_local_stack_alone(say, stranger):
    """Another address is not shown what opens the stack (R248)."""
    told = say("--url", stranger.url, "monitor", "list")
    assert told == (1, "", "wakeful: no key: give --key or set WAKEFUL_KEY\n")
    assert stranger.heard == []


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"base_url": "http://127.0.0.1:1"}', '"x"'])
def test_a_broken_notice_is_none(elsewhere, say, text):
    """A file that says nothing is passed over, and what to do is said (R248)."""
    (elsewhere / ".local").mkdir()
    (elsewhere / ".local" / "ready.json").write_text(text)
    told = say("monitor", "list")
    assert (told.status, told.out) == (1, "")
    assert told.err.startswith("wakeful: no address: give --url, set WAKEFUL_URL,")


@pytest.mark.parametrize(
    "url", ["example", "ftp://example.org", "http://", "http://a b", "http://[", "http://\N{BEETLE}..x"]
)
def test_what_is_no_address_is_told_in_one_sentence(say, url):
    """No traceback, whatever was typed (R248)."""
    told = say("--url", url, "--key", "k", "monitor", "list")
    assert (told.status, told.out, told.err.count("\n")) == (1, "", 1)
    assert told.err.startswith("wakeful: ")


@pytest.mark.parametrize("key", ["\N{BEETLE}", "a\nb", "a\r\nHost: x"])
def test_what_is_no_key_is_told_in_one_sentence(say, stranger, key):
    """It is not sent (R248)."""
    told = say("--url", stranger.url, "--key", key, "monitor", "list")
    assert (told.status, told.err.count("\n"), stranger.heard) == (1, 1, [])


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"{}"),
        (404, b"not here"),
        (502, b'{"message": null}'),
        (500, b'{"error": {"code": 1}}'),
    ],
)
def test_what_is_no_answer_of_ours_is_told_in_one_sentence(say, stranger, status, body):
    """Whoever answers in our place is not believed (R248)."""
    stranger.status, stranger.body = status, body
    told = say("--url", stranger.url, "--key", "k", "monitor", "list")
    assert (told.status, told.out, told.err.count("\n")) == (1, "", 1)


def test_the_gateway_s_own_refusals_are_told(say, stranger):
    """API Gateway says it in `message` (R248)."""
    stranger.status, stranger.body = 429, b'{"error": "RATE_LIMITED", "message": "Too many requests"}'
    assert say("--url", stranger.url, "--key", "k", "monitor", "list").err == "wakeful: Too many requests\n"


def test_no_redirect_carries_the_key_away(say, stranger):
    """Not even to the same host (R248)."""
    stranger.status, stranger.headers = 302, {"Location": stranger.url + "/elsewhere"}
    assert say("--url", stranger.url, "--key", "k", "monitor", "list").status == 1
    assert [heard["Authorization"] for heard in stranger.heard] == ["Bearer k"]


def test_what_netrc_says_is_not_sent_instead_of_the_key(say, stranger, elsewhere, monkeypatch):
    """The key is the key, whatever else the machine knows about the host (R248)."""
    (elsewhere / ".netrc").write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("HOME", str(elsewhere))
    monkeypatch.setenv("NETRC", str(elsewhere / ".netrc"))
    say("--url", stranger.url, "--key", "k", "monitor", "list")
    assert [heard["Authorization"] for heard in stranger.heard] == ["Bearer k"]
