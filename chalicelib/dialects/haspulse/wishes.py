"""What a request about a check asks for: declared forms, and the fields of Spec that they make up."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.core.errors import Invalid
from chalicelib.core.monitors import Spec
from chalicelib.core.schedules import Cron, Every, OnCalendar, Schedule, parse_schedule
from chalicelib.core.status import Kind
from chalicelib.core.targets import Watch
from chalicelib.core.tenancy import slugify
from chalicelib.core.wheel import is_ring
from chalicelib.dialects.haspulse import parse
from chalicelib.dialects.haspulse.fields import is_tag
from chalicelib.dialects.haspulse.targets import EMPTY, TargetForm, amended
from chalicelib.toolbox import Toolbox

LONGEST_DESCRIPTION = 10_000
LONGEST_TAGS = 500  # characters of all of them together
GRACE = timedelta(minutes=5)
PERIODS = range(60, 31_536_000 + 1)  # seconds
DIGITS = len(str(PERIODS[-1]))
SCHEDULES: dict[type[Schedule], str] = {Every: "PERIOD", Cron: "CRON", OnCalendar: "ONCALENDAR"}

Type = Literal["HEARTBEAT", "HTTP", "TCP", "DNS", "TLS", "DOMAIN"]
Seconds = Annotated[int, Meta(ge=0, le=86_400)]
Threshold = Annotated[int, Meta(ge=1, le=10)]


class CheckChanges(parse.Form, frozen=True):
    """PATCH /v1/checks/{id}: what is not given stays (R30)."""

    name: str | UnsetType = UNSET
    slug: str | UnsetType = UNSET
    type: Type | UnsetType = UNSET
    schedule_type: Literal["PERIOD", "CRON", "ONCALENDAR"] | UnsetType = UNSET
    schedule_value: int | str | UnsetType = UNSET
    grace_seconds: Seconds | UnsetType = UNSET
    timezone: str | UnsetType = UNSET
    alert_on_recovery: bool | UnsetType = UNSET
    reminder_interval_hours: Annotated[int, Meta(ge=1, le=168)] | UnsetType | None = UNSET
    channel_ids: Annotated[list[str], Meta(max_length=100)] | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    target: TargetForm | UnsetType = UNSET
    interval_seconds: Seconds | UnsetType = UNSET
    timeout_seconds: Annotated[float, Meta(ge=1, le=60)] | UnsetType = UNSET
    regions: list[str] | UnsetType = UNSET
    failure_threshold: Threshold | UnsetType = UNSET
    recovery_threshold: Threshold | UnsetType = UNSET
    slow_ms: Annotated[int, Meta(ge=1, le=60_000)] | UnsetType | None = UNSET

    def check(self) -> None:
        """Raise Invalid, naming the field, for what its types alone allow."""
        if self.name is not UNSET:
            parse.check_name(self.name)
        if self.slug is not UNSET:
            parse.check_slug(self.slug)
        if self.description is not UNSET:
            parse.check_text(self.description, "description", LONGEST_DESCRIPTION)
        if self.tags is not UNSET:
            _check_tags(self.tags)
        if self.interval_seconds is not UNSET and not is_ring(timedelta(seconds=self.interval_seconds)):
            raise Invalid("intervalSeconds", "must be 10, 15, 20 or 30, or whole minutes up to a day")


class NewCheck(CheckChanges, frozen=True, kw_only=True):
    """POST /v1/checks (R25, R26)."""

    name: str


CAMEL = {field.name: field.encode_name for field in msgspec.structs.fields(CheckChanges)}
OF_SCHEDULE = ("schedule_type", "schedule_value", "timezone")
OF_HEARTBEAT = (*OF_SCHEDULE, "grace_seconds")
OF_WATCH = (
    *("target", "interval_seconds", "timeout_seconds", "regions"),
    *("failure_threshold", "recovery_threshold", "slow_ms"),
)
Translation = Mapping[str, tuple[str, Callable[[Any], Any]]]  # their name: ours, and how its value changes
PLAIN: Translation = {
    "name": ("name", str),
    "slug": ("slug", str),
    "grace_seconds": ("grace", lambda seconds: timedelta(seconds=seconds)),
    "alert_on_recovery": ("tells_recovery", bool),
    "reminder_interval_hours": ("remind_every", lambda hours: timedelta(hours=hours) if hours else None),
    "tags": ("tags", lambda tags: " ".join(dict.fromkeys(tags))),
    "description": ("desc", lambda text: text or ""),
}
WATCHED: Translation = {
    "interval_seconds": ("interval", lambda seconds: timedelta(seconds=seconds)),
    "timeout_seconds": ("timeout", lambda seconds: timedelta(milliseconds=round(1000 * seconds))),
    "regions": ("regions", lambda regions: tuple(dict.fromkeys(regions))),
    "failure_threshold": ("failure_threshold", int),
    "recovery_threshold": ("recovery_threshold", int),
    "slow_ms": ("slow_ms", lambda ms: ms or 0),
}


def creation(tools: Toolbox, form: NewCheck) -> dict[str, Any]:
    """Return the fields of Spec of a new check; raises Invalid naming the field at fault (R26, R28)."""
    kind = Kind.HEARTBEAT if form.type is UNSET else Kind[form.type]
    given = _given(form, kind)
    if kind is not Kind.HEARTBEAT and "target" not in given:
        raise Invalid("target", "is required")
    grace = {"grace": GRACE} if kind is Kind.HEARTBEAT else {}
    return {"kind": kind, "slug": slugify(form.name)} | grace | _fields(tools, given, kind)


def change(tools: Toolbox, form: CheckChanges, kind: Kind) -> dict[str, Any]:
    """Return the changed fields of Spec, as functions of the present one where they are made of it (R30)."""
    if form.type is not UNSET and Kind[form.type] is not kind:
        raise Invalid("type", "cannot change")
    return _fields(tools, _given(form, kind), kind)


def _given(form: CheckChanges, kind: Kind) -> dict[str, Any]:
    """Return what *form* gives; raises Invalid for what means nothing to a check of *kind*."""
    given = {name: value for name, value in msgspec.structs.asdict(form).items() if value is not UNSET}
    for name in OF_WATCH if kind is Kind.HEARTBEAT else OF_HEARTBEAT:
        if name in given:
            raise Invalid(CAMEL[name], f"means nothing to a check of type {kind.name}")
    return given


def _fields(tools: Toolbox, given: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    wish = _translated(given, PLAIN)
    if not given.keys().isdisjoint(OF_SCHEDULE):
        wish["schedule"] = partial(_schedule, given)
    if not given.keys().isdisjoint(OF_WATCH):
        _check_regions(given.get("regions", ()), tools.settings.probe_regions)
        wish["watch"] = partial(_watch, tools, given, kind)
    if "channel_ids" in given:
        wish["channels"] = partial(_channels, tools, frozenset(given["channel_ids"]))
    return wish


def _translated(given: Mapping[str, Any], translation: Translation) -> dict[str, Any]:
    return {
        ours: convert(given[theirs]) for theirs, (ours, convert) in translation.items() if theirs in given
    }


def _schedule(given: Mapping[str, Any], spec: Spec) -> Schedule:
    """Return the schedule of *spec* with what is given; another type of schedule needs a value of its own."""
    present = spec.schedule
    kind = given.get("schedule_type", SCHEDULES[type(present)])
    value = given.get("schedule_value")
    zone = given.get("timezone", "UTC" if isinstance(present, Every) else present.tz)
    if value is None:
        if kind != SCHEDULES[type(present)]:
            raise Invalid("scheduleValue", f"is required for a schedule of type {kind}")
        value = present.period // timedelta(seconds=1) if isinstance(present, Every) else present.expression
    if kind == "PERIOD":
        parse.zone(zone)  # means nothing to a period, and is not kept
        return _period(value)
    return _expression(kind, value, parse.zone(zone))


def _period(value: int | str) -> Every:
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) <= DIGITS else 0
    if value not in PERIODS:
        raise Invalid("scheduleValue", f"must be from {PERIODS[0]} to {PERIODS[-1]} seconds")
    return Every(timedelta(seconds=value))


def _expression(kind: str, value: int | str, zone: str) -> Schedule:
    refusal = Invalid("scheduleValue", f"is not a valid expression of type {kind}")
    if not isinstance(value, str):
        raise refusal
    try:
        schedule = parse_schedule(value, zone)
    except Invalid as error:
        raise Invalid("scheduleValue", error.reason) from None
    if SCHEDULES[type(schedule)] != kind:
        raise refusal
    return schedule


def _watch(tools: Toolbox, given: Mapping[str, Any], kind: Kind, spec: Spec) -> Watch:
    watch = spec.watch or Watch(EMPTY[kind])
    target = watch.target
    if "target" in given:
        private = tools.settings.allow_private_targets
        target = amended(target, given["target"], kind, allow_private=private)
    return replace(watch, target=target, **_translated(given, WATCHED))


def _channels(tools: Toolbox, wanted: frozenset[str], spec: Spec) -> tuple[str, ...]:
    """Return the ids in *wanted*, sorted; raises Invalid where one is no channel of the check's project."""
    known = {channel.channel_id for channel in tools.channels.of_project(spec.project_id)} if wanted else ()
    for channel_id in sorted(wanted):
        if channel_id not in known:
            raise Invalid("channelIds", f"names no channel of the project: {channel_id[:100]}")
    return tuple(sorted(wanted))


def _check_regions(regions: list[str], available: tuple[str, ...]) -> None:
    for region in regions:
        if region not in available:
            raise Invalid("regions", f"must be of {', '.join(available)}")


def _check_tags(tags: list[str]) -> None:
    if not all(map(is_tag, tags)):
        raise Invalid("tags", "must be words without spaces")
    if len(" ".join(tags)) > LONGEST_TAGS:
        raise Invalid("tags", f"must not be longer than {LONGEST_TAGS} characters together")
