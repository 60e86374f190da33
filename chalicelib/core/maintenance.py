"""Maintenance: the times in which something may fail without anybody being called (R56-R61).

What is past is never rewritten. A window that has begun is not changed but replaced: the old one is retired,
and covers what it covered, and the new one covers nothing before its *since*.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from chalicelib.core import recurrence, rrules
from chalicelib.core.errors import Invalid
from chalicelib.core.monitors import DAY, Spec
from chalicelib.core.schedules import parse_zone
from chalicelib.core.spans import Span

FIRST = datetime(2000, 1, 1, tzinfo=UTC)  # no window starts before
LONGEST = 90 * DAY
MOST_MONITORS = 100
MOST_TAGS = 20
LONGEST_RULE = 300  # characters

_YEAR = 365 * DAY
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FOREVER = datetime.max.replace(tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """A time, once or again and again, in which the monitors that it covers are maintained."""

    window_id: str
    project_id: str
    title: str
    starts: datetime  # of the first occurrence, UTC
    ends: datetime  # of the first occurrence, UTC; the others last as long, whatever the clocks do
    created: datetime
    description: str = ""
    monitors: tuple[str, ...] = ()  # ids; with no monitors and no tags it covers the whole project
    tags: tuple[str, ...] = ()  # a monitor that carries any of them is covered
    rrule: str = ""  # RFC 5545, without DTSTART; empty: once
    timezone: str = "UTC"  # in which a recurrence keeps its wall-clock time
    since: datetime | None = None  # covers nothing before (set when it was changed after it had begun)
    until: datetime | None = None  # covers nothing from here on (set when it was ended early)
    retired: bool = False  # kept for the past's sake only: deleted, or what it was before a change
    updated: datetime | None = None


def check(window: Window) -> None:
    """Raise Invalid, with the name that the field has under /v1, for a window that may not be (R58).

    Occurrences may be longer than the time between them: what is covered twice is covered once.
    """
    if window.ends <= window.starts:
        raise Invalid("endsAt", "must be after startsAt")
    if window.ends - window.starts > LONGEST:
        raise Invalid("endsAt", f"must be at most {LONGEST.days} days after startsAt")
    if not FIRST <= window.starts < recurrence.END:
        raise Invalid("startsAt", f"must be from {FIRST.year} to {recurrence.END.year - 1}")
    if len(window.monitors) > MOST_MONITORS:
        raise Invalid("checkIds", f"must not be more than {MOST_MONITORS}")
    if len(window.tags) > MOST_TAGS:
        raise Invalid("tags", f"must not be more than {MOST_TAGS}")
    try:
        parse_zone(window.timezone)
    except Invalid as refusal:
        raise Invalid("timezone", refusal.reason) from None
    if window.rrule:
        _check_rule(window)


def occurrences(window: Window, span: Span) -> list[Span]:
    """Return, in order, the times that *window* covers and that overlap *span*, whole.

    They are clipped to the window's own *since* and *until*. The work grows with the length of *span*.
    """
    return list(_occurrences(window, span))


def next_start(window: Window, now: datetime) -> datetime | None:
    """Return when the occurrence that is running, or comes next, starts; None when all are over (R56)."""
    upcoming = _occurrences(window, Span(now, _FOREVER))
    return next((span.start for span in upcoming), None)


def is_covered(window: Window, spec: Spec) -> bool:
    """Whether *window* covers the monitor at all: by its id, by a tag, or with its whole project."""
    if window.project_id != spec.project_id:
        return False
    if not window.monitors and not window.tags:
        return True
    return spec.monitor_id in window.monitors or not frozenset(spec.tags.split()).isdisjoint(window.tags)


def cover_end(windows: Iterable[Window], spec: Spec, moment: datetime) -> datetime | None:
    """Return when the maintenance of a monitor at *moment* is over; None where nothing covers it (R59).

    What overlaps or touches counts as one. Of what goes on for more than a year, a later moment is told.
    """
    covering = [window for window in windows if is_covered(window, spec)]
    edge = moment
    while edge < moment + _YEAR and (reached := _reach(covering, edge)) > edge:
        edge = reached
    return edge if edge > moment else None


def excluded(windows: Iterable[Window], spec: Spec, span: Span) -> list[Span]:
    """Return the times in *span* in which a monitor was maintained, for uptime.tally; they may overlap.

    Give it retired windows too: what they covered stays out of the uptime (R59, R155).
    """
    covering = (window for window in windows if is_covered(window, spec))
    return [part.within(span) for window in covering for part in _occurrences(window, span)]


def amend(window: Window, changes: Mapping[str, Any], now: datetime) -> tuple[Window, Window | None]:
    """Return the changed window, and what has to be kept of the old one for the past's sake, if anything.

    *changes* are fields of Window. What was covered before *now* stays covered, and nothing else does.
    Raises Invalid for what the window would be. A single window that is running and whose end is moved
    stays one; where the end would lie in the past, it is *now* (R60).
    """
    changed = replace(window, **changes, updated=now)
    check(changed)
    if _same_but(changed, window, "title", "description"):
        return changed, None
    was_running = _covers(window, Span(now - _MICROSECOND, now))
    if not window.rrule and was_running and _same_but(changed, window, "title", "description", "ends"):
        return replace(changed, ends=max(changed.ends, now)), None
    rest = end(replace(window, window_id=f"{window.window_id}@{(now - _EPOCH) // _MICROSECOND}"), now)
    return replace(changed, since=now if changed.starts < now else None), rest


def end(window: Window, now: datetime) -> Window | None:
    """Return *window*, retired, with nothing left from *now* on; None if it has covered nothing yet (R61)."""
    if not _covers(window, Span(window.starts, now)):
        return None
    return replace(window, until=min(now, window.until or now), retired=True, updated=now)


def _check_rule(window: Window) -> None:
    """Raise Invalid for a rule that cannot be read, or by which *window* never recurs."""
    if len(window.rrule) > LONGEST_RULE:
        raise Invalid("rrule", f"must not be longer than {LONGEST_RULE} characters")
    try:
        rule = rrules.parse(window.rrule)
    except ValueError as error:
        raise Invalid("rrule", f"is not a rule that we follow: {error}") from None
    zone = _zone(window.timezone)
    if rule.count and window.starts < window.created - _YEAR:
        raise Invalid("rrule", "counts with COUNT from a startsAt more than a year ago; use UNTIL")
    if recurrence.over(rule, zone) <= window.starts:
        raise Invalid("rrule", "is over before startsAt")
    if not recurrence.happens(rule, window.starts, zone):
        raise Invalid("rrule", "never happens")


def _occurrences(window: Window, span: Span) -> Iterator[Span]:
    """Yield the occurrences of *window* that overlap *span*."""
    life = Span(window.since or window.starts, window.until or _FOREVER)
    seen, length = span.within(life), window.ends - window.starts
    if seen.length:
        for start in _starts(window, seen.start - length, seen.end):
            yield Span(start, start + length).within(life)


def _starts(window: Window, after: datetime, before: datetime) -> Iterator[datetime]:
    """Yield when occurrences start, past *after* and before *before*."""
    if window.rrule:
        zone = _zone(window.timezone)
        yield from recurrence.starts(rrules.parse(window.rrule), window.starts, zone, after, before)
    elif after < window.starts < before:
        yield window.starts


def _reach(windows: Iterable[Window], edge: datetime) -> datetime:
    """Return until when *windows* leave no gap from *edge* on, looking no more than a day ahead."""
    spans = (span for window in windows for span in _occurrences(window, Span(edge, edge + DAY)))
    for span in sorted(spans, key=lambda span: span.start):
        if span.start > edge:
            break
        edge = max(edge, span.end)
    return edge


def _covers(window: Window, span: Span) -> bool:
    """Whether *window* covers any of *span*."""
    return next(_occurrences(window, span), None) is not None


def _same_but(changed: Window, window: Window, *fields: str) -> bool:
    """Whether nothing changed but some *fields*, and when it was changed."""
    return replace(changed, **{field: getattr(window, field) for field in (*fields, "updated")}) == window


def _zone(name: str) -> tzinfo:
    """Return the clocks of a zone; zoneinfo keeps those in use."""
    from zoneinfo import ZoneInfo  # slow: only windows that recur pay for it

    return ZoneInfo(name)
