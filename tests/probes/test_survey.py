import json
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address

import dns.flags
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from chalicelib.core.findings import RecordSet, Registration, Survey
from chalicelib.guard.addresses import Address
from chalicelib.probes.survey import candidates, survey
from tests.guard.peers import closed_port, redirect
from tests.probes.registries import NOW, answer, record

RESOLVER = "9.9.9.9"
REGISTERED = Registration("shop.example", "Names & Co", NOW + timedelta(days=100), True)
UNREGISTERED = answer({}, 404)


@pytest.fixture
def world(registry, town, server):
    """Return a function that has the registry answer so, and returns (limits, what it was asked)."""
    town.doors[RESOLVER] = server
    town.name_servers = [Address(ip_address(RESOLVER), 53)]

    def start(reply):
        limits, asked = registry(reply)
        return replace(limits, net=town.net), asked

    return start


def only(**names):
    """Return a registry that knows nothing but domains of these *names*, and how it answers for them."""

    def reply(sock, request):
        name = request.split()[1].decode().rpartition("/")[2]
        sock.sendall(names.get(name.replace(".", "_"), UNREGISTERED))

    return reply


def asked_for(asked):
    """Return which domains the registry was asked for."""
    return [request.split()[1].decode().rpartition("/")[2] for request in asked if b"/domain/" in request]


def by_type(found):
    """Return the records of a survey by their type."""
    return {one.record_type: one for one in found.records}


def test_a_host_is_surveyed_whole(world, server):
    """Its domain's registration, its own addresses, and what else DNS says of the domain (R173)."""
    limits, asked = world(answer(record()))
    found = survey("www.shop.example", "", limits)
    assert (found.host, found.at, found.registration) == ("www.shop.example", NOW, REGISTERED)
    assert asked_for(asked) == ["shop.example"]
    assert {one.record_type: (one.name, one.values) for one in found.records} == {
        "A": ("www.shop.example", ("192.0.2.1", "192.0.2.2")),
        "AAAA": ("www.shop.example", ("2001:db8::1",)),
        "MX": ("shop.example", ("10 mail.shop.example", "20 MAIL2.shop.example")),
        "NS": ("shop.example", ("ns1.example", "ns2.example")),
        "TXT": ("shop.example", ("part one, part Two", "v=spf1 include:mail.example -all")),
        "CAA": ("shop.example", ('0 issue "ca.example"',)),
    }
    assert by_type(found)["A"] == RecordSet("A", "www.shop.example", ("192.0.2.1", "192.0.2.2"), 60, False)
    assert all(query.ednsflags & dns.flags.DO and query.flags & dns.flags.AD for query in server.asked)


def test_the_shortest_name_that_is_registered_is_the_domain(world):
    """What a registry does not know, or takes for none, is no domain: the next longer name is asked for."""
    limits, asked = world(only(shop_co_example=answer(record()), co_example=answer({}, 400)))
    assert survey("www.shop.co.example", "", limits).registration.domain == "shop.co.example"
    assert asked_for(asked) == ["co.example", "shop.co.example"]


def test_no_more_than_three_names_are_asked_for(world):
    """A long name costs a registry no more than three questions; a domain known before is the first."""
    limits, asked = world(UNREGISTERED)
    assert survey("a.b.c.shop.example", "", limits).registration is None
    assert asked_for(asked) == ["shop.example", "c.shop.example", "b.c.shop.example"]
    assert candidates("a.b.shop.example", "b.shop.example")[:2] == ["b.shop.example", "shop.example"]
    assert candidates("a.b.shop.example", "b.test") == candidates("a.b.shop.example", "")


@pytest.mark.parametrize(
    "reply", [answer({}, 429), answer({}, 500), answer(b"<html>"), redirect("https://10.0.0.5/"), b""]
)
def test_a_silent_registry_takes_nothing_away(world, reply):
    """Its failure leaves the registration out; no other name is asked for, and DNS of the known domain is."""
    limits, asked = world(reply)
    found = survey("www.shop.example", "shop.example", limits)
    assert found.registration is None
    assert set(asked_for(asked)) == {"shop.example"}
    assert by_type(found)["NS"].name == "shop.example"


def test_a_type_that_cannot_be_asked_for_is_left_out(world, server):
    """A server that fails says nothing of the records; the other types are told (R175)."""
    limits, _ = world(answer(record()))

    def fail(query, response):
        if query.question[0].rdtype == dns.rdatatype.MX:
            response.answer.clear()
            response.set_rcode(dns.rcode.SERVFAIL)
        return response

    server.answer = fail
    assert set(by_type(survey("shop.example", "", limits))) == {"A", "AAAA", "NS", "TXT", "CAA"}


def test_nothing_is_told_where_nobody_answers(registry, town):
    """Without a name server, and without one that listens, a survey finds nothing, and does not break."""
    limits, _ = registry(answer({}, 500))
    assert survey("shop.example", "", replace(limits, net=town.net)) == Survey("shop.example", NOW)
    town.name_servers = [Address(ip_address("127.0.0.1"), closed_port())]
    town.doors["127.0.0.1"] = type("Nobody", (), {"port": closed_port()})
    assert survey("shop.example", "", replace(limits, net=town.net)).records == ()


def test_a_name_that_is_gone_has_no_records(world):
    """That a name does not exist is an answer, and no silence."""
    limits, _ = world(UNREGISTERED)
    found = survey("gone.test", "", limits)
    assert {one.values for one in found.records} == {()}
    assert len(found.records) == 6


@pytest.mark.parametrize(
    ("flag", "is_signed", "is_valid"),
    [(dns.flags.AD, True, True), (0, True, None), (0, False, False)],
)
def test_dnssec_is_told_where_somebody_checks_it(world, server, flag, is_signed, is_valid):
    """The resolver's word is taken; where it returns signatures without it, it does not check them (R173)."""
    limits, _ = world(answer(record()))
    signature = "A 8 2 60 20300101000000 20200101000000 1 example. AAAA"

    def sign(query, response):
        response.flags |= flag
        if is_signed:
            name = query.question[0].name
            response.answer.append(dns.rrset.from_text(name, 5, "IN", "RRSIG", signature))
        return response

    server.answer = sign
    found = by_type(survey("shop.example", "", limits))["A"]
    assert (found.dnssec_valid, found.ttl) == (is_valid, 60)


def test_what_is_told_has_bounds(world, server):
    """At most fifty values of a type, of five hundred characters each, whatever a name server sends."""
    limits, _ = world(
        answer(record(entities=[{"roles": ["registrar"], "vcardArray": [0, [["fn", 0, 0, "x" * 999]]]}]))
    )

    def boast(query, response):
        if query.question[0].rdtype == dns.rdatatype.TXT:
            response.answer.clear()
            texts = [" ".join([f'"{number:03d}{"x" * 200}"'] * 3) for number in range(60)]
            response.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "TXT", *texts))
        return response

    server.answer = boast
    found = survey("shop.example", "", limits)
    values = by_type(found)["TXT"].values
    assert (len(values), {len(value) for value in values}) == (50, {500})
    assert len(found.registration.registrar) == 100
    assert len(json.dumps(values)) < 30_000


def test_what_has_no_name_is_not_asked_for(world, server):
    """Nobody is asked about a target that lost its name: whoever waits for the answer learns of that."""
    limits, asked = world(answer(record()))
    assert survey("", "", limits) == Survey("", NOW)
    assert (asked, server.asked) == ([], [])
