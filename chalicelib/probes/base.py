"""What a probe is: a function from a target, and how far it may go, to what this region says of it."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar

from chalicelib.core.consensus import Result
from chalicelib.core.status import Verdict
from chalicelib.faults import tell
from chalicelib.guard.addresses import Refused, Unreachable, Unroutable
from chalicelib.guard.deadlines import Deadline
from chalicelib.guard.roads import INTERNET, Net, Road

LONGEST_ERROR = 200  # characters
LONGEST_QUOTE = 50

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """From where, when and how far a probe goes; *timeout* is in seconds and for the whole."""

    region: str
    now: datetime  # for what depends on the day, as a certificate does
    timeout: float = 10.0
    slow_ms: int = 0  # a good answer that takes longer is degraded; 0: never
    allow_private: bool = False
    net: Net = INTERNET

    def road(self, deadline: Deadline) -> Road:
        """Return the road for a probe that ends at *deadline*."""
        return Road(deadline, self.allow_private, self.net)


Probe = Callable[[Any, Limits], Result]


def prober(ask: Callable[[T, Limits], Result]) -> Callable[[T, Limits], Result]:
    """Let *ask* answer whatever happens: what it was refused or could not reach becomes its result."""

    @wraps(ask)
    def probe(target: T, limits: Limits) -> Result:
        try:
            return ask(target, limits)
        except Refused as refusal:
            return answered(limits, error=str(refusal))
        except Unroutable as fault:
            return unknown(limits, fault.reason)
        except Unreachable as fault:
            return answered(limits, error=fault.reason)
        except Exception as fault:  # noqa: BLE001  our own mistake is no downtime, nor the end of other probes
            tell(log, "a probe broke", fault, region=limits.region)
            return unknown(limits, "the probe itself failed")

    return probe


def answered(limits: Limits, ms: float | None = None, error: str = "", **found: Any) -> Result:
    """Return that the target did as it should, or DOWN for the reason *error*."""
    verdict = Verdict.DOWN if error else Verdict.UP
    if not error and ms is not None and ms > limits.slow_ms > 0:
        verdict = Verdict.DEGRADED
    found["phases"] = {phase: round(took, 1) for phase, took in found.get("phases", {}).items()}
    ms = ms if ms is None else round(ms, 1)
    return Result(limits.region, verdict, ms, error=clean(error, LONGEST_ERROR), **found)


def unknown(limits: Limits, error: str, facts: Mapping[str, Any] | None = None) -> Result:
    """Return that nothing can be said of the target from here, for the reason *error*."""
    return Result(limits.region, None, error=clean(error, LONGEST_ERROR), facts=facts or {})


def clean(text: str, most: int) -> str:
    """Return *text* as a message carries it: not too long, and without half characters as JSON has."""
    return text[:most].encode("utf-8", "replace").decode()


def quoted(text: str) -> str:
    """Return *text* as a reason may repeat it: in quotation marks, on one line, and not for long."""
    line = " ".join(text[: 10 * LONGEST_QUOTE].split())
    return f'"{line[:LONGEST_QUOTE]}…"' if len(line) > LONGEST_QUOTE else f'"{line}"'
