import socket
import time

import pytest

from chalicelib.guard.addresses import Refused, Unreachable
from chalicelib.guard.roads import Deadline, Net, Road, dial


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


def test_a_watched_socket_is_cut_at_the_deadline():
    """Whoever waits in a read when the deadline comes gets the end of the stream, not another timeout."""
    ours, theirs = socket.socketpair()
    with ours, theirs, Deadline(0.2) as deadline:
        deadline.watch(ours)
        ours.settimeout(5)
        assert ours.recv(1) == b""
        assert deadline.left() == 0


def test_a_deadline_that_was_met_cuts_nothing():
    """After the work is done its sockets are left alone."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with Deadline(0.1) as deadline:
            deadline.watch(ours)
        time.sleep(0.2)
        theirs.sendall(b"x")
        assert ours.recv(1) == b"x"
