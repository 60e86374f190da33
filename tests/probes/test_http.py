import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.status import Verdict
from chalicelib.core.targets import Assertion, HttpTarget
from chalicelib.probes.base import Limits
from chalicelib.probes.http import probe
from tests.guard.peers import OK, PUBLIC, closed_port, identity, redirect

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HERE = Limits("eu-west-1", NOW, timeout=2, allow_private=True)


def status(code):
    return f"HTTP/1.1 {code} So\r\nContent-Length: 0\r\n\r\n".encode()


def slowly(answer, seconds=0.05):
    return lambda sock, _: (time.sleep(seconds), sock.sendall(answer))


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Return the Identity of shop.example, good for a hundred days more."""
    return identity(tmp_path_factory.mktemp("tls"), "shop.example", ends=NOW + timedelta(days=100, hours=5))


def test_a_good_answer_is_up(serve):
    """An answer with an expected status is UP, with its code, its time and the phases of it (R91)."""
    result = probe(HttpTarget(serve(slowly(OK)).url()), HERE)
    assert (result.region, result.verdict, result.code, result.error) == ("eu-west-1", Verdict.UP, 200, "")
    assert 50 <= result.phases["first_byte"] <= result.ms < 1000
    assert set(result.phases) == {"dns", "connect", "first_byte"}
    assert result.facts == {}


@pytest.mark.parametrize(
    ("expected", "code", "error"),
    [
        ("200", 200, ""),
        ("200", 503, "expected 200, got 503"),
        ("200-299", 204, ""),
        ("200-299", 301, "expected 200-299, got 301"),
        ("200,204", 204, ""),
        ("200, 204 ,300 - 399", 399, ""),
        ("200-299,301", 302, "expected 200-299,301, got 302"),
        ("503", 503, ""),
        ("299-200", 200, "expected 299-200, got 200"),
        ("", 200, 'expected status "" cannot be read'),
        ("2xx", 200, 'expected status "2xx" cannot be read'),
        ("200,", 200, 'expected status "200," cannot be read'),
    ],
)
def test_the_status_must_be_an_expected_one(serve, expected, code, error):
    """Statuses are numbers, lists and ranges; what cannot be read is never satisfied (R98, R231, R244)."""
    result = probe(HttpTarget(serve(status(code)).url(), expected_status=expected, redirects=0), HERE)
    assert (result.error, result.code) == (error, code)
    assert result.verdict is (Verdict.DOWN if error else Verdict.UP)


def test_the_request_is_the_customers(serve):
    """Method, headers and body are as they were given, the agent tells who asks (R227, R234, R235)."""
    peer = serve(OK)
    target = HttpTarget(peer.url("/a?b=c"), "PUT", (("X-Key", "hush"), ("Accept", "text/plain")), '{"é": 1}')
    assert probe(target, HERE).verdict is Verdict.UP
    head, _, body = peer.asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"PUT /a?b=c HTTP/1.1\r\n")
    lines = head.split(b"\r\n")
    assert {b"X-Key: hush", b"Accept: text/plain", b"User-Agent: Wakeful/0.1.0 (eu-west-1)"} <= set(lines)
    assert {b"Content-Length: 9"} <= set(lines)
    assert body in ('{"é": 1}'.encode(), b"")  # the peer reads no further than the headers


def test_a_body_that_is_no_text_is_sent_as_well_as_it_can_be(serve):
    """Half a character in a body does not break the probe."""
    assert probe(HttpTarget(serve(OK).url(), "POST", body="\ud800"), HERE).verdict is Verdict.UP


def test_the_customer_may_call_us_otherwise(serve):
    """A User-Agent among the target's headers goes before ours, whatever its case."""
    peer = serve(OK)
    probe(HttpTarget(peer.url(), headers=(("user-agent", "curl/8.0"),)), HERE)
    assert b"curl/8.0" in peer.asked[0]
    assert b"Wakeful" not in peer.asked[0]


