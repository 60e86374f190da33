import gzip
import time
from contextlib import suppress
from dataclasses import replace

import pytest
import requests

from chalicelib.guard.addresses import Refused, Unreachable
from chalicelib.guard.connections import Adapter
from chalicelib.guard.deadlines import Deadline
from chalicelib.guard.fetching import Call, Limits, fetch
from chalicelib.guard.roads import Net, Road
from tests.guard.peers import OK, identity, redirect

LOCAL = Limits(timeout=3, allow_private=True)
HASTY = Limits(timeout=0.4, allow_private=True)
HERE = Net(resolve=lambda _: ["127.0.0.1"])


def drip(sock, _, before=b"", size=1):
    sock.sendall(before)
    with suppress(OSError):
        for _ in range(40):
            sock.sendall(b"x" * size)
            time.sleep(0.05)


def test_status_headers_and_body_come_back(serve):
    """A plain answer is returned as it was sent, its headers whatever their case."""
    peer = serve(OK)
    reply = fetch(Call("GET", peer.url("/a?b=c")), LOCAL)
    assert (reply.status, reply.body, reply.headers["content-length"]) == (200, b"ok", "2")
    assert peer.asked[0].startswith(b"GET /a?b=c HTTP/1.1\r\n")


def test_the_name_stays_in_the_host_header(serve):
    """Though the socket goes to an address, the server hears the name it was asked for."""
    peer = serve(OK)
    fetch(Call("GET", f"http://hooks.example:{peer.port}/"), LOCAL, HERE)
    assert f"Host: hooks.example:{peer.port}\r\n".encode() in peer.asked[0]


def test_a_refused_target_hears_nothing(serve):
    """A URL of our own network is refused before a connection is made (R102, R391)."""
    peer = serve(OK)
    for host in ("127.0.0.1", "127.1", "2130706433", "good@127.0.0.1", "[::ffff:127.0.0.1]"):
        with pytest.raises(Refused):
            fetch(Call("GET", peer.url(host=host)), Limits())
    assert peer.connected == 0


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest",
        "http://[fe80::1]/",
        "http://224.0.0.1/",
        "file:///etc/passwd",
        "gopher://x/",
    ],
)
def test_a_redirect_is_checked_like_the_first_url(serve, location):
    """A redirect to metadata, link-local, multicast or another scheme is refused (R391)."""
    peer = serve(redirect(location))
    with pytest.raises(Refused):
        fetch(Call("GET", peer.url()), LOCAL)
    assert peer.connected == 1


def test_a_name_is_judged_again_at_every_hop(serve):
    """A name that led to an open address and now leads to metadata is refused at the redirect (R391)."""
    answers = [["127.0.0.1"], ["169.254.169.254"]]
    peer = serve(redirect("/again"))
    with pytest.raises(Refused, match="metadata"):
        fetch(Call("GET", peer.url(host="rebinds.example")), LOCAL, Net(resolve=lambda _: answers.pop(0)))
    assert len(peer.asked) == 1


def test_the_message_survives_a_redirect(serve):
    """Every redirect repeats the method and the body, but for 303, which asks for a GET."""
    target = serve(OK)
    for status in (301, 302, 307, 308):
        fetch(Call("POST", serve(redirect(target.url("/t"), status)).url(), body=b"alarm"), LOCAL)
    fetch(Call("POST", serve(redirect(target.url("/t"), 303)).url(), body=b"alarm"), LOCAL)
    lines = [request.split(b" ")[0] for request in target.asked]
    assert lines == [b"POST"] * 4 + [b"GET"]
    assert b"Content-Length: 5" in target.asked[3]
    assert b"Content-Length" not in target.asked[4]


def test_credentials_stay_with_the_origin_they_were_given_for(serve):
    """A redirect to another host or port carries plain headers, and none of the credentials (R392)."""
    target = serve(OK)
    first = serve(redirect(target.url()))
    call = Call("GET", first.url(), {"X-Plain": "seen"}, {"X-Api-Key": "hush"})
    fetch(call, LOCAL)
    assert b"hush" in first.asked[0]
    assert b"X-Plain: seen" in target.asked[0]
    assert b"hush" not in target.asked[0]


def test_a_circle_of_redirects_ends(serve):
    """Three redirects are followed and a fourth is not; with none allowed a redirect is itself the answer."""
    peer = serve(lambda sock, _: sock.sendall(redirect("/round")))
    with pytest.raises(Unreachable, match="redirects more than 3 times"):
        fetch(Call("GET", peer.url()), LOCAL)
    assert len(peer.asked) == 4
    assert fetch(Call("GET", peer.url()), Limits(redirects=0, allow_private=True)).status == 302


