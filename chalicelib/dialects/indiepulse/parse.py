"""How an IndiePulse request is read: pages, and ids."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from chalicelib.core.errors import Invalid, NotFound
from chalicelib.core.signals import CANONICAL_UUID
from chalicelib.dialects.http import Request

PER_PAGE = 50
MOST_PER_PAGE = 100
LAST_PAGE = 1_000_000


class Page(NamedTuple):
    """Which part of a list is asked for, counted from 1."""

    number: int
    size: int


def page_of(request: Request) -> Page:
    """Return what ?page and ?per_page ask for; larger pages are cut. Raises Invalid (R163, R164)."""
    number = _number(request, "page", 1)
    return Page(min(number, LAST_PAGE), min(_number(request, "per_page", PER_PAGE), MOST_PER_PAGE))


def _number(request: Request, name: str, default: int) -> int:
    text = request.first(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and int(text[:18])):
        raise Invalid(name, "must be a whole number from 1")
    return int(text[:18])


def id_of(request: Request, name: str, missing: str) -> str:
    """Return the id in the path; raises NotFound, saying *missing*, for what cannot be one (R168)."""
    found = request.params[name].lower()
    if not CANONICAL_UUID.fullmatch(found):
        raise NotFound(missing)
    return found


def part(items: Sequence[Any], page: Page) -> Sequence[Any]:
    """Return the page of *items*."""
    start = (page.number - 1) * page.size
    return items[start : start + page.size]


def meta(total: int, page: Page) -> dict[str, int]:
    """Return what is said of a page; an empty list has one (R160, R164)."""
    pages = max(1, -(-total // page.size))
    return {"page": page.number, "per_page": page.size, "total": total, "total_pages": pages}
