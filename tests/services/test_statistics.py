"""What is told of a monitor's days is what somebody would tell who had all of them before him."""

from dataclasses import replace

import pytest

from chalicelib.core.consensus import Result, Round
from chalicelib.core.maintenance import Window
from chalicelib.core.monitors import Monitor, State
from chalicelib.core.rollups import Grain, Rollup, merge, roll_up
from chalicelib.core.signals import PINGS_STORED, Action, Arrival, Ping
from chalicelib.core.spans import Span
from chalicelib.core.status import Kind, Status, Verdict
from chalicelib.core.steps import Cause, Flip
from chalicelib.core.targets import HttpTarget, Watch
from chalicelib.core.uptime import Tally
from chalicelib.services import history
from chalicelib.services.statistics import daily
from chalicelib.storage import rounds
from chalicelib.storage.flips import items_of
from chalicelib.storage.pings import PingItem
from chalicelib.storage.pings import items_of as ping_items
from chalicelib.storage.windows import _item as window_item
from chalicelib.toolbox import Toolbox
from tests.emulators import Wire, on_moto
from tests.storage.examples import DAY, HOUR, MINUTE, NOON, SECOND, a_spec

MIDNIGHT = NOON - 12 * HOUR
WATCH = Watch(HttpTarget("https://shop.example/"), interval=20 * MINUTE)
UP, DOWN, PAUSED = Status.UP, Status.DOWN, Status.PAUSED


@pytest.fixture
def tools():
    """Return the tools of a deployment with nothing in it."""
    with on_moto() as engine:
        yield Toolbox(engine.settings, rest=lambda _: None)


def lived(*turns, created=MIDNIGHT - 300 * DAY, **spec):
    """Return a monitor that turned at so many hours from today's midnight, its flips stored."""
    status, began = Status.PENDING, created
    monitor_spec = a_spec(created=created, **spec)
    for hours, new in turns:
        flip = Flip(monitor_spec.monitor_id, MIDNIGHT + hours * HOUR, status, new, Cause.FAIL, began)
        for item in items_of((flip,), 1):
            item.save()
        status, began = new, flip.at
    return Monitor(monitor_spec, State(status, began))


def a_shop(*turns, **state):
    """Return a monitor that is probed."""
    shop = lived(*turns, kind=Kind.HTTP, watch=WATCH)
    return replace(shop, state=replace(shop.state, **state))


def pinged(monitor, *pings):
    """Store pings, each an action so long from today's midnight; return the monitor as it is then."""
    with PingItem.batch_write() as batch:
        for n, (after, action) in enumerate(pings, start=1):
            ping = Ping(monitor.spec.monitor_id, n, MIDNIGHT + after, action, Arrival(str(n), action))
            for item in ping_items(ping)[-1:]:
                batch.save(item)
    return replace(monitor, state=replace(monitor.state, n_pings=len(pings)))


def probed(monitor, *moments, verdict=Verdict.UP, ms=100.0):
    """Store rounds of one region at so many hours from today's midnight; return them."""
    found = []
    for hours in moments:
        at = MIDNIGHT + hours * HOUR
        result = Result("eu", verdict, ms)
        found.append(Round(monitor.spec.monitor_id, at, 0, ("eu",), (), (result,)))
        rounds.RoundItem(
            monitor.spec.monitor_id,
            rounds._name(at, 0),
            panel="eu|",
            heard={"eu"},
            results=[rounds._to_text(result)],
            expires_at=at + rounds.RETENTION,
        ).save()
    return found


def told(tools, monitor, n_days, now=NOON, kept=PINGS_STORED):
    """Return the statistics of the last days."""
    return daily(tools, monitor, n_days, kept, now)


def shares(found):
    """Return the uptime of each day, None where nothing is known."""
    return [day.tally.percent for day in found.days]


# --- uptime -------------------------------------------------------------------------------------------------


def test_days_come_in_their_order_and_today_is_not_over(tools):
    """Midnights of UTC, the oldest first; of today counts what is over (R35)."""
    found = told(tools, lived((-500, UP)), 3)

    assert [day.start for day in found.days] == [MIDNIGHT - 2 * DAY, MIDNIGHT - DAY, MIDNIGHT]
    assert [day.tally for day in found.days] == [Tally(up=DAY), Tally(up=DAY), Tally(up=12 * HOUR)]
    assert found.percent == 100.0


def test_a_downtime_counts_in_the_days_that_it_touches(tools):
    """From an hour before midnight to three after it; and one that goes on counts up to now (R35, R157)."""
    found = told(tools, lived((-500, UP), (-25, DOWN), (-21, UP), (9, DOWN)), 3)

    assert [day.tally.down for day in found.days] == [HOUR, 3 * HOUR, 3 * HOUR]
    assert found.percent == pytest.approx(100 * 53 / 60)


def test_a_day_that_nobody_measured_is_unknown(tools):
    """Before its creation, while it was new or paused a monitor was neither up nor down (R35)."""
    created = MIDNIGHT - 3 * DAY
    found = told(tools, lived((-30, UP), (-24, PAUSED), created=created), 5)

    assert shares(found) == [None, None, 100.0, None, None]
    assert shares(told(tools, lived(created=created), 2)) == [None, None]
    assert told(tools, lived(created=created), 2).percent is None


def test_maintenance_and_our_own_outages_count_neither_way(tools):
    """What fails in a window, or while we see nothing, is no downtime of that day (R59, R155)."""
    shop = a_shop((-500, UP), (-20, DOWN), (-18, UP), (-10, DOWN), (-8, UP))
    start = MIDNIGHT - 20 * HOUR
    window_item(Window("w", "alices-project", "Move", start, start + HOUR, start)).save()
    for hours in (-10, -7, 12):
        tools.ticks.record(MIDNIGHT + hours * HOUR)  # away between each of them

    [yesterday, today] = told(tools, shop, 2).days

    assert yesterday.tally == Tally(up=12 * HOUR, down=HOUR, excluded=11 * HOUR)
    assert today.tally.percent is None


