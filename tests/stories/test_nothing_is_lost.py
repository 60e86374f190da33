"""Whichever call to AWS fails between a signal and its message: nothing is lost, nothing told twice."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from chalicelib.core.heartbeats import deadline
from chalicelib.local.house import House, built, waiting_messages
from tests.stories.faults import (
    DEAD_AFTER,
    REFUSED,
    REFUSED_LATE,
    REPEATED,
    UNANSWERED,
    UNREACHABLE,
    Call,
    Fault,
    Wire,
    on_the_wire,
    past,
    signal,
    tables_now,
)
from tests.stories.neighbours import (
    Check,
    Receiver,
    empty_queues_answer_at_once,
    forget_mails,
    mails,
    new_channel,
    new_check,
    queue_of,
    receiving,
    table_of,
)

MINUTE = timedelta(minutes=1)
LONGEST = 15 * MINUTE  # that anything may be on its way
SIGNALS = (("start", "start"), ("fail", "fail"), ("log", "log"), ("", "success"), ("", "steady"))
LATEST = 8 * MINUTE  # that a message may come after its moment when one call failed
PARTS = 8  # of the road, so that several processes can walk it


@dataclass
class Town:
    """A house with one webhook and one mailbox, told of one check at a time."""

    house: House
    receiver: Receiver

    def settle(self, *, ticking: bool = False) -> None:
        """Let time pass until nothing is on its way any more.

        Ticks come where somebody needs them: for the outbox, or *ticking* for deadlines.
        """
        house, end = self.house, self.house.clock() + LONGEST
        house.pump.drain()
        while house.clock() < end:
            next_tick = house.clock().replace(second=0, microsecond=0) + MINUTE
            later = [moment for moment in waiting_messages() if moment > house.clock()]
            if self.is_unannounced() or (ticking and later):
                later.append(next_tick)
            if not later:
                return
            house.clock.now = min(later)
            if house.clock.now == next_tick:
                house.pump.tick()
            house.pump.drain()

    def is_unannounced(self) -> bool:
        """Whether a flip waits in the outbox."""
        return bool(self.house.tools.flips.unannounced(0, self.house.clock() + MINUTE, 1))

    def is_busy(self) -> bool:
        """Whether a message is in some queue, or a flip in the outbox."""
        return any(True for _ in waiting_messages()) or self.is_unannounced()

    def told(self) -> dict[str, list[tuple[str, str]]]:
        """Return what each channel was told, as (delivery, reason)."""
        words = {"Down": "went_down", "Up": "recovered", "Was down": "was_down"}
        return {
            "webhook": [(heard.delivery, heard.story["reason"]) for heard in self.receiver.heard],
            "mail": [(mail.delivery, words[mail.subject.partition(":")[0]]) for mail in mails(self.house)],
        }

    def forget(self) -> None:
        """Let nobody have been told anything, nothing be on its way, and no check be there."""
        self.receiver.heard.clear()
        forget_mails(self.house)
        for name in ("deliveries", "wakes", "scans", "dead-letters", "flips-subscription"):
            queue_of(self.house, name).queue._messages.clear()
        for name in (
            "monitors",
            "pings",
            "flips",
            "deliveries",
            "incidents",
            "audits",
        ):  # moto looks at every item of a table
            table_of(self.house, name).items.clear()


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    """Build one house for all walks of this file: each walks with a check of its own."""
    logging.disable(logging.CRITICAL)  # what fails here is meant to, hundreds of times
    with built() as house, receiving(house.clock) as receiver, empty_queues_answer_at_once():
        new_channel(house, "WEBHOOK", url=receiver.url + "/")
        house.advance(seconds=1)
        new_channel(house, "EMAIL", email="alice@example.org")
        yield Town(house, receiver)
    logging.disable(logging.NOTSET)


@dataclass
class Tale:
    """What one walk was, how its signals were answered, and what must come of it."""

    check: Check
    wire: Wire
    history: list[str]
    reasons: list[str]
    answers: dict[str, int] = field(default_factory=dict)


Prepare = Callable[[Wire], None]
Walk = Callable[[Town, Prepare], Tale]


def failure_and_recovery(town: Town, prepare: Prepare) -> Tale:
    """Walk from a failing job to both channels, and from its next success to both again."""
    town.house.advance(seconds=1)
    check = new_check(town.house, timeout=86400, grace=3600)
    with on_the_wire(town.house) as wire:
        prepare(wire)
        history = ["pending to down by fail", "down to up by success"]
        tale = Tale(check, wire, history, ["went_down", "recovered"])
        for action, name in SIGNALS:
            tale.answers |= signal(check, action, name)
            town.settle()
    return tale


def silence(town: Town, prepare: Prepare) -> Tale:
    """Walk from a job's silence, by two ticks, a scan and a wake, to both channels."""
    town.house.advance(seconds=60 - town.house.clock().second)
    town.house.advance(seconds=5)
    check = new_check(town.house)
    with on_the_wire(town.house) as wire:
        tale = Tale(check, wire, ["pending to up by success", "up to down by timeout"], ["went_down"])
        tale.answers |= signal(check, "", "only")
        wire.calls.clear()
        prepare(wire)
        town.house.advance(seconds=126)
        town.settle(ticking=True)
    return tale


WALKS: tuple[Walk, ...] = (failure_and_recovery, silence)


