"""What is told of a monitor's past is what somebody would tell who had every round before him."""

from dataclasses import replace
from itertools import count, pairwise
from types import SimpleNamespace

import pytest

from chalicelib.core.consensus import Result, Round
from chalicelib.core.errors import Unavailable
from chalicelib.core.maintenance import Window
from chalicelib.core.monitors import Monitor, State
from chalicelib.core.rollups import Grain, Rollup, roll_up
from chalicelib.core.spans import Span
from chalicelib.core.status import Kind, Status, Verdict
from chalicelib.core.steps import Cause, Flip
from chalicelib.core.targets import HttpTarget, Watch
from chalicelib.core.uptime import Tally
from chalicelib.services import history
from chalicelib.storage import rounds
from chalicelib.storage.flips import items_of
from chalicelib.storage.rollups import RollupItem
from chalicelib.storage.windows import _item as window_item
from chalicelib.toolbox import Toolbox
from tests.emulators import Wire, on_moto
from tests.storage.examples import DAY, HOUR, MICROSECOND, MINUTE, NOON, SECOND, a_spec, answers_of

UP, DEGRADED, DOWN = Verdict
MIDNIGHT = NOON - 12 * HOUR
WATCH = Watch(HttpTarget("https://shop.example/"), interval=20 * MINUTE)
PAIR = ("eu-west-1", "us-east-1")


@pytest.fixture
def tools():
    """Return the tools of a deployment with nothing in it."""
    with on_moto() as engine:
        yield Toolbox(engine.settings, rest=lambda _: None)


@pytest.fixture
def wire(tools):
    """Return the wire between us and DynamoDB."""
    listening = Wire(tools.settings)
    yield listening
    listening.hang_up()


def a_shop(created=MIDNIGHT - 3 * DAY, status=Status.UP, **state):
    """Return a monitor that is probed from two regions every twenty minutes."""
    return Monitor(a_spec(kind=Kind.HTTP, watch=WATCH, created=created), State(status, created, **state))


def rolled(monitor, until):
    """Return *monitor* as it is when its history was rolled up until then."""
    return replace(monitor, state=replace(monitor.state, rolled_until=until))


def a_round(monitor, at, verdict=UP, regions=PAIR, ms=120.0):
    """Return a round that *regions* answered; without the second one it has no verdict."""
    results = tuple(Result(region, verdict, ms) for region in regions)
    return Round(monitor.spec.monitor_id, at, 1, PAIR, (), results)


def keep(*probed):
    """Store rounds at a stroke, as if each region had answered."""
    with rounds.RoundItem.batch_write() as batch:
        for one in probed:
            batch.save(
                rounds.RoundItem(
                    one.monitor_id,
                    rounds._name(one.at, one.version),
                    panel="|".join((" ".join(one.jury), " ".join(one.witnesses))),
                    heard={result.region for result in one.results},
                    results=[rounds._to_text(result) for result in one.results],
                    expires_at=one.at + rounds.RETENTION,
                )
            )


def lived(monitor, until, every=40 * MINUTE, since=None):
    """Have a monitor probed from its creation; return its judged rounds, the newest first.

    Now and then it is slow or down, a round comes to no verdict, or a night passes without one.
    """
    done = []
    at, n = since or monitor.spec.created, 0
    while at < until:
        n += 1
        verdict = DOWN if n % 17 == 0 else DEGRADED if n % 7 == 0 else UP
        done.append(a_round(monitor, at, verdict, PAIR[:1] if n % 11 == 0 else PAIR, ms=10.0 * (n % 60)))
        at += 7 * HOUR if n % 97 == 0 else every
    keep(*done)
    return [one for one in reversed(done) if one.verdict]


def stored(monitor):
    """Return what is rolled up of *monitor*: how many rounds, by the name of the period."""
    items = RollupItem.query(monitor.spec.monitor_id)
    return {item.period: int((item.up or 0) + (item.degraded or 0) + (item.down or 0)) for item in items}


def counted(judged):
    """Return how many rounds each hour and each day had."""
    names = [f"{letter}#{found.at:{form}}" for found in judged for letter, form in FORMS]
    return {name: names.count(name) for name in sorted(set(names))}


