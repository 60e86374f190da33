"""What many rounds come to: counts and latencies of an hour or a day, made to be added up."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import accumulate

from chalicelib.core.consensus import Result, Round
from chalicelib.core.status import Verdict

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MILLISECOND = timedelta(milliseconds=1)

# Latencies from 1 ms to a minute are counted in buckets, each wider than the one before by the same factor.
LONGEST_MS = 60_000
BUCKETS = 40
EDGES = tuple(float(LONGEST_MS ** (number / BUCKETS)) for number in range(BUCKETS + 1))
_RATIO = EDGES[1]
PRECISION = (_RATIO - 1) / (_RATIO + 1)  # how far a percentile may be from the truth, of that truth: 13.7 %
NO_LATENCIES = (0,) * BUCKETS


class Grain(StrEnum):
    """How long the periods are that are rolled up, all in UTC."""

    HOUR = "H"
    DAY = "D"

    @property
    def length(self) -> timedelta:
        """How long one is."""
        return timedelta(hours=1) if self is Grain.HOUR else timedelta(days=1)

    def floor(self, moment: datetime) -> datetime:
        """Return when the period began that *moment* lies in."""
        return moment - (moment - EPOCH) % self.length

    def ceil(self, moment: datetime) -> datetime:
        """Return when the first period begins that lies wholly after *moment*, or with it."""
        return self.floor(moment + self.length - MICROSECOND)


@dataclass(frozen=True, slots=True)
class Count:
    """How often one region gave which answer."""

    up: int = 0
    degraded: int = 0
    down: int = 0
    unknown: int = 0  # it could not tell

    @property
    def total(self) -> int:
        """How often it answered."""
        return self.up + self.degraded + self.down + self.unknown

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.up + other.up,
            self.degraded + other.degraded,
            self.down + other.down,
            self.unknown + other.unknown,
        )


@dataclass(frozen=True, slots=True)
class Rollup:
    """The rounds of some time that reached a verdict; an empty one changes nothing it is merged with."""

    up: int = 0
    degraded: int = 0
    down: int = 0
    regions: Mapping[str, Count] = field(default_factory=dict)
    latencies: tuple[int, ...] = NO_LATENCIES  # of good results, by bucket
    took: timedelta = timedelta()  # all good results together

    @property
    def rounds(self) -> int:
        """How many rounds there were."""
        return self.up + self.degraded + self.down

    @property
    def mean(self) -> float | None:
        """How many milliseconds a good result took on average, or None where there was none."""
        n_good = sum(self.latencies)
        return self.took / MILLISECOND / n_good if n_good else None

    def percentile(self, p: float) -> float | None:
        """Return in how many milliseconds *p* percent of the good results were there, or None without any.

        It is off by at most PRECISION from 1 ms to a minute; what took less, or longer, counts as that.
        """
        n_good = sum(self.latencies)
        if not n_good:
            return None
        rank = max(1, -(-n_good * p // 100))
        bucket = bisect_left([*accumulate(self.latencies)], rank)
        low, high = EDGES[bucket : bucket + 2]
        return 2 * low * high / (low + high)  # as far from either end, each measured by itself


def roll_up(rounds: Iterable[Round]) -> Rollup:
    """Return what *rounds* come to; those without a verdict do not count."""
    verdicts: Counter[Verdict] = Counter()
    answers: dict[str, Counter[Verdict | None]] = {}
    latencies = [0] * BUCKETS
    took = timedelta()
    for judged in rounds:
        if not judged.verdict:
            continue
        verdicts[judged.verdict] += 1
        for result in judged.results:
            answers.setdefault(result.region, Counter())[result.verdict] += 1
            if _is_good(result) and result.ms is not None:
                latencies[_bucket_of(result.ms)] += 1
                took += timedelta(milliseconds=result.ms)
    return Rollup(
        verdicts[Verdict.UP],
        verdicts[Verdict.DEGRADED],
        verdicts[Verdict.DOWN],
        {region: _count(heard) for region, heard in answers.items()},
        tuple(latencies),
        took,
    )


def merge(a: Rollup, b: Rollup) -> Rollup:
    """Return what the rounds of *a* and those of *b* come to together."""
    return Rollup(
        a.up + b.up,
        a.degraded + b.degraded,
        a.down + b.down,
        {
            region: a.regions.get(region, Count()) + b.regions.get(region, Count())
            for region in sorted(a.regions.keys() | b.regions.keys())
        },
        tuple(x + y for x, y in zip(a.latencies, b.latencies, strict=True)),
        a.took + b.took,
    )


def _is_good(result: Result) -> bool:
    return result.verdict in (Verdict.UP, Verdict.DEGRADED)


def _bucket_of(ms: float) -> int:
    return min(max(bisect_right(EDGES, ms) - 1, 0), BUCKETS - 1)


def _count(heard: Counter[Verdict | None]) -> Count:
    return Count(heard[Verdict.UP], heard[Verdict.DEGRADED], heard[Verdict.DOWN], heard[None])
