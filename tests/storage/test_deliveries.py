from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.alerts import Fate
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.storage.deliveries import LEASE, Delivery, DeliveryItem
from chalicelib.toolbox import random_id
from tests.emulators import at_once
from tests.storage.examples import HOUR, MICROSECOND, MINUTE, NOON, SECOND, ids, moments, on_engines, texts

CLOSED = [Fate.SENT, Fate.FAILED, Fate.MERGED, Fate.NEEDLESS]


def a_delivery(**changes):
    """Return the message of an outage to Alice's pager."""
    return replace(Delivery(f"flip#{random_id()}", "pager", NOON, "went_down"), **changes)


@pytest.fixture
def queued(tools):
    """Return a message that waits to be sent."""
    delivery = a_delivery()
    tools.deliveries.queue(delivery)
    return delivery


def found(tools, delivery):
    """Return the line of *delivery* as it is stored now."""
    return tools.deliveries.find(delivery.story, delivery.channel_id)


def winners(outcomes):
    """Return the deliveries among *outcomes*; the others are refusals of a race."""
    assert all(isinstance(outcome, Conflict | Delivery) for outcome in outcomes)
    return [outcome for outcome in outcomes if isinstance(outcome, Delivery)]


@on_engines
@given(
    delivery=st.builds(Delivery, ids, texts.filter(bool), moments, texts),
    fate=st.sampled_from(Fate),
    outcome=texts,
    now=moments,
    again=st.none() | moments,
)
def test_what_is_logged_comes_back(tools, delivery, fate, outcome, now, again):
    """Every line of the log is found as it was written, whatever its story and outcome."""
    tools.deliveries.queue(delivery)
    claimed = tools.deliveries.claim(delivery, now)
    assert found(tools, delivery) == claimed

    settled = tools.deliveries.settle(claimed, fate, outcome, now, again)

    assert found(tools, delivery) == settled


def test_an_unknown_delivery_is_not_found(tools):
    """What nobody queued is not in the log."""
    with pytest.raises(NotFound, match="Delivery not found"):
        tools.deliveries.find("flip#1", "pager")


def test_queueing_again_changes_nothing(tools, queued):
    """A message that is announced twice is not sent again."""
    claimed = tools.deliveries.claim(queued, NOON)
    sent = tools.deliveries.settle(claimed, Fate.SENT, "", NOON)

    tools.deliveries.queue(queued)

    assert found(tools, queued) == sent


def test_of_many_senders_one_may_send(tools, queued):
    """Of 20 workers that claim a message at once, one gets the right to send it, until its lease ends."""
    outcomes = at_once(20, lambda _: tools.deliveries.claim(queued, NOON))

    assert winners(outcomes) == [replace(queued, fate=Fate.SENDING, attempts=1, lease_until=NOON + LEASE)]


def test_a_lease_ends(tools, queued):
    """A message whose sender vanished may be claimed again when its lease is over, and not before."""
    tools.deliveries.claim(queued, NOON)

    with pytest.raises(Conflict):
        tools.deliveries.claim(queued, NOON + LEASE - MICROSECOND)

    assert tools.deliveries.claim(queued, NOON + LEASE).attempts == 2


def test_after_a_lease_one_may_send(tools, queued):
    """Of 20 workers that find a lease ended, one takes over."""
    tools.deliveries.claim(queued, NOON)

    outcomes = at_once(20, lambda _: tools.deliveries.claim(queued, NOON + LEASE))

    assert [delivery.attempts for delivery in winners(outcomes)] == [2]


@pytest.mark.parametrize("fate", CLOSED)
def test_what_is_over_is_not_claimed(tools, queued, fate):
    """A message that was sent, given up, merged or needless is never sent again."""
    tools.deliveries.settle(tools.deliveries.claim(queued, NOON), fate, "", NOON)

    with pytest.raises(Conflict):
        tools.deliveries.claim(queued, NOON + 1000 * MINUTE)


def test_what_is_to_be_retried_is_claimed_again(tools, queued):
    """A message that its provider refused is free for the next attempt."""
    claimed = tools.deliveries.claim(queued, NOON)
    tools.deliveries.settle(claimed, Fate.RETRYING, "503", NOON)

    again = tools.deliveries.claim(queued, NOON + SECOND)

    assert (again.attempts, again.fate, again.outcome) == (2, Fate.SENDING, "503")


