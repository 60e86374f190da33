"""One Step becomes one write: a touch, which commutes, or a turn, which changes the story.

Every interleaving of pings and timeouts was enumerated: a turn that is conditional on `rev` alone lets a
timeout decided on old data overtake a fresh ping; on `rev` and `n_pings` together none goes wrong.
"""

from dataclasses import replace
from datetime import datetime

from pynamodb.attributes import Attribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chalicelib.core.errors import Conflict, Unavailable
from chalicelib.core.findings import host_of
from chalicelib.core.monitors import Monitor, Spec, State
from chalicelib.core.signals import Ping
from chalicelib.core.status import Status
from chalicelib.core.steps import Step
from chalicelib.core.wheel import slot_of
from chalicelib.storage import flips, pings
from chalicelib.storage.findings import look_soon
from chalicelib.storage.monitors import SPEC, STATE_DEFAULTS, SpecItem, spec_item, state_item, to_state
from chalicelib.storage.organizations import OrganizationItem, member_of
from chalicelib.storage.projects import pointers_to, project_exists
from chalicelib.storage.states import STATE, StateItem, pace_actions, pace_condition
from chalicelib.storage.tables import changes, conflicts, connection_of, shard_of

COUNTERS = {"n_pings", "minute", "in_minute"}
TRIES = 5


