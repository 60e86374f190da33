"""What a document may say of a target: the fields of core.targets, by the rules of the APIs."""

import re
from collections.abc import Callable
from dataclasses import fields as fields_of
from typing import Any

import msgspec

from chalicelib.core.errors import Invalid
from chalicelib.core.status import Kind
from chalicelib.core.targets import MOST_REDIRECTS, TARGETS, Assertion, HttpTarget, Target
from chalicelib.dialects import outbound
from chalicelib.dialects.haspulse import assertions
from chalicelib.dialects.haspulse.assertions import AssertionForm
from chalicelib.dialects.statuspulse import rules
from chalicelib.dialects.statuspulse.schema import Rule, list_of, object_of
from chalicelib.dialects.statuspulse.targets import METHODS, RECORDS

STATUSES = re.compile(r"\s*([1-5]\d\d)\s*(?:-\s*([1-5]\d\d)\s*)?", re.ASCII)
LONGEST_STATUSES = 200  # characters
REQUIRED = {"url", "host", "port", "domain"}


def target_rule(kind: Kind, *, allow_private: bool) -> Rule:
    """Return the rule for the target of a check of *kind*; *allow_private* opens our own network."""
    declared = TARGETS[kind]
    known = {field.name for field in fields_of(declared)}
    table = {name: rule for name, rule in _rules(kind, allow_private).items() if name in known}
    read = object_of(table, sorted(known & REQUIRED))

    def rule(value: Any) -> Target:
        target: Target = declared(**read(value))
        if isinstance(target, HttpTarget) and target.method == "HEAD":
            _check_bodiless(target)
        return target

    return rule


def _rules(kind: Kind, allow_private: bool) -> dict[str, Rule]:
    def reachable(check: Callable[..., None], most: int) -> Rule:
        return _checked(most, lambda text: check("", text, allow_private=allow_private))

    named = _checked(300, lambda name: outbound.check_name("", name))
    return {
        "url": reachable(outbound.check_url, 2048),
        "method": rules.word(METHODS),
        "headers": _headers,
        "body": _checked(10_000),
        "expected_status": _statuses,
        "assertions": lambda value: tuple(list_of(_assertion, 20)(value)),
        "redirects": rules.whole(0, MOST_REDIRECTS),
        "verify_tls": rules.flag,
        # Who asks for a name's records does not go where they lead.
        "host": named if kind is Kind.DNS else reachable(outbound.check_host, 300),
        "port": rules.whole(1, 65_535),
        "send": _checked(1000),
        "expect": _checked(1000),
        "record_type": rules.word(RECORDS),
        "expected": lambda value: tuple(list_of(_checked(1000), 20)(value)),
        "resolver": reachable(outbound.check_server, 300),
        "dnssec": rules.flag,
        "days": rules.whole(0, 3650),
        "domain": _checked(300, lambda domain: outbound.check_domain("", domain)),
    }


def _checked(most: int, check: Callable[[str], None] = lambda _: None) -> Rule:
    def rule(value: Any) -> str:
        if not isinstance(value, str):
            raise Invalid("", "must be text; put it into quotes")
        if len(value) > most:
            raise Invalid("", f"must not be longer than {most} characters")
        check(value)
        return value

    return rule


def _headers(value: Any) -> tuple[tuple[str, str], ...]:
    headers = rules.texts_by_name(value)
    outbound.check_headers("", headers)
    return tuple(headers.items())


def _statuses(value: Any) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    refusal = Invalid("", "must be statuses from 100 to 599, as 200, 200-299 or 200,301-308")
    if not isinstance(text, str) or len(text) > LONGEST_STATUSES:
        raise refusal
    found = [STATUSES.fullmatch(part) for part in text.split(",")]
    if not all(match and match[1] <= (match[2] or match[1]) for match in found):
        raise refusal
    return text


def _assertion(value: Any) -> Assertion:
    try:
        form = msgspec.convert(value, AssertionForm)
    except msgspec.ValidationError as error:
        raise Invalid("", f"is no assertion: {error}") from None
    try:
        return assertions.of(form)
    except Invalid as refusal:
        raise Invalid("", refusal.reason) from None


def _check_bodiless(target: HttpTarget) -> None:
    if any(wanted.source in ("body", "json") for wanted in target.assertions):
        raise Invalid("assertions", "cannot be about the body of HEAD, whose answers have none")
