"""Who is asking, may they still, and is this theirs: the one place where tenants are told apart."""

from collections.abc import Callable, Iterable
from datetime import datetime

from chalicelib.core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorized
from chalicelib.core.monitors import Monitor
from chalicelib.core.signals import CANONICAL_UUID
from chalicelib.core.tenancy import Caller, hash_secret
from chalicelib.storage.keys import Lane
from chalicelib.toolbox import Toolbox

LONGEST_SECRET = 200
TRIES = 5


def enter(tools: Toolbox, secret: str, lane: Lane, now: datetime) -> Caller:
    """Return who holds *secret*, one call poorer; raises Unauthorized, Forbidden (suspended), TooMany.

    A key of organization level sees all of its projects, and creates in the default one.
    """
    if not secret or len(secret) > LONGEST_SECRET:
        raise Unauthorized("missing key")
    key, quota = tools.keys.spend(hash_secret(secret), lane, now)
    if key.suspended:
        raise Forbidden("API key is suspended")
    if key.project_id:
        return Caller(key, key.project_id, quota)
    try:
        organization = tools.organizations.find(key.organization_id)
    except NotFound as error:
        raise Unauthorized("the organization is gone") from error
    return Caller(key, organization.default_project_id, quota, is_wide=True)


def acting_in(tools: Toolbox, caller: Caller, project_id: str) -> Caller:
    """Return *caller* narrowed to one project, as a header or a parameter asks; "" leaves it as it is.

    Raises NotFound, and Forbidden for a project that is not its own.
    """
    if not project_id or (project_id == caller.project_id and not caller.is_wide):
        return caller
    if not CANONICAL_UUID.fullmatch(project_id):
        raise NotFound("Project not found")
    return Caller(caller.key, require_reach(tools, caller, project_id), caller.quota)


def require_write(caller: Caller) -> None:
    """Raise Forbidden unless *caller* may change things."""
    if not caller.may_write:
        raise Forbidden("this key may only read")


def require_organization(caller: Caller) -> None:
    """Raise Forbidden unless *caller* holds a key of organization level (R38)."""
    if not caller.is_of_organization:
        raise Forbidden("this needs a key of organization level")


def require_reach(tools: Toolbox, caller: Caller, project_id: str, missing: str = "Project not found") -> str:
    """Return *project_id* if it is the caller's; raises Forbidden, and NotFound where it is gone.

    *missing* is what is said then: whatever was looked for went with its project.
    """
    if caller.is_wide:
        try:
            project = tools.projects.find(project_id)
        except NotFound as error:
            raise NotFound(missing) from error
        if project.organization_id != caller.key.organization_id:
            raise Forbidden("this belongs to another organization")
    elif project_id != caller.project_id:
        raise Forbidden("this belongs to another project")
    return project_id


def reach(tools: Toolbox, caller: Caller) -> list[str]:
    """Return the ids of the projects that *caller* sees: its own, or all of its organization's."""
    return tools.projects.ids_in(caller.key.organization_id) if caller.is_wide else [caller.project_id]


def own(tools: Toolbox, caller: Caller, monitor_id: str, *, fresh: bool = False) -> Monitor:
    """Return the monitor if it is the caller's; raises NotFound, and Forbidden for another project's."""
    monitor = tools.monitors.load(monitor_id, fresh=fresh)
    require_reach(tools, caller, monitor.spec.project_id, "Check not found")
    return monitor


def own_all(tools: Toolbox, caller: Caller, project_id: str, monitor_ids: Iterable[str]) -> tuple[str, ...]:
    """Return *monitor_ids*, each once; raises Invalid where one is not the caller's or not that project's."""
    found = tuple(dict.fromkeys(monitor_ids))
    for monitor_id in found:
        try:
            monitor = own(tools, caller, monitor_id, fresh=True)
        except (NotFound, Forbidden) as refusal:
            raise Invalid("checkIds", f"names no check of yours: {monitor_id}") from refusal
        if monitor.spec.project_id != project_id:
            raise Invalid("checkIds", f"names a check of another project: {monitor_id}")
    return found


def own_by_unique_key(tools: Toolbox, caller: Caller, key: str) -> Monitor:
    """Return the caller's monitor with that unique key; to other projects it is NotFound (R279, R283)."""
    _, monitor_id = tools.projects.of_unique_key(key)
    try:
        return own(tools, caller, monitor_id)
    except Forbidden as error:
        raise NotFound("Check not found") from error


def add_to_project(tools: Toolbox, project_id: str, add: Callable[[], None]) -> None:
    """Have something added to a project by *add*, again where another write there was in the way.

    Raises NotFound where the project is gone.
    """
    for attempt in range(TRIES):
        try:
            add()
        except Conflict:
            tools.projects.find(project_id)
            tools.back_off(attempt)
        else:
            return
    raise Conflict("too many others change this project at the moment")
