"""What an HTTP answer must satisfy beyond its status, both ways; nothing that could never be satisfied."""

import re
from json import dumps
from typing import Annotated, Any, Literal, get_args

from msgspec import Meta

from chalicelib.core.errors import Invalid
from chalicelib.core.targets import Assertion
from chalicelib.dialects.haspulse import parse
from chalicelib.guard.headers import HEADER_NAME

FIELD = "target.assertions"
NUMBER = re.compile(r"-?\d{1,300}(\.\d{1,300})?([eE][+-]?\d{1,2})?")
LONGEST_VALUE = 1000

Words = Literal["equals", "not_equals", "contains", "not_contains"]
Patterns = Literal["matches", "not_matches"]
Numbers = Literal["greater", "less", "at_least", "at_most"]
Existence = Literal["exists", "not_exists"]
PATTERNS, NUMBERS, EXISTENCE = get_args(Patterns), get_args(Numbers), get_args(Existence)


class AssertionForm(parse.Form, frozen=True):
    """One assertion: *key* is a header's name, or a JSONPath (RFC 9535)."""

    source: Literal["body", "header", "json", "certificate"]
    comparison: Literal[Words, Patterns, Numbers, Existence]
    value: str | int | float | bool = ""
    key: Annotated[str, Meta(max_length=200)] = ""


def of(form: AssertionForm) -> Assertion:
    """Return the assertion that *form* asks for; raises Invalid for one that no answer could satisfy."""
    value = form.value if isinstance(form.value, str) else dumps(form.value)
    if len(value) > LONGEST_VALUE:
        raise Invalid(FIELD, f"must have values of at most {LONGEST_VALUE} characters")
    wanted = Assertion(form.source, form.comparison, value, form.key)
    _check_comparison(wanted)
    _check_key(wanted)
    return wanted


def shown(assertion: Assertion) -> dict[str, Any]:
    """Return *assertion* as a form has it, without what it does not need."""
    document = {"source": assertion.source, "comparison": assertion.comparison}
    if assertion.comparison not in EXISTENCE:
        document["value"] = assertion.value
    return document | ({"key": assertion.key} if assertion.key else {})


def _check_comparison(wanted: Assertion) -> None:
    if wanted.source == "certificate" and wanted.comparison != "at_least":
        raise Invalid(FIELD, "about the certificate must be at_least, a number of days")
    if wanted.comparison in EXISTENCE and wanted.source not in ("header", "json"):
        raise Invalid(FIELD, f"about the {wanted.source} cannot be {wanted.comparison}")
    if wanted.comparison in NUMBERS and not NUMBER.fullmatch(wanted.value):
        raise Invalid(FIELD, f"with {wanted.comparison} must have a number as value")
    if wanted.comparison in PATTERNS and not _is_pattern(wanted.value):
        raise Invalid(FIELD, f"with {wanted.comparison} must have a regular expression as value")


def _check_key(wanted: Assertion) -> None:
    if wanted.source == "header" and not HEADER_NAME.fullmatch(wanted.key):
        raise Invalid(FIELD, "about a header must have its name as key")
    if wanted.source == "json" and not _is_path(wanted.key):
        raise Invalid(FIELD, "about JSON must have a JSONPath (RFC 9535) as key")


def _is_pattern(text: str) -> bool:
    import regex  # type: ignore[import-untyped]  # slow: only who matches pays for it

    try:
        regex.compile(text)
    except regex.error:
        return False
    return True


def _is_path(text: str) -> bool:
    from chalicelib.probes import json_paths  # slow: only who looks into JSON pays for it

    try:
        next(json_paths.find(text, None, json_paths.places()), None)
    except json_paths.Unreadable:
        return False
    return True
