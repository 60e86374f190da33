from itertools import pairwise, permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lives import BIRTH

from chalicelib.core.consensus import Result, Round, judge, pace
from chalicelib.core.status import Verdict

UP, DEGRADED, DOWN = Verdict
BAD, SLOW, GOOD, BLIND = "dsu."  # one letter for each answer of a region
ANSWERS = {BAD: DOWN, SLOW: DEGRADED, GOOD: UP, BLIND: None}
REGIONS = ("r1", "r2", "r3", "r4", "r5", "r6", "r7")


def results(letters, regions=REGIONS):
    """Return what the regions answered, one letter each, in their order."""
    return [Result(region, ANSWERS[letter]) for region, letter in zip(regions, letters, strict=False)]


def judged(letters, n_jury, n_witnesses=0):
    """Return the verdict of a jury, and of witnesses that come after it, over their letters."""
    jury, witnesses = REGIONS[:n_jury], REGIONS[n_jury : n_jury + n_witnesses]
    return judge(results(letters), jury, witnesses)


words = st.sampled_from([None, UP, UP, DEGRADED, DOWN, DOWN])
heard = st.lists(st.builds(Result, st.sampled_from(REGIONS), words), max_size=20)
sizes = st.tuples(st.integers(1, 5), st.integers(0, 2))


def panels(size):
    """Return a jury and its witnesses."""
    n_jury, n_witnesses = size
    return REGIONS[:n_jury], REGIONS[n_jury : n_jury + n_witnesses]


# --- what is true whatever comes, in whatever order ---------------------------------------------------------


@given(heard, sizes)
def test_a_verdict_is_never_reversed(found, size):
    """Once there is a verdict no later result of the round changes it, not even a contrary one (R147)."""
    verdicts = [judge(found[:n], *panels(size)) for n in range(len(found) + 1)]

    assert all(later is earlier for earlier, later in pairwise(verdicts) if earlier)


@given(heard, sizes, heard)
def test_who_repeats_itself_changes_nothing(found, size, more):
    """What a region says a second time in a round is not heard, whatever it says."""
    known = {result.region for result in found if result.verdict}
    again = [result for result in more if result.region in known]

    assert judge([*found, *again], *panels(size)) is judge(found, *panels(size))


@given(heard, sizes, st.integers(0, 20), st.sampled_from(REGIONS))
def test_who_cannot_tell_changes_nothing(found, size, place, region):
    """A region that could not look is as if it had not been asked; it may still be heard later."""
    with_blind = [*found[:place], Result(region, None), *found[place:]]

    assert judge(with_blind, *panels(size)) is judge(found, *panels(size))


@given(heard, sizes)
def test_strangers_are_not_heard(found, size):
    """A region that is neither juror nor witness has no say."""
    jury, witnesses = panels(size)
    invited = [result for result in found if result.region in jury + witnesses]

    assert judge(found, jury, witnesses) is judge(invited, jury, witnesses)


@pytest.mark.parametrize("n_witnesses", [0, 1, 2])
@pytest.mark.parametrize("n_jury", [1, 2, 3, 4, 5])
def test_only_a_strict_majority_decides(n_jury, n_witnesses):
    """Whatever everybody answers: DOWN is what more than half of the jury found, and more than half of all
    who were asked; good is what more than half of either found; all else, an even split too, is no verdict
    (R147, R390).
    """
    for letters in product(ANSWERS, repeat=n_jury + n_witnesses):
        verdict = judged(letters, n_jury, n_witnesses)
        is_bad = all(2 * panel.count(BAD) > len(panel) for panel in (letters[:n_jury], letters))
        is_good = any(
            2 * (panel.count(GOOD) + panel.count(SLOW)) > len(panel) for panel in (letters[:n_jury], letters)
        )
        assert (verdict is DOWN, verdict in (UP, DEGRADED)) == (is_bad, is_good), letters


@given(st.lists(st.sampled_from([BAD, SLOW, GOOD, BLIND]), min_size=7, max_size=7), sizes, st.randoms())
def test_who_answers_first_does_not_decide_between_up_and_down(letters, size, chance):
    """In whatever order the same answers come in, the target is down or it is not."""
    found = results("".join(letters))
    shuffled = chance.sample(found, len(found))

    verdict, other = judge(found, *panels(size)), judge(shuffled, *panels(size))
    assert (verdict is None, verdict is DOWN) == (other is None, other is DOWN)


# --- examples -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_jury", "letters", "verdict"),
    [
        (1, "u", UP),
        (1, "d", DOWN),
        (1, "s", DEGRADED),
        (1, ".", None),
        (1, "", None),
        (2, "u", None),  # half is not more than half
        (2, "d", None),
        (2, "uu", UP),
        (2, "dd", DOWN),
        (2, "ud", None),
        (2, "du", None),
        (2, "d.", None),
        (3, "uu", UP),  # nobody waits for the last one
        (3, "dd", DOWN),
        (3, "du", None),
        (3, "duu", UP),
        (3, "dud", DOWN),
        (3, "d..", None),
        (3, "dd.", DOWN),
        (4, "ddu", None),
        (4, "dduu", None),
        (4, "ddud", DOWN),
        (5, "ddd", DOWN),
        (5, "dduu", None),
        (5, "dduuu", UP),
    ],
)
def test_a_strict_majority_of_the_jury_decides(n_jury, letters, verdict):
    """More than half of a monitor's regions must agree; an even split is no verdict (R147, R390)."""
    assert judged(letters, n_jury) is verdict


