from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.errors import NotFound
from chalicelib.core.signals import BODY_LIMIT, PINGS_STORED, Action
from chalicelib.core.tenancy import PLANS
from chalicelib.storage.pings import PingItem, items_of
from chalicelib.toolbox import random_id
from tests.storage.examples import a_ping, arrivals, on_engines


@pytest.fixture
def job():
    """Return the id of a monitor that is pinged."""
    return random_id()


def fill(monitor_id, numbers, **changes):
    """Write many pings at once, as if each had been recorded."""
    with PingItem.batch_write() as batch:
        for n in numbers:
            for item in items_of(a_ping(monitor_id, n, **changes)):
                batch.save(item)


def numbers(pings):
    """Return the numbers of *pings* in their order."""
    return [ping.n for ping in pings]


@on_engines
@given(arrival=arrivals)
def test_what_arrived_comes_back(tools, arrival):
    """Every fact of a ping is kept: action, run id, exit status, address, agent, and each byte of its body
    (R348).
    """
    arrival = replace(arrival, body_size=len(arrival.body))
    ping = replace(a_ping(random_id(), 1), action=arrival.action, arrival=arrival)

    tools.pings.record(ping)

    assert tools.pings.find(ping.monitor_id, 1) == ping
    assert tools.pings.latest(ping.monitor_id, 1, 10) == [replace(ping, arrival=replace(arrival, body=b""))]


def test_what_a_ping_was_taken_for_is_what_the_log_says(tools, job):
    """A success that a method rule made the monitor ignore is logged as ignored (R303)."""
    tools.pings.record(replace(a_ping(job, 1), action=Action.IGNORED))

    assert tools.pings.find(job, 1).action is Action.IGNORED


def test_exit_status_nought_is_not_no_exit_status(tools, job):
    """A job that told 0 is told apart from one that told nothing (R374)."""
    tools.pings.record(a_ping(job, 1, exit_status=0))
    tools.pings.record(a_ping(job, 2))

    assert [ping.arrival.exit_status for ping in tools.pings.latest(job, 2, 2)] == [None, 0]


