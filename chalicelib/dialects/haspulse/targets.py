"""What an active check watches, both ways: an object of the fields that its type knows."""

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.channels.base import MASK
from chalicelib.core.errors import Invalid
from chalicelib.core.status import Kind
from chalicelib.core.targets import (
    MOST_REDIRECTS,
    DnsTarget,
    DomainTarget,
    HttpTarget,
    Target,
    TcpTarget,
    TlsTarget,
)
from chalicelib.dialects import outbound
from chalicelib.dialects.haspulse import assertions, parse
from chalicelib.dialects.haspulse.assertions import AssertionForm

STATUSES = re.compile(r"\s*([1-5]\d\d)\s*(?:-\s*([1-5]\d\d)\s*)?")  # 200, or 200-299
EMPTY: dict[Kind, Target] = {
    Kind.HTTP: HttpTarget(""),
    Kind.TCP: TcpTarget("", 0),
    Kind.DNS: DnsTarget(""),
    Kind.TLS: TlsTarget(""),
    Kind.DOMAIN: DomainTarget(""),
}
REQUIRED = ("url", "host", "port", "domain")
REDIRECTS = {"follow_redirects", "max_redirects"}

Days = Annotated[int, Meta(ge=0, le=3650)]
Line = Annotated[str, Meta(max_length=1000)]
Common = Literal["A", "AAAA", "CAA", "CNAME", "MX", "NS", "SOA", "SRV", "TXT"]
Rare = Literal["DNSKEY", "DS", "HTTPS", "NAPTR", "PTR", "SSHFP", "SVCB", "TLSA"]


class TargetForm(parse.Form, frozen=True):
    """All that may be said of a target; which of it a check may say depends on its type."""

    url: Annotated[str, Meta(max_length=2048)] | UnsetType = UNSET
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] | UnsetType = UNSET
    headers: dict[str, str] | UnsetType = UNSET
    body: Annotated[str, Meta(max_length=10_000)] | UnsetType | None = UNSET
    expected_status: int | Annotated[str, Meta(max_length=100)] | UnsetType = UNSET
    follow_redirects: bool | UnsetType = UNSET
    max_redirects: Annotated[int, Meta(ge=0, le=MOST_REDIRECTS)] | UnsetType = UNSET
    verify_tls: bool | UnsetType = UNSET
    assertions: Annotated[list[AssertionForm], Meta(max_length=20)] | UnsetType = UNSET
    host: str | UnsetType = UNSET
    port: Annotated[int, Meta(ge=1, le=65_535)] | UnsetType = UNSET
    send: Line | UnsetType | None = UNSET
    expect: Line | UnsetType | None = UNSET
    record_type: Literal[Common, Rare] | UnsetType = UNSET
    expected: Annotated[list[Line], Meta(max_length=20)] | UnsetType = UNSET
    resolver: Annotated[str, Meta(max_length=300)] | UnsetType | None = UNSET
    dnssec: bool | UnsetType = UNSET
    days: Days | UnsetType = UNSET
    domain: str | UnsetType = UNSET


CAMEL = {field.name: field.encode_name for field in msgspec.structs.fields(TargetForm)}


def amended(present: Target, form: TargetForm, kind: Kind, *, allow_private: bool) -> Target:
    """Return *present* with what *form* gives; raises Invalid naming the field, as `target.url`."""
    given = {name: value for name, value in msgspec.structs.asdict(form).items() if value is not UNSET}
    known = {field.name for field in fields(present)} | (REDIRECTS if kind is Kind.HTTP else set())
    for name in given:
        if name not in known:
            raise Invalid(_path(name), f"means nothing to a check of type {kind.name}")
    changed = replace(present, **_translated(given, present))
    for name in REQUIRED:
        if name in known and not getattr(changed, name):
            raise Invalid(_path(name), "is required")
    checks = CHECKS | CHECKS_OF.get(kind, {})
    for name in checks.keys() & given.keys():
        checks[name](_path(name), getattr(changed, name), allow_private)
    _check_together(changed)
    return changed


