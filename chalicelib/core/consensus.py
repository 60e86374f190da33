"""Many regions, one verdict: no single region's bad minute is anybody's downtime (R390)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.core.status import Verdict


@dataclass(frozen=True, slots=True)
class Result:
    """What one region saw in one round; *verdict* is None where it could not tell."""

    region: str
    verdict: Verdict | None
    ms: float | None = None  # of the whole probe
    code: int | None = None  # the HTTP status, where there was one
    error: str = ""  # why the verdict is DOWN or None, in a few words
    phases: Mapping[str, float] = field(default_factory=dict)  # ms: dns, connect, tls, first_byte
    # What was found on the way, as a certificate's end or a registrar.
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one region found in one round, and whose answers it is counted with."""

    monitor_id: str
    at: datetime
    version: int
    jury: tuple[str, ...]
    witnesses: tuple[str, ...]
    result: Result


@dataclass(frozen=True, slots=True)
class Round:
    """One scheduled probing of a monitor, as far as it has come; results in the order of their arrival."""

    monitor_id: str
    at: datetime
    version: int  # of the Watch that was asked
    jury: tuple[str, ...]  # the monitor's own regions
    witnesses: tuple[str, ...] = ()  # others that were asked as well
    results: tuple[Result, ...] = ()

    @property
    def verdict(self) -> Verdict | None:
        """What the regions say together, or None while, or where, no majority agrees."""
        return judge(self.results, self.jury, self.witnesses)

    @property
    def is_slow(self) -> bool | None:
        """Whether most of the jury is slow, or None while that is open, or where nobody can say (R159)."""
        return pace(self.results, self.jury)

    @property
    def is_decided_by_the_last(self) -> bool:
        """Whether the newest result brought the verdict, or whether it is slow: that may take one more."""
        before = self.results[:-1]
        if judge(before, self.jury, self.witnesses) is None:
            return self.verdict is not None
        return pace(before, self.jury) is None and self.is_slow is not None


def judge(results: Iterable[Result], jury: Sequence[str], witnesses: Sequence[str] = ()) -> Verdict | None:
    """Return the first verdict that *results* lead to in their order; None where they lead to none.

    A strict majority of the *jury* must agree. Where there are *witnesses*, it is DOWN only if a strict
    majority of all say so as well, and good news if either majority does: so a jury of one is not alone with
    its bad minute.
    What comes after the verdict, comes twice or cannot tell changes nothing.
    """
    panels = [frozenset(jury)]
    if witnesses:
        panels.append(panels[0] | frozenset(witnesses))
    heard: dict[str, Verdict] = {}
    for result in results:
        if result.verdict and result.region not in heard:
            heard[result.region] = result.verdict
            verdict = _reached(heard, panels)
            if verdict:
                return verdict
    return None


def pace(results: Iterable[Result], jury: Sequence[str]) -> bool | None:
    """Return whether most of the *jury* answers well but slowly; None while it is not sure either way.

    Whoever is slow answers last: unlike good news, this waits for as many as it takes. Where too many are
    down or silent nothing is said.
    """
    heard: dict[str, Verdict] = {}
    for result in results:
        if result.verdict and result.region in jury:
            heard.setdefault(result.region, result.verdict)
    votes = list(heard.values())
    if 2 * votes.count(Verdict.DEGRADED) > len(jury):
        return True
    return False if votes and 2 * votes.count(Verdict.UP) >= len(jury) else None


def _reached(heard: Mapping[str, Verdict], panels: Sequence[frozenset[str]]) -> Verdict | None:
    """Return DOWN where every panel has a majority for it, and good news where any panel has."""
    condemned = True
    for panel in panels:
        votes = [verdict for region, verdict in heard.items() if region in panel]
        n_good = len(votes) - votes.count(Verdict.DOWN)
        if 2 * n_good > len(panel):
            return Verdict.DEGRADED if 2 * votes.count(Verdict.DEGRADED) > n_good else Verdict.UP
        condemned &= 2 * (len(votes) - n_good) > len(panel)
    return Verdict.DOWN if condemned else None