FORMS = (("H", "%Y-%m-%dT%H"), ("D", "%Y-%m-%d"))


def break_off(wire, number):
    """Have one write of a row fail: the one that comes after so many others."""
    numbers = count()
    failure = {"ResponseMetadata": {}, "Error": {"Code": "InternalServerError", "Message": "put in"}}

    def fail(**_):
        return (SimpleNamespace(status_code=500), failure) if next(numbers) == number else None

    wire._on("before-call.dynamodb.PutItem", fail)


def queries(wire):
    """Return how many items each read so far brought; reads are Queries, all of them."""
    assert set(wire.operations) <= {"Query"}
    return [call.reply["Count"] for call in wire.calls]


# --- rolling up ---------------------------------------------------------------------------------------------


def test_full_hours_and_days_are_rolled_up(tools):
    """Up to a full hour, each hour with judged rounds is rolled up, and each day that is over; no more."""
    shop = a_shop()
    judged = lived(shop, NOON + 25 * MINUTE)

    history.roll_up(tools, shop, NOON)

    expected = counted([found for found in judged if found.at < NOON])
    del expected[f"D#{NOON:%Y-%m-%d}"]  # is not over
    assert stored(shop) == expected


def test_what_is_rolled_up_is_what_the_rounds_come_to(tools):
    """Hour by hour and day by day, rollups say what rolling up the rounds themselves says."""
    shop = a_shop()
    judged = lived(shop, MIDNIGHT)

    history.roll_up(tools, shop, MIDNIGHT)

    for grain in Grain:
        found = tools.rollups.range(shop.spec.monitor_id, grain, shop.spec.created, MIDNIGHT)
        assert found
        for start, rollup in found.items():
            inside = [one for one in judged if start <= one.at < start + grain.length]
            assert rollup == roll_up(inside)


def test_hour_by_hour_is_the_same_as_all_at_once(tools):
    """Whether each hour is rolled up as it is over, or days later in one go, the same is stored."""
    steady, late = a_shop(created=MIDNIGHT - DAY), a_shop(created=MIDNIGHT - DAY)
    for shop in (steady, late):
        lived(shop, NOON, every=45 * MINUTE)
    hour = steady.spec.created
    while hour < NOON:
        history.roll_up(tools, rolled(steady, hour), hour + HOUR)
        hour += HOUR

    history.roll_up(tools, late, NOON)

    assert stored(steady) == stored(late)


def test_rolling_up_again_changes_nothing(tools):
    """Whoever was interrupted before the monitor says how far it came rolls up the same once more."""
    shop = a_shop()
    lived(shop, NOON)
    history.roll_up(tools, shop, NOON)
    before = stored(shop)

    history.roll_up(tools, shop, NOON)

    assert stored(shop) == before


@pytest.mark.parametrize("writes", [0, 1, 12, 24, 25])
def test_an_interrupted_rolling_up_goes_on(tools, wire, writes):
    """At whatever write it broke off: the next try leaves what an undisturbed one would have."""
    shop, other = a_shop(created=MIDNIGHT - DAY), a_shop(created=MIDNIGHT - DAY)
    for monitor in (shop, other):
        lived(monitor, NOON, every=30 * MINUTE)
    history.roll_up(tools, other, NOON)
    break_off(wire, writes)
    with pytest.raises(Unavailable):
        history.roll_up(tools, shop, NOON)
    assert stored(shop) != stored(other)
    history.roll_up(tools, shop, NOON)

    assert stored(shop) == stored(other)


def test_an_hour_costs_one_read_and_one_write(tools, wire):
    """Rolling up an hour reads its rounds and writes a row; at midnight it does so for the day, too."""
    shop = a_shop()
    lived(shop, MIDNIGHT, since=MIDNIGHT - 2 * HOUR)
    wire.calls.clear()

    history.roll_up(tools, rolled(shop, MIDNIGHT - 2 * HOUR), MIDNIGHT - HOUR)
    assert wire.operations == ["Query", "PutItem"]
    wire.calls.clear()

    history.roll_up(tools, rolled(shop, MIDNIGHT - HOUR), MIDNIGHT)
    assert wire.operations == ["Query", "PutItem"] * 2
    # What was written a moment ago, by whomever, must not be missed.
    assert all(call.arguments["ConsistentRead"] for call in wire.calls[::2])


