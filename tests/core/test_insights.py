from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis.strategies import (
    booleans,
    builds,
    floats,
    lists,
    none,
    one_of,
    permutations,
    sampled_from,
    text,
)

from chalicelib.core.alerts import Alert, Reason
from chalicelib.core.consensus import Result
from chalicelib.core.insights import LIMIT, MEANINGS, PHASES, insight
from chalicelib.core.status import Verdict
from chalicelib.core.steps import Cause

NOON = datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)
REFUSED, BUSY = "connection refused", "expected 200, got 503"

RESULTS = builds(
    Result,
    text(max_size=20),
    sampled_from([*Verdict, None]),
    one_of(none(), floats(0, 60_000)),
    error=one_of(text(max_size=80), sampled_from([REFUSED, BUSY, "timeout", "expected 200, got "])),
    phases=sampled_from([{}, {"dns": 0.0}, {"connect": 9.0, "first_byte": 90.0}]),
)


def an_alert(reason=Reason.WENT_DOWN, *evidence, **changes):
    """Return an alert of a probed monitor with *evidence*."""
    facts = {"cause": Cause.PROBES_FAILED, "evidence": evidence, **changes}
    return Alert("d-1", reason, NOON, "m-1", "Shop", "Alice's servers", **facts)


def down(region, error=REFUSED):
    """Return that *region* finds a fault."""
    return Result(region, Verdict.DOWN, 12.0, error=error)


def good(region):
    """Return that *region* finds nothing wrong."""
    return Result(region, Verdict.UP, 310.0, 200)


def slow(region, ms, **phases):
    """Return that *region* waits for *ms*, spent in *phases*."""
    return Result(region, Verdict.DEGRADED, ms, 200, phases=phases)


@pytest.mark.parametrize(
    ("evidence", "sentence"),
    [
        (
            (down("a"), down("b"), down("c")),
            "All 3 regions fail with connection refused: the server is reachable, but nothing listens.",
        ),
        (
            (down("a"), down("b"), good("c")),
            "2 of 3 regions fail with connection refused: the server is reachable, but nothing listens.",
        ),
        (
            (down("a", "said nonsense."), down("b", "said nonsense"), good("c")),
            "2 of 3 regions fail with said nonsense: from elsewhere it can be reached.",
        ),
        (
            (down("a", BUSY), down("b", BUSY)),
            "All 2 regions fail with expected 200, got 503: the server answers with a fault of its own.",
        ),
        (
            (down("a", "expected 200, got 404"),),
            "The only region that could tell fails with expected 200, got 404.",
        ),
        (
            (down("a", "timeout"), Result("b", None, error="crashed")),
            "The only region that could tell fails with timeout: nothing answers in time.",
        ),
        (
            (down("a", "timeout"), down("b", BUSY), down("c", BUSY)),
            "All 3 regions fail, for different reasons: expected 200, got 503 (2); timeout (1).",
        ),
        (
            tuple(down(str(n), f"fault {n}") for n in range(5)),
            "All 5 regions fail, for different reasons: fault 0 (1); fault 1 (1); fault 2 (1); and 2 more.",
        ),
        ((down("a", ""),), "The only region that could tell fails with an unknown error."),
    ],
)
def test_regions_are_counted_and_their_errors_explained(evidence, sentence):
    """How many fail of those that could tell, with one error or several, and what that may mean (R215)."""
    assert insight(an_alert(Reason.WENT_DOWN, *evidence)) == sentence


@pytest.mark.parametrize(
    ("evidence", "sentence"),
    [
        (
            (slow("a", 2004.6, dns=12, connect=48, first_byte=1900), slow("b", 900.0), good("c")),
            "2 of 3 regions answer slowly, in up to 2005 ms; most of it is waiting for the first byte.",
        ),
        (
            (slow("a", 900.0, dns=300, connect=290, tls=280),),
            (
                "The only region that could tell answers slowly, in up to 900 ms; "
                "the largest part of it is looking up the name."
            ),
        ),
        ((slow("a", 900.0), slow("b", None)), "All 2 regions answer slowly, in up to 900 ms."),
        ((), None),
    ],
)
def test_slowness_is_told_with_its_phase(evidence, sentence):
    """How many are slow, how slow, and in which phase most of the time goes (R215)."""
    assert insight(an_alert(Reason.SLOWED, *evidence, cause=Cause.SLOWED)) == sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"cause": Cause.FAIL, "exit_status": 3},
            "The job ran, and reported a failure itself: exit status 3.",
        ),
        ({"cause": Cause.FAIL}, "The job ran, and reported a failure itself."),
        (
            {"cause": Cause.OVERRUN},
            "The job began, but never said that it ended: it hangs, or died on its way.",
        ),
        (
            {"cause": Cause.TIMEOUT, "summary": {"last_ping": "2026-11-21T10:00:00+00:00"}},
            "The last signal had come 1 d 2 h before: the job did not run, or could not reach us.",
        ),
        (
            {"cause": Cause.TIMEOUT, "summary": {"last_ping": None}},
            "No signal has ever come: perhaps the job was never set up.",
        ),
        ({"cause": None}, None),
    ],
)
def test_a_job_is_told_by_what_it_did(changes, sentence):
    """Of a job it is told whether it came, failed by itself, or hangs (R215)."""
    assert insight(an_alert(**changes)) == sentence


