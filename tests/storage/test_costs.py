"""What each thing that happens to a heartbeat costs on DynamoDB, heard on the wire (see billing.py)."""

from datetime import timedelta

import pytest

from app import app
from chalicelib.local.pump import SCHEDULED
from chalicelib.messages import ScanTick, Wake, to_text
from tests.storage.billing import GRACE, PERIOD, Bill
from tests.storage.roads import CALL, FIRST_SHARD, OTHER_SHARD, RECOVERY, STEADY_PING, TICK, TIMEOUT, VISIT


def test_a_steady_ping_costs_two_writes_and_no_read(up):
    """A plain success is one update and one put, of one unit each, and touches no index (R10)."""
    assert up.bill(up.ping) == STEADY_PING


def test_a_steady_ping_costs_the_same_in_a_new_minute(up):
    """The rate limit costs nothing, also where its minute turns (R80)."""
    up.now += timedelta(minutes=3)

    assert up.bill(up.ping) == STEADY_PING


def test_a_steady_ping_of_many_words_costs_no_more(up):
    """The widest line of the log is still below a kilobyte: a long agent, a run id, an exit status."""
    talk = {"user-agent": "ü" * 500, "x-forwarded-proto": "https"}
    rid = "?rid=7C2F9EA4-5B0D-4E3A-9C1D-2A6B8F0E4D11"

    assert up.bill(lambda: up.ping(f"/0{rid}", **talk)).write == 2


@pytest.mark.parametrize(("size", "units"), [(1, 1), (900, 1), (1_900, 2), (10_000, 10), (50_000, 10)])
def test_a_body_costs_one_write_more_and_its_kilobytes(up, size, units):
    """A body is an item of its own, and costs a unit for each kilobyte that is kept (R13)."""
    bill = up.bill(lambda: up.ping(body=b"x" * size))

    assert bill == Bill(["UpdateItem", "PutItem", "PutItem"], write=2 + units)


def test_a_cold_container_pays_for_what_it_has_not_seen(up):
    """A process that takes a running minute for new is refused once, reads, and then knows better."""
    up.tools.minutes_seen.clear()

    assert up.bill(up.ping) == Bill(
        ["UpdateItem", "Query", "UpdateItem", "PutItem"], read=0.5, write=2, refused=1
    )
    assert up.bill(up.ping) == STEADY_PING


def test_a_log_line_costs_a_read(up):
    """A signal that is only logged is loaded and touched (R374)."""
    bill = up.bill(lambda: up.ping("/log"))

    assert bill == Bill(["Query", "UpdateItem", "PutItem"], read=0.5, write=2)


def test_a_start_costs_a_transaction_of_two_items(up):
    """A start whose time is up after we promised to look is a turn without flip: two items, twice
    the price.
    """
    up.now += timedelta(minutes=50)
    up.ping()
    up.now += timedelta(minutes=15)

    bill = up.bill(lambda: up.ping("/start"))

    assert bill == Bill(["Query", "TransactWriteItems"], read=0.5, write=4)


def test_a_start_that_is_to_be_looked_at_earlier_moves_the_promise(up):
    """A start whose time is up before we promised to look costs two units more: the index entry moves."""
    bill = up.bill(lambda: up.ping("/start"))

    assert bill == Bill(["Query", "TransactWriteItems"], read=0.5, write=4, index=2)


def test_the_success_that_ends_a_run_costs_a_transaction_of_two_items(up):
    """The end of a run is a turn without flip; before it the steady road is tried, and refused."""
    up.ping("/start")

    bill = up.bill(up.ping)

    assert bill == Bill(["UpdateItem", "Query", "TransactWriteItems"], read=0.5, write=4, refused=1)


def test_a_failure_costs_a_transaction_of_three_items(up):
    """State, flip and ping; an entry enters the outbox, and the promise leaves its index (R374)."""
    bill = up.bill(lambda: up.ping("/fail"))

    assert bill == Bill(["Query", "TransactWriteItems"], read=0.5, write=6, index=2)


