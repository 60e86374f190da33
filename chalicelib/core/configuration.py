"""What people configured in a project, as a document of plain values, and how two of them differ.

A document names things by their names and slugs, so that it may move to another project; *id* tells what it
was, so that a new name is a change and not another thing. What is at its default is left out.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from chalicelib.core.alerts import Channel
from chalicelib.core.escalation import Policy
from chalicelib.core.maintenance import Window
from chalicelib.core.monitors import DAILY, HOUR, Spec
from chalicelib.core.routes import Quiet, Rule
from chalicelib.core.schedules import Every
from chalicelib.core.status import Impact
from chalicelib.core.targets import Target, Watch
from chalicelib.core.tenancy import slugify

SECTIONS = ("channels", "policies", "checks", "windows")
EVERYWHERE = "default"  # the region that stands for all others
UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
FLAGS = ("manual_resume", "filter_subject", "filter_body", "filter_http_body", "filter_default_fail")
WORDS = ("methods", "start_kw", "success_kw", "failure_kw")

Entry = dict[str, Any]
Document = dict[str, list[Entry]]


@dataclass(frozen=True, slots=True)
class Check:
    """A monitor as people want it: what it is, and whether it rests."""

    spec: Spec
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Configuration:
    """All that people configured in a project; past maintenance is history, and no part of it."""

    channels: tuple[Channel, ...] = ()
    policies: tuple[Policy, ...] = ()
    checks: tuple[Check, ...] = ()
    windows: tuple[Window, ...] = ()


class Labels(NamedTuple):
    """What documents call channels, policies and checks, by their ids."""

    channels: Mapping[str, str]
    policies: Mapping[str, str]
    checks: Mapping[str, str]

    def over(self, others: "Labels") -> "Labels":
        """Return these labels, and those of *others* for what has none here."""
        return Labels(*({**theirs, **ours} for ours, theirs in zip(self, others, strict=True)))


def labels(configuration: Configuration) -> Labels:
    """Return the labels of a project: names and slugs that are nobody else's, else ids."""
    return Labels(
        _distinct({channel.channel_id: (channel.name,) for channel in configuration.channels}),
        _distinct({policy.policy_id: (policy.name,) for policy in configuration.policies}),
        _distinct(
            {check.spec.monitor_id: (check.spec.slug, check.spec.name) for check in configuration.checks}
        ),
    )


