"""The rules that single values follow: exact types, and bounds that a refusal names."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any

from chalicelib.core.errors import Invalid
from chalicelib.core.schedules import parse_zone
from chalicelib.dialects.statuspulse.schema import Rule

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


def text(least: int, most: int, *, lines: bool = False) -> Rule:
    """Return the rule for so many printable characters, not all spaces; *lines* allows line breaks."""

    def rule(value: Any) -> str:
        if not isinstance(value, str):
            raise Invalid("", "must be a string")
        if not (least <= len(value) <= most) or (least and not value.strip()):
            raise Invalid("", f"must have {least} to {most} characters")
        if not all(letter.isprintable() or (lines and letter in "\r\n\t") for letter in value):
            raise Invalid("", "contains invalid characters")
        return value

    return rule


def whole(least: int, most: int) -> Rule:
    """Return the rule for a whole number from *least* to *most*; true is none."""

    def rule(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise Invalid("", f"must be a whole number from {least} to {most}")
        return value

    return rule


def number(least: float, most: float) -> Rule:
    """Return the rule for a number from *least* to *most*, whole or not."""

    def rule(value: Any) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
            raise Invalid("", f"must be a number from {least:g} to {most:g}")
        return value

    return rule


def flag(value: Any) -> bool:
    """Return *value*, which must be true or false."""
    if not isinstance(value, bool):
        raise Invalid("", "must be true or false")
    return value


def word(choices: Mapping[str, Any]) -> Rule:
    """Return the rule for one of some words; it means what *choices* says of it."""

    def rule(value: Any) -> Any:
        if not isinstance(value, str) or value not in choices:
            raise Invalid("", f"must be one of {', '.join(choices)}")
        return choices[value]

    return rule


def texts_by_name(value: Any) -> dict[str, str]:
    """Return *value*, which must be an object of texts."""
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise Invalid("", "must be an object of names and texts")
    return value


def moment(value: Any) -> datetime:
    """Return the moment, in UTC, that RFC 3339 spells as *value*."""
    refusal = Invalid("", "must be a moment in RFC 3339, as 2026-03-02T08:00:00Z")
    if not isinstance(value, str) or not MOMENT.fullmatch(value):
        raise refusal
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise refusal from None


def clock(value: Any) -> time:
    """Return the time of day that *value* spells, as 22:00."""
    found = CLOCK.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise Invalid("", "must be a time of day, as 22:00")
    return time(int(found[1]), int(found[2]))


def zone(value: Any) -> str:
    """Return the time zone of that name."""
    if not isinstance(value, str):
        raise Invalid("", "must be a string")
    try:
        return parse_zone(value)
    except Invalid as refusal:
        raise Invalid("", refusal.reason) from None
