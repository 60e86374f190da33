import gzip
import socket
import ssl
import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.guard.addresses import Refused, Unreachable
from chalicelib.guard.fetching import Call, Limits, fetch, guarded_session
from chalicelib.guard.roads import Deadline, Net, Road

LOCAL = Limits(timeout=3, allow_private=True)
HASTY = Limits(timeout=0.4, allow_private=True)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HERE = Net(resolve=lambda _: ["127.0.0.1"])


def redirect(location, status=302):
    return f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


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


def test_a_session_follows_nothing_by_itself(serve):
    """Who uses the session directly gets a redirect as an answer, and no way around the guard."""
    peer = serve(redirect("http://169.254.169.254/"))
    with Deadline(2) as deadline, guarded_session(Road(deadline, allow_private=True)) as session:
        assert session.get(peer.url()).status_code == 302
    with Deadline(2) as deadline, guarded_session(Road(deadline)) as session, pytest.raises(Refused):
        session.get(peer.url())


def test_faults_do_not_show_the_path(serve):
    """A path may be a secret: no fault repeats it (R392)."""
    peer = serve(b"")
    with pytest.raises(Unreachable, match="closed the connection without a whole answer") as fault:
        fetch(Call("GET", peer.url("/hush-hush")), LOCAL)
    assert "hush" not in str(fault.value)
    assert fault.value.__cause__ is None


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """Return (server context, client context, names asked for) of a certificate for hooks.example."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hooks.example")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    server, asked = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
    server.load_cert_chain(pem)
    server.sni_callback = lambda _sock, sni, _context: asked.append(sni)
    return server, ssl.create_default_context(cafile=pem), asked


@pytest.fixture
def serve_tls(serve, tls):
    """Return a function that starts a TLS server with a fixed answer and returns its port."""

    def start(answer):
        peer = serve(b"")

        def talk(sock):
            with suppress(OSError), tls[0].wrap_socket(sock, server_side=True) as secure:
                secure.recv(65_536)
                secure.sendall(answer)
                secure.shutdown(socket.SHUT_WR)

        peer.talk = talk
        return peer.port

    return start


def test_tls_is_with_the_name(serve_tls, tls):
    """SNI and the certificate are those of the name, though the address was pinned."""
    net = Net(lambda _: ["127.0.0.1"], trust=lambda: tls[1])
    assert fetch(Call("GET", f"https://hooks.example:{serve_tls(OK)}/"), LOCAL, net).body == b"ok"
    assert tls[2][-1] == "hooks.example"


def test_a_certificate_of_another_name_is_refused(serve_tls, tls):
    """The shared context still compares names, and still asks for a trusted signer."""
    net = Net(lambda _: ["127.0.0.1"], trust=lambda: tls[1])
    with pytest.raises(Unreachable, match=r"TLS with other\.example failed: Hostname mismatch"):
        fetch(Call("GET", f"https://other.example:{serve_tls(OK)}/"), LOCAL, net)
    with pytest.raises(Unreachable, match=r"TLS with hooks\.example failed: self-signed certificate"):
        fetch(Call("GET", f"https://hooks.example:{serve_tls(OK)}/"), LOCAL, HERE)


def test_no_redirect_leads_out_of_tls(serve, serve_tls, tls):
    """A redirect from https to http is refused: what was meant to be secret would travel in the clear."""
    plain = serve(OK)
    net = Net(lambda _: ["127.0.0.1"], trust=lambda: tls[1])
    port = serve_tls(redirect(plain.url()))
    with pytest.raises(Refused, match="from https to http"):
        fetch(Call("GET", f"https://hooks.example:{port}/"), LOCAL, net)
    assert plain.connected == 0
