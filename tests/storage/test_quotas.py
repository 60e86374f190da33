from datetime import UTC, datetime

import pytest

from chalicelib.core.errors import TooMany
from chalicelib.core.signals import minute_of
from chalicelib.core.tenancy import Quota, hash_secret
from chalicelib.storage.keys import KeyItem, Keys, Lane
from tests.emulators import at_once
from tests.storage.examples import DAY, HOUR, MINUTE, NOON, SECOND
from tests.storage.owned import HASH, a_key

pytestmark = pytest.mark.usefixtures("alice")

MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def key(tools, alice):
    """Return Alice's key, issued."""
    return issued(tools, a_key(organization_id=alice))


def issued(tools, key):
    """Return *key*, issued."""
    tools.keys.issue(key, 10)
    return key


def refused(keys, now, lane=Lane.V1):
    """Return the refusal that a call at *now* meets."""
    with pytest.raises(TooMany) as refusal:
        keys.spend(HASH, lane, now)
    return refusal.value


def minute_spent(count, now=NOON):
    """Let the key have been used *count* times in the minute of *now*."""
    KeyItem(HASH).update(
        [KeyItem.minute_v1.set(minute_of(now)), KeyItem.count_v1.set(count)],
        condition=KeyItem.secret_hash.exists(),
    )


def counters():
    """Return what the key item has counted."""
    item = KeyItem.get(HASH, consistent_read=True)
    return item.count_v1, item.count_v3, item.day_count


@pytest.mark.usefixtures("key")
def test_every_call_counts_one(tools):
    """The quota tells limit, what is left, and when the minute is over (R81)."""
    quotas = [tools.keys.spend(HASH, Lane.V1, NOON + n * SECOND)[1] for n in range(3)]

    assert quotas == [Quota(100, left, NOON + MINUTE) for left in (99, 98, 97)]


@pytest.mark.usefixtures("key")
def test_the_hundred_and_first_call_of_a_minute_is_refused(tools):
    """100 calls in a minute are let through and not one more, until the minute is over (R79)."""
    minute_spent(97)
    for n in range(3):
        tools.keys.spend(HASH, Lane.V1, NOON + n * SECOND)

    refusal = refused(tools.keys, NOON + 59 * SECOND)

    assert (refusal.retry_at, refusal.limit) == (NOON + MINUTE, 100)
    assert tools.keys.spend(HASH, Lane.V1, NOON + MINUTE)[1].remaining == 99


@pytest.mark.usefixtures("tools", "key")
def test_of_130_parallel_calls_exactly_100_are_let_through():
    """Thirteen processes that each send ten calls at once get through 100 times between them (R79)."""
    processes = [Keys() for _ in range(13)]

    outcomes = at_once(130, lambda n: processes[n % 13].spend(HASH, Lane.V1, NOON))

    let_through = [outcome for outcome in outcomes if isinstance(outcome, tuple)]
    assert sorted(quota.remaining for _, quota in let_through) == list(range(100))
    assert counters()[0] == 100


@pytest.mark.usefixtures("key")
def test_a_refused_call_is_not_counted(tools):
    """Knocking on does not make the wait longer."""
    minute_spent(100)

    refused(tools.keys, NOON)
    refused(Keys(), NOON)

    assert counters() == (100, 0, 0)


@pytest.mark.usefixtures("key")
def test_another_key_of_the_project_is_unaffected(tools):
    """The limit is each key's own (R79, R141)."""
    other = hash_secret("hcw_other")
    issued(tools, a_key(other))
    minute_spent(100)
    refused(tools.keys, NOON)

    assert tools.keys.spend(other, Lane.V1, NOON)[1].remaining == 99


@pytest.mark.usefixtures("key")
def test_the_two_lanes_do_not_share_a_count(tools):
    """What was spent under /v1 is not missing under /api/v3, whose limit is a thousand."""
    for _ in range(3):
        tools.keys.spend(HASH, Lane.V1, NOON)

    assert tools.keys.spend(HASH, Lane.V3, NOON)[1] == Quota(1000, 999, NOON + MINUTE)
    assert tools.keys.spend(HASH, Lane.V1, NOON)[1].remaining == 96
    assert counters()[:2] == (4, 1)


@pytest.mark.usefixtures("key")
def test_a_warm_call_is_one_write(tools, wire):
    """The first call of a process reads the key once; each later one is a single update, minute
    after minute.
    """
    wire.calls.clear()
    tools.keys.spend(HASH, Lane.V1, NOON)
    assert wire.operations == ["GetItem", "UpdateItem"]
    wire.calls.clear()

    for after in (SECOND, MINUTE, MINUTE + SECOND, HOUR):
        tools.keys.spend(HASH, Lane.V1, NOON + after)

    assert wire.operations == ["UpdateItem"] * 4