def test_a_long_pause_is_passed_over_quickly(tools, wire):
    """A month without rounds leaves no rows, and is looked through by days, not by hours."""
    shop = rolled(a_shop(created=NOON - 100 * DAY), NOON - 25 * DAY)
    keep(a_round(shop, NOON - MINUTE))
    wire.calls.clear()

    history.roll_up(tools, shop, NOON)

    assert wire.operations.count("Query") <= 2 * 26
    assert stored(shop) == {f"H#{NOON - HOUR:%Y-%m-%dT%H}": 1}


def test_what_is_not_kept_is_not_rolled_up(tools, wire):
    """Nobody looks for rounds from before the thirty days that they are kept."""
    shop = a_shop(created=NOON - 400 * DAY)
    keep(a_round(shop, NOON - 30 * DAY - MINUTE), a_round(shop, NOON - 30 * DAY))
    wire.calls.clear()

    history.roll_up(tools, shop, NOON)

    assert stored(shop)[f"H#{NOON - 30 * DAY:%Y-%m-%dT%H}"] == 1
    assert len(stored(shop)) == 2  # with its day


def test_nothing_is_rolled_up_twice_over(tools, wire):
    """Where everything is rolled up already there is nothing to do."""
    history.roll_up(tools, rolled(a_shop(), NOON), NOON)

    assert wire.calls == []


@pytest.mark.parametrize("until", [MIDNIGHT, MIDNIGHT - 4 * HOUR])
def test_a_round_that_is_judged_too_late_is_counted_all_the_same(tools, until):
    """A verdict that comes after its hour was rolled up counts once that hour is rolled up again."""
    shop = a_shop(created=MIDNIGHT - DAY)
    judged = lived(shop, until)
    at = until - 3 * HOUR + 7 * MINUTE
    keep(a_round(shop, at, regions=PAIR[:1]))
    history.roll_up(tools, shop, until)
    shop = rolled(shop, until)

    late = a_round(shop, at)
    tools.rounds.append(answers_of(late)[1])
    history.roll_up_again(tools, shop, at)

    assert history.page(tools, shop, 1, 1, until)[1] == len(judged) + 1
    expected = counted([late, *judged])
    if until < MIDNIGHT:
        del expected[f"D#{MIDNIGHT - DAY:%Y-%m-%d}"]
    assert stored(shop) == dict(sorted(expected.items()))


# --- pages --------------------------------------------------------------------------------------------------


def pages(tools, monitor, size, now):
    """Return every page of *monitor*, one after the other, and the totals that they told."""
    rows, totals = [], set()
    for number in range(1, 1_000):
        shown, total = history.page(tools, monitor, number, size, now)
        rows += shown
        totals.add(total)
        assert len(shown) <= size
        if not shown:
            return rows, totals
    raise AssertionError("it has no end")


@pytest.mark.parametrize("size", [19, 50])
def test_pages_are_slices_of_the_whole(tools, size):
    """However far the history is rolled up, the pages together are all judged rounds, the newest first,
    without a gap or a repetition; each tells how many there are (R242, R243).
    """
    shop = a_shop()
    judged = lived(shop, NOON + 50 * MINUTE, every=50 * MINUTE)
    assert pages(tools, shop, size, NOON + HOUR) == (judged, {len(judged)})

    for until in (MIDNIGHT - 2 * DAY - 5 * HOUR, MIDNIGHT - DAY, MIDNIGHT, NOON - HOUR, NOON):
        history.roll_up(tools, shop, until)
        shop = rolled(shop, until)
        assert pages(tools, shop, size, NOON + HOUR) == (judged, {len(judged)})


