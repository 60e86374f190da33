"""Who is asking, may they still, and is this theirs: the one place where tenants are told apart."""

from datetime import datetime

from chalicelib.core.errors import Forbidden, NotFound, Unauthorized
from chalicelib.core.monitors import Monitor
from chalicelib.core.tenancy import Caller, hash_secret
from chalicelib.storage.keys import Lane
from chalicelib.toolbox import Toolbox

LONGEST_SECRET = 200


def enter(tools: Toolbox, secret: str, lane: Lane, now: datetime) -> Caller:
    """Return who holds *secret*, one call poorer; raises Unauthorized, Forbidden (suspended), TooMany."""
    if not secret or len(secret) > LONGEST_SECRET:
        raise Unauthorized("missing key")
    key, quota = tools.keys.spend(hash_secret(secret), lane, now)
    if key.suspended:
        raise Forbidden("API key is suspended")
    return Caller(key, key.project_id, quota)


def require_write(caller: Caller) -> None:
    """Raise Forbidden unless *caller* may change things."""
    if not caller.may_write:
        raise Forbidden("this key may only read")


def own(tools: Toolbox, caller: Caller, monitor_id: str, *, fresh: bool = False) -> Monitor:
    """Return the monitor if it is the caller's; raises NotFound, and Forbidden for another project's."""
    monitor = tools.monitors.load(monitor_id, fresh=fresh)
    if monitor.spec.project_id != caller.project_id:
        raise Forbidden("this check belongs to another project")
    return monitor


def own_by_unique_key(tools: Toolbox, caller: Caller, key: str) -> Monitor:
    """Return the caller's monitor with that unique key; to other projects it is NotFound (R279, R283)."""
    project_id, monitor_id = tools.projects.of_unique_key(key)
    if project_id != caller.project_id:
        raise NotFound("Check not found")
    return own(tools, caller, monitor_id)