@pytest.mark.parametrize("n_jury", [2, 3, 4, 5])
@pytest.mark.parametrize("place", range(5))
def test_one_region_alone_condemns_nobody(n_jury, place):
    """Whichever region has a bad minute, and whenever it says so, the target is not down (R390)."""
    letters = ["u"] * n_jury
    letters[place % n_jury] = "d"

    assert judged("".join(letters), n_jury) is (UP if n_jury > 2 else None)


@pytest.mark.parametrize(
    ("letters", "verdict"),
    [
        ("u", UP),  # the jury's own word is enough
        ("s", DEGRADED),
        ("d", None),  # alone it condemns nobody
        ("dd", DOWN),  # two of three
        ("ddu", DOWN),
        ("dud", DOWN),
        ("du", None),
        ("duu", UP),  # it was the region's own bad minute
        ("dus", UP),
        ("dss", DEGRADED),
        ("d..", None),
        ("du.", None),
        (".uu", UP),
        (".dd", None),  # witnesses may acquit, but not condemn
        ("...", None),
    ],
)
def test_a_jury_of_one_is_heard_with_witnesses(letters, verdict):
    """A fault that one region sees must be seen by a majority of all three, or is none (R390)."""
    for order in permutations(results(letters)):
        assert judge(order, REGIONS[:1], REGIONS[1:3]) is verdict


def test_a_jury_of_one_without_witnesses_decides_alone():
    """Where there is only one region in the world, its word is all there is."""
    assert judged("d", 1) is DOWN


@pytest.mark.parametrize(
    ("n_jury", "letters", "verdict"),
    [
        (1, "s", DEGRADED),
        (3, "ss", DEGRADED),
        (3, "su", UP),  # half of those that found it good
        (3, "us", UP),
        (3, "dss", DEGRADED),
        (3, "dsu", UP),
        (3, "dds", DOWN),
        (5, "sus", DEGRADED),
        (5, "suu", UP),
    ],
)
def test_slow_is_what_most_found_slow(n_jury, letters, verdict):
    """A good round is degraded where more than half of its good answers were slow, and never down (R154)."""
    assert judged(letters, n_jury) is verdict


@pytest.mark.parametrize("size", [(1, 0), (1, 2), (3, 0), (5, 2)])
def test_slow_answers_never_make_an_outage(size):
    """However many regions are slow, none of them is a fault (R154)."""
    assert judge(results("sssssss"), *panels(size)) is DEGRADED


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ([("r1", DOWN), ("r1", DOWN)], None),  # twice is not two
        ([("r1", DOWN), ("r2", UP), ("r1", UP)], None),  # nobody takes a word back
        ([("r1", UP), ("r2", DOWN), ("r1", DOWN)], None),
        ([("r1", None), ("r2", DOWN), ("r1", DOWN)], DOWN),  # who could not tell may still do so
    ],
)
def test_the_first_word_of_a_region_counts(said, verdict):
    """Each region has one vote, and it is the first that it gave (R147)."""
    assert judge([Result(*word) for word in said], REGIONS[:3]) is verdict


def test_nobody_asked_nothing_said():
    """Without a jury there is no verdict, whatever comes in."""
    assert judge(results("ddddddd"), ()) is judge(results("uuuuuuu"), ()) is None


def test_a_round_knows_its_verdict():
    """A round says what its results come to, and whether the newest of them made the difference."""
    found = Round("m-1", BIRTH, 1, REGIONS[:3])
    told = []
    for n in range(4):
        so_far = Round("m-1", BIRTH, 1, found.jury, (), tuple(results("ddd")[:n]))
        told.append((so_far.verdict, so_far.is_decided_by_the_last))

    assert told == [(None, False), (None, False), (DOWN, True), (DOWN, False)]


def test_witnesses_of_a_round_are_heard():
    """A round with witnesses is judged with them."""
    found = tuple(results("du"))

    assert Round("m-1", BIRTH, 1, ("r1",), (), found).verdict is DOWN
    assert Round("m-1", BIRTH, 1, ("r1",), ("r2", "r3"), found).verdict is None


@given(st.lists(st.sampled_from(BAD + SLOW + GOOD + BLIND), min_size=1, max_size=5), st.randoms())
def test_the_order_of_answers_decides_nothing_about_the_pace(letters, random):
    """Once all have answered it is slow where most of the jury is, whoever came first (R159)."""
    found = results(letters)
    shuffled = random.sample(found, len(found))
    jury = REGIONS[: len(letters)]
    assert pace(shuffled, jury) is pace(found, jury)
    assert (pace(found, jury) is True) == (2 * letters.count(SLOW) > len(letters))


@given(heard, st.integers(1, 5))
def test_a_pace_once_said_stays(found, n_jury):
    """Whatever comes later in the round, and from whomever (R159)."""
    said = [pace(found[:n], REGIONS[:n_jury]) for n in range(len(found) + 1)]
    assert all(later is earlier for earlier, later in pairwise(said) if earlier is not None)


@pytest.mark.parametrize(
    ("letters", "is_slow"), [("us", None), ("uss", True), ("usu", False), ("ss", True), ("uu", False)]
)
def test_whoever_is_slow_is_waited_for(letters, is_slow):
    """A fast and a slow answer leave open what the third decides (R159)."""
    assert pace(results(letters), REGIONS[:3]) is is_slow
