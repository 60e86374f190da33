"""Lists in pages: `?page=` and `?per_page=`."""

from typing import NamedTuple

from chalicelib.core.errors import Invalid, InvalidFields
from chalicelib.dialects.http import Request

LARGEST = 100
SIZE = 50
LAST = 1_000_000


class Page(NamedTuple):
    """Which part of a list is asked for, counted from 1."""

    number: int
    size: int

    @property
    def start(self) -> int:
        """How many come before it."""
        return (self.number - 1) * self.size


def asked(request: Request) -> Page:
    """Return the page that is asked for; raises InvalidFields naming every parameter that is no number."""
    faults = []
    found = {"page": 1, "per_page": SIZE}
    for name, most in (("page", LAST), ("per_page", LARGEST)):
        try:
            found[name] = _number(request, name, most, found[name])
        except Invalid as refusal:
            faults.append((refusal.field, refusal.reason))
    if faults:
        raise InvalidFields(tuple(faults))
    return Page(found["page"], found["per_page"])


def told(page: Page, total: int) -> dict[str, int]:
    """Return what is said beside a page of so many."""
    return {"page": page.number, "per_page": page.size, "total": total}


def _number(request: Request, name: str, most: int, default: int) -> int:
    text = request.first(name)
    if text is None:
        return default
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    if not (is_number and 1 <= int(text) <= most):
        raise Invalid(name, f"must be a whole number from 1 to {most}")
    return int(text)
