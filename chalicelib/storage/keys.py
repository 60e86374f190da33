"""API keys, each with its quota inside: one write authenticates, counts and tells what is left."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection

from chalicelib.core.errors import Conflict, TooMany, Unauthorized
from chalicelib.core.signals import MINUTE, minute_of, next_minute
from chalicelib.core.tenancy import PLANS, ApiKey, Level, Permission, Plan, Quota
from chalicelib.storage.tables import Actions, EpochAttribute, Table, conflicts

TRIES = 5
MINUTES_A_DAY = 1440


class Lane(StrEnum):
    """Which of a key's two rates a call counts against: Healthchecks' API has a wider one."""

    V1 = "v1"
    V3 = "v3"


class ByProject(GlobalSecondaryIndex[Any]):
    """The keys of a project, without their counters: those change with every call."""

    class Meta:
        index_name = "by-project"
        projection = IncludeProjection(["key_id", "name", "prefix", "level", "permission"])

    project_id = UnicodeAttribute(hash_key=True)
    created = EpochAttribute(range_key=True)


class KeyItem(Table):
    """A key and its counters."""

    short_name = "keys"

    class Meta:
        table_name = ""

    secret_hash = UnicodeAttribute(hash_key=True)
    key_id = UnicodeAttribute()
    organization_id = UnicodeAttribute()
    project_id = UnicodeAttribute()
    name = UnicodeAttribute()
    prefix = UnicodeAttribute()
    level = UnicodeAttribute()
    permission = UnicodeAttribute()
    plan = UnicodeAttribute()
    created = EpochAttribute()
    suspended = BooleanAttribute(null=True)
    last_used = EpochAttribute(null=True)
    minute_v1 = NumberAttribute(default=0)
    count_v1 = NumberAttribute(default=0)
    minute_v3 = NumberAttribute(default=0)
    count_v3 = NumberAttribute(default=0)
    day = NumberAttribute(default=0)
    day_count = NumberAttribute(default=0)

    by_project = ByProject()


class Keys:
    """The API keys of one deployment."""

    def __init__(self) -> None:
        # What a warm process saw last of each key: the next call is then one write, without a read.
        self._seen: dict[str, KeyItem] = {}

    def issue(self, key: ApiKey) -> None:
        """Store a new key; raises Conflict where its hash exists."""
        item = KeyItem(
            key.secret_hash,
            key_id=key.key_id,
            organization_id=key.organization_id,
            project_id=key.project_id,
            name=key.name,
            prefix=key.prefix,
            level=key.level.value,
            permission=key.permission.value,
            plan=key.plan,
            created=key.created,
        )
        with conflicts():
            item.save(condition=KeyItem.secret_hash.does_not_exist())

    def spend(self, secret_hash: str, lane: Lane, now: datetime) -> tuple[ApiKey, Quota]:
        """Count one call of the key at *now*; return the key and what it has left.

        Raises Unauthorized for an unknown key and TooMany past a limit, with nothing counted.
        Source: R79, R137-R142, DESIGN 5.3.
        """
        for _ in range(TRIES):
            known = self._seen.get(secret_hash) or self._read(secret_hash)
            _refuse_if_spent(known, lane, now)
            try:
                return self._count(known, lane, now)
            except Conflict:
                # Another process counted, or the key is gone: look again before deciding anything.
                self._seen.pop(secret_hash, None)
        raise TooMany("too many calls at once", next_minute(now))

    def _read(self, secret_hash: str) -> KeyItem:
        try:
            with conflicts():
                item = KeyItem.get(secret_hash, consistent_read=True)
        except KeyItem.DoesNotExist as error:
            raise Unauthorized("unknown key") from error
        self._seen[secret_hash] = item
        return item

    def _count(self, known: KeyItem, lane: Lane, now: datetime) -> tuple[ApiKey, Quota]:
        # A straggler counts in the newest minute: to begin its own again would give that one back.
        minute = max(minute_of(now), int(getattr(known, f"minute_{lane}")))
        day = max(minute_of(now) // MINUTES_A_DAY, int(known.day))
        plan = PLANS[known.plan]
        stamp, count = getattr(KeyItem, f"minute_{lane}"), getattr(KeyItem, f"count_{lane}")
        condition = KeyItem.secret_hash.exists()
        actions: Actions = [KeyItem.last_used.set(now)]
        if getattr(known, f"minute_{lane}") == minute:
            condition &= (stamp == minute) & (count < _per_minute(plan, lane))
            actions.append(count.add(1))
        else:
            condition &= stamp < minute
            actions += [stamp.set(minute), count.set(1)]
        if plan.per_day is not None:
            same_day = known.day == day
            condition &= (
                (KeyItem.day == day) & (KeyItem.day_count < plan.per_day) if same_day else KeyItem.day < day
            )
            actions += (
                [KeyItem.day_count.add(1)] if same_day else [KeyItem.day.set(day), KeyItem.day_count.set(1)]
            )
        item = KeyItem(known.secret_hash)
        with conflicts():
            item.update(actions, condition=condition)
        self._seen[known.secret_hash] = item
        return to_key(item), quota_of(item, lane, now)


def _per_minute(plan: Plan, lane: Lane) -> int:
    return plan.per_minute_v3 if lane is Lane.V3 else plan.per_minute


def _refuse_if_spent(item: KeyItem, lane: Lane, now: datetime) -> None:
    """Refuse without a call to the database what it has already refused: counts only grow in their minute."""
    plan = PLANS[item.plan]
    minute = minute_of(now)
    spent = getattr(item, f"count_{lane}") >= _per_minute(plan, lane)
    if getattr(item, f"minute_{lane}") >= minute and spent:
        raise TooMany("rate limit exceeded", next_minute(now), _per_minute(plan, lane))
    day = minute // MINUTES_A_DAY
    if plan.per_day is not None and item.day >= day and item.day_count >= plan.per_day:
        left_today = MINUTES_A_DAY - 1 - minute % MINUTES_A_DAY
        raise TooMany("daily limit exceeded", next_minute(now) + left_today * MINUTE, plan.per_day)


def quota_of(item: KeyItem, lane: Lane, now: datetime) -> Quota:
    """Return what *item* leaves at *now*."""
    plan = PLANS[item.plan]
    limit = _per_minute(plan, lane)
    return Quota(
        limit=limit,
        remaining=limit - int(getattr(item, f"count_{lane}")),
        resets_at=next_minute(now),
        day_limit=plan.per_day,
        day_remaining=plan.per_day - int(item.day_count) if plan.per_day is not None else None,
    )


def to_key(item: KeyItem) -> ApiKey:
    """Return the key that *item* stores."""
    return ApiKey(
        item.secret_hash,
        item.key_id,
        item.organization_id,
        item.project_id,
        item.name,
        item.prefix,
        Level(item.level),
        Permission(item.permission),
        item.plan,
        item.created,
        bool(item.suspended),
    )