@pytest.mark.parametrize("number", [2, 10, 1_000, 10**12])
def test_beyond_the_end_there_is_nothing(tools, number):
    """A page past the last one is empty, and the total is right all the same (R243)."""
    shop = a_shop()
    judged = lived(shop, NOON)
    history.roll_up(tools, shop, NOON - HOUR)

    shown = history.page(tools, rolled(shop, NOON - HOUR), number, len(judged), NOON)

    assert shown == ([], len(judged))


def test_who_was_never_probed_has_one_empty_page(tools):
    """A monitor without rounds has none, on no page (R242)."""
    assert history.page(tools, a_shop(), 1, 50, NOON) == ([], 0)


def test_rounds_without_a_verdict_are_not_shown(tools):
    """What came to no quorum is no data: it is neither listed nor counted (R242)."""
    shop = a_shop()
    seen = a_round(shop, NOON - 2 * MINUTE)
    keep(a_round(shop, NOON - MINUTE, regions=PAIR[:1]), seen, a_round(shop, NOON - 3 * MINUTE, verdict=None))

    assert history.page(tools, shop, 1, 50, NOON) == ([seen], 1)


@pytest.mark.parametrize("size", [20, 100])
def test_what_is_older_than_thirty_days_is_cut_off_at_a_full_hour(tools, size):
    """Pages and total hold what is kept, to the hour, whether DynamoDB has deleted the rest or not (R243)."""
    shop = a_shop(created=NOON - 33 * DAY)
    judged = lived(shop, NOON, every=9 * HOUR + 10 * MINUTE)
    history.roll_up(tools, shop, NOON - 3 * DAY)  # as it was done at the time
    history.roll_up(tools, rolled(shop, NOON - 3 * DAY), NOON)

    now = NOON + 25 * MINUTE
    kept = [found for found in judged if found.at >= NOON - 30 * DAY + HOUR]
    assert len(kept) < len(judged)
    assert pages(tools, rolled(shop, NOON), size, now) == (kept, {len(kept)})


def test_the_first_page_reads_what_is_not_rolled_up(tools, wire):
    """The newest page costs the rounds since the last full hour and three reads of counts."""
    shop = a_shop(created=NOON - 9 * DAY - 30 * MINUTE)
    lived(shop, NOON + 30 * MINUTE, every=10 * MINUTE, since=NOON - 2 * HOUR)
    history.roll_up(tools, shop, NOON)
    wire.calls.clear()

    shown, _ = history.page(tools, rolled(shop, NOON), 1, 3, NOON + 30 * MINUTE)

    assert len(shown) == 3
    assert queries(wire) == [3, 2, 0, 0]  # rounds; hours of today, days, hours of the first day


@pytest.mark.parametrize("number", [4, 15, 25])
def test_a_page_is_not_paid_for_by_those_before_it(tools, wire, number):
    """A page far back costs two reads more than the first, and reads but the hours that it lies in."""
    shop = a_shop(created=MIDNIGHT - 2 * DAY - 5 * HOUR)
    judged = lived(shop, NOON + 30 * MINUTE, every=12 * MINUTE)
    history.roll_up(tools, shop, NOON)
    shop = rolled(shop, NOON)
    wire.calls.clear()

    shown, total = history.page(tools, shop, number, 10, NOON + 30 * MINUTE)

    assert (shown, total) == (judged[10 * (number - 1) : 10 * number], len(judged))
    *_, read = queries(wire)
    assert len(wire.calls) <= 6
    assert read <= 10 + 1 + 2 * 5  # one without verdict, and at most an hour's rounds too many at both ends


def test_a_young_monitor_costs_less(tools, wire):
    """Of a monitor that is an hour old there is nothing but its rounds to read."""
    shop = a_shop(created=NOON - HOUR, rolled_until=NOON - HOUR)
    lived(shop, NOON, every=10 * MINUTE)
    wire.calls.clear()

    shown, total = history.page(tools, shop, 1, 50, NOON)

    assert (len(shown), total) == (6, 6)
    assert queries(wire) == [6]


# --- uptime -------------------------------------------------------------------------------------------------


