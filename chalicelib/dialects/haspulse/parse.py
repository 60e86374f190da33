"""How a Haspulse request is read: declared forms, one class a request, and the parameters of a page."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from chalicelib.core.errors import Invalid, NotFound
from chalicelib.core.schedules import parse_zone
from chalicelib.core.signals import CANONICAL_UUID
from chalicelib.core.tenancy import SLUG_LIMIT
from chalicelib.dialects.haspulse import faults
from chalicelib.dialects.http import Request, Visit, parse_json

NAME_LIMIT = 100
SLUG = re.compile(rf"[a-z0-9-]{{1,{SLUG_LIMIT}}}")
PAGE_LIMIT = 100
DEFAULT_LIMIT = 20
LAST_PAGE = 1_000_000


class Form(msgspec.Struct, rename="camel", frozen=True):
    """What a request's body may say; unknown fields are ignored."""

    def check(self) -> None:
        """Raise Invalid, naming the field, for what its types alone allow."""


Declared = TypeVar("Declared", bound=Form)


def read(body: bytes, kind: type[Declared]) -> Declared:
    """Return the form in *body*; raises Invalid naming the field at fault (R28, R72)."""
    try:
        document = parse_json(body)
    except ValueError as error:
        raise Invalid("body", "is not valid JSON") from error
    try:
        form = msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise faults.refusal_of(error, kind) from error
    form.check()
    return form


def check_name(name: str | None, field: str = "name", limit: int = NAME_LIMIT) -> None:
    """Raise Invalid unless *name* is absent, or of 1 to *limit* printable characters."""
    if name is None:
        return
    if not name.strip() or len(name) > limit:
        raise Invalid(field, f"must have 1 to {limit} characters")
    if not name.isprintable():
        raise Invalid(field, "contains invalid characters")


def check_text(text: str | None, field: str, limit: int) -> None:
    """Raise Invalid unless *text* is absent, or of at most *limit* characters that can be shown."""
    if text is not None and len(text) > limit:
        raise Invalid(field, f"must not be longer than {limit} characters")
    if text is not None and not all(letter.isprintable() or letter in "\r\n\t" for letter in text):
        raise Invalid(field, "contains invalid characters")


def check_slug(slug: str | None) -> None:
    """Raise Invalid unless *slug* is absent, or is one."""
    if slug is not None and not SLUG.fullmatch(slug):
        raise Invalid("slug", f"must be 1 to {SLUG_LIMIT} small letters, digits and hyphens")


def zone(name: str) -> str:
    """Return the time zone of that *name*; raises Invalid where there is none."""
    try:
        return parse_zone(name)
    except Invalid as refusal:
        raise Invalid("timezone", refusal.reason) from None


def id_of(visit: Visit, missing: str) -> str:
    """Return the id in the path; raises NotFound with the sentence *missing* for what cannot be one."""
    found = visit.request.params["id"].lower()
    if not CANONICAL_UUID.fullmatch(found):
        raise NotFound(missing)
    return found


class Page(NamedTuple):
    """Which part of a list is asked for, counted from 1."""

    number: int
    limit: int


def page_of(request: Request, most: int = PAGE_LIMIT) -> Page:
    """Return what ?page and ?limit ask for; raises Invalid (R22)."""
    number = number_in(request, "page", 1, LAST_PAGE, 1)
    return Page(number, number_in(request, "limit", 1, most, DEFAULT_LIMIT))


def number_in(request: Request, name: str, least: int, most: int, default: int) -> int:
    """Return the whole number of a query parameter; raises Invalid outside its bounds."""
    text = request.first(name)
    if text is None:
        return default
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    if not (is_number and least <= int(text) <= most):
        raise Invalid(name, f"must be a whole number from {least} to {most}")
    return int(text)


def choice_in(request: Request, name: str, choices: Sequence[str]) -> str | None:
    """Return the query parameter, or None where it is absent; raises Invalid for none of *choices*."""
    text = request.first(name)
    if text is not None and text not in choices:
        raise Invalid(name, f"must be one of {', '.join(choices)}")
    return text


def paged(name: str, items: Sequence[Any], page: Page) -> dict[str, Any]:
    """Return one page of *items* in Haspulse's envelope (R22, R50)."""
    start = (page.number - 1) * page.limit
    return {
        name: items[start : start + page.limit],
        "total": len(items),
        "page": page.number,
        "limit": page.limit,
        "totalPages": -(-len(items) // page.limit),
    }
