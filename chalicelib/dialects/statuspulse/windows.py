"""The maintenance windows of one monitor alone, both ways: its config names them all at once (R118)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from chalicelib.core import maintenance as calendar
from chalicelib.core.errors import Invalid, LimitReached, NotFound
from chalicelib.core.maintenance import LONGEST_RULE, Window
from chalicelib.core.monitors import Spec
from chalicelib.core.tenancy import Caller
from chalicelib.dialects.http import iso_z
from chalicelib.dialects.statuspulse import rules
from chalicelib.dialects.statuspulse.schema import Rule, list_of, object_of, or_null
from chalicelib.services import maintenance as services
from chalicelib.toolbox import Toolbox

MOST = 20
TITLE = "Scheduled maintenance"
OURS = {"start": "starts", "end": "ends", "timezone": "timezone", "recurrence": "rrule", "title": "title"}
FORM: dict[str, Rule] = {
    "start": rules.moment,
    "end": rules.moment,
    "timezone": rules.zone,
    "recurrence": or_null(rules.text(1, LONGEST_RULE)),
    "title": rules.text(1, 200),
}
NAMES = {"startsAt": "start", "endsAt": "end", "rrule": "recurrence"}  # as core.maintenance names them: ours
Identity = tuple[Any, ...]
IDENTITY = ("title", "starts", "ends", "rrule", "timezone")


def rule(spec: Spec, now: datetime) -> Rule:
    """Return the rule for all windows of the monitor; each means the fields of one Window."""

    def one(value: Any) -> dict[str, Any]:
        given = object_of(FORM, ("start", "end"))(value)
        wish = {"title": TITLE} | {OURS[name]: meant for name, meant in given.items() if meant is not None}
        try:
            calendar.check(Window(window_id="", project_id=spec.project_id, created=now, **wish))
        except Invalid as refusal:
            raise Invalid(NAMES.get(refusal.field, refusal.field), refusal.reason) from None
        return wish | {"monitors": (spec.monitor_id,)}

    return list_of(one, MOST)


def own(windows: Iterable[Window], spec: Spec) -> list[Window]:
    """Return those of *windows* that are this monitor's alone, in the order of their beginning."""
    found = [
        window
        for window in windows
        if window.monitors == (spec.monitor_id,) and not window.tags and not window.retired
    ]
    return sorted(found, key=lambda window: (window.starts, window.window_id))


def shared(windows: Iterable[Window], spec: Spec) -> list[Window]:
    """Return those of *windows* that cover this monitor with others: by a tag, or with its whole project."""
    alone = own(windows, spec)
    covering = (window for window in windows if not window.retired and calendar.is_covered(window, spec))
    found = [window for window in covering if window not in alone]
    return sorted(found, key=lambda window: (window.starts, window.window_id))


def shown(window: Window) -> dict[str, Any]:
    """Return *window* as a config gives it."""
    return {
        "title": window.title,
        "start": iso_z(window.starts),
        "end": iso_z(window.ends),
        "timezone": window.timezone,
        "recurrence": window.rrule or None,
    }


def place(
    tools: Toolbox,
    caller: Caller,
    present: Iterable[Window],
    wanted: Iterable[Mapping[str, Any]],
    now: datetime,
) -> None:
    """Make the *present* windows of a monitor those that are *wanted*; what is the same stays.

    New ones come before the old ones go: nothing that is maintained before and after is alarmed in between.
    """
    missing = Counter(map(_identity, wanted))
    needless = [window for window in present if not _takes(missing, _identity_of(window))]
    _add(tools, caller, [dict(wish) for wish in wanted if _takes(missing, _identity(wish))], now)
    _delete(tools, caller, needless, now)


def _add(tools: Toolbox, caller: Caller, wishes: Iterable[dict[str, Any]], now: datetime) -> None:
    """Store new windows, or none of them where there is no room for all."""
    added: list[Window] = []
    try:
        for wish in wishes:
            added.append(services.add(tools, caller, wish, now))  # noqa: PERF401  one may fail: the rest count
    except LimitReached:
        _delete(tools, caller, added, now)
        raise


def _delete(tools: Toolbox, caller: Caller, needless: Iterable[Window], now: datetime) -> None:
    for window in needless:
        with suppress(NotFound):  # somebody else was first
            services.delete(tools, caller, window.window_id, now)


def _takes(missing: Counter[Identity], wanted: Identity) -> bool:
    """Whether one of what is *missing* is *wanted*; it is missing no more then."""
    if not missing[wanted]:
        return False
    missing[wanted] -= 1
    return True


def _identity(wish: Mapping[str, Any]) -> Identity:
    return tuple(wish.get(name, DEFAULTS.get(name)) for name in IDENTITY)


def _identity_of(window: Window) -> Identity:
    return tuple(getattr(window, name) for name in IDENTITY)


DEFAULTS = {"rrule": "", "timezone": "UTC"}
