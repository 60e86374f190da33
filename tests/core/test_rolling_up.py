import math
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lives import BIRTH, DAY, HOUR, MINUTE

from chalicelib.core.consensus import Result, Round
from chalicelib.core.rollups import EDGES, LONGEST_MS, PRECISION, Count, Grain, Rollup, merge, roll_up
from chalicelib.core.status import Verdict

UP, DEGRADED, DOWN = Verdict
HERE, THERE, YONDER = JURY = ("here", "there", "yonder")
MICROSECOND = timedelta(microseconds=1)


def a_round(*verdicts, ms=100.0, after=timedelta()):
    """Return a round in which the regions answered in their order."""
    results = [Result(region, verdict, ms) for region, verdict in zip(JURY, verdicts, strict=False)]
    return Round("m-1", BIRTH + after, 1, JURY, (), tuple(results))


def measured(*latencies):
    """Return what rounds come to in which one region of one measured these milliseconds."""
    return roll_up(Round("m-1", BIRTH, 1, (HERE,), (), (Result(HERE, UP, ms),)) for ms in latencies)


latencies = st.one_of(st.none(), st.floats(0, 90_000), st.sampled_from(EDGES), st.integers(0, 70_000))
results = st.builds(Result, st.sampled_from(JURY), st.none() | st.sampled_from(Verdict), latencies)
rounds = st.builds(
    lambda found: Round("m-1", BIRTH, 1, JURY, (), tuple({one.region: one for one in found}.values())),
    st.lists(results, max_size=4),
)
rollups = st.lists(rounds, max_size=4).map(roll_up)
sensible = st.floats(1, LONGEST_MS)


def test_rounds_are_counted_by_their_verdict():
    """A rollup counts how many rounds the regions together found up, degraded and down (R166)."""
    rolled = roll_up(
        [a_round(UP, UP), a_round(UP, DOWN, UP), a_round(DEGRADED, DEGRADED), a_round(DOWN, DOWN, UP)]
    )

    assert (rolled.up, rolled.degraded, rolled.down, rolled.rounds) == (2, 1, 1, 4)


@pytest.mark.parametrize("verdicts", [(), (UP,), (UP, DOWN), (None, None, None), (UP, DOWN, None)])
def test_a_round_without_a_verdict_counts_nowhere(verdicts):
    """No quorum is no data: neither the round nor any of its results is counted (R156)."""
    assert roll_up([a_round(*verdicts)]) == Rollup()


def test_regions_are_counted_by_what_they_answered():
    """Beside the verdicts, each region's own answers are counted, also those that could not tell (R169)."""
    rolled = roll_up([a_round(UP, DOWN, UP), a_round(DEGRADED, UP, UP), a_round(None, DOWN, DOWN)])

    assert rolled.regions == {
        HERE: Count(up=1, degraded=1, unknown=1),
        THERE: Count(up=1, down=2),
        YONDER: Count(up=2, down=1),
    }


def test_only_good_results_have_a_latency():
    """How long a failure took, or an answer that could not tell, says nothing of the latency."""
    rolled = roll_up([a_round(UP, DEGRADED, DOWN), a_round(UP, UP, None), a_round(DOWN, DOWN, DOWN)])

    assert sum(rolled.latencies) == 4
    assert rolled.mean == 100.0


def test_a_result_that_was_not_timed_has_no_latency():
    """A good result that carries no time is counted, but not timed."""
    rolled = roll_up([a_round(UP, UP, UP, ms=None)])

    assert (rolled.up, rolled.mean, rolled.percentile(50)) == (1, None, None)


def test_nothing_rolled_up_is_nothing():
    """Of no rounds nothing is known: no mean, no percentile, no count."""
    assert roll_up([]) == Rollup()
    assert (Rollup().rounds, Rollup().mean, Rollup().percentile(95)) == (0, None, None)


def test_percentiles_are_told_apart():
    """Half, nearly all and all but one in a hundred are found where they are, within the precision."""
    rolled = measured(*range(1, 1_001))

    for p, truth in [(50, 500), (95, 950), (99, 990), (100, 1_000)]:
        assert rolled.percentile(p) == pytest.approx(truth, rel=PRECISION)


def test_the_precision_is_better_than_fifteen_percent():
    """Forty buckets from a millisecond to a minute are fine enough."""
    assert PRECISION < 0.14
    assert (EDGES[0], EDGES[-1], len(EDGES)) == (1, LONGEST_MS, 41)


