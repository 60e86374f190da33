"""Connections that go only where they may, and end when they must.

A name is looked up once, every address it stands for is judged, and the connection goes to one that was
judged: what the name stands for a moment later no longer matters.
"""

import socket
import ssl
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv6Address, ip_address
from threading import Thread, Timer
from time import monotonic  # measures how long we wait; no moment is read from it
from typing import Self, TypeVar

from chalicelib.guard.addresses import (
    Address,
    Refused,
    Resolver,
    Unreachable,
    resolve_public,
    system_resolver,
)

T = TypeVar("T")


class Deadline:
    """The moment at which all that was begun under it is given up, and the sockets it watches are cut.

    A socket's own timeout is for each read: who sends a byte a second would be waited for for ever.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = monotonic() + seconds
        self._watched: list[socket.socket] = []
        self._timer = Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()  # lest it cut a descriptor that is somebody else's by then
        for twin in self._watched:
            twin.close()

    def left(self) -> float:
        """Return the seconds that are left; 0 when there are none."""
        return max(0.0, self._end - monotonic())

    def wait(self) -> float:
        """Return the seconds that are left as a timeout, for which 0 would mean something else."""
        return max(0.001, self.left())

    def watch(self, sock: socket.socket) -> None:
        """Cut the connection of *sock* at the end, whoever may be waiting in it."""
        self._watched.append(sock.dup())  # TLS takes the descriptor away from *sock*, but not from its twin
        if not self.left():
            self._cut()

    def within(self, work: Callable[[], T]) -> T:
        """Return what *work* returns, or raise TimeoutError at the end: a name's lookup knows no timeout."""
        outcome: Future[T] = Future()

        def run() -> None:
            try:
                outcome.set_result(work())
            except Exception as error:  # noqa: BLE001  handed to the thread that waits
                outcome.set_exception(error)

        Thread(target=run, daemon=True).start()
        return outcome.result(self.left())

    def _cut(self) -> None:
        for twin in tuple(self._watched):
            with suppress(OSError):
                twin.shutdown(socket.SHUT_RDWR)


@cache
def public_trust() -> ssl.SSLContext:
    """Return the process's one TLS context: to load the roots for every connection costs 16 ms of CPU."""
    import certifi  # only https pays for it

    return ssl.create_default_context(cafile=certifi.where())


@dataclass(frozen=True, slots=True)
class Net:
    """How names are looked up and whom TLS trusts."""

    resolve: Resolver = system_resolver
    trust: Callable[[], ssl.SSLContext] = public_trust


INTERNET = Net()


@dataclass(frozen=True, slots=True)
class Road:
    """What every connection made on it obeys."""

    deadline: Deadline
    allow_private: bool = False
    net: Net = INTERNET


def dial(host: str, port: int, road: Road) -> socket.socket:
    """Return a socket connected to one of *host*'s addresses, all of which were judged."""
    resolve, allow_private = road.net.resolve, road.allow_private
    try:
        addresses = road.deadline.within(
            lambda: resolve_public(host, port, allow_private=allow_private, resolve=resolve)
        )
    except TimeoutError:
        raise Unreachable(f"The name {host} was not found within {road.deadline.seconds:g} s.") from None
    fault = ""
    for tried, address in enumerate(addresses):
        try:
            # A share of the time for each: a dead first address must not use up the others'.
            return _connect(address, road.deadline, road.deadline.wait() / (len(addresses) - tried))
        except OSError as error:
            fault = str(error.strerror or error).lower()
    raise Unreachable(f"{host} did not accept a connection at port {port}: {fault}.")


def _connect(address: Address, deadline: Deadline, seconds: float) -> socket.socket:
    family = socket.AF_INET6 if isinstance(address.ip, IPv6Address) else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.connect((str(address.ip), address.port))
        _verify_peer(sock, address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(deadline.wait())
        deadline.watch(sock)
    except BaseException:
        sock.close()
        raise
    return sock


def _verify_peer(sock: socket.socket, address: Address) -> None:
    if ip_address(sock.getpeername()[0]) != address.ip:
        raise Refused("The connection led to another address than the one that was checked.")
