"""DNS: which records a name has, as the region's own name server or a chosen one sees it."""

import socket
from collections.abc import Sequence
from functools import partial
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
from dns.rdata import Rdata
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.TXT import TXT

from chalicelib.core.consensus import Result
from chalicelib.core.targets import DnsTarget
from chalicelib.guard.addresses import DOMAIN, Unreachable, Unroutable
from chalicelib.guard.deadlines import Deadline
from chalicelib.guard.faults import too_slow
from chalicelib.guard.roads import Road, dial, reach
from chalicelib.probes.base import Limits, answered, prober, quoted

TRIES = 2  # of each server: datagrams get lost
ASK_AGAIN = 2.0  # seconds without an answer, after which the next is tried; the last has all the time
MOST_VALUES = 50
LONGEST_VALUE = 255

NO_ERROR, NO_NAME = dns.rcode.NOERROR, dns.rcode.NXDOMAIN

Door = partial[socket.socket]  # takes the kind of socket, and returns one that is connected to a name server


@prober
def probe(target: DnsTarget, limits: Limits) -> Result:
    """Ask for the records of *target*, and hold them against what is expected."""
    try:
        kind = dns.rdatatype.from_text(target.record_type)
        query = dns.message.make_query(target.host, kind, want_dnssec=target.dnssec)
    except (dns.exception.DNSException, ValueError):
        return answered(limits, error=f"{target.record_type[:20]} of {target.host[:80]} cannot be asked for")
    if dns.rdatatype.is_metatype(kind):  # whole zones, say
        return answered(limits, error=f"{target.record_type} is no type of record")
    if target.dnssec:
        query.flags |= dns.flags.AD
    with Deadline(limits.timeout) as deadline:
        road = limits.road(deadline)
        answer = _ask(query, _doors(target, road), road)
        ms = road.watch.total
    values = _values(answer)
    error = _rcode_fault(answer) or _fault(target, kind, answer, values)
    facts = {
        "values": [value[:LONGEST_VALUE] for value in values[:MOST_VALUES]],
        "validated": bool(answer.flags & dns.flags.AD),
    }
    return answered(limits, ms, error, phases=road.watch.phases, facts=facts)


class Records(NamedTuple):
    """The records of one type that a name has, sorted; the time to live is in seconds.

    *is_valid* says whether DNSSEC vouches for them; None where whoever was asked does not check that.
    """

    values: list[str]
    ttl: int
    is_valid: bool | None


def look_up(host: str, record_type: str, road: Road) -> Records:
    """Return what the region's own name servers say; raises Unreachable and Unroutable.

    A name that does not exist has no records; a server that fails says nothing, and is Unreachable, too.
    """
    target = DnsTarget(host, record_type)
    query = dns.message.make_query(host, record_type, want_dnssec=True)
    query.flags |= dns.flags.AD
    answer = _ask(query, _doors(target, road), road)
    if answer.rcode() not in (NO_ERROR, NO_NAME):
        fault = _rcode_fault(answer)
        raise Unreachable(f"The {fault}.", fault)
    return Records(_values(answer), _ttl(answer), _is_valid(answer))


def _ttl(answer: dns.message.Message) -> int:
    return min((records.ttl for records in answer.answer if records.rdtype != RdataType.RRSIG), default=0)


def _is_valid(answer: dns.message.Message) -> bool | None:
    """Return what the flag says; where there are signatures, but no flag, nobody looked at them."""
    if answer.flags & dns.flags.AD:
        return True
    sections = (*answer.answer, *answer.authority)
    return None if any(records.rdtype == RdataType.RRSIG for records in sections) else False


def _doors(target: DnsTarget, road: Road) -> Sequence[Door]:
    """Return the ways to the name servers: a chosen one is judged like any target, our own are not."""
    if target.resolver:
        host, port = _host_and_port(target.resolver)
        return [partial(dial, host, port, road)]
    servers = road.net.name_servers()
    if not servers:
        raise Unroutable("This region has no name server.", "this region has no name server")
    return [partial(reach, "the region's name server", [address], road) for address in servers]


