"""How much of a time something was up: the one calculation that every figure of uptime comes from.

Uptime = 1 - downtime / (period - pending - paused - what is excluded): outages of our own, in which we saw
nothing, and maintenance. A downtime begins with the first of the failures that confirmed it: that is where
its flip lies. What is slow is up. Source: R153-R157.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import floor

from chalicelib.core.spans import NONE, Span
from chalicelib.core.status import Status
from chalicelib.core.steps import Flip


@dataclass(frozen=True, slots=True)
class Tally:
    """How a period divides; the tallies of its parts add up to that of the whole."""

    up: timedelta = NONE
    down: timedelta = NONE
    excluded: timedelta = NONE  # pending, paused, or not seen

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.up + other.up, self.down + other.down, self.excluded + other.excluded)

    @property
    def percent(self) -> float | None:
        """The uptime from 0 to 100, or None when nothing was measured (R156)."""
        measured = self.up + self.down
        return 100 * self.up / measured if measured else None


def floored(percent: float) -> float:
    """Return *percent* with three decimals, rounded down: what was not always up must not read as 100."""
    return floor(percent * 1000 + 1e-6) / 1000


def tally(flips: Sequence[Flip], present: Status, window: Span, excluded: Iterable[Span] = ()) -> Tally:
    """Return how *window* divides.

    *flips* are all since its start, also those after its end, the newest first; *present* is the status where
    there are none. The window ends at the present moment at the latest. *excluded* spans may overlap.
    """
    unseen = list(_apart(excluded))
    sums = {Status.UP: NONE, Status.DOWN: NONE}
    for status, reign in _reigns(flips, present, window):
        if status in sums:
            sums[status] += reign.length - sum((span.within(reign).length for span in unseen), NONE)
    up, down = sums[Status.UP], sums[Status.DOWN]
    return Tally(up, down, window.length - up - down)


def tally_each(
    flips: Sequence[Flip], present: Status, parts: Iterable[Span], excluded: Iterable[Span] = ()
) -> list[Tally]:
    """Return how each of *parts* divides, as *tally* tells it, where they are many: the days of a year.

    *flips* are all since the first part starts. Each part is held against no more than what touches it.
    """
    oldest_first, unseen = flips[::-1], list(_apart(excluded))
    status = flips[0].new if flips else present

    def near(part: Span) -> Sequence[Flip]:
        """Return the flips inside *part*, and the one after it, which knows the status at its end."""
        first = bisect_right(oldest_first, part.start, key=lambda flip: flip.at)
        end = bisect_left(oldest_first, part.end, key=lambda flip: flip.at) + 1
        return oldest_first[first:end][::-1]

    def hidden(part: Span) -> Sequence[Span]:
        first = bisect_right(unseen, part.start, key=lambda span: span.end)
        return unseen[first : bisect_left(unseen, part.end, key=lambda span: span.start)]

    return [tally(near(part), status, part, hidden(part)) for part in parts]


def _reigns(flips: Sequence[Flip], present: Status, window: Span) -> Iterator[tuple[Status, Span]]:
    """Yield which status held how long, the newest first; the parts fill *window* without a gap."""
    # Whoever read the flips a moment after the status may hold one that the status does not know of.
    status = flips[0].new if flips else present
    end = window.end
    for flip in flips:
        if flip.at <= window.start:
            break
        if flip.at < end:
            yield status, Span(flip.at, end)
            end = flip.at
        status = flip.old
    yield status, Span(window.start, end)


def _apart(spans: Iterable[Span]) -> Iterator[Span]:
    """Yield the same time as *spans* in parts that do not overlap."""
    seen_until = None
    for span in sorted(spans, key=lambda span: span.start):
        start = max(span.start, seen_until) if seen_until else span.start
        if start < span.end:
            yield Span(start, span.end)
            seen_until = span.end