@given(st.lists(sensible, min_size=1, max_size=60), st.floats(0, 100))
def test_a_percentile_is_never_far_from_the_truth(found, p):
    """Whatever was measured between a millisecond and a minute: the error of every percentile is bounded."""
    truth = sorted(found)[max(1, math.ceil(len(found) * p / 100)) - 1]

    assert measured(*found).percentile(p) == pytest.approx(truth, rel=PRECISION * (1 + 1e-9))


@given(st.lists(sensible, min_size=1), st.lists(sensible, min_size=1), st.floats(0, 100))
def test_a_percentile_of_parts_is_never_far_from_the_truth(found, more, p):
    """Merged, percentiles are as good as if everything had been measured at once."""
    assert merge(measured(*found), measured(*more)).percentile(p) == measured(*found, *more).percentile(p)


@pytest.mark.parametrize(
    ("ms", "shown"), [(0, 1), (0.2, 1), (60_000, 60_000), (90_000, 60_000), (1e9, 60_000)]
)
def test_what_is_out_of_range_counts_at_its_end(ms, shown):
    """Faster than a millisecond and slower than a minute are counted as just that."""
    assert measured(ms).percentile(50) == pytest.approx(shown, rel=PRECISION * (1 + 1e-9))


@given(st.lists(latencies.filter(lambda ms: ms is not None), min_size=1))
def test_percentiles_do_not_fall(found):
    """A higher percentile is never faster than a lower one."""
    shown = [measured(*found).percentile(p) for p in (0, 1, 25, 50, 75, 95, 99, 99.9, 100)]

    assert shown == sorted(shown)


@given(st.lists(st.lists(rounds, max_size=4), max_size=4))
def test_merging_equals_rolling_up_the_whole(parts):
    """However rounds are cut into parts: the parts' rollups merge to that of all rounds."""
    merged = reduce(merge, map(roll_up, parts), Rollup())

    assert merged == roll_up([found for part in parts for found in part])


@given(rollups, rollups, rollups)
def test_merging_is_associative(a, b, c):
    """In which order neighbours are merged does not matter, to the last digit."""
    assert merge(merge(a, b), c) == merge(a, merge(b, c))


@given(rollups, rollups)
def test_merging_commutes(a, b):
    """Which comes first does not matter."""
    assert merge(a, b) == merge(b, a)


@given(rollups)
def test_an_empty_rollup_changes_nothing(rolled):
    """Merged with nothing, a rollup stays as it is."""
    assert merge(Rollup(), rolled) == merge(rolled, Rollup()) == rolled


@given(st.lists(rounds, max_size=6))
def test_every_answer_of_a_judged_round_is_counted_once(found):
    """Regions' counts add up to the results of the rounds that were judged."""
    counts = roll_up(found).regions.values()
    counted = sum(getattr(count, part.name) for count in counts for part in fields(Count))

    assert counted == sum(len(one.results) for one in found if one.verdict)


moments = st.datetimes(datetime(1970, 1, 2), datetime(2999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 -- UTC by timezones=


@pytest.mark.parametrize("grain", Grain)
@given(moment=moments)
def test_every_moment_lies_in_one_period(grain, moment):
    """A period begins on a full hour, or a midnight of UTC, and the next one where it ends."""
    start = grain.floor(moment)

    assert start <= moment < start + grain.length
    assert grain.floor(start) == grain.ceil(start) == start
    assert grain.ceil(moment) in (start, start + grain.length)
    assert (grain.ceil(moment) == start) == (moment == start)


def test_hours_and_days_are_those_of_the_clock():
    """An hour and a day begin where UTC says."""
    moment = datetime(2026, 11, 22, 13, 14, 15, 16, tzinfo=UTC)

    assert Grain.HOUR.floor(moment) == datetime(2026, 11, 22, 13, tzinfo=UTC)
    assert Grain.DAY.floor(moment) == datetime(2026, 11, 22, tzinfo=UTC)
    assert Grain.HOUR.ceil(moment) == datetime(2026, 11, 22, 14, tzinfo=UTC)
    assert Grain.DAY.ceil(moment) == datetime(2026, 11, 23, tzinfo=UTC)
    assert (Grain.HOUR.length, Grain.DAY.length) == (HOUR, DAY)
    assert Grain.HOUR.ceil(moment - 14 * MINUTE - 15_000_016 * MICROSECOND) == Grain.HOUR.floor(moment)
