"""What a deleted project or organization owned goes after it: keys at once, the rest as fast as it can."""

import logging
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from chalicelib.core.errors import Conflict, NotFound, Unavailable
from chalicelib.core.monitors import Monitor
from chalicelib.messages import Clearance, Purge
from chalicelib.storage.remnants import Remnant
from chalicelib.toolbox import Toolbox

AT_ONCE = 25  # monitors; more are left to the next message
ENTRIES_AT_ONCE = 200
LONG_ENOUGH = timedelta(hours=1)

log = logging.getLogger(__name__)


def begin(tools: Toolbox, remnant: Remnant, now: datetime) -> None:
    """Take back what opens the remains of something just deleted, and begin to delete them.

    The deletion noted the remnant: whoever dies here is followed by the hourly round.
    """
    message = Clearance(remnant.project_id, remnant.organization_id)
    try:
        tools.queues.purge(message)
    except Unavailable:
        log.warning(
            "what is left of something deleted waits for the full hour",
            extra={"organization_id": remnant.organization_id, "project_id": remnant.project_id},
        )
    clear(tools, message, now, hand_on=False)


def clear(tools: Toolbox, message: Clearance, now: datetime, *, hand_on: bool = True) -> None:
    """Delete a part of what is left; where that was not all, *hand_on* the rest to another message."""
    if message.project_id:
        has_more = _clear_project(tools, message.project_id)
    else:
        has_more = _clear_organization(tools, message.organization_id, now)
    if has_more and hand_on:
        tools.queues.purge(message)


def resume(tools: Toolbox, now: datetime) -> None:
    """Have everything cleared that is left, and forget what has been gone for long enough.

    Once an hour: messages may be lost, and indexes show late what was added last.
    """
    remnants = tools.remnants.all()
    for remnant in remnants:
        if now - remnant.since < LONG_ENOUGH or _is_left(tools, remnant, remnants):
            tools.queues.purge(Clearance(remnant.project_id, remnant.organization_id))
            continue
        if not remnant.project_id:
            tools.remnants.clear(remnant.organization_id, ENTRIES_AT_ONCE)
        tools.remnants.forget(remnant)


def _is_left(tools: Toolbox, remnant: Remnant, others: Iterable[Remnant]) -> bool:
    if tools.keys.of_owner(remnant.project_id or remnant.organization_id):
        return True
    if not remnant.project_id:
        # Its projects count their monitors in it as those go: it must outlive them.
        has_projects = any(
            one.project_id and one.organization_id == remnant.organization_id for one in others
        )
        return has_projects or bool(tools.projects.ids_in(remnant.organization_id))
    incidents, specs = tools.incidents.of_project, tools.monitors.specs_of
    return bool(specs(remnant.project_id) or incidents(remnant.project_id))


def _clear_project(tools: Toolbox, project_id: str) -> bool:
    """Delete a part of what a project owned; return whether any may be left."""
    has_keys = not _take_back(tools, project_id)
    specs = tools.monitors.specs_of(project_id)
    for monitor in tools.monitors.with_states(specs[:AT_ONCE]):
        _remove(tools, monitor)
    return any(
        (
            has_keys,
            len(specs) > AT_ONCE,
            tools.incidents.purge(project_id, AT_ONCE),
            tools.remnants.clear(project_id, ENTRIES_AT_ONCE),
        )
    )


def _clear_organization(tools: Toolbox, organization_id: str, now: datetime) -> bool:
    projects = tools.projects.of_organization(organization_id)
    # What opens any of it goes first, however long the rest takes.
    owners = organization_id, *(project.project_id for project in projects)
    taken_back = [_take_back(tools, owner_id) for owner_id in owners]
    for project in projects:
        organization = tools.organizations.find(organization_id, deleted=True)
        with suppress(Conflict):  # somebody else clears it, too
            tools.projects.remove(project, organization, organization.default_project_id, now)
        begin(tools, Remnant(project.project_id, organization_id, now), now)
    return not all(taken_back)


def _take_back(tools: Toolbox, owner_id: str) -> bool:
    """Revoke all keys of an owner; return whether none was in use by somebody else's write at this moment."""
    is_done = True
    for key in tools.keys.of_owner(owner_id):
        try:
            tools.keys.revoke(key)
        except NotFound:
            continue
        except Conflict:
            is_done = False
    return is_done


def _remove(tools: Toolbox, monitor: Monitor) -> None:
    # Asked first, as when a person deletes it: were the crash to come between the two, the purge would wait.
    tools.queues.purge(Purge(monitor.spec.monitor_id))
    with suppress(Conflict, NotFound):
        tools.commits.remove(monitor)
