"""Many at once, and everything twice: a monitor's story stays one story, and is told once."""

import itertools
import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest

from chalicelib.core.errors import Conflict
from chalicelib.core.heartbeats import deadline
from chalicelib.core.signals import Action, Arrival
from chalicelib.core.status import Status
from chalicelib.messages import DeliveryNotice, FlipNotice, Wake, from_text, to_text
from chalicelib.services import announcing, delivering, pinging, waking
from tests.stories.neighbours import (
    fates,
    mails,
    new_channel,
    new_check,
    post,
    queue_of,
    wrap_handlers,
)

SECOND = timedelta(seconds=1)
SIGNALS = 200
THREADS = 16
WAKES = 40


@pytest.fixture
def webhook(house, receiver):
    """Return the id of the channel that leads to the receiver."""
    assert receiver.heard == []
    return house.tools.channels.of_project(house.foundation.project.project_id)[0].channel_id


def storm(house, check, step, seed):
    """Send two hundred signals and forty wakes from sixteen threads, each *step* later than the last one."""
    chance = random.Random(seed)  # noqa: S311  no secrets here, but the same storm each time
    actions = [Action.SUCCESS, Action.FAIL, Action.START, Action.LOG]
    jobs = [("ping", action) for action in chance.choices(actions, (6, 2, 2, 1), k=SIGNALS)]
    jobs += [("wake", None)] * WAKES
    chance.shuffle(jobs)
    numbered = itertools.count()
    house.tools.rest = time.sleep  # losers make room for each other, as they do in the account

    def work(job):
        kind, action = job
        house.clock.now += step
        now = house.clock()
        if kind == "wake":
            with suppress(Conflict):  # SQS would bring it again
                waking.wake(house.tools, Wake(check.check_id, to_text(now)), now)
            return
        arrival = Arrival(f"arrival {next(numbered)}", action)
        pinging.record(house.tools, check.check_id, arrival, now)

    with ThreadPoolExecutor(THREADS) as threads:
        for finished in [threads.submit(work, job) for job in jobs]:
            finished.result()


def explain(check):
    """Retell the history signal by signal in the order of their numbers; return the status at its end.

    What no signal changed, time may have changed just before it; anything else has no explanation.
    """
    flips, status = check.flips, Status.PENDING

    def pass_on():
        flip = flips.pop(0)
        assert flip.old is status
        return flip.new

    for ping in check.log:
        while ping.n in [flip.n for flip in flips[1:]] and flips[0].n == 0:
            status = pass_on()
        if flips and flips[0].n == ping.n:
            status = pass_on()
        wanted = {Action.SUCCESS: Status.UP, Action.FAIL: Status.DOWN}.get(ping.action, status)
        if status is not wanted:
            assert flips[0].n == 0
            status = pass_on()
        assert status is wanted
    while flips:
        assert flips[0].n == 0
        status = pass_on()
    return status


def check_history(check):
    """Find each signal numbered and logged, and an order of them that explains the history."""
    state = check.monitor.state
    assert [ping.n for ping in check.log] == list(range(1, SIGNALS + 1))
    assert len({ping.arrival.arrival_id for ping in check.log}) == SIGNALS == state.n_pings
    flips = check.flips
    assert all(one.new is other.old and one.at < other.at for one, other in itertools.pairwise(flips))
    assert flips[-1].new is state.status is explain(check)
    assert flips[-1].at == state.since
    true = deadline(check.monitor.spec, state)
    assert (state.look_at is None) == (true is None)
    assert true is None or state.look_at <= true


def test_two_hundred_signals_at_once(house):
    """Two hundred signals of every kind, and wakes among them, within a second, are one story (R387)."""
    check = new_check(house)
    house.advance(seconds=1)
    storm(house, check, timedelta(milliseconds=3), seed=7)
    check_history(check)


def test_a_storm_is_told_as_it_was(house, receiver, webhook):
    """A storm of half an hour is one story, too, in which each outage and its end was told once (R387)."""
    check = new_check(house)
    house.advance(seconds=1)
    storm(house, check, 7 * SECOND, seed=11)
    check_history(check)
    check.ask("POST", "pause")
    house.advance(minutes=15)
    downs = [flip for flip in check.flips if flip.new is Status.DOWN]
    ends = [flip for flip in check.flips if flip.old is Status.DOWN]
    logged = fates(house, webhook)
    assert logged.count("went_down sent") + logged.count("went_down merged") == len(downs)
    assert logged.count("recovered sent") + logged.count("called_off sent") == len(ends)
    assert len({heard.delivery for heard in receiver.heard}) == len(receiver.heard)
    assert len(receiver.heard) == logged.count("went_down sent") + len(ends)


