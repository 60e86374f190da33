"""TCP: whether a port accepts connections, and perhaps whether it says what it should."""

import socket

from chalicelib.core.consensus import Result
from chalicelib.core.targets import TcpTarget
from chalicelib.guard.deadlines import Deadline
from chalicelib.guard.faults import too_slow
from chalicelib.guard.roads import dial
from chalicelib.probes.base import Limits, answered, prober, quoted

MOST_BYTES = 65_536  # in which what is expected must come
CHUNK = 4_096


@prober
def probe(target: TcpTarget, limits: Limits) -> Result:
    """Connect; send what is to be sent, and wait for what is expected."""
    with Deadline(limits.timeout) as deadline:
        road = limits.road(deadline)
        with dial(target.host, target.port, road) as sock:
            try:
                error = _talk(sock, target)
            except OSError as fault:
                error = f"connection broke: {fault.strerror or fault}".lower()
            if error and not deadline.left():
                raise too_slow(target.host, deadline)
        return answered(limits, road.watch.total, error, phases=road.watch.phases)


def _talk(sock: socket.socket, target: TcpTarget) -> str:
    """Return what is wrong with the answer, or nothing."""
    sock.sendall(target.send.encode("utf-8", "replace"))
    wanted, heard = target.expect.encode("utf-8", "replace"), b""
    while wanted not in heard:
        more = sock.recv(CHUNK)
        heard += more
        if not more or len(heard) > MOST_BYTES:
            return f"answer does not contain {quoted(target.expect)}"
    return ""
