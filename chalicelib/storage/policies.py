"""Escalation policies, kept with their project."""

from datetime import timedelta
from typing import Any

from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.transactions import TransactWrite

from chalicelib.core.errors import Conflict
from chalicelib.core.escalation import Policy, Rung
from chalicelib.storage.entries import POINTER, Entry, PointerItem, get, project_of
from chalicelib.storage.projects import project_exists
from chalicelib.storage.tables import EpochAttribute, conflicts, connection_of

MISSING = "Escalation policy not found"
SECOND = timedelta(seconds=1)


class PolicyItem(Entry, discriminator="policy"):
    """A ladder of steps, each with its seconds and its channels."""

    name = UnicodeAttribute()
    rungs: ListAttribute[Any] = ListAttribute()
    created = EpochAttribute()
    repeat = NumberAttribute(null=True)
    updated = EpochAttribute(null=True)


class Policies:
    """The escalation policies of one deployment."""

    def find(self, project_id: str, policy_id: str) -> Policy:
        """Return a policy of the project; raises NotFound."""
        return to_policy(get(PolicyItem, project_id, _name(policy_id), MISSING))

    def project_of(self, policy_id: str) -> str:
        """Return the id of the project that a policy belongs to; raises NotFound."""
        return project_of(_name(policy_id), MISSING)

    def of_project(self, project_id: str) -> list[Policy]:
        """Return a project's policies, by name."""
        with conflicts():
            found = PolicyItem.query(project_id, PolicyItem.item.startswith("policy#"), consistent_read=True)
            return sorted((to_policy(item) for item in found), key=lambda policy: policy.name)

    def add(self, policy: Policy) -> None:
        """Store a new policy; raises Conflict where its project is gone."""
        pointer = PointerItem(_name(policy.policy_id), POINTER, project_id=policy.project_id)
        with conflicts(), TransactWrite(connection=connection_of(Entry)) as transaction:
            project_exists(transaction, policy.project_id)
            transaction.save(_item(policy), condition=PolicyItem.owner.does_not_exist())
            transaction.save(pointer)

    def save(self, before: Policy, after: Policy) -> None:
        """Store a changed policy; raises Conflict when somebody else changed or deleted it."""
        unchanged = PolicyItem.owner.exists() & (
            PolicyItem.updated == before.updated if before.updated else PolicyItem.updated.does_not_exist()
        )
        with conflicts():
            _item(after).save(condition=unchanged)

    def remove(self, policy: Policy) -> None:
        """Delete a policy; raises NotFound when somebody else was first, Conflict while it is written to."""
        name = _name(policy.policy_id)
        try:
            with conflicts(), TransactWrite(connection=connection_of(Entry)) as transaction:
                transaction.delete(PolicyItem(policy.project_id, name), condition=PolicyItem.owner.exists())
                transaction.delete(PointerItem(name, POINTER))
        except Conflict:
            self.find(policy.project_id, policy.policy_id)
            raise


def to_policy(item: PolicyItem) -> Policy:
    """Return the policy that *item* stores."""
    return Policy(
        item.item.removeprefix("policy#"),
        item.owner,
        item.name,
        tuple(Rung(int(after) * SECOND, tuple(channels)) for after, channels in item.rungs),
        item.created,
        int(item.repeat or 0),
        item.updated,
    )


def _name(policy_id: str) -> str:
    return f"policy#{policy_id}"


def _item(policy: Policy) -> PolicyItem:
    return PolicyItem(
        policy.project_id,
        _name(policy.policy_id),
        name=policy.name,
        rungs=[[rung.after // SECOND, list(rung.channels)] for rung in policy.rungs],
        created=policy.created,
        repeat=policy.repeat or None,
        updated=policy.updated,
    )