def test_a_pause_is_kept(tools, queued):
    """A message that waits for its next try is claimed when its pause is over, and by nobody before."""
    claimed = tools.deliveries.claim(queued, NOON)
    resting = tools.deliveries.settle(claimed, Fate.RETRYING, "503", NOON, NOON + MINUTE)

    assert resting.rests_until(NOON + MINUTE - MICROSECOND) == NOON + MINUTE
    with pytest.raises(Conflict):
        tools.deliveries.claim(resting, NOON + MINUTE - MICROSECOND)

    assert resting.rests_until(NOON + MINUTE) is None
    assert tools.deliveries.claim(resting, NOON + MINUTE).attempts == 2


def test_a_message_in_its_pause_is_merged(tools, queued):
    """A message that waits for its next try is told together with the recovery, whenever that would be."""
    claimed = tools.deliveries.claim(queued, NOON)
    tools.deliveries.settle(claimed, Fate.RETRYING, "503", NOON, NOON + HOUR)

    tools.deliveries.merge(queued, NOON + SECOND)

    with pytest.raises(Conflict):
        tools.deliveries.claim(queued, NOON + 2 * HOUR)


def test_a_message_that_leaves_is_not_resting(tools, queued):
    """Only a message between two tries rests; one that is being sent has a lease."""
    claimed = tools.deliveries.claim(queued, NOON)

    assert queued.rests_until(NOON) is None
    assert claimed.rests_until(NOON) is None


def test_a_lost_answer_to_a_settlement_is_harmless(tools, wire, queued):
    """A settlement that the client sends twice, because the answer was lost, is one settlement."""
    claimed = tools.deliveries.claim(queued, NOON)
    wire.lose_answer("UpdateItem")

    sent = tools.deliveries.settle(claimed, Fate.SENT, "", NOON)

    assert found(tools, queued) == sent


def test_nobody_claims_what_was_never_queued(tools):
    """A claim does not invent a message."""
    with pytest.raises(Conflict):
        tools.deliveries.claim(a_delivery(), NOON)

    assert list(DeliveryItem.scan()) == []


def test_a_sender_that_lost_its_claim_settles_nothing(tools, queued):
    """Who comes back after another took over may not write how its own attempt went."""
    lost = tools.deliveries.claim(queued, NOON)
    tools.deliveries.claim(queued, NOON + LEASE)

    with pytest.raises(Conflict):
        tools.deliveries.settle(lost, Fate.FAILED, "too late", NOON + LEASE + SECOND)

    assert found(tools, queued).fate is Fate.SENDING


def test_a_sender_whose_message_was_merged_settles_nothing(tools, queued):
    """A message that was told together with the recovery stays so, whatever its vanished sender says."""
    lost = tools.deliveries.claim(queued, NOON)
    tools.deliveries.merge(queued, NOON + LEASE)

    with pytest.raises(Conflict):
        tools.deliveries.settle(lost, Fate.RETRYING, "503", NOON + LEASE + SECOND)

    assert found(tools, queued).fate is Fate.MERGED


def test_a_message_may_be_settled_without_a_claim(tools, queued):
    """What needs no sending, for a broken channel say, is settled as it waits."""
    settled = tools.deliveries.settle(found(tools, queued), Fate.NEEDLESS, "nobody was told", NOON)

    assert found(tools, queued) == settled


def test_settling_without_a_claim_loses_to_one(tools, queued):
    """Who settles a message as needless while another sends it is refused."""
    waiting = found(tools, queued)
    tools.deliveries.claim(queued, NOON)

    with pytest.raises(Conflict):
        tools.deliveries.settle(waiting, Fate.NEEDLESS, "", NOON)


def test_long_outcomes_are_cut(tools, queued):
    """Of a provider's answer 300 characters are kept."""
    claimed = tools.deliveries.claim(queued, NOON)
    tools.deliveries.settle(claimed, Fate.FAILED, "x" * 999, NOON)

    assert found(tools, queued).outcome == "x" * 300


def test_a_waiting_message_is_merged(tools, queued):
    """A message that still waits is told together with the recovery, and then not sent alone."""
    tools.deliveries.merge(queued, NOON)

    assert found(tools, queued).fate is Fate.MERGED
    with pytest.raises(Conflict):
        tools.deliveries.claim(queued, NOON)


def test_merging_again_is_harmless(tools, queued):
    """A recovery that is tried a second time finds its outage merged already, and goes on."""
    tools.deliveries.merge(queued, NOON)

    tools.deliveries.merge(queued, NOON + MINUTE)

    assert found(tools, queued).fate is Fate.MERGED


