"""What a Hooklistener request asks for, declared: one class a request, and a rule a field."""

import re
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.core.errors import Invalid
from chalicelib.dialects import outbound
from chalicelib.dialects.http import Request, parse_json

WRAPPER = "uptime_monitor"
PAGE_SIZE = 50
LARGEST_PAGE = 100
DIGITS = 9  # of a page's number: more leads nowhere
MISSING = re.compile(r"missing required field `(\w+)`")
FIELD = re.compile(r"at `\$\.(\w+)")

Name = Annotated[str, Meta(min_length=1, max_length=255)]
Url = Annotated[str, Meta(max_length=2048)]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
Minutes = Literal[1, 5, 10, 30, 60]
Millis = Annotated[int, Meta(ge=1000, le=60_000)]
StatusCode = Annotated[int, Meta(ge=100, le=599)]
Words = Annotated[str, Meta(min_length=1, max_length=1000)]
Failures = Annotated[int, Meta(ge=1, le=10)]
Text = Annotated[str, Meta(max_length=10_000)]


class NewMonitor(msgspec.Struct, frozen=True):
    """POST /api/v1/uptime-monitors (R225-R237, R247)."""

    name: Name
    url: Url
    method: Method = "GET"
    check_interval: Minutes = 5
    timeout_ms: Millis = 30_000
    expected_status_code: StatusCode = 200
    body_contains: Words | None = None
    failure_threshold: Failures = 2
    headers: dict[str, str] = {}
    body: Text | None = None
    email_enabled: bool = True
    slack_enabled: bool = False


class MonitorChanges(msgspec.Struct, frozen=True):
    """PUT /api/v1/uptime-monitors/{id}: what is not given stays (R240)."""

    name: Name | UnsetType = UNSET
    url: Url | UnsetType = UNSET
    method: Method | UnsetType = UNSET
    check_interval: Minutes | UnsetType = UNSET
    timeout_ms: Millis | UnsetType = UNSET
    expected_status_code: StatusCode | UnsetType = UNSET
    body_contains: Words | UnsetType | None = UNSET
    failure_threshold: Failures | UnsetType = UNSET
    headers: dict[str, str] | UnsetType = UNSET
    body: Text | UnsetType | None = UNSET
    email_enabled: bool | UnsetType = UNSET
    slack_enabled: bool | UnsetType = UNSET


# What each field must be; the classes above say the same to msgspec.
RULES = {
    "name": "must be text of 1 to 255 printable characters",
    "url": "must be text of at most 2048 characters",
    "method": "must be one of GET, POST, PUT, PATCH, DELETE, HEAD",
    "check_interval": "must be 1, 5, 10, 30 or 60, a whole number of minutes",
    "timeout_ms": "must be a whole number from 1000 to 60000",
    "expected_status_code": "must be a whole number from 100 to 599",
    "body_contains": "must be text of 1 to 1000 characters, or null",
    "failure_threshold": "must be a whole number from 1 to 10",
    "headers": "must be an object of names and texts",
    "body": "must be text of at most 10000 characters, or null",
    "email_enabled": "must be true or false",
    "slack_enabled": "must be true or false",
}


class Malformed(Invalid):
    """The body is not what every request is wrapped in."""


def given(body: bytes, kind: type[NewMonitor | MonitorChanges], *, allow_private: bool) -> dict[str, Any]:
    """Return the fields that *body* gives, for a new monitor all of them.

    Raises Malformed for what is no JSON or has no wrapper, Invalid for a field that breaks its rule.
    """
    try:
        request = msgspec.convert(_unwrapped(body), kind)
    except msgspec.ValidationError as error:
        raise _fault(str(error)) from error
    fields = {name: value for name, value in msgspec.structs.asdict(request).items() if value is not UNSET}
    _check_name(fields.get("name", "x"))
    if "url" in fields:
        outbound.check_url("url", fields["url"], allow_private=allow_private)
    outbound.check_headers("headers", fields.get("headers", {}))
    return fields


def page(request: Request) -> tuple[int, int]:
    """Return which page is asked for, and how long it may be; raises Invalid (R243)."""
    size = _number(request, "page_size", PAGE_SIZE)
    return _number(request, "page", 1), min(size, LARGEST_PAGE)


def _unwrapped(body: bytes) -> dict[str, Any]:
    try:
        document = parse_json(body)
    except ValueError as error:
        raise Malformed("body", "is not valid JSON") from error
    if not isinstance(document, dict) or WRAPPER not in document:
        raise Malformed(WRAPPER, "is required")
    wrapped = document[WRAPPER]
    if not isinstance(wrapped, dict):
        raise Malformed(WRAPPER, "must be an object")
    return wrapped


def _fault(message: str) -> Invalid:
    """Return msgspec's *message* as a field and its rule."""
    missing = MISSING.search(message)
    if missing:
        return Invalid(missing[1], "is required")
    at_fault = FIELD.search(message)
    return Invalid(at_fault[1], RULES[at_fault[1]]) if at_fault else Invalid("", message)


def _check_name(name: str) -> None:
    if not name.isprintable() or name.isspace():
        raise Invalid("name", RULES["name"])


def _number(request: Request, name: str, default: int) -> int:
    text = request.first(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS and int(text)):
        raise Invalid(name, "must be a whole number from 1")
    return int(text)
