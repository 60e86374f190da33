"""How lengths of time, and what strangers wrote, are spelled in a sentence."""

from datetime import timedelta
from itertools import pairwise

UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
QUOTE_LIMIT = 200


def duration(length: timedelta) -> str:
    """Return *length* in its largest unit and the next one below, rounded down: 1 h 3 min."""
    seconds = max(0, int(length.total_seconds()))
    for (unit, size), (next_unit, next_size) in pairwise(UNITS):
        if seconds >= size:
            rest = seconds % size // next_size
            return f"{seconds // size} {unit}" + (f" {rest} {next_unit}" if rest else "")
    return f"{seconds} s"


def counted(number: int, noun: str) -> str:
    """Return *number* of *noun*, which takes an s where there are several: 1 day, 14 days."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def excerpt(text: str) -> str:
    """Return at most 200 printable characters of what somebody else said."""
    return one_line(text, QUOTE_LIMIT)


def one_line(text: str, limit: int = 1000) -> str:
    """Return *text* on one line, of at most *limit* printable characters."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text[: 10 * limit])
    line = " ".join(printable.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