class Commits:
    """The writer of monitors: nobody else changes a spec, a state or a flip."""

    def __init__(self, shards: int) -> None:
        self.shards = shards

    def touch(self, monitor_id: str, before: State, after: State) -> State:
        """Write what changed and no rule branches on; return the state as it is then.

        Touches do not collide with each other: only a turn in between, or a newer ping, is a Conflict.
        """
        if after == before:
            return before
        condition = StateItem.rev == before.rev
        counted = [name for name in COUNTERS if getattr(after, name) != getattr(before, name)]
        actions = self._actions(monitor_id, replace(before, **{n: getattr(after, n) for n in counted}), after)
        if after.last_ping != before.last_ping and after.last_ping:
            condition &= StateItem.last_ping.does_not_exist() | (StateItem.last_ping <= after.last_ping)
        if after.look_at != before.look_at:
            condition &= _unmoved(before.look_at)
        if after.judged_at != before.judged_at and after.judged_at:
            condition &= StateItem.judged_at.does_not_exist() | (StateItem.judged_at < after.judged_at)
        if counted:
            same = before.minute == after.minute
            condition &= pace_condition(after.minute, same_minute=same)
            # Where botocore asks again because an answer was lost, the signal must not count twice.
            condition &= StateItem.arrival_id.does_not_exist() | (StateItem.arrival_id != after.arrival_id)
            actions += [StateItem.n_pings.add(1), *pace_actions(after.minute, same_minute=same)]
        item = StateItem(monitor_id, STATE)
        with conflicts():
            item.update(actions, condition=condition)
        return to_state(item)

    def turn(
        self, monitor_id: str, before: State, step: Step, ping: Ping | None = None, spec: Spec | None = None
    ) -> State:
        """Write a change of the story with its flips and its ping, all or nothing; return the new state.

        Whose *spec* is given is taken off the wheel where the step pauses it, and put back where it resumes.
        Raises Conflict when anything, even a plain ping or the verdict of another round, came in between.
        """
        unchanged = (StateItem.rev == before.rev) & (StateItem.n_pings == before.n_pings)
        # A visit may have moved the promise on without a turn: what we keep unwritten must still be there.
        unchanged &= _unmoved(before.look_at)
        if step.state.judged_at != before.judged_at:
            unchanged &= _is(StateItem.judged_at, before.judged_at)
        after = replace(step.state, rev=before.rev + 1)
        actions = self._actions(monitor_id, before, after)
        others = [*flips.items_of(step.flips, self.shards), *(pings.items_of(ping) if ping else ())]
        item = StateItem(monitor_id, STATE)
        with conflicts():
            if not others:
                item.update(actions, condition=unchanged)
                return after
            with TransactWrite(connection=connection_of(StateItem)) as transaction:
                transaction.update(item, actions, condition=unchanged)
                for other in others:
                    transaction.save(other)
                if spec and (before.status is Status.PAUSED) != (after.status is Status.PAUSED):
                    self._move(transaction, spec, after)
        return after

    def amend(self, before: Monitor, spec: Spec, step: Step) -> Monitor:
        """Write a changed spec and what follows from it; the state's `rev` guards both halves."""
        after = replace(step.state, rev=before.state.rev + 1)
        actions = self._actions(spec.monitor_id, before.state, after)
        with conflicts(), TransactWrite(connection=connection_of(StateItem)) as transaction:
            transaction.save(spec_item(spec, self._slot(spec, after)), condition=SpecItem.monitor_id.exists())
            unchanged = (StateItem.rev == before.state.rev) & _unmoved(before.state.look_at)
            transaction.update(StateItem(spec.monitor_id, STATE), actions, condition=unchanged)
            host = host_of(spec)
            if host != host_of(before.spec):
                look_soon(transaction, spec.monitor_id, host or "", spec.updated or spec.created)
        return Monitor(spec, after)

    def add(self, monitor: Monitor, limit: int) -> None:
        """Store a new monitor and count it against *limit*.

        Raises Conflict where that is reached, or its project is gone.
        """
        spec = monitor.spec
        with conflicts(), TransactWrite(connection=connection_of(StateItem)) as transaction:
            project_exists(transaction, spec.project_id)
            slot = self._slot(spec, monitor.state)
            transaction.save(spec_item(spec, slot), condition=SpecItem.monitor_id.does_not_exist())
            transaction.save(state_item(spec.monitor_id, monitor.state, self.shards))
            for pointer in pointers_to(spec):
                transaction.save(pointer)
            if host := host_of(spec):
                look_soon(transaction, spec.monitor_id, host, spec.created)
            transaction.update(
                member_of(spec.organization_id),
                [OrganizationItem.n_monitors.add(1)],
                condition=OrganizationItem.n_monitors < limit,
            )

    def remove(self, monitor: Monitor) -> None:
        """Delete a monitor, both halves at once; raises Conflict when somebody else was first.

        Pings write to it, and others to its organization's count: who meets but them tries again, and is told
        in the end that it is Unavailable, for it is there still.
        """
        for _ in range(TRIES):
            try:
                self._remove(monitor.spec)
            except Conflict:
                if not _is_there(monitor.spec):
                    raise
            else:
                return
        raise Unavailable("too many others write to this check at the moment")

    def _remove(self, spec: Spec) -> None:
        with conflicts(), TransactWrite(connection=connection_of(StateItem)) as transaction:
            transaction.delete(spec_item(spec), condition=SpecItem.monitor_id.exists())
            transaction.delete(StateItem(spec.monitor_id, STATE))
            for pointer in pointers_to(spec):
                transaction.delete(pointer)
            transaction.update(member_of(spec.organization_id), [OrganizationItem.n_monitors.add(-1)])

    def _slot(self, spec: Spec, state: State) -> str | None:
        """Return the wheel's slot that *spec* belongs into, or None where it is not probed."""
        if spec.watch is None or state.status is Status.PAUSED:
            return None
        return slot_of(spec.monitor_id, spec.watch.interval, shard_of(spec.monitor_id, self.shards))

    def _move(self, transaction: TransactWrite, spec: Spec, state: State) -> None:
        """Put *spec* on the wheel, or take it off."""
        slot = self._slot(spec, state)
        action = SpecItem.wheel_slot.set(slot) if slot else SpecItem.wheel_slot.remove()
        # A read is not one with both halves: the slot must be that of the spec as it is.
        version = spec.watch.version if spec.watch else 0
        unchanged = SpecItem.version == version if version else SpecItem.version.does_not_exist()
        transaction.update(
            SpecItem(spec.monitor_id, SPEC), [action], condition=SpecItem.monitor_id.exists() & unchanged
        )

    def _actions(self, monitor_id: str, before: State, after: State) -> list[Action]:
        actions = changes(before, after, StateItem, STATE_DEFAULTS)
        if after.look_at and not before.look_at:
            actions.append(StateItem.deadline_shard.set(shard_of(monitor_id, self.shards)))
        if before.look_at and not after.look_at:
            actions.append(StateItem.deadline_shard.remove())
        return actions


def _is_there(spec: Spec) -> bool:
    with conflicts():
        return bool(SpecItem.count(spec.monitor_id, SpecItem.part == SPEC, consistent_read=True))


def _unmoved(look_at: datetime | None) -> Condition:
    return _is(StateItem.look_at, look_at)


def _is(attribute: Attribute[datetime], moment: datetime | None) -> Condition:
    return attribute == moment if moment else attribute.does_not_exist()