def test_headers_stay_with_the_origin(serve):
    """After a redirect to another host none of the target's headers is sent (R392)."""
    elsewhere = serve(OK)
    first = serve(redirect(elsewhere.url(host="localhost")))
    headers = (("Authorization", "hush"), ("User-Agent", "hush"))
    assert probe(HttpTarget(first.url(), headers=headers), HERE).verdict is Verdict.UP
    assert b"hush" in first.asked[0]
    assert b"hush" not in elsewhere.asked[0]
    assert b"User-Agent: Wakeful/0.1.0 (eu-west-1)" in elsewhere.asked[0]


def test_redirects_are_followed_ten_times(serve):
    """Ten redirects lead to the answer, eleven do not; with none followed the redirect is the answer."""

    def answer(sock, request):
        left = int(request.split()[1].strip(b"/"))
        sock.sendall(redirect(f"/{left - 1}") if left else OK)

    peer = serve(answer)
    assert probe(HttpTarget(peer.url("/10")), HERE).code == 200
    result = probe(HttpTarget(peer.url("/11")), HERE)
    assert (result.verdict, result.error) == (Verdict.DOWN, "redirects more than 10 times")
    assert probe(HttpTarget(peer.url("/3"), expected_status="302", redirects=0), HERE).verdict is Verdict.UP


def test_slow_is_degraded(serve):
    """A good answer that takes longer than it may is DEGRADED, a bad one DOWN however long it takes."""
    peer, target = serve(slowly(OK)), HttpTarget
    assert probe(target(peer.url()), replace(HERE, slow_ms=20)).verdict is Verdict.DEGRADED
    assert probe(target(peer.url()), replace(HERE, slow_ms=1900)).verdict is Verdict.UP
    assert probe(target(peer.url(), expected_status="201"), replace(HERE, slow_ms=20)).verdict is Verdict.DOWN


def test_https_tells_until_when(serve, town, shop):
    """Over TLS the handshake is timed as well, and the certificate's end is among the facts."""
    town.trusts = shop
    url = town.build("shop.example", serve(OK, context=shop.server))
    result = probe(HttpTarget(url), replace(HERE, net=town.net, allow_private=False))
    assert result.verdict is Verdict.UP
    assert result.facts == {"not_after": "2027-03-02T05:00:00+00:00", "days_left": 100}
    assert set(result.phases) == {"dns", "connect", "tls", "first_byte"}


def test_https_may_redirect_to_http(serve, town, shop):
    """A probe follows where a browser would, also out of TLS; headers stay behind."""
    town.trusts = shop
    plain = serve(OK)
    there = town.build("plain.example", plain, "93.184.216.36")
    url = town.build("shop.example", serve(redirect(there), context=shop.server))
    target = HttpTarget(url, headers=(("X-Key", "hush"),))
    result = probe(target, replace(HERE, net=town.net))
    assert (result.verdict, result.facts) == (Verdict.UP, {})
    assert b"hush" not in plain.asked[0]


def test_a_certificate_that_is_not_trusted_is_down_unless_nobody_minds(serve, town, shop):
    """TLS is verified, with a reason from OpenSSL; with verify_tls off anything goes, and is still told."""
    url = town.build("shop.example", serve(OK, context=shop.server))
    limits = replace(HERE, net=town.net)
    result = probe(HttpTarget(url), limits)
    assert (result.verdict, result.error) == (Verdict.DOWN, "TLS: self-signed certificate")
    result = probe(HttpTarget(url, verify_tls=False), limits)
    assert (result.verdict, result.facts["days_left"]) == (Verdict.UP, 100)


def test_an_expired_certificate_is_told_as_that(serve, town, tmp_path):
    """The reason names what is wrong with a certificate (R244)."""
    town.trusts = identity(tmp_path, "shop.example", ends=datetime(2021, 1, 1, tzinfo=UTC))
    url = town.build("shop.example", serve(OK, context=town.trusts.server))
    limits = replace(HERE, net=town.net)
    assert probe(HttpTarget(url), limits).error == "TLS: certificate has expired"
    wanted = Assertion("certificate", "at_least", "0")
    unverified = HttpTarget(url, verify_tls=False, assertions=(wanted,))
    assert probe(unverified, limits).error == "certificate has expired"