def complaints(town: Town, tale: Tale, fault: Fault, call: Call) -> Iterator[str]:
    """Yield what is wrong at the end of a walk on which *fault* befell *call*."""
    if town.is_busy():
        yield "something is still on its way"
    if queue_of(town.house, "dead-letters").bodies:
        yield "something was given up"
    yield from wrong_messages(town, tale, fault, call)
    yield from wrong_pings(tale)
    if any(answer != 200 for answer in tale.answers.values()) and (call.room != "api" or fault is REPEATED):
        yield f"the answers were {tale.answers}"
    if tale.check.turns != tale.history:
        yield f"the history is {tale.check.turns}"
    spec, state = tale.check.monitor.spec, tale.check.monitor.state
    true = deadline(spec, state)
    if true and (state.look_at is None or state.look_at > true):
        yield "nobody will look in time"


def wrong_messages(town: Town, tale: Tale, fault: Fault, call: Call) -> Iterator[str]:
    """Yield what is wrong with what people were told: each message once, in its order, in time."""
    for channel, told in town.told().items():
        once = list(dict.fromkeys(told))
        if [reason for _, reason in once] != tale.reasons:
            yield f"{channel} was told {told}"
        if len(told) - len(once) > (1 if is_unnoted(fault, call) else 0):
            yield f"{channel} was told twice: {told}"
    late = [heard.at - datetime.fromisoformat(heard.story["at"]) for heard in town.receiver.heard]
    if late and max(late) > LATEST:
        yield f"a message came {max(late)} late"


def is_unnoted(fault: Fault, call: Call) -> bool:
    """Whether *fault* lies between a provider's acceptance of a message and our note of it."""
    if call.operation == "SendEmail":
        return fault.acts
    notes = call.operation == "UpdateItem" and "'sent'" in str(call.arguments)
    return notes and not fault.acts


def wrong_pings(tale: Tale) -> Iterator[str]:
    """Yield what is wrong with the log: all that was acknowledged is in it, once."""
    check = tale.check
    logged = check.house.tools.pings.latest(check.check_id, check.monitor.state.n_pings, 100)
    agents = [ping.arrival.agent for ping in logged]
    taken = {agent for agent, answer in tale.answers.items() if answer == 200}
    failed = len(tale.answers) - len(taken)
    if len(taken) != len({agent.split()[0] for agent in tale.answers}):
        yield f"the answers were {tale.answers}"
    if not taken <= set(agents) or len(set(agents)) != len(agents):
        yield f"acknowledged {sorted(taken)}, logged {agents}"
    missing = set(range(1, check.monitor.state.n_pings + 1)) - {ping.n for ping in logged}
    if len(missing) > failed:
        yield f"pings {missing} of {check.monitor.state.n_pings} are missing, {failed} were refused"


def walked(town: Town, walk: Walk, fault: Fault, number: int) -> Iterator[str]:
    """Walk with *fault* at call *number*; yield what went wrong, each with the place of the fault."""
    tale = walk(town, lambda wire: wire.spoil(fault, lambda call: call.number == number))
    call = tale.wire.spoiled
    assert call, f"the walk has no call {number}"
    for complaint in complaints(town, tale, fault, call):
        yield f"{fault} at {call}: {complaint}"
    town.forget()


def faults_of(call: Call) -> list[Fault]:
    """Return the ways in which *call* is let fail.

    A read that is lost, repeated or the last act of its process is no more than one that is refused, but
    for wakes: they come in batches, and die together. Errors of the network and of the service take turns,
    so that each operation meets both.
    """
    before, after = (UNREACHABLE, UNANSWERED) if call.number % 2 else (REFUSED, REFUSED_LATE)
    if call.writes:
        return [before, after, REPEATED, DEAD_AFTER]
    return [before, DEAD_AFTER] if call.room == "wake" else [before]


def an_untroubled(town: Town, walk: Walk) -> list[Call]:
    """Walk without a fault; return the calls on the road."""
    tale = walk(town, lambda _: None)
    reasons = [[reason for _, reason in told] for told in town.told().values()]
    assert reasons == [tale.reasons] * 2
    assert max(heard.at - tale.check.flips[-1].at for heard in town.receiver.heard) < timedelta(seconds=2)
    town.forget()
    return tale.wire.calls


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("walk", WALKS)
def test_any_call_may_fail(town, walk, part):
    """Whichever call fails, before or after it took effect, asked twice, or killing its process: the alarm
    and the recovery arrive once on every channel, twice only where the provider took the message and we
    could not note it, and then under one delivery id; no acknowledged ping is missing; the state is right
    (R387, R388).
    """
    road = an_untroubled(town, walk)
    assert len(road) > 40
    wrong = [
        complaint
        for call in road[part::PARTS]
        for fault in faults_of(call)
        for complaint in walked(town, walk, fault, call.number)
    ]
    assert wrong == []


def test_any_read_may_be_stale(town):
    """Whichever eventually consistent read does not know yet of a check that was made this very second:
    its signals are taken and its alarm is sent.
    """
    road = [call for call in an_untroubled(town, failure_and_recovery) if call.may_be_stale]
    before = past(tables_now())
    wrong = [
        complaint for call in road for complaint in walked(town, failure_and_recovery, before, call.number)
    ]
    assert wrong == []