def test_a_message_that_is_leaving_is_not_merged(tools, queued):
    """While a message is being sent a recovery must wait to learn how it fares; after the lease it
    need not.
    """
    tools.deliveries.claim(queued, NOON)

    with pytest.raises(Conflict):
        tools.deliveries.merge(queued, NOON + LEASE - MICROSECOND)

    tools.deliveries.merge(queued, NOON + LEASE)


@pytest.mark.parametrize("fate", [Fate.SENT, Fate.FAILED, Fate.NEEDLESS])
def test_a_message_that_has_left_is_not_merged(tools, queued, fate):
    """What was told, or given up, stays what it is."""
    settled = tools.deliveries.settle(tools.deliveries.claim(queued, NOON), fate, "", NOON)

    with pytest.raises(Conflict):
        tools.deliveries.merge(settled, NOON + 1000 * MINUTE)


def test_merging_does_not_invent_a_message(tools):
    """What was never queued cannot be merged."""
    with pytest.raises(Conflict):
        tools.deliveries.merge(a_delivery(), NOON)

    assert list(DeliveryItem.scan()) == []


def test_a_message_is_either_claimed_or_merged(tools, queued):
    """When claims and merges come at once, either one worker sends and nobody merges, or nobody sends."""

    def act(number):
        if number % 2:
            return tools.deliveries.claim(queued, NOON)
        return tools.deliveries.merge(queued, NOON)

    outcomes = at_once(20, act)

    claims = [outcome for outcome in outcomes if isinstance(outcome, Delivery)]
    merges = outcomes.count(None)
    assert (len(claims), merges) in ((1, 0), (0, 10))
    assert found(tools, queued).fate is (Fate.SENDING if claims else Fate.MERGED)


def test_what_was_given_up_may_be_sent_again(tools, queued):
    """A failed message that somebody replays waits again, its attempts still counted."""
    claimed = tools.deliveries.claim(queued, NOON)
    failed = tools.deliveries.settle(claimed, Fate.FAILED, "gone", NOON)

    tools.deliveries.reopen(failed)

    assert tools.deliveries.claim(queued, NOON + MINUTE).attempts == 2


@pytest.mark.parametrize("fate", [fate for fate in Fate if fate not in (Fate.FAILED, Fate.QUEUED)])
def test_only_what_was_given_up_is_sent_again(tools, queued, fate):
    """A message that is on its way, was told or was needless is not replayed."""
    settled = tools.deliveries.settle(tools.deliveries.claim(queued, NOON), fate, "", NOON)

    with pytest.raises(Conflict):
        tools.deliveries.reopen(settled)


def test_of_many_who_replay_a_message_one_sends_it(tools, queued):
    """Twenty impatient people may replay a message: it waits again, and leaves once."""
    claimed = tools.deliveries.claim(queued, NOON)
    failed = tools.deliveries.settle(claimed, Fate.FAILED, "gone", NOON)

    replayed = at_once(20, lambda _: tools.deliveries.reopen(failed))
    outcomes = at_once(20, lambda _: tools.deliveries.claim(failed, NOON + MINUTE))

    assert replayed == [None] * 20
    assert [delivery.attempts for delivery in winners(outcomes)] == [2]


def test_a_message_that_is_leaving_again_is_not_replayed(tools, queued):
    """Who replays a message a second time, while it is being sent, does not have it sent twice."""
    claimed = tools.deliveries.claim(queued, NOON)
    failed = tools.deliveries.settle(claimed, Fate.FAILED, "gone", NOON)
    tools.deliveries.reopen(failed)
    tools.deliveries.claim(failed, NOON + MINUTE)

    with pytest.raises(Conflict):
        tools.deliveries.reopen(failed)


def test_a_channels_log_is_newest_first(tools):
    """A channel's newest messages are listed, as many as asked for, and no other channel's."""
    lines = [a_delivery(created=NOON + n * MINUTE) for n in range(4)]
    for line in (*lines, a_delivery(channel_id="mail", created=NOON + 9 * MINUTE)):
        tools.deliveries.queue(line)

    assert tools.deliveries.of_channel("pager", 3) == lines[:0:-1]
    assert len(tools.deliveries.of_channel("pager", 100)) == 4


def test_a_lost_answer_to_a_claim_costs_a_lease_and_no_message(tools, wire, queued):
    """A claim whose answer was lost looks like another's; when its lease is over the message is
    free again.
    """
    wire.lose_answer("UpdateItem")
    with pytest.raises(Conflict):
        tools.deliveries.claim(queued, NOON)

    assert tools.deliveries.claim(queued, NOON + LEASE).attempts == 2
