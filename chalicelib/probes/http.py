"""HTTP and HTTPS: what a target answers, how long it takes, and whether that is as it should be."""

import re
from dataclasses import replace
from functools import lru_cache
from typing import Any

from chalicelib.core.consensus import Result
from chalicelib.core.targets import MOST_REDIRECTS, HttpTarget
from chalicelib.guard import fetching
from chalicelib.guard.fetching import Call, Reply
from chalicelib.guard.headers import AGENT
from chalicelib.guard.roads import blind_trust
from chalicelib.probes import certificates
from chalicelib.probes.assertions import fault
from chalicelib.probes.base import Limits, answered, prober, quoted
from chalicelib.probes.evidence import Evidence

MOST_BYTES = 1 << 20  # of a body, unpacked, are looked at
ENDLESS = 16 << 20  # bytes: a body that never said how long it is and goes on after these has no end
STATUSES = re.compile(r"\s*(\d{3})\s*(?:-\s*(\d{3})\s*)?")  # 200, or 200-299


@prober
def probe(target: HttpTarget, limits: Limits) -> Result:
    """Ask *target* and judge what comes back after all redirects; times are of all hops together."""
    statuses = expected(target.expected_status)
    reply = fetching.fetch(
        Call(
            target.method,
            target.url,
            {"User-Agent": f"{AGENT} ({limits.region})"},
            dict(target.headers),
            target.body.encode("utf-8", "replace") or None,
        ),
        fetching.Limits(
            limits.timeout,
            MOST_BYTES,
            min(target.redirects, MOST_REDIRECTS),
            limits.allow_private,
            may_downgrade=True,
            endless=ENDLESS,
        ),
        limits.net if target.verify_tls else replace(limits.net, trust=blind_trust),
    )
    return answered(
        limits,
        reply.ms,
        _fault(target, statuses, Evidence(reply, limits.now)),
        code=reply.status,
        phases=reply.phases,
        facts=_facts(reply, limits),
    )


@lru_cache(64)  # of these there are few
def expected(text: str) -> tuple[range, ...]:
    """Return what statuses *text* names, as "200", "200,204" or "200-299,301"; none where it is unclear."""
    found = [STATUSES.fullmatch(part) for part in text.split(",")]
    spans = tuple(range(int(match[1]), int(match[2] or match[1]) + 1) for match in found if match)
    return spans if len(spans) == len(found) else ()


def _fault(target: HttpTarget, statuses: tuple[range, ...], evidence: Evidence) -> str:
    if not statuses:
        return f"expected status {quoted(target.expected_status)} cannot be read"
    if not any(evidence.reply.status in span for span in statuses):
        return f"expected {target.expected_status}, got {evidence.reply.status}"
    return next(filter(None, (fault(assertion, evidence) for assertion in target.assertions)), "")


def _facts(reply: Reply, limits: Limits) -> dict[str, Any]:
    if not reply.certificate:
        return {}
    try:
        return certificates.facts(reply.certificate, limits.now)
    except ValueError:
        return {}  # whoever asserts something about it is told
