"""What a document may say: each field of an entry with its rule, as wide as any of the APIs allows.

Whatever one of them stored can be exported, and must be taken again. What a field means is a field of ours;
references stay words until it is known what they name.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from chalicelib.channels import ALIASES, TRANSPORTS
from chalicelib.cli.targets import target_rule
from chalicelib.core.configuration import EVERYWHERE, FLAGS, UNITS, WORDS
from chalicelib.core.errors import Invalid
from chalicelib.core.escalation import LONGEST, MOST_REPETITIONS, MOST_STEPS
from chalicelib.core.maintenance import LONGEST_RULE, MOST_MONITORS, MOST_TAGS
from chalicelib.core.routes import MOST_RULES, Topic
from chalicelib.core.schedules import Every, parse_schedule
from chalicelib.core.service_levels import LEAST_TARGET, MOST_TARGET, Period, Sla
from chalicelib.core.signals import CANONICAL_UUID
from chalicelib.core.status import Impact, Kind
from chalicelib.core.wheel import is_ring
from chalicelib.dialects.statuspulse import hearing, rules
from chalicelib.dialects.statuspulse.schema import (
    Document,
    Fault,
    Rule,
    fields,
    list_of,
    meaning,
    object_of,
    together,
)
from chalicelib.settings import Settings

LENGTH = re.compile(r"(\d{1,9})(ms|[smhd])", re.ASCII)
SLUG = re.compile(r"[a-z0-9_-]{0,100}", re.ASCII)
YEAR = timedelta(days=365)
MINUTE, SECOND = UNITS["m"], UNITS["s"]
MOST_CHANNELS = 1000
PROBED = ("interval", "timeout", "regions", "failure_threshold", "recovery_threshold", "slow_ms")
SEVERITIES = {impact.value.lower(): impact for impact in Impact}
TOPICS = {topic.value: topic for topic in Topic}
PERIODS = {period.value: period for period in Period}


def text(most: int, least: int = 0) -> Rule:
    """Return the rule for a text of so many characters, whatever they are, but NUL."""

    def rule(value: Any) -> str:
        if not isinstance(value, str):
            raise Invalid("", "must be text; put it into quotes")
        if not least <= len(value) <= most or "\0" in value:
            raise Invalid("", f"must have {least} to {most} characters")
        return value

    return rule


def length(least: timedelta, most: timedelta) -> Rule:
    """Return the rule for a length of time, as 90s, 5m, 1h or 1d."""

    def rule(value: Any) -> timedelta:
        found = LENGTH.fullmatch(value) if isinstance(value, str) else None
        if value != "0s" and not found:
            raise Invalid("", "must be a length of time, as 90s, 5m, 1h or 1d")
        meant = int(found[1]) * UNITS[found[2]] if found and int(found[1]) < 10**8 else most + SECOND
        if not least <= meant <= most:
            raise Invalid("", f"must be from {_plain(least)} to {_plain(most)}")
        return meant

    return rule


def _plain(span: timedelta) -> str:
    return f"{span.days}d" if span.days else f"{span // SECOND}s"


def read(section: str, entry: Document, settings: Settings) -> dict[str, Any]:
    """Return what *entry* means; raises InvalidFields with every fault in it."""
    match section:
        case "channels":
            return together(fields(entry, CHANNEL, ("name", "type", "config")).values())
        case "policies":
            return together(fields(entry, POLICY, ("name", "steps")).values())
        case "windows":
            return together(fields(entry, WINDOW, ("title", "starts", "ends")).values())
    return _check(entry, settings)


def _check(entry: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    kinds = {kind.value: kind for kind in Kind}
    word = entry.get("type", Kind.HEARTBEAT.value)
    kind = kinds.get(word) if isinstance(word, str) else None
    told = CHECK | {"type": meaning("kind", rules.word(kinds))}
    required = ["name"]
    if kind is not Kind.HEARTBEAT:
        told |= _watched(settings) | {"target": _target(kind, settings)}
        required.append("target")
    strange = partial(_strange, kind)
    meant = fields(entry, told, required, (_one_rhythm,), strange)
    zone = meant.pop("timezone", {"timezone": "UTC"})["timezone"]
    found = together(meant.values())
    return found | ({"schedule": parse_schedule(entry["schedule"], zone)} if "schedule" in entry else {})


def _strange(kind: Kind | None, name: str) -> str:
    is_probed = name == "target" or name in PROBED
    return f"means nothing to a check of type {kind.value}" if kind and is_probed else "is not known"


def _target(kind: Kind | None, settings: Settings) -> Rule:
    if kind is None:
        return lambda _: {}  # what it may be depends on the type, which is refused
    return meaning("target", target_rule(kind, allow_private=settings.allow_private_targets))


def _one_rhythm(entry: Document) -> Iterable[Fault]:
    if "every" in entry and "schedule" in entry:
        yield "every", "must not be given together with schedule"
    if "timezone" in entry and "schedule" not in entry:
        yield "timezone", "means nothing without schedule"


def _schedule(value: Any) -> Any:
    given = text(100, 1)(value)
    try:
        return parse_schedule(given, "UTC")
    except Invalid as refusal:
        raise Invalid("", refusal.reason) from None


def is_id(value: Any) -> bool:
    """Whether *value* is an id, as an export has it."""
    return isinstance(value, str) and CANONICAL_UUID.fullmatch(value) is not None


def _identity(value: Any) -> Any:
    if not is_id(value):
        raise Invalid("", "must be an id as an export has it; leave it out for something new")
    return value


def _kind_of_channel(value: Any) -> str:
    if not isinstance(value, str) or value.upper() not in (*TRANSPORTS, *ALIASES):
        raise Invalid("", f"must be one of {', '.join(TRANSPORTS)}")
    return value.upper()


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise Invalid("", "must be an object")
    return value


def _slug(value: Any) -> str:
    if not isinstance(value, str) or not SLUG.fullmatch(value):
        raise Invalid("", "must be up to 100 small letters, digits, hyphens and underscores")
    return value


def _tags(value: Any) -> str:
    """Return the tags as one text; given as one they stay as they are."""
    if isinstance(value, str):
        return str(text(1000)(value))
    words = list_of(text(500, 1), 100)(value)
    if any(word.split() != [word] for word in words):
        raise Invalid("", "must be words without spaces")
    return " ".join(words)


def _interval(value: Any) -> timedelta:
    meant: timedelta = length(SECOND, UNITS["d"])(value)
    if not is_ring(meant):
        raise Invalid("", "must be 10s, 15s, 20s or 30s, or whole minutes up to a day")
    return meant


def _watched(settings: Settings) -> dict[str, Rule]:
    region = rules.word({name: name for name in settings.probe_regions})
    millis = rules.whole(1, 60_000)

    def slow(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            return {"slow_ms": millis(value), "slow_ms_in": ()}
        given = fields(value, dict.fromkeys((EVERYWHERE, *settings.probe_regions), millis))
        return {"slow_ms": given.pop(EVERYWHERE, 0), "slow_ms_in": tuple(sorted(given.items()))}

    return {
        "interval": meaning("interval", _interval),
        "timeout": meaning("timeout", length(SECOND, MINUTE)),
        "regions": meaning("regions", list_of(region, 50), lambda found: tuple(dict.fromkeys(found))),
        "failure_threshold": meaning("failure_threshold", rules.whole(1, 10)),
        "recovery_threshold": meaning("recovery_threshold", rules.whole(1, 10)),
        "slow_ms": slow,
    }


def _sla(value: Any) -> Sla:
    form = {"target": rules.number(LEAST_TARGET, MOST_TARGET), "period": rules.word(PERIODS)}
    given = object_of(form, ("target",))(value)
    return Sla(float(given["target"]), given.get("period", Period.MONTH))


NAME = text(255, 1)
CHANNELS = list_of(NAME, MOST_CHANNELS)
SOME_CHANNELS = list_of(NAME, MOST_CHANNELS, 1)
STEP = object_of(
    {"after": length(timedelta(), LONGEST), "channels": SOME_CHANNELS},
    ("after", "channels"),
)
RULE = object_of(
    {
        "channels": SOME_CHANNELS,
        "events": list_of(rules.word(TOPICS), len(TOPICS)),
        "severities": list_of(rules.word(SEVERITIES), len(SEVERITIES)),
    },
    ("channels",),
)
ID: dict[str, Rule] = {"id": meaning("id", _identity)}
CHANNEL: dict[str, Rule] = ID | {
    "name": meaning("name", text(255)),
    "type": meaning("kind", _kind_of_channel),
    "config": meaning("config", _object),
}
POLICY: dict[str, Rule] = ID | {
    "name": meaning("name", text(100, 1)),
    "steps": meaning("steps", list_of(STEP, MOST_STEPS, 1)),
    "repeat": meaning("repeat", rules.whole(0, MOST_REPETITIONS)),
}
CHECK: dict[str, Rule] = ID | {
    "name": meaning("name", text(255)),
    "slug": meaning("slug", _slug),
    "paused": meaning("paused", rules.flag),
    "tags": meaning("tags", _tags),
    "description": meaning("desc", text(10_000)),
    "every": meaning("schedule", length(MINUTE, YEAR), Every),
    "schedule": meaning("schedule", _schedule),
    "timezone": meaning("timezone", rules.zone),
    "grace": meaning("grace", length(timedelta(), YEAR)),
    **{name: meaning(name, rules.flag) for name in FLAGS},
    **{name: meaning(name, text(200)) for name in WORDS if name != "methods"},
    "methods": meaning("methods", rules.word({"": "", "POST": "POST"})),
    "channels": meaning("channels", CHANNELS),
    "channel_kinds": meaning("channel_kinds", list_of(_kind_of_channel, 50), tuple),
    "tells_recovery": meaning("tells_recovery", rules.flag),
    "remind_every": meaning("remind_every", length(MINUTE, YEAR)),
    "severity": meaning("severity", rules.word(SEVERITIES)),
    "policy": meaning("policy", NAME),
    "rules": meaning("rules", list_of(RULE, MOST_RULES)),
    "quiet_hours": meaning("quiet", partial(hearing.quiet, severities=SEVERITIES)),
    "sla": meaning("sla", _sla),
}
WINDOW: dict[str, Rule] = ID | {
    "title": meaning("title", text(200, 1)),
    "starts": meaning("starts", rules.moment),
    "ends": meaning("ends", rules.moment),
    "timezone": meaning("timezone", rules.zone),
    "recurrence": meaning("rrule", text(LONGEST_RULE, 1)),
    "description": meaning("description", text(2000)),
    "checks": meaning("checks", list_of(NAME, MOST_MONITORS, 1)),
    "tags": meaning("tags", list_of(text(50, 1), MOST_TAGS, 1), tuple),
}