def _distinct(names: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    bearers = Counter(name for each, told in names.items() for name in {each, *told})
    return {
        each: next((name for name in told if name and bearers[name] == 1), each)
        for each, told in names.items()
    }


def document(configuration: Configuration, known: Labels) -> Document:
    """Return *configuration* as a document, secrets and all; references are the labels that are *known*."""
    return {
        "channels": [_channel(channel) for channel in configuration.channels],
        "policies": [_policy(policy, known) for policy in configuration.policies],
        "checks": [_check(check, known) for check in configuration.checks],
        "windows": [_window(window, known) for window in configuration.windows],
    }


def spelled(length: timedelta) -> str:
    """Return *length* in the largest unit that divides it: 90s, 5m, 1h, 1d."""
    if not length:
        return "0s"
    unit = next(unit for unit, size in UNITS.items() if not length % size)
    return f"{length // UNITS[unit]}{unit}"


def _told(**fields: Any) -> Entry:
    """Return what is not None of *fields*."""
    return {name: value for name, value in fields.items() if value is not None}


def _references(ids: Sequence[str], known: Mapping[str, str]) -> list[str]:
    return [known.get(each, each) for each in ids]


def _channel(channel: Channel) -> Entry:
    return {
        "id": channel.channel_id,
        "name": channel.name,
        "type": channel.kind,
        "config": dict(channel.config),
    }


def _policy(policy: Policy, known: Labels) -> Entry:
    return {
        "id": policy.policy_id,
        "name": policy.name,
        "steps": [
            {"after": spelled(rung.after), "channels": _references(rung.channels, known.channels)}
            for rung in policy.rungs
        ],
        **_told(repeat=policy.repeat or None),
    }


def _check(check: Check, known: Labels) -> Entry:
    spec = check.spec
    return {
        "id": spec.monitor_id,
        "name": spec.name,
        "type": spec.kind.value,
        **_told(
            slug=None if spec.slug == slugify(spec.name) else spec.slug,
            paused=check.paused or None,
            tags=_tags(spec.tags),
            description=spec.desc or None,
        ),
        **(_watch(spec.watch) if spec.watch else {}),
        **_rhythm(spec),
        **{name: True for name in FLAGS if getattr(spec, name)},
        **{name: getattr(spec, name) for name in WORDS if getattr(spec, name)},
        **_hearing(spec, known),
    }


def _tags(text: str) -> list[str] | str | None:
    """Return the tags as a list, or as they are where that would not give the same again."""
    words = text.split()
    return (words if " ".join(words) == text else text) or None


def _rhythm(spec: Spec) -> Entry:
    """Return when pings are due; of what is probed only where somebody changed it, for it means nothing."""
    schedule = spec.schedule
    if isinstance(schedule, Every):
        told = {"every": spelled(schedule.period)} if schedule != DAILY or not spec.watch else {}
    else:
        told = {"schedule": schedule.expression, "timezone": schedule.tz}
    return told | ({"grace": spelled(spec.grace)} if spec.grace != HOUR or not spec.watch else {})


def _hearing(spec: Spec, known: Labels) -> Entry:
    return _told(
        channels=sorted(_references(spec.channels, known.channels)) or None,
        channel_kinds=sorted(spec.channel_kinds) or None,
        tells_recovery=None if spec.tells_recovery else False,
        remind_every=spelled(spec.remind_every) if spec.remind_every else None,
        severity=None if spec.severity is Impact.MAJOR else spec.severity.value.lower(),
        policy=known.policies.get(spec.policy_id, spec.policy_id) or None,
        rules=[_rule(rule, known) for rule in spec.rules] or None,
        quiet_hours=_quiet(spec.quiet) if spec.quiet else None,
        sla={"target": spec.sla.target, "period": spec.sla.period.value} if spec.sla else None,
    )


def _rule(rule: Rule, known: Labels) -> Entry:
    return {
        "channels": _references(rule.channels, known.channels),
        **_told(
            events=[topic.value for topic in rule.topics] or None,
            severities=[impact.value.lower() for impact in rule.severities] or None,
        ),
    }


def _quiet(quiet: Quiet) -> Entry:
    return {
        "start": f"{quiet.begins:%H:%M}",
        "end": f"{quiet.ends:%H:%M}",
        "timezone": quiet.timezone,
        "spares": quiet.spares.value.lower(),
    }


def _watch(watch: Watch) -> Entry:
    slow = {EVERYWHERE: watch.slow_ms} if watch.slow_ms else {}
    return {
        "target": _target(watch.target),
        "interval": spelled(watch.interval),
        "timeout": spelled(watch.timeout),
        **_told(
            regions=list(watch.regions) or None,
            failure_threshold=_unless_default(watch, "failure_threshold"),
            recovery_threshold=_unless_default(watch, "recovery_threshold"),
            slow_ms=slow | dict(watch.slow_ms_in) if watch.slow_ms_in else watch.slow_ms or None,
        ),
    }


def _target(target: Target) -> Entry:
    told = {field.name: _unless_default(target, field.name) for field in fields(target)}
    if told.get("headers"):
        told["headers"] = dict(told["headers"])
    if told.get("assertions"):
        told["assertions"] = [
            {field.name: getattr(each, field.name) for field in fields(each) if getattr(each, field.name)}
            for each in told["assertions"]
        ]
    if told.get("expected"):
        told["expected"] = list(told["expected"])
    return _told(**told)


def _unless_default(thing: Any, name: str) -> Any:
    [declared] = [field for field in fields(thing) if field.name == name]
    value = getattr(thing, name)
    return None if declared.default is not MISSING and value == declared.default else value


def _window(window: Window, known: Labels) -> Entry:
    return {
        "id": window.window_id,
        "title": window.title,
        "starts": moment(window.starts),
        "ends": moment(window.ends),
        **_told(
            timezone=None if window.timezone == "UTC" else window.timezone,
            recurrence=window.rrule or None,
            description=window.description or None,
            checks=_references(window.monitors, known.checks) or None,
            tags=list(window.tags) or None,
        ),
    }


def moment(at: datetime) -> str:
    """Return ISO 8601 in UTC with Z, and parts of a second only where there are any."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one thing: it is new where *before* is None, and gone where *after* is."""

    section: str
    before: Entry | None
    after: Entry | None

    @property
    def id(self) -> str:
        """Whose it is."""
        return str((self.after or self.before or {})["id"])


def difference(before: Document, after: Document) -> Iterator[Change]:
    """Yield what is new or other in *after*, section by section, and then what is missing there."""
    for section in SECTIONS:
        present = {entry["id"]: entry for entry in before[section]}
        for entry in after[section]:
            if present.get(entry["id"]) != entry:
                yield Change(section, present.get(entry["id"]), entry)
        wanted = {entry["id"] for entry in after[section]}
        yield from (Change(section, entry, None) for entry in before[section] if entry["id"] not in wanted)


def flat(entry: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Return the fields of *entry*, those of objects within it under names like target.url."""
    told: dict[str, Any] = {}
    for name, value in entry.items():
        told |= flat(value, f"{path}{name}.") if isinstance(value, dict) and value else {path + name: value}
    return told
