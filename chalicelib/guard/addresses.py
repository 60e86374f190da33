"""Which addresses may be reached; asks no network but for a name's addresses."""

import re
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

Ip = IPv4Address | IPv6Address
Resolver = Callable[[str], Iterable[str]]  # from a host to its addresses, as text

PORTS = {"http": 80, "https": 443}
DOMAIN = 53  # the port of name servers
TRICKY = re.compile(r"[\x00-\x20\\\x7f]")  # parsers differ about what these mean in a URL


class Refused(Exception):
    """The target is not allowed; the message is a sentence about it."""


class Unreachable(Exception):
    """The target is allowed, but the network, TLS or time did not let us.

    The message is a sentence; *reason* is the same in a few words, which name no host.
    """

    def __init__(self, sentence: str, reason: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class Unroutable(Unreachable):
    """The target may be well: from here no road leads to the kind of address that it has."""


class Zone(StrEnum):
    """Whose an address is."""

    METADATA = "metadata"  # the cloud's own services: they hand credentials to whoever asks
    LINK_LOCAL = "link-local"
    LOOPBACK = "loopback"
    PRIVATE = "private"
    SHARED = "shared"  # CGNAT, where VPNs and pods live as well
    MULTICAST = "multicast"
    RESERVED = "reserved"
    PUBLIC = "public"


# The first match counts. In IPv6 nothing is public but 2000::/3; 6to4, Teredo and their kin are tunnels
# to some IPv4 address and nobody's honest target. Metadata: AWS, Alibaba, Azure, Google.
ZONES = {
    Zone.METADATA: "169.254.169.254 169.254.170.0/24 fd00:ec2::/32 "
    "100.100.100.200 168.63.129.16 fd20:ce::254",
    Zone.LINK_LOCAL: "169.254.0.0/16 fe80::/10",
    Zone.LOOPBACK: "127.0.0.0/8 ::1",
    Zone.PRIVATE: "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7",
    Zone.SHARED: "100.64.0.0/10",
    Zone.MULTICAST: "224.0.0.0/4 ff00::/8",
    Zone.RESERVED: "0.0.0.0/8 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 "
    "203.0.113.0/24 240.0.0.0/4 2001::/23 2001:db8::/32 2002::/16 3fff::/20",
    Zone.PUBLIC: "0.0.0.0/0 2000::/3",
}
RANGES = tuple((ip_network(text), zone) for zone, texts in ZONES.items() for text in texts.split())
OPENABLE = (Zone.LOOPBACK, Zone.PRIVATE, Zone.SHARED)
NAT64 = ip_network("64:ff9b::/96")


@lru_cache(4096)  # to look through all ranges takes as long as to connect
def zone_of(ip: Ip) -> Zone:
    """Return whose *ip* is; one that only wraps an IPv4 address is judged by what it wraps."""
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped:
            return zone_of(ip.ipv4_mapped)
        if ip in NAT64:
            return zone_of(IPv4Address(int(ip) & 0xFFFF_FFFF))
    return next((zone for network, zone in RANGES if ip in network), Zone.RESERVED)


def is_open(zone: Zone, *, allow_private: bool) -> bool:
    """Whether targets in *zone* may be reached; link-local and metadata never are."""
    return zone is Zone.PUBLIC or (allow_private and zone in OPENABLE)


@lru_cache(4096)
def literal(host: str) -> Ip | None:
    """Return the address that *host* spells out in any form that the C library reads, or None for a name."""
    bare = host.strip("[]").split("%")[0].rstrip(".").lower()
    if bare == "localhost" or bare.endswith(".localhost"):
        return IPv4Address("127.0.0.1")
    with suppress(ValueError):
        return ip_address(bare)
    with suppress(OSError, ValueError):  # 127.1, 0x7f000001, 2130706433, 0177.0.0.1
        return IPv4Address(socket.inet_aton(bare))
    return None


@lru_cache(512)  # every layer of a request asks for its own part of the same few
def parse(url: str) -> SplitResult:
    """Return the parts of an http or https *url*; raise Refused for any other, and for tricky spellings."""
    if TRICKY.search(url):
        raise Refused("A URL cannot contain spaces, backslashes or control characters.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Refused("That is not a URL.") from None
    if parts.scheme not in PORTS or not host or port == 0:
        raise Refused("A URL must begin with http:// or https:// and name a host.")
    return parts


def refuse_literal(url: str, *, allow_private: bool) -> None:
    """Raise Refused where *url* is none, or spells out an address that may not be reached (R102)."""
    host = parse(url).hostname or ""
    ip = literal(host)
    if ip and not is_open(zone_of(ip), allow_private=allow_private):
        raise Refused(f"{host} is a {zone_of(ip)} address, which may not be reached from here.")


@dataclass(frozen=True, slots=True)
class Address:
    """An address that was judged, and a port."""

    ip: Ip
    port: int


def system_resolver(host: str) -> list[str]:
    """Return every address of *host*, in the order in which the system would try them."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]


def system_name_servers() -> list[Address]:
    """Return the name servers of this machine, which we answer for: in a Lambda they are link-local."""
    lines = [line.split() for line in Path("/etc/resolv.conf").read_text().splitlines()]
    found = [words[1] for words in lines if words[:1] == ["nameserver"] and len(words) > 1]
    return [Address(ip_address(text.split("%")[0]), DOMAIN) for text in found]


def resolve_public(
    host: str, port: int, *, allow_private: bool, resolve: Resolver = system_resolver
) -> list[Address]:
    """Return all addresses of *host*; raise Refused when any of them may not be reached.

    A name that mixes public and private addresses is no honest name, so one bad address spoils it.
    """
    spelled_out = literal(host)
    try:
        ips = [spelled_out] if spelled_out else [ip_address(text.split("%")[0]) for text in resolve(host)]
    except (OSError, ValueError):
        raise Unreachable(f"The name {host} was not found.", "name not found") from None
    if not ips:
        raise Unreachable(f"The name {host} has no address.", "name has no address")
    for ip in ips:
        if not is_open(zone_of(ip), allow_private=allow_private):
            raise Refused(f"{host} leads to a {zone_of(ip)} address, which may not be reached from here.")
    return [Address(ip, port) for ip in dict.fromkeys(ips)]
