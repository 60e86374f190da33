"""What a probe asks, and what the answer must be: plain values that travel to every region."""

from dataclasses import dataclass
from datetime import timedelta

from chalicelib.core.status import Kind

FIVE_MINUTES = timedelta(minutes=5)
TEN_SECONDS = timedelta(seconds=10)
MOST_REDIRECTS = 10


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an answer must satisfy, beyond its status: `source` `comparison` `value`.

    *source* is body, header, json or certificate; *key* names the header, or is the JSON path. One that is
    unknown, or cannot be evaluated, is not satisfied.
    """

    source: str
    comparison: str
    value: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class HttpTarget:
    """A request, and which answers are good; *headers* go to the origin of *url* alone."""

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    expected_status: str = "200-299"  # numbers and ranges, separated by commas
    assertions: tuple[Assertion, ...] = ()
    redirects: int = MOST_REDIRECTS  # 0 takes a redirect for the answer
    verify_tls: bool = True


@dataclass(frozen=True, slots=True)
class TcpTarget:
    """A port that accepts connections, and perhaps answers *expect* to *send*."""

    host: str
    port: int
    send: str = ""
    expect: str = ""


@dataclass(frozen=True, slots=True)
class DnsTarget:
    """A name whose records of one type are asked for; all *expected* values must be among them."""

    host: str
    record_type: str = "A"
    expected: tuple[str, ...] = ()
    resolver: str = ""  # an address; empty asks the region's own
    dnssec: bool = False  # the answer must be validated


@dataclass(frozen=True, slots=True)
class TlsTarget:
    """A certificate that is trusted, fits *host*, and is good for at least *days* more."""

    host: str
    port: int = 443
    days: int = 0


@dataclass(frozen=True, slots=True)
class DomainTarget:
    """A registration that is good for at least *days* more."""

    domain: str
    days: int = 0


Target = HttpTarget | TcpTarget | DnsTarget | TlsTarget | DomainTarget

TARGETS: dict[Kind, type[Target]] = {
    Kind.HTTP: HttpTarget,
    Kind.TCP: TcpTarget,
    Kind.DNS: DnsTarget,
    Kind.TLS: TlsTarget,
    Kind.DOMAIN: DomainTarget,
}


@dataclass(frozen=True, slots=True)
class Watch:
    """How a target is watched: how often, from where, and how many rounds make up our mind."""

    target: Target
    interval: timedelta = FIVE_MINUTES  # one that wheel.is_ring
    timeout: timedelta = TEN_SECONDS
    regions: tuple[str, ...] = ()  # none: every region of the deployment
    failure_threshold: int = 2  # bad rounds in a row that make it down
    recovery_threshold: int = 2  # good rounds in a row that make it up again
    slow_ms: int = 0  # a good answer that takes longer is degraded; 0: never
    slow_ms_in: tuple[tuple[str, int], ...] = ()  # (region, ms) where a region has its own
    version: int = 0  # grows with every change, so that answers to an older question are known as such

    def jury(self, available: tuple[str, ...]) -> tuple[str, ...]:
        """Return the regions that judge, of those *available*; where none is left of its own, all of them."""
        return tuple(region for region in self.regions if region in available) or available

    def slow_in(self, region: str) -> int:
        """Return after how many milliseconds an answer in *region* is slow; 0: never."""
        return dict(self.slow_ms_in).get(region, self.slow_ms)
