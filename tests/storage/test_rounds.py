import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.consensus import Answer, Round
from chalicelib.core.errors import NotFound
from chalicelib.core.status import Verdict
from chalicelib.storage.rounds import RETENTION, RoundItem
from chalicelib.toolbox import random_id
from tests.emulators import at_once
from tests.storage.examples import (
    DAY,
    HOUR,
    MICROSECOND,
    MINUTE,
    NOON,
    REGIONS,
    SECOND,
    a_result,
    a_round,
    answers_of,
    moments,
    on_engines,
    regions,
    results,
    small,
)

UP, DEGRADED, DOWN = Verdict
HERE, THERE, YONDER = REGIONS


@pytest.fixture
def shop():
    """Return the id of a monitor that is probed."""
    return random_id()


def an_answer(monitor_id, region=HERE, verdict=UP, at=NOON, **changes):
    """Return what a region of three found at noon."""
    answer = Answer(monitor_id, at, 1, REGIONS, (), a_result(region, verdict))
    return replace(answer, **changes)


def told(tools, probed):
    """Let every region of a round answer; return the round as the last of them saw it."""
    return [tools.rounds.append(answer) for answer in answers_of(probed)][-1][0]


def at(rounds):
    """Return the moments of *rounds* in their order, as time since noon."""
    return [found.at - NOON for found in rounds]


# --- appending ----------------------------------------------------------------------------------------------


@on_engines
@given(
    moment=moments,
    version=small,
    jury=regions,
    witnesses=regions,
    found=st.lists(results, unique_by=lambda r: r.region),
)
def test_what_regions_found_comes_back(tools, moment, version, jury, witnesses, found):
    """Every fact of a round is kept: whom it asked, and what each region measured, said and found (R244)."""
    probed = Round(random_id(), moment, version, jury, witnesses, tuple(found))

    for answer in answers_of(probed):
        seen, is_new = tools.rounds.append(answer)
        assert is_new
    if found:
        assert seen == tools.rounds.find(probed.monitor_id, moment, version, moment) == probed
        assert tools.rounds.between(probed.monitor_id, moment, moment + SECOND, fresh=True) == [probed]


def test_the_answer_of_a_region_brings_the_whole_round(tools, wire, shop):
    """Who adds an answer sees all that came before it, in the order of arrival, for one write and no read."""
    tools.rounds.append(an_answer(shop, YONDER, DOWN))
    wire.calls.clear()

    found, is_new = tools.rounds.append(an_answer(shop, HERE))

    assert (found.results, is_new) == ((a_result(YONDER, DOWN), a_result(HERE)), True)
    assert wire.operations == ["UpdateItem"]


def test_a_region_is_heard_once(tools, wire, shop):
    """What a region says a second time changes nothing, whatever it says; the round is read as it stands."""
    tools.rounds.append(an_answer(shop, HERE, DOWN))
    tools.rounds.append(an_answer(shop, THERE, DOWN))
    wire.calls.clear()

    found, is_new = tools.rounds.append(an_answer(shop, HERE, UP))

    assert (found.results, is_new) == ((a_result(HERE, DOWN), a_result(THERE, DOWN)), False)
    assert wire.operations == ["UpdateItem", "GetItem"]
    assert wire.calls[-1].arguments["ConsistentRead"]


def test_a_write_that_only_seemed_to_fail_is_recognised(tools, wire, shop):
    """Where the answer of the database is lost the client sends again: the result is there once."""
    wire.lose_answer("UpdateItem")

    found, _ = tools.rounds.append(an_answer(shop))

    assert found.results == (a_result(),)
    assert tools.rounds.find(shop, NOON, 1, NOON) == found


def test_the_first_answer_settles_who_is_asked(tools, shop):
    """Whose answers count together is not changed by a later one."""
    tools.rounds.append(an_answer(shop, HERE, jury=(HERE,), witnesses=(THERE, YONDER)))

    found, _ = tools.rounds.append(an_answer(shop, THERE))

    assert (found.jury, found.witnesses) == ((HERE,), (THERE, YONDER))


