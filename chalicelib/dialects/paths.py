"""Paths as API Gateway reads them: part by part; a variable in braces takes any part that is not empty."""

from collections.abc import Mapping
from itertools import takewhile
from urllib.parse import unquote

ANYTHING_ELSE = "/{proxy+}"  # the route of every path that no other fits


def captured(route: str, path: str) -> dict[str, str] | None:
    """Return what *path* says of the variables of *route*, spelled as it is; None where it does not fit.

    One slash too many at the end is no matter.
    """
    parts, asked = _parts(route), _parts(path.removesuffix("/") or "/")
    if len(parts) != len(asked) or not all(map(_fits, parts, asked)):
        return None
    return {part[1:-1]: value for part, value in zip(parts, asked, strict=True) if _varies(part)}


def named(found: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that were *found* in a path, as people write them."""
    return {name: unquote(value) for name, value in found.items()}


def likeness(route: str, path: str) -> int:
    """Return how many parts *path* begins with that *route* has, too."""
    alike = map(_fits, _parts(route), _parts(path))
    return sum(1 for _ in takewhile(bool, alike))


def _parts(path: str) -> list[str]:
    return path.split("/")


def _varies(part: str) -> bool:
    return part.startswith("{")


def _fits(part: str, asked: str) -> bool:
    return bool(asked) if _varies(part) else part == asked
