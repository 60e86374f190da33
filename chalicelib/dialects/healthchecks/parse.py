"""What a Management API v3 request asks for: fields in their documented order, each by its rule."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

from chalicelib.core.errors import Invalid
from chalicelib.core.monitors import Spec
from chalicelib.core.schedules import Cron, Every, OnCalendar, Schedule, parse_schedule, parse_zone
from chalicelib.dialects.http import parse_json

YEAR = 31_536_000  # seconds: the longest period and grace time
MINUTE = 60
NAME_LIMIT = 100
TAGS_LIMIT = 500
DESC_LIMIT = 10_000
KEYWORDS_LIMIT = 200
SLUG = re.compile(r"[a-z0-9_-]*")
UNIQUE = {"name": "name", "slug": "slug", "tags": "tags", "timeout": "schedule", "grace": "grace"}


@dataclass(frozen=True, slots=True)
class Wish:
    """A valid request: fields of Spec, and those in which it must be the only one.

    A field is a value, or a function that makes it of the present Spec.
    """

    fields: dict[str, Any]
    unique: frozenset[str] = field(default_factory=frozenset)


def document(body: bytes) -> dict[str, Any]:
    """Return the JSON object in *body*, whatever its content type says; an empty body is an empty object.

    Raises Invalid with an empty field for what is no JSON, or no object (R259-R262).
    """
    if not body.strip():
        return {}
    try:
        value = parse_json(body)
    except ValueError as error:
        raise Invalid("", "could not parse request body") from error
    if not isinstance(value, dict):
        raise Invalid("", "json validation error: value is not an object")
    return value


def wish(given: dict[str, Any]) -> Wish:
    """Return what the object asks for; raises Invalid for the first fault in the documented order."""
    clean = {name: RULES[name](name, given[name]) for name in RULES if name in given}
    fields = {name: clean[name] for name in PLAIN if name in clean}
    if "grace" in clean:
        fields["grace"] = timedelta(seconds=clean["grace"])
    if "channels" in clean:
        fields["channels"] = _identifiers(clean["channels"])
    fields |= _schedule(clean) | _subjects(clean)
    names = clean.get("unique", ())
    # A field that must be unique but is not given can match nothing: then a new check is made.
    unique = (
        frozenset(UNIQUE[name] for name in names) if all(name in given for name in names) else frozenset()
    )
    return Wish(fields, unique)


def _schedule(clean: dict[str, Any]) -> dict[str, Any]:
    """Let a schedule beat a timeout; a timeout alone makes the check simple again (R297, R327).

    A schedule without a zone keeps the check's own, and a zone without a schedule moves it (R298, R325).
    """
    if "schedule" in clean:
        schedule = parse_schedule(clean["schedule"], clean.get("tz", "UTC"))
        return {"schedule": schedule if "tz" in clean else partial(_in_its_zone, schedule)}
    if "timeout" in clean:
        return {"schedule": Every(timedelta(seconds=clean["timeout"]))}
    if "tz" in clean:
        return {"schedule": partial(_moved, clean["tz"])}
    return {}


def _in_its_zone(schedule: Cron | OnCalendar, spec: Spec) -> Cron | OnCalendar:
    return schedule if isinstance(spec.schedule, Every) else replace(schedule, tz=spec.schedule.tz)


def _moved(tz: str, spec: Spec) -> Schedule:
    return spec.schedule if isinstance(spec.schedule, Every) else replace(spec.schedule, tz=tz)


def _subjects(clean: dict[str, Any]) -> dict[str, Any]:
    """Translate the deprecated names of the keywords; none left means no filter (R317, R318)."""
    if "subject" not in clean and "subject_fail" not in clean:
        return {}
    words = {
        "success_kw": clean.get("subject", clean.get("success_kw")),
        "failure_kw": clean.get("subject_fail", clean.get("failure_kw")),
    }
    given = {name: word for name, word in words.items() if word is not None}
    return given | {"filter_subject": lambda spec: any(given.get(n, getattr(spec, n)) for n in words)}


def _identifiers(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


def _text(limit: int) -> Callable[[str, Any], str]:
    def check(name: str, value: Any) -> str:
        if not isinstance(value, str):
            raise Invalid(name, "is not a string")
        if len(value) > limit:
            raise Invalid(name, "is too long")
        if "\0" in value:
            raise Invalid(name, "contains invalid characters")
        return value

    return check


def _slug(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Invalid(name, "is not a string")
    if not SLUG.fullmatch(value):
        raise Invalid(name, "does not match pattern")
    return _text(NAME_LIMIT)(name, value)


def _seconds(name: str, value: Any) -> int:
    # Python counts a boolean as a number; the document does not.
    if not isinstance(value, int) or isinstance(value, bool):
        raise Invalid(name, "is not a number")
    if value < MINUTE:
        raise Invalid(name, "is too small")
    if value > YEAR:
        raise Invalid(name, "is too large")
    return value


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Invalid(name, "is not a boolean")
    return value


def _methods(name: str, value: Any) -> str:
    if value not in ("", "POST"):
        raise Invalid(name, "has unexpected value")
    return str(value)


def _schedule_text(name: str, value: Any) -> str:
    text = _text(NAME_LIMIT)(name, value)
    parse_schedule(text, "UTC")
    return text


def _zone(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Invalid(name, "is not a string")
    return parse_zone(value)


def _unique(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise Invalid(name, "is not an array")
    if any(not isinstance(item, str) or item not in UNIQUE for item in value):
        raise Invalid("", "json validation error: an item in 'unique' has unexpected value")
    return tuple(value)


# In the order in which Healthchecks reports the first field at fault.
RULES: dict[str, Callable[[str, Any], Any]] = {
    "channels": _text(DESC_LIMIT),
    "desc": _text(DESC_LIMIT),
    "failure_kw": _text(KEYWORDS_LIMIT),
    "filter_subject": _flag,
    "filter_body": _flag,
    "filter_http_body": _flag,
    "filter_default_fail": _flag,
    "grace": _seconds,
    "manual_resume": _flag,
    "methods": _methods,
    "name": _text(NAME_LIMIT),
    "schedule": _schedule_text,
    "slug": _slug,
    "start_kw": _text(KEYWORDS_LIMIT),
    "subject": _text(KEYWORDS_LIMIT),
    "subject_fail": _text(KEYWORDS_LIMIT),
    "success_kw": _text(KEYWORDS_LIMIT),
    "tags": _text(TAGS_LIMIT),
    "timeout": _seconds,
    "tz": _zone,
    "unique": _unique,
}
PLAIN = (
    "name",
    "slug",
    "tags",
    "desc",
    "manual_resume",
    "methods",
    "start_kw",
    "success_kw",
    "failure_kw",
    "filter_subject",
    "filter_body",
    "filter_http_body",
    "filter_default_fail",
)
