import errno
import os
import socket
import time
from ipaddress import ip_address

import pytest

from chalicelib.guard.addresses import Address, Refused, Unreachable, Unroutable
from chalicelib.guard.deadlines import Deadline
from chalicelib.guard.fetching import Call, Limits, fetch
from chalicelib.guard.roads import Net, Road, blind_trust, dial, verify_peer
from tests.guard.peers import OK, identity


def test_the_connection_goes_to_the_address_that_was_checked(serve):
    """A name that changes its address after it was judged gains nothing: it is looked up once (R391)."""
    checked = serve(b"")
    other = serve(b"", ("127.0.0.2", checked.port))
    answers = [["127.0.0.1"], ["127.0.0.2"], ["169.254.169.254"]]
    with Deadline(2) as deadline:
        road = Road(deadline, allow_private=True, net=Net(resolve=lambda _: answers.pop(0)))
        with dial("rebinds.example", checked.port, road) as sock:
            assert sock.getpeername() == ("127.0.0.1", checked.port)
    assert len(answers) == 2
    assert other.connected == 0


def test_nothing_is_connected_to_a_refused_address(serve):
    """A name that leads to loopback is refused before anything is sent (R102)."""
    peer = serve(b"")
    with Deadline(2) as deadline, pytest.raises(Refused, match="loopback"):
        dial("inside.example", peer.port, Road(deadline, net=Net(resolve=lambda _: ["127.0.0.1"])))
    assert peer.connected == 0


def test_the_next_address_is_tried_when_one_is_dead(serve):
    """One address that does not answer does not make a name unreachable."""
    peer = serve(b"")
    with Deadline(2) as deadline:
        road = Road(deadline, allow_private=True, net=Net(resolve=lambda _: ["127.0.0.3", "127.0.0.1"]))
        with dial("two.example", peer.port, road) as sock:
            assert sock.getpeername()[0] == "127.0.0.1"


def test_a_closed_port_is_told_in_a_sentence():
    """Where nothing listens, the sentence names host and port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with Deadline(2) as deadline, pytest.raises(Unreachable, match=f"port {port}: connection refused"):
        dial("127.0.0.1", port, Road(deadline, allow_private=True))


def test_a_slow_name_server_does_not_outlast_the_deadline():
    """The deadline holds for the lookup of the name, which has no timeout of its own."""
    begun = time.monotonic()
    with Deadline(0.2) as deadline, pytest.raises(Unreachable, match=r"not found within 0\.2 s"):
        dial("slow.example", 80, Road(deadline, net=Net(resolve=lambda _: time.sleep(1.5) or [])))
    assert time.monotonic() - begun < 1


def test_an_address_needs_no_lookup(serve):
    """An address that is spelled out, in whatever form, is judged and connected to without asking anybody."""
    peer = serve(b"")
    with Deadline(2) as deadline:
        road = Road(deadline, allow_private=True, net=Net(resolve=lambda _: pytest.fail("asked")))
        for host in ("127.0.0.1", "127.1", "0x7f000001", "localhost"):
            with dial(host, peer.port, road) as sock:
                assert sock.getpeername() == ("127.0.0.1", peer.port)


def test_a_connection_to_another_address_than_the_checked_one_is_refused(serve):
    """Whatever stands between us and the network, the peer's address is looked at once more (R391)."""
    peer = serve(b"")
    checked = Address(ip_address("127.0.0.1"), peer.port)

    class Elsewhere(socket.socket):
        def getpeername(self):
            return ("169.254.169.254", 80)

    with Elsewhere() as sock:
        sock.connect(("127.0.0.1", peer.port))
        with pytest.raises(Refused, match="another address"):
            verify_peer(sock, checked)


@pytest.mark.parametrize(
    ("addresses", "number", "fault"),
    [
        (["2606:4700::1"], errno.ENETUNREACH, Unroutable),
        (["2606:4700::1", "2606:4700::2"], errno.EADDRNOTAVAIL, Unroutable),
        (["2606:4700::1", "1.1.1.1"], errno.ENETUNREACH, Unreachable),
        (["1.1.1.1"], errno.ENETUNREACH, Unreachable),
        (["2606:4700::1"], errno.ECONNREFUSED, Unreachable),
    ],
)
def test_where_no_road_leads_to_ipv6_that_is_said(addresses, number, fault):
    """A target with IPv6 addresses alone is not called unreachable by a machine that has no IPv6."""

    def connect(*_):
        raise OSError(number, os.strerror(number))

    with Deadline(2) as deadline, pytest.raises(Unreachable) as raised:
        dial("a.example", 443, Road(deadline, net=Net(lambda _: addresses, connect=connect)))
    assert type(raised.value) is fault


def test_it_is_told_how_long_each_part_took(serve):
    """The lookup and the connection are timed apart, and a second connection adds to the first."""
    peer = serve(b"")
    with Deadline(2) as deadline:
        road = Road(deadline, allow_private=True, net=Net(lambda _: time.sleep(0.05) or ["127.0.0.1"]))
        for _ in range(2):
            dial("a.example", peer.port, road).close()
    assert 100 <= road.watch.phases["dns"] < 400
    assert road.watch.phases["connect"] < 100
    assert sum(road.watch.phases.values()) <= road.watch.total


def test_datagrams_go_by_the_same_road():
    """A socket for datagrams is judged and connected like any other (R391)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, Deadline(2) as deadline:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        with dial("127.0.0.1", port, Road(deadline, allow_private=True), socket.SOCK_DGRAM) as sock:
            sock.send(b"hello")
            assert server.recv(10) == b"hello"
        with pytest.raises(Refused):
            dial("127.0.0.1", port, Road(deadline), socket.SOCK_DGRAM)


def test_without_verification_any_certificate_is_taken(serve, tmp_path):
    """The blind context shakes hands with whoever comes, and still tells the certificate."""
    peer = serve(OK, context=identity(tmp_path, "a.example").server)
    net = Net(lambda _: ["127.0.0.1"], trust=blind_trust)
    reply = fetch(Call("GET", peer.url(host="b.example")), Limits(allow_private=True), net)
    assert reply.body == b"ok"
    assert reply.certificate
