"""Spans of time: from a moment up to another."""

from dataclasses import dataclass
from datetime import datetime, timedelta

NONE = timedelta()
INSTANT = timedelta(microseconds=1)  # the shortest: a span of it holds one moment


@dataclass(frozen=True, slots=True)
class Span:
    """The time from *start* up to, not including, *end*; empty where it ends before it starts."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return max(self.end - self.start, NONE)

    def within(self, other: "Span") -> "Span":
        """Return the part of it that lies in *other*."""
        return Span(max(self.start, other.start), min(self.end, other.end))
