"""A survey of the name that a target has: its domain's registration by RDAP, its records by DNS.

Whatever cannot be found out is left out; nothing here says that a target is down.
"""

from collections.abc import Iterator
from dataclasses import replace

from dns.exception import DNSException

from chalicelib.core.findings import RecordSet, Registration, Survey
from chalicelib.guard.addresses import Refused, Unreachable, Unroutable
from chalicelib.guard.deadlines import Deadline
from chalicelib.probes import dns
from chalicelib.probes.base import Limits, clean
from chalicelib.probes.domain import Silent, Unregistered, registration

OF_THE_HOST = ("A", "AAAA")
OF_THE_DOMAIN = ("MX", "NS", "TXT", "CAA")
LONGEST = 30.0  # seconds, for all
FOR_REGISTRIES = 12.0
FOR_A_TYPE = 3.0
MOST_CANDIDATES = 3
MOST_VALUES = 50
LONGEST_VALUE = 500  # characters


def survey(host: str, domain: str, limits: Limits) -> Survey:
    """Return what can be found out about *host*, which is in ASCII; at *limits.now*.

    *domain* is the registered one as an earlier survey found it, "" where none did: where its registry is
    silent today, its records are still those of the same name.
    """
    if not host:
        return Survey(host, limits.now)
    found = _registration(host, domain, replace(limits, timeout=FOR_REGISTRIES))
    apex = found.domain if found else domain or host
    return Survey(host, limits.now, found, tuple(_records(host, apex, limits)))


def candidates(host: str, domain: str) -> list[str]:
    """Return which names may be the registered one, the likeliest first: the known one, then the shortest."""
    labels = host.split(".")
    suffixes = [".".join(labels[-many:]) for many in range(2, len(labels) + 1)]
    return list(dict.fromkeys([domain, *suffixes] if domain in suffixes else suffixes))[:MOST_CANDIDATES]


def _registration(host: str, domain: str, limits: Limits) -> Registration | None:
    with Deadline(limits.timeout) as deadline:
        for name in candidates(host, domain):
            try:
                found = registration(name, replace(limits, timeout=deadline.wait()))
            except Unregistered:
                continue
            except (Silent, Refused, Unreachable):
                return None
            return Registration(name, found.registrar, found.end, found.is_locked)
    return None


def _records(host: str, apex: str, limits: Limits) -> Iterator[RecordSet]:
    asked = [(host, kind) for kind in OF_THE_HOST] + [(apex, kind) for kind in OF_THE_DOMAIN]
    for name, record_type in asked:
        try:
            with Deadline(FOR_A_TYPE) as deadline:
                found = dns.look_up(name, record_type, limits.road(deadline))
        except (Unreachable, Unroutable, DNSException, OSError):
            continue
        values = tuple(clean(value, LONGEST_VALUE) for value in found.values[:MOST_VALUES])
        yield RecordSet(record_type, name, values, found.ttl, found.is_valid)