def test_the_days_are_those_of_history(tools):
    """All days together are what the whole time is told to be: one function knows the uptime (R157)."""
    shop = a_shop((-1000, UP), (-100.5, DOWN), (-77.25, UP), (-50, PAUSED), (-30, UP), (-3, DOWN))

    found = told(tools, shop, 90)

    whole = history.uptime(tools, shop, Span(MIDNIGHT - 89 * DAY, MIDNIGHT + DAY), NOON)
    parts = sum((day.tally for day in found.days), Tally())
    assert (parts.up, parts.down, found.percent) == (whole.up, whole.down, whole.percent)


def test_what_flips_have_forgotten_rounds_may_tell(tools):
    """Flips are kept 125 days: of older days rounds tell, and of a heartbeat's nobody (R35)."""
    shop, job = a_shop((-24 * 200, UP), rolled_until=MIDNIGHT), lived((-24 * 200, UP))
    old = MIDNIGHT - 150 * DAY
    tools.rollups.put(shop.spec.monitor_id, Grain.DAY, old, Rollup(up=50, degraded=4, down=18))
    tools.rollups.put(shop.spec.monitor_id, Grain.DAY, old + DAY, Rollup(up=12))
    tools.rollups.put(shop.spec.monitor_id, Grain.DAY, MIDNIGHT - 5 * DAY, Rollup(up=36, down=36))

    found = told(tools, shop, 200)

    assert [day.tally for day in found.days[49:51]] == [
        Tally(up=18 * HOUR, down=6 * HOUR),
        Tally(up=4 * HOUR, excluded=20 * HOUR),
    ]
    assert shares(found)[:49] == [None] * 49
    assert shares(found)[51:74] == [None] * 23
    assert set(shares(found)[74:]) == {100.0}
    assert set(shares(told(tools, job, 200))[:74]) == {None}


# --- pings and runs -----------------------------------------------------------------------------------------


def test_pings_are_counted_by_the_day(tools):
    """Every line of the log counts, on the day of its arrival (R35)."""
    times = [-2 * DAY, -1.5 * DAY, -SECOND, SECOND, 0 * SECOND, HOUR]
    job = pinged(lived((-500, UP)), *((time, Action.SUCCESS) for time in times))

    assert [day.heard for day in told(tools, job, 4).days] == [0, 2, 1, 3]


def test_what_is_overwritten_is_not_counted_as_nothing(tools):
    """Where the plan keeps fewer pings than came, the days before the oldest of them are unknown (R35)."""
    job = pinged(lived((-500, UP)), *(((n - 3) * DAY, Action.SUCCESS) for n in range(4)))

    assert [day.heard for day in told(tools, job, 5, kept=2).days] == [None, None, None, 1, 1]
    assert [day.heard for day in told(tools, job, 5, kept=4).days] == [0, 1, 1, 1, 1]


def test_runs_are_timed(tools):
    """A hundred runs of 1 to 100 seconds: half took up to 50; those that ended before do not count (R35)."""
    runs = [(-3 * DAY, Action.START), (-3 * DAY + HOUR, Action.SUCCESS)]
    for seconds in range(1, 101):
        start = -DAY + seconds * 5 * MINUTE
        runs += [(start, Action.START), (start + seconds * SECOND, Action.SUCCESS)]

    job = pinged(lived((-500, UP)), *runs)

    assert told(tools, job, 2).percentiles == [50_000, 95_000, 99_000]
    assert told(tools, job, 4).percentiles[2] == 100_000
    assert told(tools, pinged(lived()), 2).percentiles == [None, None, None]


# --- rounds -------------------------------------------------------------------------------------------------


def test_rounds_are_counted_by_the_day_however_far_they_are_rolled_up(tools):
    """Days, the hours of a day that is not over, and what came since then, are each counted once (R35)."""
    shop = a_shop((-500, UP))
    old = probed(shop, -50, -48, -47, -1, ms=50.0)
    new = probed(shop, 0, 1.5, 11, verdict=Verdict.DOWN, ms=None) + probed(shop, 11.5, ms=3000.0)

    for until in (-48, -24, 0, 11):
        now_rolled = MIDNIGHT + until * HOUR
        history.roll_up(tools, shop, now_rolled)
        shop = replace(shop, state=replace(shop.state, rolled_until=now_rolled))
        found = told(tools, shop, 4)
        assert [day.heard for day in found.days] == [1, 2, 1, 4]
        whole = merge(roll_up(old), roll_up(new))
        assert found.percentiles == [whole.percentile(p) for p in (50, 95, 99)]
    assert told(tools, a_shop(), 2).percentiles == [None, None, None]


# --- costs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_days", [1, 365])
def test_a_year_costs_what_a_day_costs(tools, n_days):
    """Five Queries tell of a heartbeat, six of what is probed, however many days are asked for."""
    job = pinged(lived((-500, UP)), *((n * MINUTE, Action.SUCCESS) for n in range(20)))
    job = replace(job, state=replace(job.state, n_pings=PINGS_STORED + 10))  # the ring is read in two parts
    shop = a_shop((-500, UP), rolled_until=MIDNIGHT + 5 * HOUR)
    wire = Wire(tools.settings)
    told(tools, job, n_days)
    of_job = list(wire.operations)
    wire.calls.clear()
    told(tools, shop, n_days)
    of_shop = list(wire.operations)
    wire.hang_up()

    assert set(of_job + of_shop) == {"Query"}
    assert (len(of_job), len(of_shop)) == (5, 5 if n_days == 1 else 6)