def test_the_first_assertion_that_fails_is_the_reason(serve):
    """The status comes first, then the assertions in their order (R232, R244)."""
    assertions = (
        Assertion("body", "contains", "ok"),
        Assertion("body", "contains", "fine"),
        Assertion("x", "y"),
    )
    target = HttpTarget(serve(OK).url(), assertions=assertions)
    result = probe(target, HERE)
    assert (result.verdict, result.error) == (Verdict.DOWN, 'body does not contain "fine"')
    assert result.code == 200
    assert probe(replace(target, expected_status="201"), HERE).error == "expected 201, got 200"


def test_a_name_that_does_not_exist_is_told_as_that(town):
    """A name without address and a closed port have each its reason (R244)."""
    limits = replace(HERE, net=town.net)
    assert probe(HttpTarget("http://nowhere.example/"), limits).error == "name not found"
    town.names["empty.example"] = []
    assert probe(HttpTarget("http://empty.example/"), limits).error == "name has no address"


def test_a_closed_port_is_told_as_that():
    """Where nobody listens the reason is that (R244)."""
    assert probe(HttpTarget(f"http://127.0.0.1:{closed_port()}/"), HERE).error == "connection refused"


def test_a_road_that_is_not_there_says_nothing_of_the_target(town):
    """A target with IPv6 alone, probed from where there is none, is neither up nor down."""
    town.names["six.example"] = ["2606:4700::1"]

    def connect(*_):
        raise OSError(101, "Network is unreachable")

    result = probe(HttpTarget("http://six.example/"), replace(HERE, net=replace(town.net, connect=connect)))
    assert result.verdict is None
    assert "IPv6" in result.error


@pytest.mark.parametrize("path", ["/hush", "/?token=hush", "/#hush"])
def test_no_reason_shows_a_secret(serve, caplog, path):
    """Neither a URL with credentials nor a header is repeated, whatever goes wrong (R392)."""
    answers = [b"", b"SSH\r\n", status(503), redirect("http://10.0.0.5/hush"), redirect("http://[/hush")]
    for answer in answers:
        peer = serve(answer)
        url = f"http://me:hush@127.0.0.1:{peer.port}{path}"
        result = probe(HttpTarget(url, headers=(("X-Key", "hush\r\n"),)), HERE)
        assert (result.verdict, "hush" in result.error) == (Verdict.DOWN, False)
        result = probe(HttpTarget(url, headers=(("X-Key", "hush"),)), replace(HERE, timeout=0.5))
        assert (result.verdict, "hush" in result.error) == (Verdict.DOWN, False)
    assert "hush" not in caplog.text


def test_what_breaks_in_us_is_nobodys_downtime(caplog):
    """A fault of our own is logged without the target's secrets, and says nothing of the target."""

    def broken(host):
        raise KeyError(host)

    net = replace(HERE.net, resolve=broken)
    result = probe(HttpTarget("http://hush.example/hush"), replace(HERE, net=net))
    assert (result.verdict, result.error) == (None, "the probe itself failed")
    assert "KeyError" in caplog.text
    assert "hush" not in caplog.text


def test_credentials_of_the_url_are_sent(serve):
    """A name and password in the URL become the header that they mean, for that origin alone."""
    elsewhere = serve(OK)
    peer = serve(redirect(elsewhere.url(host="localhost")))
    assert probe(HttpTarget(peer.url(host="me:hush@127.0.0.1")), HERE).verdict is Verdict.UP
    assert b"Authorization: Basic bWU6aHVzaA==" in peer.asked[0]
    assert b"Authorization" not in elsewhere.asked[0]


def test_the_checked_address_is_the_one_that_is_asked(serve, town):
    """A name is looked up once, and its answer's address connected to; Host stays the name (R391)."""
    peer = serve(OK)
    url = town.build("shop.example", peer)
    assert probe(HttpTarget(url), replace(HERE, net=town.net, allow_private=False)).verdict is Verdict.UP
    assert town.connected == [f"{PUBLIC}:{peer.port}"]
    assert f"Host: shop.example:{peer.port}\r\n".encode() in peer.asked[0]
