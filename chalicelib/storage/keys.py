"""API keys, each with its quota inside: one write authenticates, counts and tells what is left."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.transactions import TransactWrite

from chalicelib.core.errors import Conflict, NotFound, TooMany, Unauthorized
from chalicelib.core.signals import MINUTE, minute_of, next_minute
from chalicelib.core.tenancy import PLANS, ApiKey, Level, Permission, Plan, Quota
from chalicelib.storage.organizations import OrganizationItem, member_of
from chalicelib.storage.projects import project_exists
from chalicelib.storage.tables import Actions, EpochAttribute, Table, conflicts, connection_of

TRIES = 5
MINUTES_A_DAY = 1440


class Lane(StrEnum):
    """Which of a key's two rates a call counts against: Healthchecks' API has a wider one."""

    V1 = "v1"
    V3 = "v3"


class ByOwner(GlobalSecondaryIndex[Any]):
    """The keys of a project or an organization, without their counters, which change all the time."""

    class Meta:
        index_name = "by-owner"
        projection = KeysOnlyProjection()

    owner_id = UnicodeAttribute(hash_key=True)
    created = EpochAttribute(range_key=True)


class KeyItem(Table):
    """A key and its counters."""

    short_name = "keys"

    class Meta:
        table_name = ""

    secret_hash = UnicodeAttribute(hash_key=True)
    key_id = UnicodeAttribute()
    organization_id = UnicodeAttribute()
    owner_id = UnicodeAttribute()  # the project, or for a key of its level the organization
    project_id = UnicodeAttribute(null=True)
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

    by_owner = ByOwner()


class Keys:
    """The API keys of one deployment."""

    def __init__(self) -> None:
        # What a warm process saw last of each key: the next call is then one write, without a read.
        self._seen: dict[str, KeyItem] = {}

    def issue(self, key: ApiKey, limit: int) -> None:
        """Store a new key and count it against *limit*.

        Raises Conflict where that is reached, or where what it is to open is gone.
        """
        item = KeyItem(
            key.secret_hash,
            key_id=key.key_id,
            organization_id=key.organization_id,
            owner_id=key.owner_id,
            project_id=key.project_id or None,
            name=key.name,
            prefix=key.prefix,
            level=key.level.value,
            permission=key.permission.value,
            plan=key.plan,
            created=key.created,
        )
        is_free = OrganizationItem.is_gone.does_not_exist() & (OrganizationItem.n_keys < limit)
        with conflicts(), TransactWrite(connection=connection_of(KeyItem)) as transaction:
            transaction.save(item, condition=KeyItem.secret_hash.does_not_exist())
            transaction.update(
                member_of(key.organization_id), [OrganizationItem.n_keys.add(1)], condition=is_free
            )
            if key.project_id:
                project_exists(transaction, key.project_id)

    def revoke(self, key: ApiKey) -> None:
        """Delete a key: from the next call on it is unknown; raises NotFound when somebody else was first.

        Each call with the key writes to it, too: a transaction that meets one is tried again.
        """
        for _ in range(TRIES):
            try:
                with conflicts(), TransactWrite(connection=connection_of(KeyItem)) as transaction:
                    transaction.delete(KeyItem(key.secret_hash), condition=KeyItem.secret_hash.exists())
                    transaction.update(member_of(key.organization_id), [OrganizationItem.n_keys.add(-1)])
            except Conflict:
                self._require(key)
            else:
                return
        raise Conflict("too many others use this key at the moment")

    def _require(self, key: ApiKey) -> None:
        """Raise NotFound unless *key* is there."""
        try:
            self._read(key.secret_hash)
        except Unauthorized as error:
            raise NotFound("API key not found") from error

    def of_owner(self, owner_id: str) -> list[ApiKey]:
        """Return the keys of a project, or those of organization level, in the order of their creation."""
        with conflicts():
            found = [item.secret_hash for item in KeyItem.by_owner.query(owner_id)]
            items = list(KeyItem.batch_get(found, consistent_read=True)) if found else []
        return sorted(map(to_key, items), key=lambda key: (key.created, key.key_id))

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
        item.project_id or "",
        item.name,
        item.prefix,
        Level(item.level),
        Permission(item.permission),
        item.plan,
        item.created,
        bool(item.suspended),
        item.last_used,
    )
