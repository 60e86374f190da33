"""What we saw of each monitor, and the one write that a steady ping needs.

This is the ping's own road: it imports nothing of what deciding needs.
"""

from datetime import datetime
from typing import Any

from pynamodb.attributes import BooleanAttribute, DiscriminatorAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection

from chalicelib.core.signals import PINGS_PER_MINUTE, minute_of
from chalicelib.core.status import Status
from chalicelib.storage.tables import EpochAttribute, SpanAttribute, Table, conflicts

STATE = "state"


class Part(Table):
    """Half a monitor; one Query by id brings both halves."""

    short_name = "monitors"

    class Meta:
        table_name = ""

    monitor_id = UnicodeAttribute(hash_key=True)
    part = UnicodeAttribute(range_key=True)
    cls = DiscriminatorAttribute()


class ByDeadline(GlobalSecondaryIndex[Any]):
    """The states that time may change, by the moment we promised to look; sparse."""

    class Meta:
        index_name = "by-deadline"
        projection = IncludeProjection(["cls"])

    deadline_shard = NumberAttribute(hash_key=True)
    look_at = EpochAttribute(range_key=True, attr_name="deadline")


class StateItem(Part, discriminator=STATE):
    """What we saw; its attributes carry the names of State's fields."""

    status = UnicodeAttribute(null=True)  # absent while pending
    since = EpochAttribute(null=True)
    last_ping = EpochAttribute(null=True)
    last_start = EpochAttribute(null=True)
    last_rid = UnicodeAttribute(null=True)
    last_duration = SpanAttribute(null=True)
    reprieve = SpanAttribute(null=True)
    look_at = EpochAttribute(null=True, attr_name="deadline")
    deadline_shard = NumberAttribute(null=True)
    n_pings = NumberAttribute(default=0)
    minute = NumberAttribute(null=True)
    in_minute = NumberAttribute(null=True)
    arrival_id = UnicodeAttribute(null=True)
    has_rules = BooleanAttribute(null=True)
    judged_at = EpochAttribute(null=True)
    verdict = UnicodeAttribute(null=True)
    doubts = NumberAttribute(null=True)
    doubted_since = EpochAttribute(null=True)
    slow_since = EpochAttribute(null=True)
    paces = NumberAttribute(null=True)
    paced_since = EpochAttribute(null=True)
    paced_at = EpochAttribute(null=True)
    rolled_until = EpochAttribute(null=True)
    rev = NumberAttribute(default=0)

    by_deadline = ByDeadline()


PLAINLY_UP = (
    (StateItem.status == Status.UP.value)
    & StateItem.last_start.does_not_exist()
    & StateItem.reprieve.does_not_exist()
    & StateItem.has_rules.does_not_exist()
)


class States:
    """The states of one deployment, written without being read."""

    def count_steady(self, monitor_id: str, arrival_id: str, now: datetime, *, same_minute: bool) -> int:
        """Count a plain success on a monitor that is up, without having read it; return its number.

        The condition names everything that makes the ping plain; raises Conflict where one fails.
        *same_minute* tells which of the two forms of the rate limit to try.
        """
        minute = minute_of(now)
        nothing_lapsed = StateItem.look_at.does_not_exist() | (StateItem.look_at > now)
        comes_in_order = StateItem.last_ping <= now
        is_new = StateItem.arrival_id != arrival_id
        condition = PLAINLY_UP & nothing_lapsed & comes_in_order & is_new
        condition &= pace_condition(minute, same_minute=same_minute)
        actions = [
            StateItem.last_ping.set(now),
            StateItem.arrival_id.set(arrival_id),
            StateItem.last_duration.remove(),
            StateItem.n_pings.add(1),
            *pace_actions(minute, same_minute=same_minute),
        ]
        item = StateItem(monitor_id, STATE)
        with conflicts():
            item.update(actions, condition=condition)
        return int(item.n_pings)


def pace_condition(minute: int, *, same_minute: bool) -> Condition:
    """Return what must hold for one more ping: a new minute, or room in the present one (R80)."""
    goes_on: Condition = (StateItem.minute == minute) & (StateItem.in_minute < PINGS_PER_MINUTE)
    begins: Condition = StateItem.minute.does_not_exist() | (StateItem.minute < minute)
    return goes_on if same_minute else begins


def pace_actions(minute: int, *, same_minute: bool) -> list[Action]:
    """Return what counts one more ping in its minute."""
    if same_minute:
        return [StateItem.in_minute.add(1)]
    return [StateItem.minute.set(minute), StateItem.in_minute.set(1)]