def test_time_and_the_signal_that_just_came_in_time(house):
    """A wake at the very deadline and a success a moment before it, at once: whoever wins, a success that
    was counted first is never followed by a timeout.
    """
    for _ in range(10):
        check = new_check(house, channels="")
        check.ping()
        last_moment = house.clock() + timedelta(minutes=2)

        def wake(check=check, last_moment=last_moment):
            waking.wake(house.tools, Wake(check.check_id, to_text(last_moment)), last_moment)

        def ping(check=check, last_moment=last_moment):
            arrival = Arrival("just in time", Action.SUCCESS)
            pinging.record(house.tools, check.check_id, arrival, last_moment - timedelta(microseconds=1))

        with ThreadPoolExecutor(4) as threads:
            for finished in [threads.submit(job) for job in (wake, ping, wake, wake)]:
                finished.result()
        assert check.turns in (
            ["pending to up by success"],
            ["pending to up by success", "up to down by timeout", "down to up by success"],
        )
        assert (check.monitor.state.status, len(check.log)) == (Status.UP, 2)


def test_wakes_that_come_again_change_nothing(house, receiver):
    """A wake that comes twice, late, early or many times at once makes one outage, told once (R387)."""
    check = new_check(house)
    check.ping()
    wake = Wake(check.check_id, to_text(house.clock() + timedelta(minutes=2)))
    for _ in range(3):
        house.tools.queues.wake([wake], house.clock())
    house.advance(seconds=119)
    assert check.status == "grace"
    house.advance(seconds=2)
    after = check.monitor.state

    def again(_):
        waking.wake(house.tools, wake, house.clock())

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(again, range(THREADS)))
    house.advance(minutes=2)
    assert check.monitor.state == after
    assert check.turns == ["pending to up by success", "up to down by timeout"]
    assert receiver.reasons() == ["went_down"]


def test_an_early_wake_waits(house):
    """A wake that SQS brings too early is sent again, for the moment that it names."""
    check = new_check(house)
    check.ping()
    moment = house.clock() + timedelta(minutes=2)
    waking.wake(house.tools, Wake(check.check_id, to_text(moment)), house.clock())
    assert check.status == "up"
    assert queue_of(house, "wakes").delays == [120]


def test_the_last_part_of_a_second_is_waited_out(house):
    """A wake comes in the second before its moment, waits the rest out, and looks at the moment itself."""
    rests = []
    house.tools.rest = rests.append
    check = new_check(house)
    house.clock.now += timedelta(milliseconds=250)
    check.ping()
    moment = house.clock() + timedelta(minutes=2)
    house.clock.now = moment - timedelta(seconds=1, milliseconds=750)
    house.tools.queues.wake([Wake(check.check_id, to_text(moment))], house.clock())
    assert queue_of(house, "wakes").delays == [1]
    waking.wake(house.tools, Wake(check.check_id, to_text(moment)), moment - timedelta(milliseconds=750))
    assert rests == [0.75]
    assert check.flips[-1].at == moment


def down_and_up(house, check):
    """Let a check fail and recover, with nobody told yet; return the notices of both flips."""
    house.advance(seconds=1)
    check.ping("fail")
    house.clock.now += SECOND
    check.ping()
    queue_of(house, "flips-subscription").queue._messages.clear()
    return [FlipNotice.of(flip) for flip in check.flips]


def announce(house, notice):
    """Do what the announcer does with *notice*."""
    announcing.announce(house.tools, notice.monitor_id, from_text(notice.at), house.clock())


def all_told(house, channels):
    """Let the announced be delivered; return how each message to each channel fared."""
    house.advance(minutes=12)
    assert queue_of(house, "deliveries").bodies == queue_of(house, "dead-letters").bodies == []
    return [fates(house, channel) for channel in channels]


@pytest.fixture
def channels(house, webhook):
    """Return the ids of two channels, a webhook and a mailbox."""
    return [webhook, new_channel(house, "EMAIL", email="alice@example.org")]


ONCE = ["went_down sent", "recovered sent"]
MERGED = ["went_down merged", "recovered sent"]


