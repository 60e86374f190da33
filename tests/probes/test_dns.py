import socket
import time
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from chalicelib.core.status import Verdict
from chalicelib.core.targets import DnsTarget
from chalicelib.guard.addresses import Address, system_name_servers
from chalicelib.probes.base import Limits
from chalicelib.probes.dns import probe

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HERE = Limits("eu-west-1", NOW, timeout=1, allow_private=True)


def look(server, host="shop.example", kind="A", *expected, **more):
    limits = {name: more.pop(name) for name in ("timeout", "slow_ms") if name in more}
    target = DnsTarget(host, kind, expected, server.address, **more)
    return probe(target, replace(HERE, **limits))


@pytest.mark.parametrize(
    ("kind", "expected", "values"),
    [
        ("A", ["192.0.2.2"], ["192.0.2.1", "192.0.2.2"]),
        ("A", [], ["192.0.2.1", "192.0.2.2"]),
        ("a", ["192.0.2.1", "192.0.2.2"], ["192.0.2.1", "192.0.2.2"]),
        ("AAAA", ["2001:DB8:0:0:0:0:0:1"], ["2001:db8::1"]),
        ("MX", ["10 Mail.shop.example", "20 mail2.shop.example."], None),
        ("NS", ["ns2.example", "NS1.example."], ["ns1.example", "ns2.example"]),
        ("TXT", ["part one, part Two"], ["part one, part Two", "v=spf1 include:mail.example -all"]),
        ("CAA", ['0 issue "ca.example"'], ['0 issue "ca.example"']),
    ],
)
def test_what_is_expected_is_there(server, kind, expected, values):
    """All expected values among the records are UP, however they are written, and all are told (R93)."""
    result = look(server, "Shop.example", kind, *expected)
    assert (result.verdict, result.error) == (Verdict.UP, "")
    assert values is None or result.facts["values"] == values
    assert result.ms is not None


@pytest.mark.parametrize(
    ("host", "kind", "expected", "error"),
    [
        ("shop.example", "A", "192.0.2.9", 'no A record "192.0.2.9"'),
        ("shop.example", "TXT", "part one, part two", 'no TXT record "part one, part two"'),
        ("shop.example", "AAAA", "nonsense", 'no AAAA record "nonsense"'),
        ("shop.example", "SRV", None, "no SRV record"),
        ("nowhere.example", "A", None, "name not found"),
        ("shop.example", "NONSENSE", None, "NONSENSE of shop.example cannot be asked for"),
        ("shop.example", "", None, " of shop.example cannot be asked for"),
        ("shop.example", "AXFR", None, "AXFR is no type of record"),
        ("shop.example", "ANY", None, "ANY is no type of record"),
        ("a..b", "A", None, "A of a..b cannot be asked for"),
        ("x" * 64 + ".example", "A", None, f"A of {'x' * 64}.example cannot be asked for"),
    ],
)
def test_what_is_missing_is_down(server, host, kind, expected, error):
    """A missing record, name or type is DOWN, with a reason (R93, R244)."""
    result = look(server, host, kind, *([expected] if expected else []))
    assert (result.verdict, result.error) == (Verdict.DOWN, error)


def test_an_alias_is_followed(server):
    """The records at the end of an alias are those of the name."""
    assert look(server, "www.shop.example", "A", "192.0.2.1").verdict is Verdict.UP
    assert look(server, "www.shop.example", "CNAME", "shop.example").verdict is Verdict.UP


def test_what_is_too_long_for_a_datagram_is_asked_by_tcp(server):
    """An answer that was cut is asked for once more, and not all of it is carried home."""
    result = look(server, "large.example", "TXT", "029" + "x" * 200)
    assert result.verdict is Verdict.UP
    assert len(server.asked) == 2
    assert len(result.facts["values"]) == 30


