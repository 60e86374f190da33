"""What the evidence suggests, in a sentence or two: rules, and no guesses beyond them (R215)."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from chalicelib.core.alerts import Alert, Reason
from chalicelib.core.consensus import Result
from chalicelib.core.status import Verdict
from chalicelib.core.steps import Cause
from chalicelib.core.words import counted, duration, excerpt, one_line

LIMIT = 600  # characters
MANY = 3  # errors that are told; of more only how many there are
HALF = 0.5

# What an error means, by how it begins; the first that fits.
MEANINGS = (
    ("connection refused", "the server is reachable, but nothing listens"),
    ("connection reset", "something on the way, or the server itself, breaks the connection off"),
    ("timeout", "nothing answers in time"),
    ("name not found", "the name leads nowhere"),
    ("name has no address", "the name leads nowhere"),
    ("no route to host", "the network does not know the way"),
    ("network is unreachable", "the network does not know the way"),
    ("TLS: certificate has expired", "the certificate must be renewed"),
    ("TLS:", "the server is reachable, but no encrypted connection comes about"),
    ("closed the connection", "the server takes the request, and gives up over it"),
)
PHASES = {
    "dns": "looking up the name",
    "connect": "connecting",
    "tls": "the TLS handshake",
    "first_byte": "waiting for the first byte",
}
GOES_ON = (Reason.STILL_DOWN, Reason.ESCALATED)


def insight(alert: Alert) -> str | None:
    """Return what can be said of *alert* beyond what happened, on one line; None where that is nothing."""
    sentences = " ".join(filter(None, (_seen(alert), _length(alert))))
    return one_line(sentences, LIMIT) or None


def _seen(alert: Alert) -> str:
    """Return what was seen: by the regions, or of the job."""
    match alert.reason:
        case Reason.WENT_DOWN | Reason.STILL_DOWN | Reason.ESCALATED:
            return _failing(alert.evidence) or _of_job(alert)
        case Reason.SLOWED:
            return _slow(alert.evidence)
        case Reason.RECOVERED | Reason.SPED_UP:
            return _well(alert)
    return ""


def _failing(evidence: Sequence[Result]) -> str:
    """Return who fails, with what, and what that may mean."""
    failing = [result for result in evidence if result.verdict is Verdict.DOWN]
    if not failing:
        return ""
    who = _share(len(failing), _judges(evidence), "fail", "fails")
    errors = Counter(_error(result) for result in failing)
    if len(errors) > 1:
        told = "; ".join(f"{error} ({n})" for error, n in _ranked(errors)[:MANY])
        more = f"; and {len(errors) - MANY} more" if len(errors) > MANY else ""
        return f"{who}, for different reasons: {told}{more}."
    [error] = errors
    meaning = _meaning(error) or _elsewhere(len(failing), _judges(evidence))
    return f"{who} with {error}" + (f": {meaning}." if meaning else ".")


def _judges(evidence: Sequence[Result]) -> int:
    """Return how many regions could tell."""
    return sum(result.verdict is not None for result in evidence)


def _share(some: int, total: int, many: str, one: str) -> str:
    if total == 1:
        return f"The only region that could tell {one}"
    whole = f"All {total}" if some == total else f"{some} of {total}"
    return f"{whole} regions {one if some == 1 and some != total else many}"


def _error(result: Result) -> str:
    return excerpt(result.error).rstrip(".") or "an unknown error"


def _ranked(errors: Counter[str]) -> list[tuple[str, int]]:
    """Return *errors* and their numbers, the most frequent first, whatever their order was."""
    return sorted(errors.items(), key=lambda pair: (-pair[1], pair[0]))


def _meaning(error: str) -> str:
    status = error.rpartition(", got ")[2] if error.startswith("expected ") else ""
    if status.isdecimal():
        return "the server answers with a fault of its own" if status >= "500" else ""
    return next((meaning for start, meaning in MEANINGS if error.startswith(start)), "")


def _elsewhere(some: int, total: int) -> str:
    return "" if some == total else "from elsewhere it can be reached"


def _of_job(alert: Alert) -> str:
    """Return what a job did, or did not do."""
    match alert.cause:
        case Cause.FAIL if alert.exit_status:
            return f"The job ran, and reported a failure itself: exit status {alert.exit_status}."
        case Cause.FAIL:
            return "The job ran, and reported a failure itself."
        case Cause.OVERRUN:
            return "The job began, but never said that it ended: it hangs, or died on its way."
        case Cause.TIMEOUT:
            return _silence(alert)
    return ""


def _silence(alert: Alert) -> str:
    last = alert.summary.get("last_ping")
    if not last:
        return "No signal has ever come: perhaps the job was never set up."
    began = alert.began or alert.at
    silent = duration(began - datetime.fromisoformat(last))
    return f"The last signal had come {silent} before: the job did not run, or could not reach us."


def _slow(evidence: Sequence[Result]) -> str:
    """Return who answers slowly, how slowly, and which phase takes the most of it."""
    slow = [result for result in evidence if result.verdict is Verdict.DEGRADED]
    if not slow:
        return ""
    who = _share(len(slow), _judges(evidence), "answer slowly", "answers slowly")
    worst = max((result.ms for result in slow if result.ms is not None), default=None)
    took = f", in up to {worst:.0f} ms" if worst is not None else ""
    return f"{who}{took}{_longest_phase(slow)}."


def _longest_phase(slow: Sequence[Result]) -> str:
    spent = {name: sum(result.phases.get(name, 0.0) for result in slow) for name in PHASES}
    total, longest = sum(spent.values()), max(spent, key=lambda name: spent[name])
    if not total:
        return ""
    most = "most" if spent[longest] > HALF * total else "the largest part"
    return f"; {most} of it is {PHASES[longest]}"


def _well(alert: Alert) -> str:
    if alert.cause is Cause.OVERTAKEN:
        return "It did not become faster: it went down, or was paused."
    well = sum(result.verdict in (Verdict.UP, Verdict.DEGRADED) for result in alert.evidence)
    how = "in time" if alert.reason is Reason.SPED_UP else "again"
    return f"{_share(well, _judges(alert.evidence), 'get', 'gets')} an answer {how}." if well else ""


def _length(alert: Alert) -> str:
    """Return how long it lasted, or has lasted, or what there is of a budget."""
    figures = alert.figures
    if alert.reason is Reason.SLA_MISSED and "downtime_seconds" in figures:
        down = duration(timedelta(seconds=figures["downtime_seconds"]))
        return f"The downtime of this {figures.get('period', 'period')} adds up to {down}."
    if alert.reason is Reason.EXPIRING and "days_remaining" in figures:
        return f"{counted(max(0, figures['days_remaining']), 'day')} left to renew it."
    if alert.lasted is None or not (alert.reason.closes or alert.reason in GOES_ON):
        return ""
    return f"It {'has lasted' if alert.reason in GOES_ON else 'lasted'} {duration(alert.lasted)}."
