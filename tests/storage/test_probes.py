"""Probed monitors as they are stored: on the wheel or off it, and judged once for each round."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.errors import Conflict
from chalicelib.core.heartbeats import pause, resume
from chalicelib.core.monitors import Monitor, State
from chalicelib.core.probing import conclude
from chalicelib.core.status import Kind, Status, Verdict
from chalicelib.core.steps import Step
from chalicelib.core.targets import HttpTarget, Watch
from chalicelib.core.wheel import slot_of
from tests.emulators import at_once
from tests.storage.examples import HOUR, NOON, SECOND, a_spec, now_stored, stored

TEN_SECONDS = timedelta(seconds=10)
WATCH = Watch(HttpTarget("https://shop.example/"), interval=timedelta(minutes=5))
UP = State(status=Status.UP, since=NOON - HOUR, has_rules=True, judged_at=NOON, verdict=Verdict.UP, rev=3)


@pytest.fixture
def shop(tools, alice):
    """Store a probed monitor that is up."""
    spec = replace(a_spec(), organization_id=alice, kind=Kind.HTTP, watch=WATCH)
    return stored(tools, spec, UP)


def slot(monitor, watch=WATCH):
    """Return where *monitor* sits while it is probed."""
    return slot_of(monitor.spec.monitor_id, watch.interval, 0)


def in_slot(tools, monitor, watch=WATCH):
    """Return the specs that the wheel finds in the monitor's slot."""
    return tools.monitors.in_slot(slot(monitor, watch), "", 10)[0]


def judged(tools, monitor, verdict, at):
    """Write what a round says, as whoever read *monitor* would; return the state as it is then."""
    spec, state = monitor.spec, monitor.state
    step = conclude(spec.monitor_id, spec.watch, state, verdict, at)
    if verdict is Verdict.DOWN:
        return tools.commits.turn(spec.monitor_id, state, step, spec=spec)
    return tools.commits.touch(spec.monitor_id, state, step.state)


def test_the_wheel_brings_the_whole_spec(tools, shop):
    """Whoever is on the wheel is found there with all that probing needs."""
    assert in_slot(tools, shop) == [shop.spec]


def test_a_heartbeat_is_on_no_wheel(tools, job):
    """What is not probed has no slot."""
    assert in_slot(tools, job) == []


def test_a_pause_takes_it_off_and_a_resumption_puts_it_back(tools, shop):
    """A paused monitor is not found on the wheel, and is again once it was resumed (R150)."""
    spec = shop.spec
    paused = tools.commits.turn(spec.monitor_id, shop.state, pause(shop, NOON + SECOND), spec=spec)
    assert in_slot(tools, shop) == []
    resumed = resume(Monitor(spec, paused), NOON + 2 * SECOND)
    tools.commits.turn(spec.monitor_id, paused, resumed, spec=spec)
    assert in_slot(tools, shop) == [spec]


def test_a_new_interval_is_another_slot(tools, shop):
    """A monitor whose interval changes leaves its old slot for the new one, in one write."""
    hourly = replace(WATCH, interval=HOUR)
    spec = replace(shop.spec, watch=hourly)
    tools.commits.amend(shop, spec, Step(shop.state))
    assert in_slot(tools, shop) == []
    assert in_slot(tools, shop, hourly) == [spec]


def test_what_is_changed_while_paused_stays_off_the_wheel(tools, shop):
    """A change of a paused monitor does not wake it."""
    spec = shop.spec
    paused = tools.commits.turn(spec.monitor_id, shop.state, pause(shop, NOON + SECOND), spec=spec)
    tools.commits.amend(Monitor(spec, paused), replace(spec, name="Other"), Step(paused))
    assert in_slot(tools, shop) == []


def test_a_slot_is_read_in_pages(tools, alice):
    """A slot that holds many is read part by part, nobody twice and nobody left out."""
    made = [
        stored(
            tools,
            replace(
                a_spec(), organization_id=alice, kind=Kind.HTTP, watch=replace(WATCH, interval=TEN_SECONDS)
            ),
            UP,
        )
        for _ in range(7)
    ]
    name = slot(made[0], made[0].spec.watch)
    found, after, more = [], "", True
    while more:
        page, more = tools.monitors.in_slot(name, after, 3)
        found += [spec.monitor_id for spec in page]
        after = found[-1]
    assert found == sorted(monitor.spec.monitor_id for monitor in made)


def test_good_rounds_do_not_collide(tools, shop):
    """Rounds that agree with the status are touches: a later one needs not have seen the one before."""
    judged(tools, shop, Verdict.UP, NOON + TEN_SECONDS)
    after = judged(tools, shop, Verdict.UP, NOON + 2 * TEN_SECONDS)
    assert (after.judged_at, after.rev) == (NOON + 2 * TEN_SECONDS, UP.rev)


@pytest.mark.parametrize("verdict", [Verdict.UP, Verdict.DOWN])
def test_an_older_round_never_overtakes_a_newer_one(tools, shop, verdict):
    """A round judged from what was read before a newer one was written is refused."""
    judged(tools, shop, Verdict.UP, NOON + 2 * TEN_SECONDS)
    with pytest.raises(Conflict):
        judged(tools, shop, verdict, NOON + TEN_SECONDS)
    assert now_stored(tools, shop).doubts == 0


def test_a_doubt_is_not_raised_from_what_was_read_before(tools, shop):
    """A bad verdict counts only on top of the rounds that were judged before it."""
    judged(tools, shop, Verdict.UP, NOON + TEN_SECONDS)
    with pytest.raises(Conflict):
        judged(tools, shop, Verdict.DOWN, NOON + 2 * TEN_SECONDS)


def test_one_round_is_judged_once(tools, shop):
    """Of many who judge the same round at once, one gets through."""
    outcomes = at_once(8, lambda _: judged(tools, shop, Verdict.DOWN, NOON + TEN_SECONDS))
    assert [isinstance(outcome, Conflict) for outcome in outcomes].count(False) == 1
    assert now_stored(tools, shop).doubts == 1


def test_a_ring_is_known_to_every_tick_once(tools):
    """Rings in use are remembered with the latest tick, even before the first, and none is forgotten."""
    for ring in (300, 60, 300):
        tools.ticks.add_ring(ring)
    assert tools.ticks.latest().rings == {60, 300}
    assert tools.ticks.latest().at is None
    assert tools.ticks.record(NOON) is None
    assert tools.ticks.latest().at == NOON
    assert tools.ticks.latest().rings == {60, 300}
    assert tools.ticks.outages(NOON) == []