def test_dnssec_must_be_vouched_for_by_the_name_server(server):
    """Where DNSSEC is wanted the answer must say that it was validated (the AD bit)."""
    result = look(server, dnssec=True)
    assert (result.verdict, result.error) == (Verdict.DOWN, "answer is not validated by DNSSEC")
    assert server.asked[0].flags & dns.flags.AD

    def validated(_, response):
        response.flags |= dns.flags.AD
        return response

    server.answer = validated
    result = look(server, dnssec=True)
    assert (result.verdict, result.facts["validated"]) == (Verdict.UP, True)


@pytest.mark.parametrize("code", ["SERVFAIL", "REFUSED"])
def test_a_name_server_that_fails_is_down(server, code):
    """What the name server says instead of an answer is the reason."""

    def failing(_, response):
        response.set_rcode(dns.rcode.from_text(code))
        return response

    server.answer = failing
    assert look(server).error == f"name server answered {code}"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda *_: None, "timeout"),
        (lambda *_: b"\x00" * 5, "timeout"),
        (lambda query, _: query, "timeout"),
        (lambda *_: dns.message.make_response(dns.message.make_query("b.example", "A")), "timeout"),
    ],
    ids=["silence", "no DNS", "an echo", "another's answer"],
)
def test_a_bad_name_server_is_down_in_time(server, answer, error):
    """Silence, nonsense, an echo and an answer to somebody else's question end with the time (R244)."""
    server.answer = answer
    begun = time.monotonic()
    result = look(server, timeout=0.5)
    assert (result.verdict, result.error) == (Verdict.DOWN, error)
    assert time.monotonic() - begun < 1


def test_aliases_in_a_circle_are_no_answer(server):
    """A name that leads to itself has no record."""

    def circle(query, response):
        name = query.question[0].name
        response.answer = [dns.rrset.from_text(name, 60, "IN", "CNAME", name.to_text())]
        return response

    server.answer = circle
    assert look(server).error == "no A record"


def test_a_datagram_may_get_lost(server):
    """One question that goes without answer is asked once more."""
    lost = []

    def forgetful(_, response):
        lost.append(response)
        return response if len(lost) > 1 else None

    server.answer = forgetful
    assert look(server).verdict is Verdict.UP


def test_a_closed_port_is_told_as_that():
    """Where no name server listens the reason is that."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    result = probe(DnsTarget("shop.example", resolver=f"127.0.0.1:{port}"), HERE)
    assert (result.verdict, result.error) == (Verdict.DOWN, "name server: connection refused")


def test_without_a_choice_the_regions_own_name_servers_are_asked(server, town):
    """The region's own servers are asked wherever they are, the next where one is dead."""
    here = ip_address("127.0.0.1")
    town.name_servers = [Address(ip_address("127.0.0.9"), server.port), Address(here, server.port)]
    limits = replace(HERE, net=replace(HERE.net, name_servers=lambda: town.name_servers), allow_private=False)
    assert probe(DnsTarget("shop.example"), limits).verdict is Verdict.UP
    without = replace(limits, net=replace(limits.net, name_servers=list))
    result = probe(DnsTarget("shop.example"), without)
    assert (result.verdict, result.error) == (None, "this region has no name server")


def test_this_machine_has_name_servers_or_none():
    """What the machine's own configuration names are addresses, at the port of name servers."""
    assert {server.port for server in system_name_servers()} <= {53}


def test_slow_is_degraded(server):
    """An answer that took longer than it may is DEGRADED."""

    def slow(_, response):
        time.sleep(0.05)
        return response

    server.answer = slow
    assert look(server, slow_ms=20).verdict is Verdict.DEGRADED


@pytest.mark.parametrize("resolver", ["[", "127.0.0.1:99999", "a b", "::::"])
def test_what_is_no_name_server_is_down(town, resolver):
    """A resolver that cannot be read is told, not raised."""
    result = probe(DnsTarget("shop.example", resolver=resolver), replace(HERE, net=town.net))
    assert result.verdict is Verdict.DOWN
    assert result.error