@pytest.mark.parametrize(
    "before",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
    ],
    ids=["status", "headers", "body", "counted body"],
)
def test_the_deadline_is_for_the_whole(serve, before):
    """A server that sends a byte now and then is given up at the deadline, wherever it dawdles (R48)."""
    peer = serve(lambda sock, request: drip(sock, request, before))
    begun = time.monotonic()
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1 did not answer within 0\.4 s"):
        fetch(Call("GET", peer.url()), HASTY)
    assert time.monotonic() - begun < 1.2


def test_a_handshake_that_never_comes_is_given_up(serve):
    """The deadline holds for TLS as well."""
    peer = serve(lambda *_: time.sleep(2))
    begun = time.monotonic()
    with pytest.raises(Unreachable, match="did not answer within"):
        fetch(Call("GET", f"https://127.0.0.1:{peer.port}/"), HASTY)
    assert time.monotonic() - begun < 1.2


def test_no_more_is_read_than_was_asked_for(serve):
    """An endless body ends at max_bytes, soon."""
    peer = serve(lambda sock, request: drip(sock, request, b"HTTP/1.1 200 OK\r\n\r\n", 1_000_000))
    assert len(fetch(Call("GET", peer.url()), Limits(1, 50_000, allow_private=True)).body) == 50_000


def test_a_small_answer_cannot_unpack_into_a_large_one(serve):
    """The cap counts what a compressed body unpacks to."""
    packed = gzip.compress(bytes(50_000_000))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    peer = serve(head + packed)
    assert len(fetch(Call("GET", peer.url()), Limits(max_bytes=10_000, allow_private=True)).body) == 10_000