def test_a_recovery_costs_a_transaction_of_three_items(up):
    """State, flip and ping; an entry enters the outbox, and a promise its index; one steady try is
    refused.
    """
    up.ping("/fail")

    bill = up.bill(up.ping)

    assert bill == RECOVERY


def test_a_first_success_costs_a_transaction_of_three_items(deployment):
    """State, flip and ping; a promise enters its index, and nobody is told (R372)."""
    bill = deployment.bill(deployment.ping)

    assert bill == Bill(["UpdateItem", "Query", "TransactWriteItems"], read=0.5, write=6, index=1, refused=1)


def test_a_late_success_costs_a_transaction_of_four_items(up):
    """A success past the deadline brings both flips; our own outages are looked up before anyone is
    blamed.
    """
    up.now += timedelta(seconds=PERIOD + GRACE + 60)

    bill = up.bill(up.ping)

    assert bill.calls == ["UpdateItem", "Query", "Query", "TransactWriteItems"]
    assert (bill.read, bill.write, bill.index, bill.refused) == (1.5, 8, 4, 1)


def test_a_visit_that_comes_early_moves_the_promise(up):
    """A wake that finds all well costs half a read, one write, and two for the index entry that moves."""
    up.now += timedelta(minutes=30)
    up.ping()
    promised = up.state().look_at
    up.now = promised

    bill = up.bill(lambda: up.work("wake", Wake(up.job, to_text(promised))))

    assert bill == VISIT
    assert up.state().look_at > promised


def test_a_timeout_costs_a_transaction_of_two_items(deployment):
    """A wake that finds time up writes state and flip, once it has looked whether we were away ourselves."""
    deployment.ping()
    promised = deployment.state().look_at
    deployment.now = promised

    bill = deployment.bill(lambda: deployment.work("wake", Wake(deployment.job, to_text(promised))))

    assert bill == TIMEOUT


def test_a_call_of_the_api_costs_one_write(up):
    """Who is asking, both limits and what is left of them: one update, once the container is warm (R79,
    R137).
    """
    ask = up.bill(lambda: up.ask("GET", f"/api/v3/checks/{up.job}"))

    assert ask == CALL


def test_a_call_of_a_cold_container_reads_the_key_first(up):
    """A container that has not seen a key yet reads it once, consistently."""
    up.tools.keys._seen.clear()

    bill = up.bill(lambda: up.ask("GET", f"/api/v3/checks/{up.job}"))

    assert bill == Bill(["GetItem", "UpdateItem", "Query"], read=1.5, write=1)


@pytest.mark.parametrize(("slug", "entries"), [("", 1), ("nightly", 2)])
def test_a_new_monitor_costs_a_transaction_of_six_items(up, slug, entries):
    """Spec, state, the organization's count, the pointers of its badge key and its unique key, and that its
    project is there; index entries for its project and its slug, and a line of the audit trail.
    """
    bill = up.bill(lambda: up.create(slug=slug))

    assert bill == Bill(["UpdateItem", "TransactWriteItems", "PutItem"], write=1 + 12 + 1, index=entries)


def test_a_minute_in_which_nothing_happens_costs_next_to_nothing(up):
    """The tick costs a read and a write, the look at a shard two half reads, and the one at the first of them
    half a read more, for incidents; once an hour the tick asks what is left of what was deleted.
    """
    up.now += timedelta(seconds=60)
    app.handler_map["tick"](SCHEDULED, None)
    up.now += timedelta(seconds=60)

    tick = up.bill(lambda: app.handler_map["tick"](SCHEDULED, None))
    first, other = (up.bill(lambda n=n: up.work("scan", ScanTick(to_text(up.now), n))) for n in (0, 1))
    up.now = up.now.replace(minute=0) + timedelta(hours=1)
    hourly = up.bill(lambda: app.handler_map["tick"](SCHEDULED, None))

    assert tick == TICK
    assert first == FIRST_SHARD
    assert other == OTHER_SHARD
    assert hourly.calls[0] == "GetItem"
    assert "Query" in hourly.calls