def _host_and_port(text: str) -> tuple[str, int]:
    """Return what a person wrote as 192.0.2.1, 192.0.2.1:5353 or [2001:db8::1]:53; IPv6 may come bare."""
    try:
        parts = urlsplit(f"//[{text}]" if text.count(":") > 1 and "[" not in text else f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    return host or text, port or DOMAIN


def _ask(query: dns.message.Message, doors: Sequence[Door], road: Road) -> dns.message.Message:
    """Return the first answer that any of the servers gives in its share of the time."""
    fault: Exception = too_slow("the name server", road.deadline)
    tries = [door for _ in range(TRIES) for door in doors]
    for tried, door in enumerate(tries):
        left = len(tries) - tried
        share = road.deadline.wait() / left
        if left > 1:
            share = min(share, ASK_AGAIN)
        try:
            return _exchange(query, door, share, road)
        except Unreachable as error:
            fault = error
        except (OSError, EOFError, dns.exception.DNSException) as error:
            fault = _meaning(error, road.deadline)
    raise fault


def _exchange(query: dns.message.Message, door: Door, seconds: float, road: Road) -> dns.message.Message:
    with door(kind=socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)  # dnspython waits by itself
        ip, port = sock.getpeername()[:2]
        try:
            return dns.query.udp(
                query,
                ip,
                seconds,
                port,
                sock=sock,
                ignore_unexpected=True,
                ignore_errors=True,
                raise_on_truncation=True,
            )
        except dns.message.Truncated:
            pass
    with door(kind=socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        return dns.query.tcp(query, ip, road.deadline.wait(), port, sock=sock)


def _meaning(error: Exception, deadline: Deadline) -> Unreachable:
    if isinstance(error, (dns.exception.Timeout, TimeoutError)) or not deadline.left():
        return too_slow("the name server", deadline)
    if isinstance(error, OSError) and error.strerror:
        reason = f"name server: {error.strerror.lower()}"
    else:
        reason = "name server did not answer in DNS"
    return Unreachable(f"The {reason}.", reason)


def _rcode_fault(answer: dns.message.Message) -> str:
    code = answer.rcode()
    if code == NO_NAME:
        return "name not found"
    return "" if code == NO_ERROR else f"name server answered {dns.rcode.to_text(code)}"


def _fault(target: DnsTarget, kind: RdataType, answer: dns.message.Message, values: list[str]) -> str:
    if target.dnssec and not answer.flags & dns.flags.AD:
        return "answer is not validated by DNSSEC"
    if not values:
        return f"no {dns.rdatatype.to_text(kind)} record"
    there = {_comparable(value, kind) for value in values}
    missing = [value for value in target.expected if _comparable(value, kind) not in there]
    return f"no {dns.rdatatype.to_text(kind)} record {quoted(missing[0])}" if missing else ""


def _values(answer: dns.message.Message) -> list[str]:
    """Return the records at the end of all aliases, sorted; none where the answer makes no sense."""
    try:
        found = dns.message.QueryMessage.resolve_chaining(answer).answer  # type: ignore[arg-type]
    except dns.exception.DNSException:
        return []
    return sorted(_text(record) for record in found or ())


def _text(record: Rdata) -> str:
    if isinstance(record, TXT):
        return b"".join(record.strings).decode("utf-8", "replace")
    return " ".join(word.rstrip(".") or "." for word in record.to_text().split())


def _comparable(value: str, kind: RdataType) -> str:
    """Return *value* as it compares: names whatever their case and last dot, addresses however written."""
    if kind == RdataType.TXT:
        return value
    if kind in (RdataType.A, RdataType.AAAA):
        try:
            return str(ip_address(value))
        except ValueError:
            return value
    return " ".join(word.rstrip(".") or "." for word in value.lower().split())
