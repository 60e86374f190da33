"""People, and their scripts, manage what is watched."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from hashlib import sha1
from typing import Any

from chalicelib.core.errors import Conflict, Invalid, LimitReached, NotFound
from chalicelib.core.findings import host_of
from chalicelib.core.heartbeats import amend as carry_over
from chalicelib.core.heartbeats import pause as pause_step
from chalicelib.core.heartbeats import resume as resume_step
from chalicelib.core.monitors import Monitor, Spec
from chalicelib.core.monitors import create as new_monitor
from chalicelib.core.probing import settled
from chalicelib.core.status import Kind, Status
from chalicelib.core.steps import Step
from chalicelib.core.tenancy import PLANS, Caller, Project
from chalicelib.core.wheel import SECOND, is_ring
from chalicelib.messages import Purge
from chalicelib.services import access, attending, dispatching, surveying
from chalicelib.services.auditing import Deed, note
from chalicelib.services.committing import let_pass, persist, remind
from chalicelib.toolbox import Toolbox

ALL = "*"
EVERY_KIND = frozenset(Kind)
WINDING = ("remind_every", "policy_id", "quiet", "sla")  # what an open incident's timers hang on
TRIES = 25  # as many may want the same at once; each lost race means that somebody else got through


def list_(
    tools: Toolbox,
    caller: Caller,
    *,
    slug: str = "",
    tags: frozenset[str] = frozenset(),
    kinds: frozenset[Kind] = EVERY_KIND,
) -> list[Monitor]:
    """Return the caller's monitors of *kinds*, with *slug* and all *tags*.

    They come in the order of their creation, project by project.
    """
    specs: list[Spec] = []
    for project_id in access.reach(tools, caller):
        monitors = tools.monitors
        specs += monitors.specs_with_slug(project_id, slug) if slug else monitors.specs_of(project_id)
    return tools.monitors.with_states([spec for spec in specs if spec.kind in kinds and spec.has_tags(tags)])


def create(tools: Toolbox, caller: Caller, wish: dict[str, Any], now: datetime) -> Monitor:
    """Store a new monitor with the fields of Spec that *wish* names; raises Invalid and LimitReached."""
    access.require_write(caller)
    return _create(tools, caller, _wished(tools, _blank(tools, caller, now), wish), now)


def upsert(
    tools: Toolbox, caller: Caller, wish: dict[str, Any], unique: frozenset[str], now: datetime
) -> tuple[Monitor, bool]:
    """Change the monitor that agrees with *wish* in all *unique* fields of Spec, or create it.

    Return it and whether it is new; of concurrent calls only one creates (R308-R310).
    """
    access.require_write(caller)
    if not unique or not unique <= wish.keys():
        return create(tools, caller, wish, now), True

    facts = {field: wish[field] for field in unique}
    blank = _wished(tools, _blank(tools, caller, now), wish)

    def agrees(monitor: Monitor) -> bool:
        # Who asks for a heartbeat must not be handed what is probed: nobody would hear its pings.
        return monitor.spec.kind is blank.kind and _wished(tools, monitor.spec, facts) == monitor.spec

    found = next(filter(agrees, tools.monitors.of_project(caller.project_id)), None)
    if found is None:
        winner = tools.projects.reserve(blank.project_id, _description(blank, unique), blank.monitor_id, now)
        found = _await(tools, winner) if winner != blank.monitor_id else None
        if found is None or not agrees(found):
            return _create(tools, caller, blank, now), True
    return amend(tools, caller, found.spec.monitor_id, wish, now), False


def provision(tools: Toolbox, project: Project, slug: str, now: datetime) -> tuple[str, bool]:
    """Return the id of the monitor that a ping to an unknown *slug* asked for, and whether it is new.

    It is told to all channels of the project. Raises NotFound at twice the plan's limit (R375).
    """
    channels = tools.channels.of_project(project.project_id)
    spec = Spec(
        monitor_id=tools.new_id(),
        project_id=project.project_id,
        organization_id=project.organization_id,
        created=now,
        badge_key=tools.new_id(),
        name=slug,
        slug=slug,
        channels=tuple(channel.channel_id for channel in channels),
    )
    winner = tools.projects.reserve(project.project_id, f"slug#{slug}", spec.monitor_id, now)
    if winner != spec.monitor_id and _await(tools, winner):
        return winner, False
    try:
        _add(tools, spec, 2 * PLANS[project.plan].checks)
    except LimitReached as error:
        raise NotFound("Check not found") from error
    return spec.monitor_id, True


def amend(tools: Toolbox, caller: Caller, monitor_id: str, wish: dict[str, Any], now: datetime) -> Monitor:
    """Change the fields of Spec that *wish* names; raises NotFound, Forbidden, Invalid (R324-R329)."""
    access.require_write(caller)
    for attempt in range(TRIES):
        before = _catch_up(tools, caller, monitor_id, now, fresh=attempt > 0)
        spec = _wished(tools, before.spec, wish)
        if spec == before.spec:
            _wind(tools, before, wish, now)  # whoever asked for it before may have died over this
            return before
        spec = replace(_asked_anew(tools, before.spec, spec), updated=now)
        # What an older question raised is no doubt about the answers to a new one.
        state = before.state if spec.watch == before.spec.watch else settled(before.state)
        try:
            after = tools.commits.amend(before, spec, carry_over(spec, state, now))
        except Conflict:
            tools.back_off(attempt)
            continue
        remind(tools, monitor_id, before.state, after.state, now)
        if spec.watch != before.spec.watch and after.state.status is not Status.PAUSED:
            dispatching.begin(tools, spec, now)
        if host_of(spec) != host_of(before.spec):
            surveying.begin(tools, spec)
        _wind(tools, after, wish, now)
        note(tools, caller, _deed("changed", spec, fields=sorted(wish)), now)
        return after
    raise Conflict("too many others change this check at the moment")


def _wind(tools: Toolbox, monitor: Monitor, wish: dict[str, Any], now: datetime) -> None:
    if any(name in wish for name in WINDING):
        attending.begin_anew(tools, monitor, now)


def pause(tools: Toolbox, caller: Caller, monitor_id: str, now: datetime) -> Monitor:
    """Stop watching; doing so again is harmless (R331-R334)."""
    paused = _change(tools, caller, monitor_id, pause_step, now)
    note(tools, caller, _deed("paused", paused.spec), now)
    return paused


def resume(tools: Toolbox, caller: Caller, monitor_id: str, now: datetime) -> Monitor:
    """Watch again; raises Conflict when the monitor is not paused (R335-R337)."""
    resumed = _change(tools, caller, monitor_id, resume_step, now)
    dispatching.begin(tools, resumed.spec, now)
    note(tools, caller, _deed("resumed", resumed.spec), now)
    return resumed


def delete(tools: Toolbox, caller: Caller, monitor_id: str, now: datetime) -> Monitor:
    """Remove a monitor and all that it left behind; return what it was (R338, R339)."""
    access.require_write(caller)
    monitor = _catch_up(tools, caller, monitor_id, now)
    # Asked first: were the crash to come between the two, the purge would find the monitor alive and wait.
    tools.queues.purge(Purge(monitor_id))
    try:
        tools.commits.remove(monitor)
    except Conflict as error:
        raise NotFound("Check not found") from error
    if monitor.spec.watch:
        dispatching.sweep_up(tools, monitor.spec, now)
    note(tools, caller, _deed("deleted", monitor.spec), now)
    return monitor


def _change(
    tools: Toolbox,
    caller: Caller,
    monitor_id: str,
    change: Callable[[Monitor, datetime], Step],
    now: datetime,
) -> Monitor:
    access.require_write(caller)

    def decide(monitor: Monitor) -> Step:
        passed = let_pass(tools, monitor.spec, monitor.state, now)
        return passed.then(change(replace(monitor, state=passed.state), now))

    # Read afresh: whether a check is paused must not be answered from before the pause.
    return persist(tools, lambda _: access.own(tools, caller, monitor_id, fresh=True), decide, now)


def _catch_up(
    tools: Toolbox, caller: Caller, monitor_id: str, now: datetime, *, fresh: bool = False
) -> Monitor:
    """Return the caller's monitor as it is at *now*: what lapsed before a change, lapsed."""
    return persist(
        tools,
        lambda again: access.own(tools, caller, monitor_id, fresh=fresh or again),
        lambda monitor: let_pass(tools, monitor.spec, monitor.state, now),
        now,
    )