def test_three_regions_at_once(tools):
    """When three regions answer in the same moment none is lost, and one of them brings the verdict."""
    for _ in range(10):
        shop = random_id()
        seen = at_once(3, lambda n, shop=shop: tools.rounds.append(an_answer(shop, REGIONS[n], DOWN)))

        assert all(is_new for _, is_new in seen)
        assert sorted(len(found.results) for found, _ in seen) == [1, 2, 3]
        assert [found.verdict for found, _ in seen if found.is_decided_by_the_last] == [DOWN]
        assert {result.region for result in tools.rounds.find(shop, NOON, 1, NOON).results} == set(REGIONS)


def test_the_same_answer_many_times_at_once(tools, shop):
    """However often, and wherever at once, an answer is delivered, it counts once, and all see the same."""
    seen = at_once(8, lambda _: tools.rounds.append(an_answer(shop)))

    assert sorted(is_new for _, is_new in seen) == [False] * 7 + [True]
    assert {len(found.results) for found, _ in seen} == {1}


def test_a_storm_of_repeated_answers(tools, shop):
    """Three regions, each delivered four times at once: three results, and the verdict was brought once."""
    seen = at_once(12, lambda n: tools.rounds.append(an_answer(shop, REGIONS[n % 3], DOWN)))

    brought = [found for found, is_new in seen if is_new and found.is_decided_by_the_last]
    assert len(brought) == 1
    assert sum(is_new for _, is_new in seen) == 3
    assert len(tools.rounds.find(shop, NOON, 1, NOON).results) == 3


def test_what_is_as_usual_is_not_stored(tools, shop):
    """A result takes no more room than what it has to tell."""
    tools.rounds.append(an_answer(shop, result=a_result(HERE, None, ms=None, code=None, error="no route")))
    [item] = RoundItem.query(shop)

    assert [json.loads(text) for text in item.results] == [{"r": HERE, "e": "no route"}]


def test_a_round_of_three_regions_costs_three_units(strict_tools, strict_wire, shop):
    """With phases and three regions a row stays below a kilobyte: one write unit for each answer."""
    phases = {"dns": 12.345, "connect": 23.456, "tls": 45.678, "first_byte": 101.234}
    probed = a_round(shop, results=tuple(a_result(region, ms=182.713, phases=phases) for region in REGIONS))
    strict_wire.calls.clear()

    assert told(strict_tools, probed) == probed
    assert [call.units for call in strict_wire.calls] == [1, 1, 1]


def test_a_round_is_kept_for_thirty_days(tools, shop):
    """A round expires thirty days after its moment, whenever its last answer came."""
    tools.rounds.append(an_answer(shop))

    assert [item.expires_at for item in RoundItem.query(shop)] == [NOON + 30 * DAY]


# --- finding ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", [(NOON, 2), (NOON + SECOND, 1), (NOON + MICROSECOND, 1)])
def test_another_round_is_not_found(tools, shop, wanted):
    """A round is named by its monitor, its very moment, and the version that was asked."""
    tools.rounds.append(an_answer(shop))

    with pytest.raises(NotFound, match="Round not found"):
        tools.rounds.find(shop, *wanted, NOON)
    with pytest.raises(NotFound, match="Round not found"):
        tools.rounds.find(random_id(), NOON, 1, NOON)


def test_versions_of_a_moment_are_rounds_of_their_own(tools, shop):
    """Answers to an older question are not mixed with those to a newer one."""
    tools.rounds.append(an_answer(shop, verdict=DOWN))
    tools.rounds.append(an_answer(shop, version=2))

    assert tools.rounds.find(shop, NOON, 1, NOON).results == (a_result(HERE, DOWN),)
    assert tools.rounds.find(shop, NOON, 2, NOON).results == (a_result(HERE),)
    assert [found.version for found in tools.rounds.latest(shop, 10, NOON)] == [2, 1]


