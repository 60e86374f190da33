"""Connections that go only where they may, and end when they must.

A name is looked up once, every address it stands for is judged, and the connection goes to one that was
judged: what the name stands for a moment later no longer matters.
"""

import errno
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv6Address, ip_address
from time import perf_counter

from chalicelib.guard.addresses import (
    Address,
    Refused,
    Resolver,
    Unreachable,
    Unroutable,
    literal,
    resolve_public,
    system_name_servers,
    system_resolver,
)
from chalicelib.guard.deadlines import Deadline

TIMED_OUT = "timeout"  # the reason of whatever took too long
NO_ROAD = (errno.ENETUNREACH, errno.EADDRNOTAVAIL)  # this machine speaks no such protocol to the world


@cache
def public_trust() -> ssl.SSLContext:
    """Return the process's one TLS context: to load the roots for every connection costs 16 ms of CPU."""
    import certifi  # only https pays for it

    return ssl.create_default_context(cafile=certifi.where())


@cache
def blind_trust() -> ssl.SSLContext:
    """Return a TLS context that takes any certificate, for those who asked not to have it verified."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def open_socket(address: Address, kind: socket.SocketKind, seconds: float) -> socket.socket:
    """Return a socket of *kind* that is connected to *address*, or raise OSError after *seconds* at most."""
    family = socket.AF_INET6 if isinstance(address.ip, IPv6Address) else socket.AF_INET
    sock = socket.socket(family, kind)
    try:
        sock.settimeout(seconds)
        sock.connect((str(address.ip), address.port))
        verify_peer(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


def verify_peer(sock: socket.socket, address: Address) -> None:
    """Raise Refused unless *sock* leads to *address*."""
    if ip_address(sock.getpeername()[0]) != address.ip:
        raise Refused("The connection led to another address than the one that was checked.")


@dataclass(frozen=True, slots=True)
class Net:
    """How names are looked up, how what was judged is connected to, whom TLS trusts, whom DNS is asked of."""

    resolve: Resolver = system_resolver
    trust: Callable[[], ssl.SSLContext] = public_trust
    connect: Callable[[Address, socket.SocketKind, float], socket.socket] = open_socket
    name_servers: Callable[[], Sequence[Address]] = system_name_servers


INTERNET = Net()


class Stopwatch:
    """How long the parts of something took, in ms; what is done several times is added up."""

    def __init__(self) -> None:
        self.phases: dict[str, float] = {}
        self._begun = self._lap = perf_counter()

    def start(self) -> None:
        """Let the next phase begin now."""
        self._lap = perf_counter()

    def stop(self, phase: str) -> None:
        """Add the time since the last start or stop to *phase*."""
        begun, self._lap = self._lap, perf_counter()
        self.phases[phase] = self.phases.get(phase, 0.0) + (self._lap - begun) * 1000

    @property
    def total(self) -> float:
        """The time since it was made."""
        return (perf_counter() - self._begun) * 1000


@dataclass(frozen=True, slots=True)
class Road:
    """What every connection made on it obeys; *watch* learns how long dns, connect and tls took."""

    deadline: Deadline
    allow_private: bool = False
    net: Net = INTERNET
    watch: Stopwatch = field(default_factory=Stopwatch)


def dial(host: str, port: int, road: Road, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
    """Return a socket connected to one of *host*'s addresses, all of which were judged."""
    road.watch.start()
    addresses = _judged(host, port, road)
    road.watch.stop("dns")
    return reach(host, addresses, road, kind)


def reach(
    host: str, addresses: Sequence[Address], road: Road, kind: socket.SocketKind = socket.SOCK_STREAM
) -> socket.socket:
    """Return a socket connected to one of *addresses*, which the caller answers for; *host* is their name."""
    fault = OSError()
    road.watch.start()
    for tried, address in enumerate(addresses):
        try:
            # A share of the time for each: a dead first address must not use up the others'.
            share = road.deadline.wait() / (len(addresses) - tried)
            sock = _ready(road.net.connect(address, kind, share), road.deadline)
        except OSError as error:
            fault = error
        else:
            road.watch.stop("connect")
            return sock
    raise _unreachable(host, addresses, fault, road.deadline)


def _judged(host: str, port: int, road: Road) -> list[Address]:
    def look_up() -> list[Address]:
        return resolve_public(host, port, allow_private=road.allow_private, resolve=road.net.resolve)

    if literal(host):
        return look_up()  # which asks nobody
    try:
        return road.deadline.within(look_up)
    except TimeoutError:
        sentence = f"The name {host} was not found within {road.deadline.seconds:g} s."
        raise Unreachable(sentence, TIMED_OUT) from None


def _ready(sock: socket.socket, deadline: Deadline) -> socket.socket:
    try:
        if sock.type == socket.SOCK_STREAM:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(deadline.wait())
        deadline.watch(sock)
    except BaseException:
        sock.close()
        raise
    return sock


def _unreachable(host: str, addresses: Sequence[Address], fault: OSError, deadline: Deadline) -> Unreachable:
    reason = str(fault.strerror or fault).lower()
    sentence = f"{host} did not accept a connection at port {addresses[0].port}: {reason}."
    if isinstance(fault, TimeoutError) or not deadline.left():
        return Unreachable(sentence, TIMED_OUT)
    if fault.errno in NO_ROAD and all(isinstance(address.ip, IPv6Address) for address in addresses):
        return Unroutable(sentence, "has IPv6 addresses only, to which no road leads from here")
    return Unreachable(sentence, reason)
