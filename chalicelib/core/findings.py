"""What is found out about the name of a monitor's target: who registered it until when, what DNS says of it.

A survey is taken once a day. What DNS said at first is the baseline; what differs from it is a change, and
the new baseline. Of a registration that runs out people are warned, once at each threshold.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from chalicelib.core.monitors import DAY, Spec
from chalicelib.core.targets import DnsTarget, DomainTarget, HttpTarget, TcpTarget, TlsTarget

WARNINGS = (30, 14, 7, 3, 1)  # days before the end
URGENT = 3  # from then on it is major
LONGEST_HOST = 253
NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+")

ADDED, REMOVED, MODIFIED = "added", "removed", "modified"


@dataclass(frozen=True, slots=True)
class Registration:
    """Who registered a domain, and until when; *expires* is None where its registry does not say."""

    domain: str
    registrar: str
    expires: datetime | None
    locked: bool  # against being moved to another registrar


@dataclass(frozen=True, slots=True)
class RecordSet:
    """The records of one type that a name has; *values* are sorted, and none where it has none."""

    record_type: str
    name: str  # the host's, or the registered domain's
    values: tuple[str, ...] = ()
    ttl: int = 0  # seconds
    dnssec_valid: bool | None = None  # None: whoever was asked does not check


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found about a host; what could not be found out is absent, for silence is no change."""

    host: str
    at: datetime
    registration: Registration | None = None
    records: tuple[RecordSet, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """The records of one type became others."""

    at: datetime
    record_type: str
    change_type: str
    previous: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Warned:
    """That people were warned of the end of *domain*: at which threshold last, and of which end at first."""

    days: int
    expires: datetime
    domain: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What is known about the host of one monitor; "" where its target has no name any more."""

    monitor_id: str
    host: str
    checked: datetime | None = None  # when the last survey was taken
    registration: Registration | None = None
    baselines: Mapping[str, RecordSet] = field(default_factory=dict)  # by type
    warned: Warned | None = None
    look_at: datetime | None = None  # when the next survey is due

    @property
    def days_remaining(self) -> int | None:
        """Whole days, rounded down, from the last survey to the end; None where that is not known (R174)."""
        expires = self.registration.expires if self.registration else None
        return (expires - self.checked) // DAY if expires and self.checked else None


def host_of(spec: Spec) -> str | None:
    """Return the DNS name that a monitor's target has, in lower case, or None where it has none.

    A heartbeat has none, nor has an IP address, nor a name without a dot, which no registry knows (R176).
    """
    host = _in_ascii((_named(spec) or "").strip().rstrip(".").lower())
    is_name = len(host) <= LONGEST_HOST and NAME.fullmatch(host)
    return host if is_name and not _is_address(host) else None


def _named(spec: Spec) -> str | None:
    match spec.watch and spec.watch.target:
        case HttpTarget(url=url):
            try:
                return urlsplit(url).hostname
            except ValueError:
                return None
        case TcpTarget(host=host) | TlsTarget(host=host) | DnsTarget(host=host):
            return host
        case DomainTarget(domain=domain):
            return domain
    return None


def _in_ascii(host: str) -> str:
    """Return *host* as DNS knows it; "" where it cannot."""
    if host.isascii():
        return host
    import idna  # which is large, and hardly ever needed where pings are taken

    try:
        return idna.encode(host, uts46=True).decode()
    except UnicodeError:
        return ""


def _is_address(host: str) -> bool:
    """Whether *host* is an address, also one in the short forms that have numbers alone at their end."""
    if host.rpartition(".")[2].isdigit():
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def compare(
    baselines: Mapping[str, RecordSet], survey: Survey
) -> tuple[Mapping[str, RecordSet], tuple[Change, ...]]:
    """Return the new baselines, and what differs from the old ones (R175).

    What is seen for the first time, or of another name than before, is a baseline without a change; so is a
    difference in the time to live, which a name server counts down.
    """
    changes = tuple(_changes(baselines, survey))
    differing = {
        found.record_type: found
        for found in survey.records
        if _without_ttl(baselines.get(found.record_type)) != _without_ttl(found)
    }
    return {**baselines, **differing}, changes


def _changes(baselines: Mapping[str, RecordSet], survey: Survey) -> Iterable[Change]:
    for found in survey.records:
        before = baselines.get(found.record_type)
        if before is None or before.name != found.name or before.values == found.values:
            continue
        change_type = MODIFIED if before.values and found.values else ADDED if found.values else REMOVED
        yield Change(survey.at, found.record_type, change_type, before.values, found.values)


def _without_ttl(found: RecordSet | None) -> RecordSet | None:
    return replace(found, ttl=0) if found else None


def learned(before: Findings, survey: Survey, baselines: Mapping[str, RecordSet]) -> Findings:
    """Return the findings after a *survey*; a registry that was silent changes nothing."""
    return replace(
        before,
        checked=survey.at,
        registration=survey.registration or before.registration,
        baselines=baselines,
    )


def is_settled(findings: Findings) -> bool:
    """Whether the end that people were warned of is none any more: it was put off, or nobody watches it."""
    warned = findings.warned
    if warned is None:
        return False
    return is_renewed(findings) or not is_of(findings.host, warned.domain)


def is_of(host: str, domain: str) -> bool:
    """Whether *host* is *domain*, or a name within it."""
    return f".{host}".endswith(f".{domain}")


def is_renewed(findings: Findings) -> bool:
    """Whether the domain that people were warned of is registered for longer; by hours is no renewal."""
    warned, registration = findings.warned, findings.registration
    if not (warned and registration and registration.expires and registration.domain == warned.domain):
        return False
    return registration.expires - warned.expires >= DAY


def due_warning(findings: Findings) -> Warned | None:
    """Return the warning to give now: at the smallest threshold that is reached, if that was not told yet.

    An end that moved without a renewal is still the one that people were warned of at first.
    """
    days, registration, warned = findings.days_remaining, findings.registration, findings.warned
    if days is None or not (registration and registration.expires):
        return None
    reached = [threshold for threshold in WARNINGS if days <= threshold]
    if not reached or (warned and warned.days <= reached[-1]):
        return None
    return Warned(reached[-1], warned.expires if warned else registration.expires, registration.domain)


def title_of(domain: str, days: int) -> str:
    """Return what the incident of an end is called, so many whole days before it."""
    if days < 0:
        return f"{domain} has expired"
    return f"{domain} expires " + ("today" if days == 0 else f"in {days} day{'s' if days > 1 else ''}")


def next_look(look_at: datetime, now: datetime) -> datetime:
    """Return the first moment after *now* that is whole days after *look_at*."""
    return look_at + max(1, (now - look_at) // DAY + 1) * DAY