@pytest.mark.parametrize(
    "order", [(0, 0, 1, 1), (0, 1, 0, 1), (1, 1, 0, 0), (1, 0), (0, 1, 1, 1, 0)], ids=str
)
def test_flips_that_are_announced_again_or_in_any_order(house, receiver, channels, order):
    """However often and in whichever order an outage and its recovery are announced, each channel hears of
    each once: announcing a recovery announces its outage first (R387).
    """
    notices = down_and_up(house, new_check(house, timeout=86400))
    for number in order:
        announce(house, notices[number])
    assert all_told(house, channels) == [ONCE, ONCE]
    assert receiver.reasons() == ["went_down", "recovered"]
    assert len(mails(house)) == 2


def test_flips_that_are_announced_by_many_at_once(house, receiver, channels):
    """Sixteen announcers of the same two flips make one message for each flip and channel (R387)."""
    notices = down_and_up(house, new_check(house, timeout=86400))
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(lambda number: announce(house, notices[number % 2]), range(THREADS)))
    told = all_told(house, channels)
    assert told in ([ONCE, ONCE], [MERGED, ONCE], [ONCE, MERGED], [MERGED, MERGED])
    assert len(receiver.heard) == told[0].count("went_down sent") + 1
    assert len(mails(house)) == told[1].count("went_down sent") + 1


def test_an_announced_flip_is_not_announced_again(house, channels):
    """A notice of a flip that left the outbox long ago is worked off without a word."""
    check = new_check(house)
    house.advance(seconds=1)
    check.ping("fail")
    house.advance(minutes=1)
    new_check(house)
    newer = new_channel(house, "WEBHOOK", url="http://127.0.0.1:9/")
    check.ask("POST", channels="*")
    announce(house, FlipNotice.of(check.flips[0]))
    house.advance(minutes=1)
    assert all_told(house, [*channels, newer]) == [["went_down sent"], ["went_down sent"], []]


@pytest.mark.parametrize("order", [(0, 0, 1, 1), (1, 0), (1, 1, 0, 0), (0, 1, 0, 1, 0)], ids=str)
def test_notices_that_come_again_or_in_any_order(house, receiver, channels, order):
    """However often and in whichever order the notices of an outage and its recovery come, each channel is
    told once: the two in their order, or both in one message (R387).
    """
    notices = announced_notices(house)
    for number in order:
        for body in notices[number]:
            post(house, house.tools.settings.deliveries_queue_url, body)
    house.pump.drain()
    wanted = ONCE if order[0] == 0 else MERGED
    assert all_told(house, channels) == [wanted, wanted]
    assert receiver.reasons() == (["went_down", "recovered"] if wanted is ONCE else ["was_down"])
    assert len(mails(house)) == len(receiver.heard)


def announced_notices(house):
    """Let both flips of an outage be announced; return the notices of each, undelivered."""
    bodies = []
    for notice in down_and_up(house, new_check(house, timeout=86400)):
        announce(house, notice)
        queue = queue_of(house, "deliveries")
        bodies.append(queue.bodies)
        queue.queue._messages.clear()
    return bodies


def test_notices_that_many_work_off_at_once(house, receiver, channels):
    """Of sixteen workers with the same four notices each flip is told once on each channel."""
    notices = announced_notices(house)
    everything = [DeliveryNotice.from_json(body) for body in (*notices[0], *notices[1])] * 4

    def deliver(notice):
        try:
            delivering.deliver(house.tools, notice, house.clock())
        except Conflict:
            post(house, house.tools.settings.deliveries_queue_url, notice.to_json())

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(deliver, everything))
    told = all_told(house, channels)
    assert all(log in (ONCE, MERGED) for log in told)
    assert len(receiver.heard) == told[0].count("went_down sent") + 1
    assert len(mails(house)) == told[1].count("went_down sent") + 1


def test_every_handler_may_be_called_twice(house, receiver, channels):
    """When AWS brings every single message twice, nobody hears anything twice (R387)."""

    def twice(_, handler):
        def called(event, context):
            handler(event, context)
            return handler(event, context)

        return called

    wrap_handlers(house, twice)
    check = new_check(house)
    check.ping()
    house.advance(minutes=3)
    check.ping()
    house.advance(minutes=3)
    assert check.turns[1:] == ["up to down by timeout", "down to up by success", "up to down by timeout"]
    check.ask("POST", "pause")
    assert all_told(house, channels) == [[*ONCE, "went_down sent", "called_off sent"]] * 2
    assert receiver.reasons() == ["went_down", "recovered", "went_down", "called_off"]
    assert len(mails(house)) == 4