def shown(target: Target) -> dict[str, Any]:
    """Return *target* as a form gives it, without secrets: no password, body, or header's value."""
    document = {
        CAMEL[field.name]: SHOWN.get(field.name, lambda value: value)(getattr(target, field.name))
        for field in fields(target)
        if field.name in CAMEL
    }
    if isinstance(target, HttpTarget):
        document |= {"followRedirects": target.redirects > 0, "maxRedirects": target.redirects}
    return document


def _path(name: str) -> str:
    return f"target.{CAMEL[name]}"


def _translated(given: Mapping[str, Any], present: Target) -> dict[str, Any]:
    """Return the fields of our own target that *given* makes up."""
    values = {
        name: OURS.get(name, lambda value: value)(value)
        for name, value in given.items()
        if name not in REDIRECTS
    }
    if isinstance(present, HttpTarget):
        values["redirects"] = _redirects(
            given.get("follow_redirects"), given.get("max_redirects"), present.redirects
        )
    return values


def _redirects(follow: bool | None, most: int | None, present: int) -> int:
    """Return how many redirects are followed: none where they are not to be followed at all."""
    if follow is False:
        return 0
    if follow and most == 0:
        raise Invalid(_path("max_redirects"), f"must be from 1 to {MOST_REDIRECTS} to follow any")
    return most if most is not None else present or (MOST_REDIRECTS if follow else 0)


def _check_status(field: str, text: str, _: bool) -> None:
    found = [STATUSES.fullmatch(part) for part in text.split(",")]
    if not all(match and match[1] <= (match[2] or match[1]) for match in found):
        raise Invalid(field, "must be statuses from 100 to 599, as 200, 200-299 or 200,301-308")


def _check_together(target: Target) -> None:
    """Raise Invalid for what is good by itself, but not with the rest."""
    if not isinstance(target, HttpTarget) or target.method != "HEAD":
        return
    if any(wanted.source in ("body", "json") for wanted in target.assertions):
        raise Invalid(_path("assertions"), "cannot be about the body of HEAD, whose answers have none")


def _text(value: str | None) -> str:
    return value or ""


def _masked(value: str) -> str | None:
    return MASK if value else None


def _or_null(value: str) -> str | None:
    return value or None


OURS: dict[str, Callable[[Any], Any]] = {
    "headers": lambda headers: tuple(headers.items()),
    "body": _text,
    "expected_status": str,
    "assertions": lambda forms: tuple(assertions.of(form) for form in forms),
    "send": _text,
    "expect": _text,
    "expected": tuple,
    "resolver": _text,
}
SHOWN: dict[str, Callable[[Any], Any]] = {
    "url": outbound.shown_url,
    "headers": lambda headers: {name: MASK for name, _ in headers},
    "body": _masked,
    "assertions": lambda wanted: [assertions.shown(assertion) for assertion in wanted],
    "send": _masked,
    "expect": _or_null,
    "expected": list,
    "resolver": _or_null,
}
CHECKS: dict[str, Callable[[str, Any, bool], None]] = {
    "url": lambda field, url, private: outbound.check_url(field, url, allow_private=private),
    "headers": lambda field, headers, _: outbound.check_headers(field, dict(headers)),
    "body": lambda field, text, _: outbound.check_unmasked(field, text),
    "expected_status": _check_status,
    "host": lambda field, host, private: outbound.check_host(field, host, allow_private=private),
    "send": lambda field, text, _: outbound.check_unmasked(field, text),
    "resolver": lambda field, server, private: outbound.check_server(field, server, allow_private=private),
    "domain": lambda field, domain, _: outbound.check_domain(field, domain),
}
# Who asks for a name's records does not go where they lead.
CHECKS_OF: dict[Kind, dict[str, Callable[[str, Any, bool], None]]] = {
    Kind.DNS: {"host": lambda field, host, _: outbound.check_name(field, host)},
}