@pytest.mark.parametrize(
    ("alert", "sentence"),
    [
        (
            an_alert(Reason.RECOVERED, good("a"), good("b"), cause=Cause.PROBES_PASSED),
            "All 2 regions get an answer again. It lasted 1 h 3 min.",
        ),
        (an_alert(Reason.RECOVERED, cause=Cause.SUCCESS), "It lasted 1 h 3 min."),
        (
            an_alert(Reason.SPED_UP, cause=Cause.OVERTAKEN),
            "It did not become faster: it went down, or was paused. It lasted 1 h 3 min.",
        ),
        (an_alert(Reason.RESOLVED, cause=None), "It lasted 1 h 3 min."),
        (
            an_alert(Reason.STILL_DOWN, down("a")),
            (
                "The only region that could tell fails with connection refused: "
                "the server is reachable, but nothing listens. It has lasted 1 h 3 min."
            ),
        ),
    ],
)
def test_a_story_is_told_with_its_length(alert, sentence):
    """What is over lasted, what goes on has lasted, and who gets through again is counted (R215)."""
    assert insight(replace(alert, began=NOON - timedelta(minutes=63))) == sentence


@pytest.mark.parametrize(
    ("reason", "figures", "sentence"),
    [
        (
            Reason.SLA_MISSED,
            {"downtime_seconds": 3022, "period": "month"},
            "The downtime of this month adds up to 50 min 22 s.",
        ),
        (Reason.EXPIRING, {"days_remaining": 14}, "14 days left to renew it."),
        (Reason.EXPIRING, {"days_remaining": -2}, "0 days left to renew it."),
    ],
)
def test_figures_are_told_in_words(reason, figures, sentence):
    """What is used up of a service level, and what is left of a registration."""
    assert insight(an_alert(reason, cause=None, figures=figures)) == sentence


@pytest.mark.parametrize("reason", [Reason.TEST, Reason.CHANNEL_BROKE, Reason.TRIGGERED, Reason.DIGEST])
def test_where_nothing_can_be_said_nothing_is(reason):
    """Of tests, channels and what people tell there is no evidence (R215)."""
    assert insight(an_alert(reason, cause=None)) is None


@pytest.mark.parametrize("error", [start for start, _ in MEANINGS])
def test_every_meaning_is_reached(error):
    """No rule stands behind another that takes all that is its own."""
    assert f": {dict(MEANINGS)[error]}." in insight(an_alert(Reason.WENT_DOWN, down("a", error)))


@pytest.mark.parametrize("phase", PHASES)
def test_every_phase_has_its_words(phase):
    """Whichever phase takes the time, it is named."""
    alert = an_alert(Reason.SLOWED, slow("a", 900.0, **{phase: 900.0}))
    assert insight(alert).endswith(f"; most of it is {PHASES[phase]}.")


@settings(deadline=None)
@given(lists(RESULTS, max_size=6), sampled_from(Reason), sampled_from([*Cause, None]), booleans())
@example([down("a", "\u2028" * 80)] * 6, Reason.WENT_DOWN, Cause.PROBES_FAILED, True)
def test_an_insight_is_one_bounded_line(evidence, reason, cause, lasts):
    """Whatever was found, it is nothing, or one line that is not long and says no None (R215)."""
    began = NOON - timedelta(minutes=63) if lasts else None
    told = insight(an_alert(reason, *evidence, cause=cause, began=began))
    if told is not None:
        assert told.isprintable()
        assert 0 < len(told) <= LIMIT
        assert "None" not in told


@settings(deadline=None)
@given(
    lists(RESULTS, max_size=5).flatmap(lambda found: permutations(found).map(lambda mixed: (found, mixed)))
)
def test_the_order_of_answers_does_not_matter(both):
    """Regions answer in any order, and what is made of them is the same."""
    found, mixed = both
    for reason in (Reason.WENT_DOWN, Reason.SLOWED):
        assert insight(an_alert(reason, *found)) == insight(an_alert(reason, *mixed))


@settings(deadline=None)
@given(lists(sampled_from([down, good]), min_size=2, max_size=9))
def test_counts_are_true(kinds):
    """The numbers that are told are those of the regions."""
    evidence = [make(str(n)) for n, make in enumerate(kinds)]
    n_down, told = kinds.count(down), insight(an_alert(Reason.WENT_DOWN, *evidence))
    if not n_down:
        assert told is None
    else:
        all_of = n_down == len(kinds)
        assert told.startswith(f"All {n_down} regions" if all_of else f"{n_down} of {len(kinds)} regions")
