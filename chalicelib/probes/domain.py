"""Domains: until when one is registered, with whom, and whether it may be moved away. Asked by RDAP.

A registry that does not answer says nothing about the domain, so that is unknown, and never down.
Source: RFC 9082, RFC 9083, RFC 9224.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from threading import Lock
from time import monotonic  # measures how long we wait
from typing import Any, NamedTuple

import idna

from chalicelib.core.consensus import Result
from chalicelib.core.targets import DomainTarget
from chalicelib.guard import fetching
from chalicelib.guard.addresses import Refused, Unreachable
from chalicelib.guard.fetching import Call
from chalicelib.guard.headers import AGENT
from chalicelib.guard.roads import TIMED_OUT, Net
from chalicelib.probes.base import Limits, answered, clean, prober, unknown
from chalicelib.probes.certificates import DAY, too_early

BOOTSTRAP = "https://data.iana.org/rdap/dns.json"  # which registry knows which suffix
MOST_BYTES = 2 << 20
HEADERS = {"Accept": "application/rdap+json, application/json", "User-Agent": AGENT}
OK, BAD_REQUEST, NOT_FOUND = 200, 400, 404
LOST = ("redemption period", "pending delete")  # nobody renewed it, and soon it is anybody's
LOCKS = ("client transfer prohibited", "server transfer prohibited")
LONGEST_NAME = 100

Services = Mapping[str, str]  # from a suffix to the address of its registry

_known: dict[Net, Services] = {}  # read once a process
_learning = Lock()


class Silent(Exception):
    """The registry did not tell; the message is why, in a few words."""


class Unregistered(Silent):
    """The registry does not know the domain, or not as one."""


class Registration(NamedTuple):
    """What a registry says of a domain; *end* is None where it does not say."""

    registrar: str
    end: datetime | None
    statuses: frozenset[str]

    @property
    def is_locked(self) -> bool:
        """Whether it may not be moved to another registrar."""
        return any(lock in self.statuses for lock in LOCKS)


@prober
def probe(target: DomainTarget, limits: Limits) -> Result:
    """Ask the domain's registry until when it is registered."""
    try:
        name = idna.encode(target.domain.strip().rstrip("."), uts46=True).decode()
        found = registration(name, limits)
    except UnicodeError:
        return unknown(limits, "domain name cannot be read")
    except (Silent, Refused) as reason:
        return unknown(limits, str(reason))
    except Unreachable as fault:
        return unknown(limits, f"registry: {fault.reason}")
    facts = _facts(found, limits.now)
    lost = [status for status in LOST if status in found.statuses]
    if lost:
        return answered(limits, error=f"domain is in its {lost[0]}", facts=facts)
    if found.end is None:
        return unknown(limits, "registry does not tell when the domain ends", facts)
    return answered(limits, error=too_early(found.end, limits.now, target.days, "domain"), facts=facts)


def _facts(found: Registration, now: datetime) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "registrar": found.registrar,
        "transfer_locked": found.is_locked,
    }
    if found.end:
        facts |= {"expires": found.end.isoformat(), "days_left": (found.end - now) // DAY}
    return facts


def registration(name: str, limits: Limits) -> Registration:
    """Return what the registry says of the domain *name*, which is in ASCII.

    Raises Unregistered, Silent, Refused and Unreachable.
    """
    end = monotonic() + limits.timeout
    labels = name.split(".")
    services = _services(limits, end)
    suffixes = [".".join(labels[first:]) for first in range(1, len(labels))]
    registry = next((services[suffix] for suffix in suffixes if suffix in services), None)
    if registry is None:
        raise Silent(f"no registry is known for .{labels[-1][:LONGEST_NAME]}")
    document = _get(f"{registry.rstrip('/')}/domain/{name}", limits, end)
    try:
        registrar = clean(next(_registrars(document), ""), LONGEST_NAME)
        return Registration(registrar, _end(document), _statuses(document))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        raise Silent("registry's answer cannot be read") from None


def _services(limits: Limits, end: float) -> Services:
    """Return the registries; many domains may ask at once, and only the first fetches the list."""
    if not _learning.acquire(timeout=max(0.0, end - monotonic())):
        raise Silent(TIMED_OUT)
    try:
        if limits.net not in _known:
            document = _get(BOOTSTRAP, limits, end)
            _known[limits.net] = dict(_suffixes(document))
        return _known[limits.net]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise Silent("list of registries cannot be read") from None
    finally:
        _learning.release()


def _suffixes(document: Any) -> Iterator[tuple[str, str]]:
    for suffixes, urls in document["services"]:
        secure = [url for url in urls if url.startswith("https://")]
        for suffix in suffixes:
            yield suffix.lower(), (secure or urls)[0]


def _get(url: str, limits: Limits, end: float) -> Any:
    reply = fetching.fetch(
        Call("GET", url, HEADERS),
        fetching.Limits(max(0.001, end - monotonic()), MOST_BYTES, allow_private=limits.allow_private),
        limits.net,
    )
    if reply.status == NOT_FOUND:
        raise Unregistered("registry does not know the domain")
    if reply.status == BAD_REQUEST:
        raise Unregistered("registry takes it for no domain")
    if reply.status != OK:
        raise Silent(f"registry answered {reply.status}")
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        raise Silent("registry's answer is not JSON") from None


def _end(document: Any) -> datetime | None:
    for event in document.get("events", ()):
        if event["eventAction"] == "expiration":
            moment = datetime.fromisoformat(event["eventDate"])
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _statuses(document: Any) -> frozenset[str]:
    return frozenset(status.lower() for status in document.get("status", ()))


def _registrars(document: Any) -> Iterator[str]:
    """Yield the names of whoever sold the domain, from their vCards."""
    for entity in document.get("entities", ()):
        if "registrar" in entity.get("roles", ()):
            for name, _, _, value in (field[:4] for field in entity.get("vcardArray", (0, ()))[1]):
                if name == "fn":
                    yield str(value)
