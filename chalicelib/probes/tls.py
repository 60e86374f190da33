"""TLS: whether a certificate is trusted, fits its name, and is good for long enough."""

from collections.abc import Mapping
from typing import Any

from chalicelib.core.consensus import Result
from chalicelib.core.targets import TlsTarget
from chalicelib.guard.deadlines import Deadline
from chalicelib.guard.faults import fault
from chalicelib.guard.roads import dial
from chalicelib.probes import certificates
from chalicelib.probes.base import Limits, answered, prober


@prober
def probe(target: TlsTarget, limits: Limits) -> Result:
    """Shake hands, and look how long the certificate is good for."""
    with Deadline(limits.timeout) as deadline:
        road = limits.road(deadline)
        with dial(target.host, target.port, road) as sock:
            try:
                with limits.net.trust().wrap_socket(sock, server_hostname=target.host.rstrip(".")) as secure:
                    road.watch.stop("tls")
                    ms = road.watch.total
                    certificate = secure.getpeercert(binary_form=True) or b""
                    issuer = _issuer(secure.getpeercert() or {})
            except (OSError, ValueError) as error:
                raise fault(target.host, error, deadline) from None
    end = certificates.not_after(certificate)
    return answered(
        limits,
        ms,
        certificates.too_early(end, limits.now, target.days),
        phases=road.watch.phases,
        facts={**certificates.facts(certificate, limits.now), "issuer": issuer},
    )


def _issuer(certificate: Mapping[str, Any]) -> str:
    """Return who signed, as people know them."""
    names = {name: value for part in certificate.get("issuer", ()) for name, value in part}
    return str(names.get("organizationName") or names.get("commonName", ""))[:100]