def test_the_newest_come_first_and_no_more_than_asked_for(tools, wire, shop):
    """The newest rounds, judged or not, cost one Query that reads no more than are wanted (R243)."""
    for n in range(6):
        tools.rounds.append(an_answer(shop, at=NOON + n * MINUTE))
    wire.calls.clear()

    assert at(tools.rounds.latest(shop, 3, NOON + HOUR)) == [5 * MINUTE, 4 * MINUTE, 3 * MINUTE]
    assert [(call.operation, call.reply["Count"]) for call in wire.calls] == [("Query", 3)]


def test_a_span_holds_its_beginning_and_not_its_end(tools, shop):
    """Rounds are found from the start up to, not including, the end, in the order of time or against it."""
    for offset in (-MICROSECOND, 0 * SECOND, MICROSECOND, MINUTE - MICROSECOND, MINUTE):
        tools.rounds.append(an_answer(shop, at=NOON + offset))
    inside = [0 * SECOND, MICROSECOND, MINUTE - MICROSECOND]

    assert at(tools.rounds.between(shop, NOON, NOON + MINUTE)) == inside
    assert at(tools.rounds.between(shop, NOON, NOON + MINUTE, newest_first=True)) == inside[::-1]


@pytest.mark.parametrize("end", [NOON, NOON - SECOND])
def test_an_empty_span_is_not_asked_for(tools, wire, shop, end):
    """A span that ends as, or before, it begins holds nothing, and DynamoDB is not asked."""
    assert tools.rounds.between(shop, NOON, end) == []
    assert wire.calls == []


def test_a_span_of_many_pages_is_read_to_its_end(tools, wire, shop):
    """However many pages DynamoDB makes of it, the whole span comes back."""
    for n in range(7):
        tools.rounds.append(an_answer(shop, at=NOON + n * SECOND))
    wire.cut_pages(2)

    assert at(tools.rounds.between(shop, NOON, NOON + MINUTE)) == [n * SECOND for n in range(7)]


@pytest.mark.parametrize("fresh", [False, True])
def test_who_needs_the_newest_asks_for_it(tools, wire, shop, fresh):
    """What must not be missed is read consistently, and the rest at half the price."""
    tools.rounds.between(shop, NOON, NOON + MINUTE, fresh=fresh)

    assert [call.arguments.get("ConsistentRead", False) for call in wire.calls] == [fresh]


def test_what_is_past_its_time_is_not_shown(tools, shop):
    """DynamoDB deletes late; a round that is older than thirty days is not there all the same."""
    tools.rounds.append(an_answer(shop))
    tools.rounds.append(an_answer(shop, at=NOON + SECOND))
    later = NOON + RETENTION + SECOND

    assert at(tools.rounds.latest(shop, 10, later)) == [SECOND]
    assert tools.rounds.find(shop, NOON + SECOND, 1, later).at == NOON + SECOND
    with pytest.raises(NotFound):
        tools.rounds.find(shop, NOON, 1, later)


def test_monitors_do_not_see_each_others_rounds(tools, shop):
    """Each monitor has a history of its own."""
    tools.rounds.append(an_answer(shop))

    assert tools.rounds.latest(random_id(), 10, NOON) == []


# --- purging ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [3, 100])
def test_nothing_is_left_of_a_monitor_that_is_purged(tools, shop, limit):
    """Called until it says that nothing is left, the purge deletes every round, and nobody else's (R241)."""
    other = random_id()
    for n in range(7):
        tools.rounds.append(an_answer(shop, at=NOON + timedelta(seconds=n)))
    tools.rounds.append(an_answer(other))

    while tools.rounds.purge(shop, limit):
        pass

    assert list(RoundItem.query(shop)) == []
    assert len(tools.rounds.latest(other, 10, NOON)) == 1


def test_a_purge_says_when_more_may_be_left(tools, shop):
    """A purge that found as much as it may delete does not claim to be done."""
    for n in range(5):
        tools.rounds.append(an_answer(shop, at=NOON + n * SECOND))

    assert [tools.rounds.purge(shop, 3), tools.rounds.purge(shop, 3)] == [True, False]
