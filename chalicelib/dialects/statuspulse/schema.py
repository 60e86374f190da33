"""Strict forms: tables of fields and their rules, read so that every fault is found at once (R88)."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from chalicelib.core.errors import Invalid, InvalidFields
from chalicelib.dialects.http import parse_json

MOST_TOLD = 100  # faults; who makes more has made one mistake often
LONGEST_NAME = 100  # characters that are told of a field's name

Document = Mapping[str, Any]
Fault = tuple[str, str]  # a field, and why its value cannot be
# Returns what a value means; raises Invalid, whose field is a path within the value: "" for all of it.
Rule = Callable[[Any], Any]
# Yields what is wrong with fields that may be good one by one; their values were not looked at yet.
Check = Callable[[Document], Iterable[Fault]]


def document_of(body: bytes) -> dict[str, Any]:
    """Return the JSON object in *body*; raises Invalid for anything else."""
    try:
        document = parse_json(body)
    except ValueError as error:
        raise Invalid("body", "is not valid JSON") from error
    if not isinstance(document, dict):
        raise Invalid("body", "must be an object")
    return document


def fields(
    document: Document,
    rules: Mapping[str, Rule],
    required: Collection[str] = (),
    checks: Iterable[Check] = (),
    strange: Callable[[str], str] = lambda _: "is not known",
) -> dict[str, Any]:
    """Return what each field of *document* means, by its rule; raises InvalidFields with every fault.

    *strange* says why a field has no rule.
    """
    meant: dict[str, Any] = {}
    faults = [(name, "is required") for name in required if name not in document]
    for name, value in document.items():
        if name not in rules:
            if len(faults) < MOST_TOLD:  # a body may hold a million names
                faults.append((name[:LONGEST_NAME], strange(name)))
            continue
        try:
            meant[name] = rules[name](value)
        except Invalid as refusal:
            faults += within(name, refusal)
    faults += [fault for check in checks for fault in check(document)]
    if faults:
        raise InvalidFields(tuple(dict.fromkeys(faults))[:MOST_TOLD])
    return meant


def within(name: str, refusal: Invalid) -> list[Fault]:
    """Return the faults of a value as those of the field *name* that holds it."""
    faults = refusal.faults if isinstance(refusal, InvalidFields) else ((refusal.field, refusal.reason),)
    return [(f"{name}{_joint(path)}{path}", reason) for path, reason in faults]


def _joint(path: str) -> str:
    return "." if path and not path.startswith("[") else ""


def object_of(
    rules: Mapping[str, Rule], required: Collection[str] = (), checks: Iterable[Check] = ()
) -> Rule:
    """Return the rule for an object of such fields."""

    def rule(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Invalid("", "must be an object")
        return fields(value, rules, required, checks)

    return rule


def list_of(rule: Rule, most: int, least: int = 0) -> Rule:
    """Return the rule for a list of *least* to *most* things that follow *rule* each."""

    def each(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise Invalid("", "must be a list")
        if not least <= len(value) <= most:
            raise Invalid("", f"must have {least} to {most} entries")
        numbered = {f"[{number}]": entry for number, entry in enumerate(value)}
        return list(fields(numbered, dict.fromkeys(numbered, rule)).values())

    return each


def one_or_several(rule: Rule, most: int) -> Rule:
    """Return the rule for one thing, or a list of 1 to *most*; what they mean comes in a list."""
    several = list_of(rule, most, 1)
    return lambda value: several(value) if isinstance(value, list) else [rule(value)]


def or_null(rule: Rule) -> Rule:
    """Return *rule*, but null means None."""
    return lambda value: None if value is None else rule(value)


def meaning(ours: str, rule: Rule, convert: Callable[[Any], Any] = lambda value: value) -> Rule:
    """Return the rule for a value that becomes our field *ours*: what it means is {ours: value}."""
    return lambda value: {ours: convert(rule(value))}


def together(meant: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return as one what several values mean."""
    return {name: value for part in meant for name, value in part.items()}


def not_both(first: str, second: str) -> Check:
    """Return the check that two names of the same are not given together."""
    fault = (first, f"must not be given together with {second}")
    return lambda document: [fault] if first in document and second in document else []
