import socket
import threading
import time

import pytest

from chalicelib.guard.deadlines import Deadline


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


def test_every_deadline_is_kept_whatever_others_run():
    """A short deadline that begins after many long ones is not late, and all share one watchdog."""
    pairs = [socket.socketpair() for _ in range(20)]
    long = [Deadline(30) for _ in pairs]
    for deadline in long:
        deadline.__enter__()
    before, begun = threading.active_count(), time.monotonic()
    for seconds, (ours, _) in zip((0.3, 0.1, 0.2), pairs, strict=False):
        with Deadline(seconds) as deadline:
            deadline.watch(ours)
            assert ours.recv(1) == b""
    assert 0.6 <= time.monotonic() - begun < 1.5
    assert threading.active_count() <= before
    for deadline in long:
        deadline.__exit__()
    for ours, theirs in pairs:
        ours.close()
        theirs.close()


def test_work_that_breaks_under_a_deadline_breaks_whoever_waits():
    """What a lookup raises is raised where it was asked for."""
    with Deadline(2) as deadline, pytest.raises(KeyError):
        deadline.within(lambda: {}["missing"])