def turned(monitor, *turns):
    """Store flips of *monitor* at so many hours after midnight; return it as it is then."""
    status, began = Status.PENDING, monitor.spec.created
    for hours, new in turns:
        flip = Flip(monitor.spec.monitor_id, MIDNIGHT + hours * HOUR, status, new, Cause.PROBES_FAILED, began)
        for item in items_of((flip,), 1):
            item.save()
        status, began = new, flip.at
    return replace(monitor, state=replace(monitor.state, status=status, since=began))


def today(hours=24):
    """Return so many hours since midnight."""
    return Span(MIDNIGHT, MIDNIGHT + hours * HOUR)


def test_uptime_is_told_from_flips(tools):
    """A day with one downtime of 14 min 24 s was 99 percent up (R153)."""
    shop = turned(a_shop(), (-50, Status.UP), (6, Status.DOWN), (6.24, Status.UP))

    found = history.uptime(tools, shop, today(), MIDNIGHT + DAY)

    assert (found.percent, found.down) == (99.0, 864 * SECOND)


def test_what_is_still_to_come_is_not_measured(tools):
    """An outage that goes on counts up to now; the rest of the window is neither up nor down (R157)."""
    shop = turned(a_shop(), (-50, Status.UP), (6, Status.DOWN))

    assert history.uptime(tools, shop, today(), MIDNIGHT + 8 * HOUR) == Tally(6 * HOUR, 2 * HOUR)


def test_a_day_in_the_past_is_told_by_what_came_after_it(tools):
    """A window that is over knows its status from the next flip, not from the present (R157)."""
    shop = turned(a_shop(), (-50, Status.UP), (30, Status.DOWN), (40, Status.PAUSED))

    assert history.uptime(tools, shop, today(), MIDNIGHT + 3 * DAY) == Tally(up=DAY)


def test_our_own_outages_are_nobodys_downtime(tools):
    """What we did not see because we were away ourselves counts neither way, also while it goes on."""
    shop = turned(a_shop(), (-50, Status.UP), (6, Status.DOWN), (9, Status.UP))
    for hours in (5, 8, 20):
        tools.ticks.record(MIDNIGHT + hours * HOUR)  # away from 5 to 8, from 8 to 20, and since

    assert history.uptime(tools, shop, today(), MIDNIGHT + 23 * HOUR) == Tally(
        up=5 * HOUR, excluded=18 * HOUR
    )


def test_maintenance_is_nobodys_downtime(tools):
    """What a window covers counts neither way, also a retired one's; another project's does (R59, R155)."""
    shop = turned(a_shop(), (-50, Status.UP), (6, Status.DOWN), (9, Status.UP))
    for number, (project_id, hours) in enumerate(
        (("alices-project", 5), ("alices-project", 8), ("bobs", 20))
    ):
        start = MIDNIGHT + hours * HOUR
        window = Window(f"w-{number}", project_id, "Move", start, start + 2 * HOUR, start, retired=hours == 8)
        window_item(window).save()

    assert history.uptime(tools, shop, today(), MIDNIGHT + DAY) == Tally(
        up=19 * HOUR, down=HOUR, excluded=4 * HOUR
    )


def test_before_its_creation_a_monitor_was_nothing(tools):
    """A monitor that is younger than the window counts from its first verdict (R156)."""
    shop = turned(a_shop(created=MIDNIGHT + 2 * HOUR), (3, Status.UP))

    assert history.uptime(tools, shop, today(10), NOON) == Tally(up=7 * HOUR, excluded=3 * HOUR)


def test_of_what_is_forgotten_nothing_is_told(tools):
    """Older flips than are kept may or may not be there: that time is excluded."""
    shop = turned(a_shop(created=MIDNIGHT - 400 * DAY), (-390 * 24, Status.UP))
    year = Span(MIDNIGHT - 365 * DAY, MIDNIGHT)

    found = history.uptime(tools, shop, year, MIDNIGHT)

    assert found == Tally(up=125 * DAY, excluded=240 * DAY)


