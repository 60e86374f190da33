import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chalicelib.core.status import Verdict
from chalicelib.core.targets import TcpTarget
from chalicelib.probes.base import Limits
from chalicelib.probes.tcp import probe
from tests.guard.peers import closed_port

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HERE = Limits("eu-west-1", NOW, timeout=0.5, allow_private=True)


@pytest.fixture
def talks(serve):
    """Return a function that starts a server which talks to every socket as it is told."""

    def start(script):
        peer = serve(b"")

        def talk(sock):
            with suppress(OSError), sock:
                script(sock)

        peer.talk = talk
        return peer

    return start


def test_an_open_port_is_up(talks):
    """A connection is enough where nothing is expected, and it is timed (R92)."""
    result = probe(TcpTarget("127.0.0.1", talks(lambda _: None).port), HERE)
    assert (result.verdict, result.error) == (Verdict.UP, "")
    assert set(result.phases) == {"dns", "connect"}
    assert result.ms is not None


def test_a_closed_port_is_down():
    """Where nobody listens the reason is that (R92, R244)."""
    result = probe(TcpTarget("127.0.0.1", closed_port()), HERE)
    assert (result.verdict, result.error) == (Verdict.DOWN, "connection refused")


def test_what_is_expected_may_come_in_pieces(talks):
    """A banner is put together from what comes, and a question is sent before an answer is waited for."""

    def redis(sock):
        assert sock.recv(100) == b"PING\r\n"
        for piece in (b"+PO", b"NG\r\n"):
            sock.sendall(piece)
            time.sleep(0.02)

    assert probe(TcpTarget("127.0.0.1", talks(redis).port, "PING\r\n", "+PONG"), HERE).verdict is Verdict.UP
    ssh = talks(lambda sock: sock.sendall(b"SSH-2.0-OpenSSH\r\n"))
    assert probe(TcpTarget("127.0.0.1", ssh.port, expect="SSH-2.0"), HERE).verdict is Verdict.UP


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (lambda _: time.sleep(2), "timeout"),
        (lambda sock: [(sock.sendall(b"x"), time.sleep(0.05)) for _ in range(40)], "timeout"),
        (lambda sock: sock.sendall(b"-ERR"), 'answer does not contain "+PONG"'),
        (lambda _: None, 'answer does not contain "+PONG"'),
        (lambda sock: [sock.sendall(bytes(65_536)) for _ in range(50)], 'answer does not contain "+PONG"'),
    ],
    ids=["silent", "slow", "wrong", "closed", "endless"],
)
def test_another_answer_is_down(talks, script, error):
    """Silence, too slow an answer, a wrong one and one without end are each told in time (R244)."""
    begun = time.monotonic()
    result = probe(TcpTarget("127.0.0.1", talks(script).port, expect="+PONG"), HERE)
    assert (result.verdict, result.error) == (Verdict.DOWN, error)
    assert time.monotonic() - begun < 1.2


def test_slow_is_degraded(town, serve):
    """A connection that took longer than it may is DEGRADED."""
    peer = serve(b"")
    town.doors["93.184.216.34"] = peer
    net = replace(town.net, resolve=lambda _: time.sleep(0.05) or ["93.184.216.34"])
    limits = replace(HERE, net=net, slow_ms=20)
    assert probe(TcpTarget("slow.example", 5432), limits).verdict is Verdict.DEGRADED
