"""Answers as a person reads them: aligned, and without anything that a terminal would obey."""

from collections.abc import Iterable, Sequence
from typing import Any

MINUTE = 60
GAP = "  "
ONCE = "Keep what is secret here: it is shown this once."


def monitors(document: dict[str, Any]) -> str:
    """Return a line for each monitor."""
    headings = ("ID", "NAME", "STATUS", "EVERY", "LAST CHECK", "URL")
    rows = [
        (
            one.get("id"),
            one.get("name"),
            one.get("status"),
            _every(one),
            one.get("last_checked_at"),
            one.get("url"),
        )
        for one in document["data"]
    ]
    return _aligned([headings, *rows]) if rows else "Nothing is watched yet."


def monitor(document: dict[str, Any]) -> str:
    """Return a line for each field of one monitor."""
    return _aligned(document["data"].items())


def checks(document: dict[str, Any]) -> str:
    """Return a line for each round, and where in the history they are."""
    headings = ("CHECKED AT", "STATUS", "RESPONSE", "MS", "ERROR")
    fields = ("checked_at", "status", "response_status", "response_time_ms", "error")
    rows = [tuple(one.get(field) for field in fields) for one in document["data"]]
    if not rows:
        return f"None of {document.get('total', 0)} checks is on page {document.get('page')}."
    return _aligned([headings, *rows]) + (
        f"\n{len(rows)} of {document.get('total')} checks, page {document.get('page')}"
    )


def keys(document: dict[str, Any]) -> str:
    """Return a line for each key."""
    headings = ("ID", "NAME", "BEGINS WITH", "LEVEL", "PERMISSION", "PROJECT", "LAST USED")
    fields = ("id", "name", "keyPrefix", "level", "permission", "projectId", "lastUsedAt")
    rows = [tuple(one.get(field) for field in fields) for one in document["apiKeys"]]
    return _aligned([headings, *rows])


def new_key(document: dict[str, Any]) -> str:
    """Return a line for each field of a new key, and the key itself."""
    shown = {**(document.get("apiKey") or {}), "key": document["fullKey"]}
    return f"{_aligned(shown.items())}\n{ONCE}"


def foundation(opening: dict[str, str]) -> str:
    """Return a line for each thing that one needs to begin."""
    return f"{_aligned(opening.items())}\n{ONCE}"


def _every(one: dict[str, Any]) -> str:
    seconds = one.get("interval_seconds") or 0
    return f"{seconds} s" if seconds % MINUTE else f"{seconds // MINUTE} min"


def _aligned(rows: Iterable[Sequence[Any]]) -> str:
    """Return *rows* in columns, each as wide as its widest cell."""
    cells = [[_plain(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = (GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)


def _plain(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "".join(letter if letter.isprintable() else "?" for letter in str(value))
