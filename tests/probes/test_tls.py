import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.status import Verdict
from chalicelib.core.targets import TlsTarget
from chalicelib.probes.base import Limits
from chalicelib.probes.tls import probe
from tests.guard.peers import closed_port, identity

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HERE = Limits("eu-west-1", NOW, timeout=1)


@pytest.fixture
def shop(town, serve, tmp_path):
    """Return a function that opens shop.example with a certificate of so many days more."""

    def start(days, *names):
        town.trusts = identity(tmp_path, *(names or ["shop.example"]), ends=NOW + timedelta(days=days))
        town.build("shop.example", serve(b"", context=town.trusts.server))
        return replace(HERE, net=town.net)

    return start


def test_a_good_certificate_is_up(shop, town):
    """A certificate that is trusted, fits and lasts is UP, with its end and its issuer among the facts."""
    result = probe(TlsTarget("shop.example", 8443, days=14), shop(20.5))
    assert (result.verdict, result.error) == (Verdict.UP, "")
    assert result.facts == {
        "not_after": "2026-12-12T12:00:00+00:00",
        "days_left": 20,
        "issuer": "shop.example",
    }
    assert set(result.phases) == {"dns", "connect", "tls"}
    assert sum(result.phases.values()) <= result.ms + 0.2
    assert town.trusts.names_asked == ["shop.example"]


def test_a_certificate_that_ends_soon_is_down(shop):
    """Fewer days than wanted are DOWN, and the facts still tell how many."""
    result = probe(TlsTarget("shop.example", days=21), shop(20.5))
    assert (result.verdict, result.error) == (Verdict.DOWN, "certificate ends in 20 days, less than 21")
    assert result.facts["days_left"] == 20


def test_a_certificate_of_another_name_is_down(shop):
    """The certificate must be of the name that was asked for (R244)."""
    result = probe(TlsTarget("shop.example"), shop(20, "other.example"))
    assert result.verdict is Verdict.DOWN
    assert result.error.startswith("TLS: Hostname mismatch")


def test_a_certificate_that_nobody_trusts_is_down(shop, town):
    """Without a trusted signer there is no trust (R244)."""
    shop(20)
    town.trusts = None
    result = probe(TlsTarget("shop.example"), replace(HERE, net=town.net))
    assert (result.verdict, result.error) == (Verdict.DOWN, "TLS: self-signed certificate")


def test_an_expired_certificate_is_down(town, serve, tmp_path):
    """What ended is told as that (R244)."""
    town.trusts = identity(tmp_path, "shop.example", ends=datetime(2021, 1, 1, tzinfo=UTC))
    town.build("shop.example", serve(b"", context=town.trusts.server))
    result = probe(TlsTarget("shop.example"), replace(HERE, net=town.net))
    assert (result.verdict, result.error) == (Verdict.DOWN, "TLS: certificate has expired")


@pytest.mark.parametrize(
    ("script", "error"),
    [(lambda _: time.sleep(2), "timeout"), (lambda sock: sock.sendall(b"220 smtp\r\n"), "TLS: ")],
)
def test_who_speaks_no_tls_is_down(town, serve, script, error):
    """Silence and another protocol are each told in time (R244)."""
    peer = serve(b"")
    peer.talk = script
    town.build("shop.example", peer)
    begun = time.monotonic()
    result = probe(TlsTarget("shop.example"), replace(HERE, timeout=0.4, net=town.net))
    assert result.verdict is Verdict.DOWN
    assert result.error.startswith(error)
    assert time.monotonic() - begun < 1


def test_a_closed_port_is_down():
    """Where nobody listens the reason is that (R244)."""
    result = probe(TlsTarget("127.0.0.1", closed_port()), replace(HERE, allow_private=True))
    assert (result.verdict, result.error) == (Verdict.DOWN, "connection refused")