def test_parts_of_a_window_add_up(tools):
    """Hours add up to the days they make, flips, outages of ours and pauses included."""
    shop = turned(
        a_shop(),
        *[(-70, Status.UP), (-30.5, Status.DOWN), (-29.25, Status.UP), (-8, Status.PAUSED)],
        *[(-7.1, Status.PENDING), (-7, Status.UP), (-0.01, Status.DOWN), (0.5, Status.UP)],
    )
    for hours in (-40, -39, -29.5, 2):
        tools.ticks.record(MIDNIGHT + hours * HOUR)
    edges = [MIDNIGHT + hour * HOUR for hour in range(-72, 3, 2)]

    parts = [history.uptime(tools, shop, Span(*pair), edges[-1]) for pair in pairwise(edges)]

    assert sum(parts, Tally()) == history.uptime(tools, shop, Span(edges[0], edges[-1]), edges[-1])


# --- latency ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("until", [None, MIDNIGHT - DAY, MIDNIGHT, NOON])
def test_latency_is_what_the_rounds_come_to(tools, until):
    """Counts and percentiles of any full hours are those of their rounds, however far they are rolled up."""
    shop = a_shop()
    judged = lived(shop, NOON + 50 * MINUTE)
    if until:
        history.roll_up(tools, shop, until)
        shop = rolled(shop, until)

    for start, end in [
        (MIDNIGHT - 3 * DAY, NOON + HOUR),
        (MIDNIGHT - 2 * DAY - HOUR, NOON),
        (MIDNIGHT - DAY, MIDNIGHT),
        (NOON - DAY, NOON),
        (NOON - 3 * HOUR, NOON - 2 * HOUR),
        (NOON, NOON + HOUR),
        (NOON, NOON),
    ]:
        found = history.latency(tools, shop, start, end, NOON + HOUR)
        assert found == roll_up(one for one in judged if start <= one.at < end)


def test_an_hour_counts_where_it_begins(tools):
    """Of hours that are rolled up those count, and whole, that begin in the window."""
    shop = a_shop()
    judged = lived(shop, NOON)
    history.roll_up(tools, shop, NOON)

    found = history.latency(tools, rolled(shop, NOON), NOON - DAY - MINUTE, NOON - HOUR - MICROSECOND, NOON)

    assert found == roll_up(one for one in judged if NOON - DAY <= one.at < NOON - HOUR)


def test_a_day_of_latency_reads_few_rows(tools, wire):
    """A day up to now costs its hours and what is not rolled up yet: not one round more."""
    shop = a_shop()
    keep(*(a_round(shop, NOON - 26 * HOUR + n * 10 * MINUTE) for n in range(160)))
    history.roll_up(tools, shop, NOON)
    wire.calls.clear()

    history.latency(tools, rolled(shop, NOON), NOON - DAY, NOON + 40 * MINUTE, NOON + 40 * MINUTE)

    raw, *rest = queries(wire)
    assert (raw, sum(rest)) == (4, 24)


def test_a_quarter_of_latency_is_told_by_days(tools, wire):
    """Far back only days are kept, and whole days are what is told."""
    shop = a_shop(created=NOON - 500 * DAY)
    for n in range(1, 96):
        tools.rollups.put(shop.spec.monitor_id, Grain.DAY, MIDNIGHT - n * DAY, Rollup(up=1))
        tools.rollups.put(shop.spec.monitor_id, Grain.HOUR, MIDNIGHT - n * DAY + 20 * HOUR, Rollup(up=1))
    wire.calls.clear()

    found = history.latency(tools, rolled(shop, MIDNIGHT), NOON - 90 * DAY, NOON, NOON)

    assert found.up == 89
    assert max(queries(wire)) == 89


def test_rounds_past_their_time_have_no_latency(tools):
    """What DynamoDB should have deleted is not measured, where nothing was rolled up either."""
    shop = a_shop(created=NOON - 50 * DAY)
    keep(a_round(shop, NOON - 30 * DAY - SECOND), a_round(shop, NOON - 30 * DAY))

    assert history.latency(tools, shop, NOON - 39 * DAY, NOON, NOON).rounds == 1


def test_what_never_was_has_no_latency(tools):
    """Without rounds there is nothing to tell (R156)."""
    found = history.latency(tools, a_shop(), NOON - DAY, NOON, NOON)

    assert (found, found.percentile(95)) == (Rollup(), None)