def test_the_surroundings_add_nothing(serve, monkeypatch, tmp_path):
    """Neither a proxy nor a .netrc of the environment touches a request (R392)."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password hush\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    peer = serve(OK)
    assert fetch(Call("GET", peer.url()), LOCAL).status == 200
    assert b"Authorization" not in peer.asked[0]


def test_a_session_has_no_way_around_the_guard(serve):
    """Who uses requests over our adapter is refused what we refuse, also where requests follows by itself."""
    peer = serve(redirect("http://169.254.169.254/"))
    for allow_private, connected in ((False, 0), (True, 1)):
        with Deadline(2) as deadline, requests.Session() as session:
            session.mount("http://", Adapter(Road(deadline, allow_private)))
            with pytest.raises(Refused):
                session.get(peer.url())
        assert peer.connected == connected


def test_faults_do_not_show_the_path(serve):
    """A path may be a secret: no fault repeats it (R392)."""
    peer = serve(b"")
    with pytest.raises(Unreachable, match="closed the connection without a whole answer") as fault:
        fetch(Call("GET", peer.url("/hush-hush")), LOCAL)
    assert "hush" not in str(fault.value)
    assert fault.value.__cause__ is None


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """Return the Identity of hooks.example."""
    return identity(tmp_path_factory.mktemp("tls"), "hooks.example")


def test_tls_is_with_the_name(serve, tls):
    """SNI and the certificate are those of the name, though the address was pinned."""
    peer = serve(OK, context=tls.server)
    reply = fetch(Call("GET", peer.url(host="hooks.example")), LOCAL, Net(HERE.resolve, lambda: tls.client))
    assert (reply.body, reply.certificate) == (b"ok", tls.der)
    assert tls.names_asked[-1] == "hooks.example"


def test_a_certificate_of_another_name_is_refused(serve, tls):
    """The shared context still compares names, and still asks for a trusted signer."""
    peer, net = serve(OK, context=tls.server), Net(HERE.resolve, lambda: tls.client)
    with pytest.raises(Unreachable, match=r"TLS with other\.example failed: Hostname mismatch"):
        fetch(Call("GET", peer.url(host="other.example")), LOCAL, net)
    with pytest.raises(Unreachable, match=r"TLS with hooks\.example failed: self-signed certificate"):
        fetch(Call("GET", peer.url(host="hooks.example")), LOCAL, HERE)


def test_no_redirect_leads_out_of_tls_unless_it_may(serve, tls):
    """A redirect from https to http is refused where secrets would travel in the clear."""
    plain, net = serve(OK), Net(HERE.resolve, lambda: tls.client)
    call = Call("GET", serve(redirect(plain.url()), context=tls.server).url(host="hooks.example"))
    with pytest.raises(Refused, match="from https to http"):
        fetch(call, LOCAL, net)
    assert plain.connected == 0
    assert fetch(call, replace(LOCAL, may_downgrade=True), net).body == b"ok"


def test_no_secret_leaves_tls(serve, tls):
    """Where a redirect may lead out of TLS, credentials and a body stay behind, at any port (R392)."""
    plain = serve(OK)
    away = redirect(f"http://hooks.example:{plain.port}/")
    secure = serve(away, ("127.0.0.2", plain.port), context=tls.server)
    lookups = iter(["127.0.0.2", "127.0.0.1"])
    net = Net(lambda _: [next(lookups)], lambda: tls.client)
    url = f"https://hooks.example:{secure.port}/"
    limits = replace(LOCAL, may_downgrade=True)
    assert fetch(Call("GET", url, {}, {"Authorization": "hush"}), limits, net).body == b"ok"
    assert b"hush" in secure.asked[0]
    assert b"hush" not in plain.asked[0]
    with pytest.raises(Refused, match="from https to http"):
        fetch(Call("POST", url, body=b"hush"), limits, Net(lambda _: ["127.0.0.2"], lambda: tls.client))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "closed the connection without a whole answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", "closed the connection without a whole answer"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "did not answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000 + b"\r\n", "sent more headers than anybody reads"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000, "sent more headers than anybody reads"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nok", "sent a body that cannot be unpacked"),
        (redirect("http://[::1/"), "redirects to what is no address"),
    ],
    ids=["nothing", "half", "no http", "headers", "a header", "no gzip", "nowhere"],
)
def test_every_fault_has_a_reason_in_a_few_words(serve, answer, reason):
    """Besides its sentence, which names the host, a fault says in a few words what was wrong (R244)."""
    with pytest.raises(Unreachable) as fault:
        fetch(Call("GET", serve(answer).url()), LOCAL)
    assert fault.value.reason == reason
    assert str(fault.value) == f"127.0.0.1 {reason}."


def test_a_request_that_cannot_be_written_is_refused(serve):
    """Methods and headers that are none never reach a server."""
    peer = serve(OK)
    for call in (
        Call("GE\nT", peer.url()),
        Call("GET", peer.url(), {"X": "a\r\nY: b"}),
        Call("GET", peer.url(), {"X": "\u2603"}),
        Call("GET", "http://*.example/"),
    ):
        with pytest.raises(Refused, match="cannot be written as HTTP"):
            fetch(call, LOCAL)
    assert peer.asked == []


def test_the_end_of_a_long_body_is_looked_for_where_it_is_not_announced(serve):
    """A body that says its length is read to the cap alone; any other must end, or it has no end."""
    limits = replace(LOCAL, max_bytes=1000, endless=1 << 20)
    head = b"HTTP/1.1 200 OK\r\n"
    counted = serve(head + b"Content-Length: 999999999\r\n\r\n" + b"x" * 100_000)
    long = serve(head + b"\r\n" + b"x" * 100_000)
    for peer in (counted, long):
        reply = fetch(Call("GET", peer.url()), limits)
        assert (len(reply.body), reply.is_whole) == (1000, False)
    endless = serve(lambda sock, request: drip(sock, request, head + b"\r\n", 1 << 20))
    with pytest.raises(Unreachable, match="without end: more than 1 MiB"):
        fetch(Call("GET", endless.url()), limits)
    assert fetch(Call("GET", serve(head + b"\r\n" + b"x" * 1000).url()), limits).is_whole


def test_times_of_all_hops_are_added_up(serve):
    """What each phase took is told in milliseconds, summed over redirects, and less than the whole."""

    def slowly(answer):
        return lambda sock, _: (time.sleep(0.05), sock.sendall(answer))

    reply = fetch(Call("GET", serve(slowly(redirect(serve(slowly(OK)).url()))).url()), LOCAL)
    assert set(reply.phases) == {"dns", "connect", "first_byte"}
    assert 100 <= reply.phases["first_byte"] < sum(reply.phases.values()) < reply.ms < 1000


def test_cookies_are_kept_for_the_way_and_no_longer(serve):
    """What the first hop sets the second one gets; the next request begins without."""

    def answer(sock, request):
        home = b"/home " in request
        sock.sendall(OK if home else redirect("/home").replace(b"\r\n", b"\r\nSet-Cookie: a=b\r\n", 1))

    peer = serve(answer)
    for _ in range(2):
        assert fetch(Call("GET", peer.url(host="a.example")), LOCAL, HERE).status == 200
    assert [b"Cookie: a=b" in request for request in peer.asked] == [False, True, False, True]