@pytest.mark.usefixtures("key")
def test_what_is_known_to_be_spent_is_refused_without_a_call(tools, wire):
    """A flood past the limit costs the database nothing."""
    minute_spent(99)
    tools.keys.spend(HASH, Lane.V1, NOON)
    wire.calls.clear()

    for _ in range(5):
        refused(tools.keys, NOON + SECOND)

    assert wire.operations == []


@pytest.mark.usefixtures("tools", "key")
def test_a_process_that_fell_behind_looks_again():
    """A process that knows the key's last minute, but not this one, counts with the others (R79)."""
    idle, busy = Keys(), Keys()
    idle.spend(HASH, Lane.V1, NOON - MINUTE)
    minute_spent(98)
    busy.spend(HASH, Lane.V1, NOON)

    assert idle.spend(HASH, Lane.V1, NOON)[1].remaining == 0
    assert refused(busy, NOON).limit == 100


@pytest.mark.usefixtures("tools", "key")
def test_a_straggler_of_the_last_minute_does_not_give_this_one_back():
    """A call that began before the minute turned, and is counted after, frees nobody's spent minute (R79)."""
    minute_spent(100)

    at_once(1, lambda _: Keys().spend(HASH, Lane.V1, NOON - SECOND))

    assert refused(Keys(), NOON + SECOND).limit == 100


def day_spent(count, now=NOON):
    """Let the key have been used *count* times on the day of *now*."""
    KeyItem(HASH).update(
        [KeyItem.day.set(minute_of(now) // 1_440), KeyItem.day_count.set(count)],
        condition=KeyItem.secret_hash.exists(),
    )


@pytest.mark.parametrize(("plan", "per_day"), [("hacker", 5_000), ("maker", 20_000), ("founder", 100_000)])
def test_a_plans_day_has_an_end(tools, plan, per_day):
    """The last call of the day is let through and the next one refused until midnight (R137-R139)."""
    issued(tools, a_key(plan=plan))
    day_spent(per_day - 1)

    quota = tools.keys.spend(HASH, Lane.V1, NOON)[1]
    refusal = refused(tools.keys, NOON + MINUTE)

    assert (quota.day_limit, quota.day_remaining) == (per_day, 0)
    assert (refusal.retry_at, refusal.limit) == (MIDNIGHT, per_day)


@pytest.mark.parametrize(("plan", "per_minute"), [("hacker", 60), ("maker", 120), ("founder", 300)])
def test_a_plans_minute_has_its_own_limit(tools, plan, per_minute):
    """Each plan's number of calls a minute is exact (R137-R139)."""
    issued(tools, a_key(plan=plan))
    minute_spent(per_minute - 1)

    assert tools.keys.spend(HASH, Lane.V1, NOON)[1].remaining == 0
    assert refused(tools.keys, NOON).limit == per_minute


def test_the_days_end_is_midnight_to_the_minute(tools):
    """A call in the last minute before midnight is refused, the first one after it let through (R137)."""
    issued(tools, a_key(plan="hacker"))
    day_spent(5_000)

    assert refused(tools.keys, MIDNIGHT - SECOND).retry_at == MIDNIGHT
    assert tools.keys.spend(HASH, Lane.V1, MIDNIGHT)[1].day_remaining == 4_999


def test_both_lanes_share_the_day(tools):
    """A day's limit counts every call of the key, whatever API it goes to (R137)."""
    issued(tools, a_key(plan="hacker"))
    day_spent(4_998)

    tools.keys.spend(HASH, Lane.V1, NOON)
    tools.keys.spend(HASH, Lane.V3, NOON)

    assert refused(Keys(), NOON + HOUR, Lane.V3).limit == 5_000


def test_parallel_calls_share_the_days_last_ones(tools):
    """Of 20 calls at once, when 5 are left of the day, 5 are let through (R137)."""
    issued(tools, a_key(plan="hacker"))
    day_spent(4_995)

    outcomes = at_once(20, lambda _: Keys().spend(HASH, Lane.V1, NOON))

    assert sum(isinstance(outcome, tuple) for outcome in outcomes) == 5
    assert counters()[2] == 5_000


@pytest.mark.usefixtures("key")
def test_a_day_is_not_counted_where_it_is_not_limited(tools):
    """A plan without a daily limit tells of none."""
    quota = tools.keys.spend(HASH, Lane.V1, NOON + DAY)[1]

    assert (quota.day_limit, quota.day_remaining) == (None, None)
    assert counters()[2] == 0


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("same_minute", [True, False])
def test_a_repeated_write_counts_at_most_twice(tools, wire, same_minute):
    """When an answer is lost, a key may be charged a second call, never the other way round."""
    if same_minute:
        tools.keys.spend(HASH, Lane.V1, NOON)
    wire.lose_answer("UpdateItem")

    tools.keys.spend(HASH, Lane.V1, NOON + SECOND)

    spent = 2 if same_minute else 1
    assert spent <= counters()[0] <= spent + 1
