import gzip
import itertools
import threading
import time
import tracemalloc
import zlib
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chalicelib.core.status import Verdict
from chalicelib.core.targets import Assertion, HttpTarget
from chalicelib.probes.base import Limits
from chalicelib.probes.http import MOST_BYTES, probe
from tests.guard.peers import OK, redirect

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TIMEOUT = 0.6
HERE = Limits("eu-west-1", NOW, timeout=TIMEOUT, allow_private=True)
SLACK = 0.6  # seconds for a machine that has other things to do
HEAD = b"HTTP/1.1 200 OK\r\n"


def forever(first, again, pause=0.0):
    """Return a script that sends *first*, and then *again* and again until nobody listens."""

    def answer(sock, _):
        sock.sendall(first)
        with suppress(OSError):
            while True:
                sock.sendall(again)
                time.sleep(pause)

    return answer


def bomb(size):
    packed = gzip.compress(bytes(size), 9)
    return HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed


def nested_bomb(size):
    packed = zlib.compress(gzip.compress(gzip.compress(bytes(size), 9), 9), 9)
    head = b"Content-Encoding: gzip, gzip, deflate\r\nContent-Length: %d\r\n\r\n" % len(packed)
    return HEAD + head + packed


def chunked(sock, _):
    sock.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    with suppress(OSError):
        while True:
            sock.sendall(b"10000\r\n" + bytes(65_536) + b"\r\n")


BAD = {
    "never answers": (lambda *_: time.sleep(3), "timeout"),
    "a byte now and then": (forever(b"", b"x", 0.05), "timeout"),
    "a header now and then": (forever(HEAD, b"X: y\r\n", 0.05), "timeout"),
    "a body now and then": (forever(HEAD + b"\r\n", b"x", 0.05), "timeout"),
    "a counted body now and then": (forever(HEAD + b"Content-Length: 999\r\n\r\n", b"x", 0.05), "timeout"),
    "a chunk now and then": (
        forever(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", 0.05),
        "timeout",
    ),
    "goes on and on": (forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "timeout"),
    "an endless body": (forever(HEAD + b"\r\n", bytes(65_536)), "sent a body without end: more than 16 MiB"),
    "endless chunks": (chunked, "sent a body without end: more than 16 MiB"),
    "an endless header": (forever(HEAD + b"X: ", b"y" * 65_536), "sent more headers than anybody reads"),
    "endless headers": (forever(HEAD, b"X: y\r\n" * 1000), "sent more headers than anybody reads"),
    "10,000 headers": (
        HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(10_000)) + b"\r\n",
        "sent more headers than anybody reads",
    ),
    "a decompression bomb": (bomb(40_000_000), "sent a body without end: more than 16 MiB"),
    "a bomb in a bomb": (nested_bomb(40_000_000), "sent a body without end: more than 16 MiB"),
    "a broken archive": (
        HEAD + b"Content-Encoding: gzip\r\n\r\n\x1f\x8bnonsense",
        "sent a body that cannot be unpacked",
    ),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.6\r\n", "did not answer in HTTP"),
    "binary": (bytes(range(256)) * 8, "did not answer in HTTP"),
    "HTTP 0.9": (b"<html>hello</html>", "did not answer in HTTP"),
    "an impossible status": (b"HTTP/1.1 99999 OK\r\n\r\n", "did not answer in HTTP"),
    "a negative length": (HEAD + b"Content-Length: -5\r\n\r\n", None),
    "two lengths": (
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "closed the connection without a whole answer",
    ),
    "nonsense for a chunk": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
        "closed the connection without a whole answer",
    ),
    "nothing": (b"", "closed the connection without a whole answer"),
    "half an answer": (
        HEAD + b"Content-Length: 99\r\n\r\nhalf",
        "closed the connection without a whole answer",
    ),
    "a redirect loop": (lambda sock, _: sock.sendall(redirect("/")), "redirects more than 10 times"),
    "a redirect nowhere": (redirect("http://[::1/"), "redirects to what is no address"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_target_is_down_in_time_and_with_a_reason(serve, name):
    """Whatever a target does, the probe ends within its timeout, with few words, and uses little memory."""
    answer, reason = BAD[name]
    peer = serve(answer)
    tracemalloc.start()
    begun = time.monotonic()
    result = probe(HttpTarget(peer.url(), expected_status="201"), HERE)
    took, (_, peak) = time.monotonic() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < TIMEOUT + SLACK
    assert peak < 12 << 20
    assert result.verdict is Verdict.DOWN
    assert result.error == reason or (reason is None and len(result.error) < 100)


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\n\r\n", bytes(100), b"\x15\x03\x01\x00\x02\x02\x50"]
)
def test_bad_tls_is_down(serve, answer):
    """Whoever answers a handshake with something else has no TLS (R244)."""
    peer = serve(b"")
    peer.talk = lambda sock: (sock.recv(100), sock.sendall(answer), sock.close())
    result = probe(HttpTarget(peer.url().replace("http:", "https:")), HERE)
    assert result.verdict is Verdict.DOWN
    assert result.error.startswith("TLS: ") or "closed" in result.error


def test_a_handshake_without_end_is_a_timeout(serve):
    """A server that takes the connection and says nothing is given up in time."""
    peer = serve(b"")
    peer.talk = lambda _: time.sleep(3)
    begun = time.monotonic()
    assert probe(HttpTarget(peer.url().replace("http:", "https:")), HERE).error == "timeout"
    assert time.monotonic() - begun < TIMEOUT + SLACK


def test_a_name_server_that_hangs_is_a_timeout(town):
    """The lookup of a name is part of the time."""
    hangs = threading.Event()
    net = replace(town.net, resolve=lambda _: hangs.wait(3) or [])
    assert probe(HttpTarget("http://slow.example/"), replace(HERE, net=net)).error == "timeout"
    hangs.set()


def test_a_long_body_is_no_fault_but_nobody_swears_to_it(serve):
    """More than a mebibyte is up without assertions; what needs the rest of it fails closed, and says so."""
    long = b"begin" + b"x" * MOST_BYTES + b"end"
    counted = serve(HEAD + b"Content-Length: %d\r\n\r\n" % len(long) + long)
    uncounted = serve(HEAD + b"\r\n" + long)
    for peer, (comparison, value, is_good) in itertools.product(
        (counted, uncounted),
        [("contains", "begin", True), ("contains", "end", False), ("not_contains", "nothing", False)],
    ):
        assert probe(HttpTarget(peer.url()), HERE).verdict is Verdict.UP
        target = HttpTarget(peer.url(), assertions=(Assertion("body", comparison, value),))
        result = probe(target, replace(HERE, timeout=2))
        assert (result.verdict is Verdict.UP) is is_good
        if not is_good:
            assert result.error == f"body is longer than the {MOST_BYTES} bytes that are looked at"


def test_one_bad_target_after_the_other_leaves_nothing_behind(serve):
    """After a hundred bad targets there are no more threads and no more descriptors than after a few."""
    peers = [serve(answer) for answer in (b"", b"SSH\r\n", OK, redirect("/"))]

    def ask():
        for peer in peers:
            probe(HttpTarget(peer.url()), HERE)

    def descriptors():
        return len(list(Path("/proc/self/fd").iterdir()))

    ask()
    before = threading.active_count(), descriptors()
    for _ in range(25):
        ask()
    time.sleep(0.05)  # for the peers' own threads to end
    assert threading.active_count() <= before[0] + 2
    assert descriptors() <= before[1] + 4
