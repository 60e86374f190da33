"""People manage maintenance windows: times in which nobody is told, and nothing counts against uptime."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.core import maintenance as calendar
from chalicelib.core.errors import Conflict, LimitReached
from chalicelib.core.maintenance import Window
from chalicelib.core.tenancy import Caller
from chalicelib.services import access, outages
from chalicelib.services.auditing import Deed, note
from chalicelib.toolbox import Toolbox

TRIES = 5
MOST = 200  # of a project; whoever announces something reads them all
MOST_RECURRING = 50  # of these; each is worked out anew whenever something is announced
MOST_KEPT = 1000  # with what only the past knows: every change of a window that has begun adds one
MISSING = "Maintenance window not found"


def list_(tools: Toolbox, caller: Caller) -> list[Window]:
    """Return the caller's windows, those that begin latest first; the past's alone are left out (R56)."""
    found = [
        window
        for project_id in access.reach(tools, caller)
        for window in tools.windows.of_project(project_id)
        if not window.retired
    ]
    return sorted(found, key=lambda window: (window.starts, window.window_id), reverse=True)


def find(tools: Toolbox, caller: Caller, window_id: str) -> Window:
    """Return one window; raises NotFound, and Forbidden for another project's (R7, R57)."""
    project_id = access.require_reach(tools, caller, tools.windows.project_of(window_id), MISSING)
    return tools.windows.find(project_id, window_id)


def add(tools: Toolbox, caller: Caller, wish: dict[str, Any], now: datetime) -> Window:
    """Store a new window with the fields of Window that *wish* names; raises Invalid (R58)."""
    access.require_write(caller)
    window = Window(window_id=tools.new_id(), project_id=caller.project_id, created=now, **wish)
    calendar.check(window)
    _require_room(tools, window)
    access.own_all(tools, caller, window.project_id, window.monitors)
    access.add_to_project(tools, window.project_id, lambda: tools.windows.add(window))
    note(tools, caller, _deed("created", window), now)
    return window


def amend(tools: Toolbox, caller: Caller, window_id: str, wish: dict[str, Any], now: datetime) -> Window:
    """Change the fields that *wish* names; what has been covered stays so (R60)."""
    access.require_write(caller)
    for attempt in range(TRIES):
        before = find(tools, caller, window_id)
        changed, retired = calendar.amend(before, wish, now)
        changed = replace(changed, updated=now)
        access.own_all(tools, caller, changed.project_id, wish.get("monitors", ()))
        if retired or (changed.rrule and not before.rrule):
            _require_room(tools, changed)
        try:
            with outages.rechecking(tools, before.project_id, now):
                tools.windows.replace(before, changed, *([retired] if retired else []))
        except Conflict:
            tools.back_off(attempt)
            continue
        note(tools, caller, _deed("changed", changed, fields=sorted(wish)), now)
        return changed
    raise Conflict("too many others change this window at the moment")


def delete(tools: Toolbox, caller: Caller, window_id: str, now: datetime) -> None:
    """Delete a window; one that is active ends now (R61)."""
    access.require_write(caller)
    for attempt in range(TRIES):
        window = find(tools, caller, window_id)
        retired = calendar.end(window, now)
        try:
            with outages.rechecking(tools, window.project_id, now):
                tools.windows.replace(window, *([replace(retired, updated=now)] if retired else []))
        except Conflict:
            tools.back_off(attempt)
            continue
        note(tools, caller, _deed("deleted", window), now)
        return
    raise Conflict("too many others change this window at the moment")


def _require_room(tools: Toolbox, wanted: Window) -> None:
    """Raise LimitReached where the project of a new or changed window keeps too many others."""
    others = [one for one in tools.windows.of_project(wanted.project_id) if one.window_id != wanted.window_id]
    if len(others) >= MOST_KEPT:
        raise LimitReached("too many maintenance windows of this project were changed or deleted lately")
    present = [window for window in others if not window.retired]
    if len(present) >= MOST:
        raise LimitReached(f"a project has at most {MOST} maintenance windows")
    if wanted.rrule and sum(bool(window.rrule) for window in present) >= MOST_RECURRING:
        raise LimitReached(f"a project has at most {MOST_RECURRING} maintenance windows that recur")


def _deed(what: str, window: Window, **details: Any) -> Deed:
    return Deed(f"maintenance.{what}", window.window_id, window.title, window.project_id, details)