def test_the_largest_body_is_kept_whole(tools, job):
    """As many bytes as a ping may bring come back unchanged, whatever they are (R13, R348)."""
    body = bytes(range(256)) * (BODY_LIMIT // 256)
    tools.pings.record(a_ping(job, 1, body=body))

    assert tools.pings.find(job, 1).arrival.body == body


def test_the_ring_holds_exactly_the_newest_thousand(tools, job):
    """After 2,300 pings the log is 2,300 down to 1,301, and nothing else is stored (R341)."""
    fill(job, range(1_291, 2_291))

    for n in range(2_291, 2_301):
        tools.pings.record(a_ping(job, n))

    assert numbers(tools.pings.latest(job, 2_300, 10_000)) == list(range(2_300, 1_300, -1))


def test_every_plan_fits_into_the_ring():
    """No plan promises more pings than the ring has slots (R341)."""
    assert max(plan.pings_kept for plan in PLANS.values()) == PINGS_STORED


@pytest.mark.parametrize("late", [1, 999, 1_000])
def test_a_stale_writer_is_refused(tools, job, late):
    """A ping that comes to its slot after a newer one leaves it as it is, and complains to nobody."""
    newer = a_ping(job, late + PINGS_STORED)
    tools.pings.record(newer)

    tools.pings.record(a_ping(job, late))

    assert tools.pings.find(job, newer.n) == newer
    with pytest.raises(NotFound):
        tools.pings.find(job, late)


def test_a_ping_is_recorded_but_once(tools, job):
    """Storing a ping again, after a call that only seemed to fail, changes nothing."""
    first = a_ping(job, 1, body=b"first", body_size=5)
    tools.pings.record(first)

    tools.pings.record(a_ping(job, 1, body=b"again"))

    assert tools.pings.find(job, 1) == first


@settings(on_engines, max_examples=12)
@given(order=st.permutations([1, 999, 1_000, 1_001, 1_999, 2_001]))
def test_the_order_of_writers_does_not_matter(tools, order):
    """In whatever order pings reach the ring, each slot ends with its newest."""
    job = random_id()
    for n in order:
        tools.pings.record(a_ping(job, n))

    kept = [2_001, 1_999, 1_000]  # 1_001 and 1 gave way to 2_001, 999 to 1_999
    assert sorted((int(item.n) for item in PingItem.query(job)), reverse=True) == kept


@pytest.mark.parametrize(
    ("n_pings", "limit", "expected"),
    [
        (0, 10, []),
        (1, 0, []),
        (1, 10, [1]),
        (7, 3, [7, 6, 5]),
        (999, 2, [999, 998]),
        (1_000, 2, [1_000, 999]),
        (1_001, 3, [1_001, 1_000, 999]),
        (1_005, 5, [1_005, 1_004, 1_003, 1_002, 1_001]),
        (1_005, 6, [1_005, 1_004, 1_003, 1_002, 1_001, 1_000]),
        (1_005, 8, [1_005, 1_004, 1_003, 1_002, 1_001, 1_000, 999, 998]),
    ],
)
def test_the_newest_few_around_the_turn_of_the_ring(tools, job, n_pings, limit, expected):
    """The newest come first, as many as are asked for, also where they lie at both ends of the ring
    (R340).
    """
    fill(job, range(max(1, n_pings - 12), n_pings + 1))

    assert numbers(tools.pings.latest(job, n_pings, limit)) == expected


@pytest.mark.parametrize("newest", [1_000, 1_001, 1_998, 1_999, 2_000])
def test_the_whole_ring_is_read_wherever_it_begins(tools, job, newest):
    """Of a thousand pings none is left out, wherever the ring's newest and oldest lie (R341)."""
    sample = [newest, newest - 1, newest - 2, newest - 500, newest - 998, newest - 999]
    fill(job, sample)

    assert numbers(tools.pings.latest(job, newest, 1_000)) == sample


def test_a_smaller_plan_is_exact_at_once(tools, job):
    """Who may see thirty sees the newest thirty, though the ring holds more (R341)."""
    fill(job, range(981, 1_021))

    assert numbers(tools.pings.latest(job, 1_020, 30)) == list(range(1_020, 990, -1))


def test_a_ping_that_is_not_stored_yet_is_no_older_one(tools, job):
    """A ping that was counted a moment before it is stored is missing, not replaced by what its slot held."""
    fill(job, [2, 3, 4, 1_001])

    assert numbers(tools.pings.latest(job, 1_003, 1_000)) == [1_001, 4]


def test_a_list_brings_no_bodies(tools, wire, job):
    """A list tells how long bodies are without reading them: one Query, of the rows alone (R342)."""
    fill(job, [1, 2], body=b"x" * 5_000)
    wire.calls.clear()

    listed = tools.pings.latest(job, 2, 10)

    assert [(ping.arrival.body, ping.arrival.body_size) for ping in listed] == [(b"", 5_000)] * 2
    assert [(call.operation, call.reply["Count"]) for call in wire.calls] == [("Query", 2)]


def test_monitors_do_not_see_each_others_pings(tools, job):
    """Each monitor has a ring of its own."""
    fill(job, [1])

    assert tools.pings.latest(random_id(), 1, 10) == []


def test_a_body_is_found_by_its_number_alone(tools, job):
    """The body that an older ping left in a slot is never shown as a newer one's (R348, R349)."""
    tools.pings.record(a_ping(job, 5, body=b"of the fifth"))
    tools.pings.record(a_ping(job, 1_005))

    assert tools.pings.find(job, 1_005).arrival.body == b""
    with pytest.raises(NotFound):
        tools.pings.find(job, 5)


@pytest.mark.parametrize("n", [0, -1, 2, 1_001, 10**12])
def test_a_ping_that_never_was_is_not_found(tools, job, n):
    """A number that no ping had leads nowhere, also where its slot is taken by another (R349)."""
    tools.pings.record(a_ping(job, 1))

    with pytest.raises(NotFound, match="Ping not found"):
        tools.pings.find(job, n)


def test_a_body_is_stored_before_the_row_that_promises_it(tools, wire, job):
    """Whoever sees a row with a body finds the body: it was written first."""
    tools.pings.record(a_ping(job, 1, body=b"hello"))

    assert [call.arguments["Item"]["row"]["S"] for call in wire.calls] == ["body#001", "ping#001"]


@pytest.mark.parametrize("limit", [3, 100])
def test_nothing_is_left_of_a_monitor_that_is_purged(tools, job, limit):
    """Called until it says that nothing is left, the purge deletes rows and bodies, and nobody
    else's (R338).
    """
    fill(job, range(1, 6), body=b"hello")
    other = random_id()
    fill(other, [1])

    while tools.pings.purge(job, limit):
        pass

    assert list(PingItem.query(job)) == []
    assert numbers(tools.pings.latest(other, 1, 10)) == [1]


def test_a_purge_says_when_more_may_be_left(tools, job):
    """A purge that found as much as it may delete does not claim to be done."""
    fill(job, range(1, 6))

    assert [tools.pings.purge(job, 4), tools.pings.purge(job, 4)] == [True, False]
