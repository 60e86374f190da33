"""Monitors: the spec that people wrote and the state that we saw, found by every road.

They are two items, because each ping writes the state and must not rewrite the spec's fat indexes.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, IncludeProjection

from chalicelib.core.errors import NotFound, Unavailable
from chalicelib.core.monitors import Monitor, Spec, State
from chalicelib.core.schedules import Cron, Every, OnCalendar
from chalicelib.core.status import Kind, Status, Verdict
from chalicelib.storage.hearing import HEARING, hearing_of, hearing_values
from chalicelib.storage.states import STATE, Part, StateItem
from chalicelib.storage.tables import (
    EpochAttribute,
    SpanAttribute,
    conflicts,
    defaults,
    shard_of,
    worth_storing,
)
from chalicelib.storage.watches import to_watch, values_of

SPEC = "spec"
PAGE = 100  # the most that one BatchGetItem takes
LONGEST_SLUG = 100


class ByProject(GlobalSecondaryIndex[Any]):
    """The specs of a project in the order of their creation."""

    class Meta:
        index_name = "by-project"
        projection = AllProjection()

    project_id = UnicodeAttribute(hash_key=True)
    created = EpochAttribute(range_key=True)


class BySlug(GlobalSecondaryIndex[Any]):
    """The specs that share a slug in a project: usually one."""

    class Meta:
        index_name = "by-slug"
        projection = IncludeProjection(["cls"])

    slug_key = UnicodeAttribute(hash_key=True)


class ByWheel(GlobalSecondaryIndex[Any]):
    """The specs that are probed, by their slot on the wheel; sparse, and all that scheduling reads."""

    class Meta:
        index_name = "by-wheel"
        projection = AllProjection()

    wheel_slot = UnicodeAttribute(hash_key=True)
    monitor_id = UnicodeAttribute(range_key=True)


class SpecItem(Part, discriminator=SPEC):
    """What a person asked for; absent attributes mean the default."""

    project_id = UnicodeAttribute()
    organization_id = UnicodeAttribute()
    created = EpochAttribute()
    badge_key = UnicodeAttribute()
    kind = UnicodeAttribute()
    name = UnicodeAttribute(null=True)
    slug = UnicodeAttribute(null=True)
    slug_key = UnicodeAttribute(null=True)
    tags = UnicodeAttribute(null=True)
    desc = UnicodeAttribute(null=True)
    period = SpanAttribute(null=True)
    cron = UnicodeAttribute(null=True)
    oncalendar = UnicodeAttribute(null=True)
    tz = UnicodeAttribute(null=True)
    grace = SpanAttribute(null=True)
    manual_resume = BooleanAttribute(null=True)
    methods = UnicodeAttribute(null=True)
    start_kw = UnicodeAttribute(null=True)
    success_kw = UnicodeAttribute(null=True)
    failure_kw = UnicodeAttribute(null=True)
    filter_subject = BooleanAttribute(null=True)
    filter_body = BooleanAttribute(null=True)
    filter_http_body = BooleanAttribute(null=True)
    filter_default_fail = BooleanAttribute(null=True)
    channels: ListAttribute[Any] = ListAttribute(null=True)
    channel_kinds: ListAttribute[Any] = ListAttribute(null=True)
    tells_recovery = BooleanAttribute(null=True)
    remind_every = SpanAttribute(null=True)
    severity = UnicodeAttribute(null=True)
    policy_id = UnicodeAttribute(null=True)
    rules = JSONAttribute(null=True)
    quiet = JSONAttribute(null=True)
    sla = JSONAttribute(null=True)
    updated = EpochAttribute(null=True)
    wheel_slot = UnicodeAttribute(null=True)  # absent while paused
    # The fields of Watch, under its names.
    target = JSONAttribute(null=True)
    interval = SpanAttribute(null=True)
    timeout = SpanAttribute(null=True)
    regions: ListAttribute[Any] = ListAttribute(null=True)
    failure_threshold = NumberAttribute(null=True)
    recovery_threshold = NumberAttribute(null=True)
    slow_ms = NumberAttribute(null=True)
    slow_ms_in = JSONAttribute(null=True)
    version = NumberAttribute(null=True)

    by_project = ByProject()
    by_slug = BySlug()
    by_wheel = ByWheel()


SPEC_DEFAULTS = defaults(Spec)
STATE_DEFAULTS = defaults(State)
# Stored in a shape of their own.
TRANSLATED = ("monitor_id", "kind", "schedule", "channels", "channel_kinds", "watch", *HEARING)


@dataclass(frozen=True, slots=True)
class Due:
    """A promise to look at a monitor at a moment."""

    monitor_id: str
    look_at: datetime


class Monitors:
    """The monitors of one deployment."""

    def load(self, monitor_id: str, *, fresh: bool = False) -> Monitor:
        """Return the monitor; *fresh* reads what was written last; raises NotFound."""
        with conflicts():
            parts: dict[str, Any] = {
                item.part: item for item in Part.query(monitor_id, consistent_read=fresh)
            }
        if SPEC not in parts or STATE not in parts:
            raise NotFound("Check not found")
        return Monitor(to_spec(parts[SPEC]), to_state(parts[STATE]))

    def of_project(self, project_id: str) -> list[Monitor]:
        """Return a project's monitors in the order of their creation: one Query and batched reads."""
        return self.with_states(self.specs_of(project_id))

    def specs_of(self, project_id: str) -> list[Spec]:
        """Return what a project's monitors are, in the order of their creation: one Query."""
        with conflicts():
            return [to_spec(item) for item in SpecItem.by_project.query(project_id)]

    def specs_with_slug(self, project_id: str, slug: str) -> list[Spec]:
        """Return what the project's monitors are that carry *slug*, in the order of their creation."""
        keys = [(monitor_id, SPEC) for monitor_id in self.with_slug(project_id, slug)]
        with conflicts():
            specs = [to_spec(item) for item in SpecItem.batch_get(keys)]
        # The index may be a moment behind: whose slug was just changed is not meant.
        return sorted((spec for spec in specs if spec.slug == slug), key=lambda spec: spec.created)

    def with_slug(self, project_id: str, slug: str) -> list[str]:
        """Return the ids of the project's monitors that carry *slug*."""
        if len(slug) > LONGEST_SLUG:
            return []  # nobody's; DynamoDB would not even look for a key without end
        with conflicts():
            found = SpecItem.by_slug.query(f"{project_id}/{slug}", attributes_to_get=["monitor_id", "cls"])
            return [item.monitor_id for item in found]

    def due(self, shard: int, until: datetime, after: Due | None, limit: int) -> tuple[list[Due], bool]:
        """Return up to *limit* promises of *shard* that fall before *until*, and whether there are more.

        *after* is the last one already seen.
        """
        with conflicts():
            found = StateItem.by_deadline.query(
                shard,
                StateItem.look_at < until,
                last_evaluated_key=_position(shard, after) if after else None,
                limit=limit,
            )
            dues = [Due(item.monitor_id, item.look_at) for item in found]
        return dues, found.last_evaluated_key is not None

    def in_slot(self, slot: str, after_id: str, limit: int) -> tuple[list[Spec], bool]:
        """Return up to *limit* specs of a wheel's slot after *after_id*, and whether there are more."""
        with conflicts():
            found = SpecItem.by_wheel.query(
                slot, SpecItem.monitor_id > after_id if after_id else None, limit=limit
            )
            specs = [to_spec(item) for item in found]
        return specs, found.last_evaluated_key is not None

    def with_states(self, specs: list[Spec]) -> list[Monitor]:
        """Return the monitors that *specs* describe: one batched read for a hundred."""
        states = {}
        with conflicts():
            for start in range(0, len(specs), PAGE):
                keys = [(spec.monitor_id, STATE) for spec in specs[start : start + PAGE]]
                for item in StateItem.batch_get(keys):
                    states[item.monitor_id] = to_state(item)
        # A spec without a state is being deleted at this moment.
        return [Monitor(spec, states[spec.monitor_id]) for spec in specs if spec.monitor_id in states]


