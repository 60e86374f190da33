"""/v1/monitors/{id}/config: what is watched changes without a gap in being watched (R116-R121)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from chalicelib.channels.base import MASK
from chalicelib.core.errors import Conflict
from chalicelib.core.monitors import Spec
from chalicelib.core.spans import INSTANT
from chalicelib.core.tenancy import Caller
from chalicelib.dialects.http import Answer, Visit
from chalicelib.dialects.statuspulse import manners, render, schema, windows, wishes
from chalicelib.dialects.statuspulse.manners import Stale
from chalicelib.dialects.statuspulse.monitors import find
from chalicelib.dialects.statuspulse.references import Place
from chalicelib.services import access, addressing, watching

MANNERS = manners.MANNERS
TRIES = 25
READ_ONLY = ("monitor_id", "shared_maintenance_windows")
WINDOWS = "maintenance_windows"
CHANGED = "the config was changed meanwhile; read it again"


class Plan(NamedTuple):
    """What else is to be done: the windows that are wanted, None for those that there are.

    *is_bound* says that all this is only meant for the version that the request names.
    """

    windows: Sequence[Mapping[str, Any]] | None
    is_bound: bool


def config(visit: Visit) -> Answer:
    """Show what may be changed, or change what is given; the rest stays (R116-R121)."""
    if visit.request.method == "GET":
        return _shown(visit, find(visit).spec)
    access.require_write(visit.caller)
    spec = find(visit).spec  # 404 and 403 come before 400
    place = Place(visit.tools, spec.project_id, visit.now)
    shown = render.config(spec, place.setup)
    document = _given(schema.document_of(visit.request.body), shown)
    is_bound = _presumes(visit, document.pop("version", None), shown["version"])
    others = {WINDOWS: windows.rule(spec, visit.now)}
    wish, given = wishes.change(place, document, spec.kind, others)
    plan = Plan(given.get(WINDOWS), is_bound)
    # A key that sees several projects acts in the monitor's own.
    caller = replace(visit.caller, project_id=spec.project_id, is_wide=False)
    addressing.ensure(visit.tools, caller, wish.channels, visit.now)
    return _shown(visit, _carried_out(visit, caller, spec, wish.fields, plan))


def _given(document: dict[str, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return *document* without what cannot be changed, or is masked, and stands there as it is shown.

    So may whoever read a config send it back whole. All else counts as given, though it be the same: of two
    who write at once, one has the whole say.
    """
    return {
        name: value
        for name, value in document.items()
        if not (_cannot_be_meant(name, value) and name in shown and value == shown[name])
    }


def _cannot_be_meant(name: str, value: Any) -> bool:
    return name in READ_ONLY or (
        name not in ("notifications", "notification_routing") and MASK in json.dumps(value)
    )


def _presumes(visit: Visit, version: Any, present: str) -> bool:
    """Whether the request presumes a version, by If-Match or in its body; raises Stale for another one."""
    header = visit.request.headers.get("if-match", "*").strip()
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")}
    if (header != "*" and present not in tags) or version not in (None, present):
        raise Stale(CHANGED)
    return header != "*" or version is not None


def _changed(visit: Visit, caller: Caller, before: Spec, fields: Mapping[str, Any]) -> Spec:
    """Return the monitor as it is once *fields* are changed, and marked so though they be the same.

    Raises Stale where it is no longer what it was *before*.
    """

    def marked(spec: Spec) -> datetime:
        if spec != before:
            raise Stale(CHANGED)
        return moment

    moment = max(visit.tools.clock(), (before.updated or before.created) + INSTANT)
    wish = {**fields, "updated": marked}
    return watching.amend(visit.tools, caller, before.monitor_id, wish, moment).spec


def _carried_out(visit: Visit, caller: Caller, before: Spec, fields: Mapping[str, Any], plan: Plan) -> Spec:
    """Change the monitor, and its windows with it: of two who do so at once, the last has the whole say.

    The windows are items of their own, so they come first, and the monitor's own change holds only if nobody
    else's came in between. Whoever was late does both again; each time one of them is done.
    """
    if plan.is_bound:
        before = _changed(visit, caller, before, fields)
    if plan.windows is None:
        if plan.is_bound:
            return before
        return watching.amend(visit.tools, caller, before.monitor_id, dict(fields), visit.now).spec
    for attempt in range(TRIES):
        before = visit.tools.monitors.load(before.monitor_id, fresh=True).spec
        present = windows.own(visit.tools.windows.of_project(before.project_id), before)
        windows.place(visit.tools, caller, present, plan.windows, visit.now)
        try:
            return _changed(visit, caller, before, fields)
        except Stale:
            visit.tools.back_off(attempt)
    raise Conflict("too many others change this monitor at the moment")


def _shown(visit: Visit, spec: Spec) -> Answer:
    document = render.config(spec, visit.tools.setups.of_project(spec.project_id))
    return Answer(200, document, {"ETag": f'"{document["version"]}"'})
