import threading
import time
from dataclasses import replace

import pytest

from chalicelib.core.status import Verdict
from chalicelib.core.targets import DomainTarget
from chalicelib.probes.domain import probe
from tests.guard.peers import redirect
from tests.probes.registries import answer, record


def test_a_registered_domain_is_up(registry):
    """The registry is found by IANA's list, and tells registrar, end and transfer lock."""
    limits, asked = registry(answer(record()))
    result = probe(DomainTarget("Shop.example.", days=30), limits)
    assert (result.verdict, result.error) == (Verdict.UP, "")
    assert result.facts == {
        "registrar": "Names & Co",
        "transfer_locked": True,
        "expires": "2027-03-02T00:00:00+00:00",
        "days_left": 100,
    }
    assert [request.split()[1] for request in asked] == [b"/rdap/dns.json", b"/v1/domain/shop.example"]


@pytest.mark.parametrize(
    ("days", "wanted", "error"),
    [
        (20.5, 21, "domain ends in 20 days, less than 21"),
        (20.5, 20, ""),
        (0.5, 0, ""),
        (-1, 0, "domain has expired"),
    ],
)
def test_a_domain_that_ends_soon_is_down(registry, days, wanted, error):
    """Fewer days than wanted are DOWN, and so is a domain that has expired."""
    limits, _ = registry(answer(record(days)))
    result = probe(DomainTarget("shop.example", wanted), limits)
    assert (result.verdict, result.error) == (Verdict.DOWN if error else Verdict.UP, error)


@pytest.mark.parametrize("status", ["redemption period", "Pending Delete"])
def test_a_domain_that_is_being_lost_is_down(registry, status):
    """A domain that nobody renewed is DOWN, whatever end the registry tells."""
    limits, _ = registry(answer(record(status=[status])))
    result = probe(DomainTarget("shop.example"), limits)
    assert (result.verdict, result.error) == (Verdict.DOWN, f"domain is in its {status.lower()}")
    assert result.facts["transfer_locked"] is False


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer({}, 404), "registry does not know the domain"),
        (answer({}, 400), "registry takes it for no domain"),
        (answer({}, 429), "registry answered 429"),
        (answer({}, 500), "registry answered 500"),
        (answer(b"<html>"), "registry's answer is not JSON"),
        (answer([]), "registry's answer cannot be read"),
        (answer({"events": [{}]}), "registry's answer cannot be read"),
        (answer({"events": 5}), "registry's answer cannot be read"),
        (
            answer({"entities": [{"roles": ["registrar"], "vcardArray": 5}]}),
            "registry's answer cannot be read",
        ),
        (answer(record(events=[])), "registry does not tell when the domain ends"),
        (answer(record(events=[{"eventAction": "expiration", "eventDate": "soon"}])), None),
        (b"", "registry: closed the connection without a whole answer"),
        (redirect("http://169.254.169.254/"), "rdap.test redirects from https to http."),
        (
            redirect("https://10.0.0.5/"),
            "10.0.0.5 leads to a private address, which may not be reached from here.",
        ),
        (redirect("/"), "registry: redirects more than 3 times"),
        (lambda *_: time.sleep(1), "registry: timeout"),
    ],
)
def test_a_registry_that_does_not_tell_says_nothing_of_the_domain(registry, reply, error):
    """Failure of the registry is unknown, with a reason, and never down."""
    limits, _ = registry(reply)
    result = probe(DomainTarget("shop.example"), replace(limits, timeout=0.6))
    assert result.verdict is None
    assert result.error == error if error else result.error


@pytest.mark.parametrize(
    "domain", ["", "..", "a b.example", "x" * 64 + ".example", "../..", "shop.example/../x"]
)
def test_what_is_no_domain_is_unknown(registry, domain):
    """A name that cannot be one is told, and no registry is asked."""
    limits, asked = registry(answer(record()))
    result = probe(DomainTarget(domain), limits)
    assert (result.verdict, result.error) == (None, "domain name cannot be read")
    assert asked == []


def test_a_suffix_without_registry_is_unknown(registry):
    """Some registries speak no RDAP; and a suffix alone is nobody's domain."""
    limits, _ = registry(answer(record()))
    assert probe(DomainTarget("shop.test"), limits).error == "no registry is known for .test"
    assert probe(DomainTarget("example"), limits).error == "no registry is known for .example"


def test_the_longest_suffix_and_other_scripts_find_their_registry(registry):
    """The list's longest suffix decides; names in other scripts are asked for as DNS knows them."""
    limits, asked = registry(answer(record()))
    probe(DomainTarget("shop.co.example"), limits)
    probe(DomainTarget("магазин.рф"), limits)
    paths = [request.split()[1] for request in asked[1:]]
    assert paths == [b"/co/domain/shop.co.example", b"/v1/domain/xn--80aairftm.xn--p1ai"]


@pytest.mark.parametrize(
    "bootstrap", [{}, [], {"services": 5}, {"services": [["x"]]}, {"services": [[["x"], []]]}]
)
def test_a_list_that_cannot_be_read_is_unknown_and_is_asked_for_again(registry, bootstrap):
    """A broken list is no list: nothing is remembered of it."""
    limits, asked = registry(answer(record()), bootstrap)
    for _ in range(2):
        assert probe(DomainTarget("shop.example"), limits).verdict is None
    assert len(asked) == 2


def test_the_list_is_fetched_once_however_many_ask(registry):
    """Domains that are looked at together share one list."""
    limits, asked = registry(answer(record()))
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(probe(DomainTarget("shop.example"), limits)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {result.verdict for result in results} == {Verdict.UP}
    assert sum(b"dns.json" in request for request in asked) == 1