def _position(shard: int, due: Due) -> dict[str, dict[str, Any]]:
    """Return where an index page that ended with *due* goes on."""
    return {
        "monitor_id": {"S": due.monitor_id},
        "part": {"S": STATE},
        "deadline_shard": {"N": str(shard)},
        "deadline": {"N": EpochAttribute().serialize(due.look_at)},
    }


def spec_item(spec: Spec, slot: str | None = None) -> SpecItem:
    """Return the item that stores *spec*, in *slot* of the wheel; fields at their default are left out."""
    values = worth_storing(spec, SPEC_DEFAULTS)
    for name in TRANSLATED:
        values.pop(name, None)
    values |= values_of(spec.watch) | hearing_values(spec)
    match spec.schedule:
        case Every(period):
            values["period"] = period
        case Cron(expression, tz):
            values |= {"cron": expression, "tz": tz}
        case OnCalendar(expression, tz):
            values |= {"oncalendar": expression, "tz": tz}
    return SpecItem(
        spec.monitor_id,
        SPEC,
        kind=spec.kind.value,
        channels=list(spec.channels) or None,
        channel_kinds=list(spec.channel_kinds) or None,
        wheel_slot=slot,
        slug_key=f"{spec.project_id}/{spec.slug}" if spec.slug else None,
        **values,
    )


def to_spec(item: SpecItem) -> Spec:
    """Return the spec that *item* stores."""
    return Spec(
        monitor_id=item.monitor_id,
        kind=Kind(item.kind),
        schedule=_schedule(item),
        channels=tuple(item.channels or ()),
        channel_kinds=tuple(item.channel_kinds or ()),
        watch=to_watch(Kind(item.kind), item),
        **hearing_of(item),
        **_present(item, Spec, TRANSLATED),
    )


def _schedule(item: SpecItem) -> Every | Cron | OnCalendar:
    if item.cron is not None:
        return Cron(item.cron, item.tz or "UTC")
    if item.oncalendar is not None:
        return OnCalendar(item.oncalendar, item.tz or "UTC")
    if item.period is None:
        raise Unavailable(f"monitor {item.monitor_id} has no schedule")
    return Every(item.period)


def state_item(monitor_id: str, state: State, shards: int) -> StateItem:
    """Return the item that stores *state*; fields at their default are left out."""
    values = worth_storing(state, STATE_DEFAULTS) | {
        "n_pings": state.n_pings,
        "rev": state.rev,
        "deadline_shard": shard_of(monitor_id, shards) if state.look_at else None,
    }
    return StateItem(monitor_id, STATE, **values)


def to_state(item: StateItem) -> State:
    """Return the state that *item* stores."""
    return State(
        status=Status(item.status or Status.PENDING),
        verdict=Verdict(item.verdict) if item.verdict else None,
        **_present(item, State, ("status", "verdict")),
    )


def _present(item: Part, model: type[Any], left_out: tuple[str, ...]) -> dict[str, Any]:
    """Return what *item* holds of the fields of *model*; what is absent has its default there."""
    values = {field.name: getattr(item, field.name) for field in fields(model) if field.name not in left_out}
    return {name: value for name, value in values.items() if value is not None}
