"""What several of Haspulse's forms have in common: names with slugs, lists of checks and tags, choices."""

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

from chalicelib.core.errors import Invalid, NotFound
from chalicelib.core.maintenance import MOST_MONITORS
from chalicelib.dialects import ids
from chalicelib.dialects.haspulse import parse
from chalicelib.services.tenancy import Names

TAG_LIMIT = 50  # characters

Choice = TypeVar("Choice", bound=StrEnum)


class NameChanges(parse.Form, frozen=True):
    """PATCH of what has a name and a slug: what is not given stays (R39, R65)."""

    name: str | None = None
    slug: str | None = None

    def check(self) -> None:
        """Raise Invalid for a name that cannot be shown, or a slug that is none."""
        parse.check_name(self.name)
        parse.check_slug(self.slug)

    @property
    def names(self) -> Names:
        """What it is to be called; None stays, or has a slug made from the name."""
        return Names(self.name, self.slug)


class NewNames(NameChanges, frozen=True, kw_only=True):
    """POST of what has a name and a slug (R38, R64)."""

    name: str


def one_of(choices: type[Choice], name: str | None, field: str) -> Choice | None:
    """Return the choice of that *name*, or None where none is given; raises Invalid for any other."""
    if name is None:
        return None
    if name not in choices.__members__:
        raise Invalid(field, f"must be one of {', '.join(choices.__members__)}")
    return choices[name]


def monitor_ids(given: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of checks, each once, spelled in any dialect's way; raises Invalid."""
    found = tuple(dict.fromkeys(map(_monitor_id, given)))
    if len(found) > MOST_MONITORS:
        raise Invalid("checkIds", f"must not be more than {MOST_MONITORS}")
    return found


def _monitor_id(text: str) -> str:
    try:
        return ids.read(ids.MONITOR, text.lower())
    except NotFound as error:
        raise Invalid("checkIds", "must be ids of checks") from error


def is_tag(text: str) -> bool:
    """Whether *text* is one printable word."""
    return text.isprintable() and text.split() == [text]


def tags(given: Iterable[str]) -> tuple[str, ...]:
    """Return *given*, each once; raises Invalid for what is no tag, or too long for one."""
    found = tuple(dict.fromkeys(given))
    for tag in found:
        if len(tag) > TAG_LIMIT or not is_tag(tag):
            raise Invalid("tags", f"must be words of 1 to {TAG_LIMIT} printable characters")
    return found