def _blank(tools: Toolbox, caller: Caller, now: datetime) -> Spec:
    return Spec(
        monitor_id=tools.new_id(),
        project_id=caller.project_id,
        organization_id=caller.key.organization_id,
        created=now,
        badge_key=tools.new_id(),
    )


def _wished(tools: Toolbox, spec: Spec, wish: dict[str, Any]) -> Spec:
    """Return *spec* with what *wish* says: values, or functions of the present spec.

    Channels that a person named, by id or exact name, become ids.
    """
    fields = {name: value(spec) if callable(value) else value for name, value in wish.items()}
    if "channels" in wish and not callable(wish["channels"]):
        fields["channels"] = _channel_ids(tools, spec.project_id, wish["channels"])
    return replace(spec, **fields)


def _asked_anew(tools: Toolbox, before: Spec, spec: Spec) -> Spec:
    """Return *spec* with a new version of its question, if that changed, and its ring in use from now on.

    Raises Invalid for an interval that is no ring: the wheel would pass its monitors by.
    """
    if spec.watch is None or spec.watch == before.watch:
        return spec
    if not is_ring(spec.watch.interval):
        raise Invalid("interval", "must be 10, 15, 20 or 30 seconds, or whole minutes up to a day")
    version = before.watch.version + 1 if before.watch else 0
    tools.ticks.add_ring(spec.watch.interval // SECOND)
    return replace(spec, watch=replace(spec.watch, version=version))


def _channel_ids(tools: Toolbox, project_id: str, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the ids of the channels that *wanted* names; raises Invalid for one unknown (R307)."""
    if not wanted:
        return ()
    channels = tools.channels.of_project(project_id)
    if wanted == (ALL,):
        return tuple(sorted(channel.channel_id for channel in channels))
    chosen = set()
    for identifier in wanted:
        if not identifier:
            raise Invalid("", "empty channel identifier")
        fitting = {c.channel_id for c in channels if identifier in (c.channel_id, c.name)}
        if len(fitting) != 1:
            fault = "non-unique" if fitting else "invalid"
            raise Invalid("", f"{fault} channel identifier: {identifier}")
        chosen |= fitting
    return tuple(sorted(chosen))


def _description(spec: Spec, unique: frozenset[str]) -> str:
    """Return one short name for what must be unique."""
    facts = [(field, str(getattr(spec, field))) for field in sorted(unique)]
    return "unique#" + sha1(json.dumps(facts).encode(), usedforsecurity=False).hexdigest()


def _await(tools: Toolbox, monitor_id: str) -> Monitor | None:
    """Return the monitor that another call is creating at this moment, or None when it never comes."""
    for attempt in range(TRIES):
        try:
            return tools.monitors.load(monitor_id, fresh=True)
        except NotFound:
            tools.back_off(attempt)
    return None


def _create(tools: Toolbox, caller: Caller, spec: Spec, now: datetime) -> Monitor:
    monitor = _add(tools, spec, caller.plan.checks)
    dispatching.begin(tools, monitor.spec, now)
    surveying.begin(tools, monitor.spec)
    note(tools, caller, _deed("created", monitor.spec), now)
    return monitor


def _deed(what: str, spec: Spec, **details: Any) -> Deed:
    return Deed(f"check.{what}", spec.monitor_id, spec.name, spec.project_id, details)


def _add(tools: Toolbox, spec: Spec, limit: int) -> Monitor:
    monitor = new_monitor(_asked_anew(tools, replace(spec, watch=None), spec))
    for attempt in range(TRIES):
        try:
            tools.commits.add(monitor, limit)
        except Conflict:
            if tools.organizations.find(spec.organization_id).n_monitors >= limit:
                raise LimitReached("the plan allows no more checks") from None
            tools.projects.find(spec.project_id)  # or it is gone
            tools.back_off(attempt)
        else:
            return monitor
    raise Conflict("too many others create checks at the moment")
