"""What people read: the log of pings, the history of flips, and badges."""

from datetime import datetime, timedelta

from chalicelib.core.badges import ALL, Badge, badge_of, is_signed
from chalicelib.core.errors import NotFound
from chalicelib.core.heartbeats import view
from chalicelib.core.monitors import Monitor
from chalicelib.core.signals import Ping
from chalicelib.core.status import Category, Status
from chalicelib.core.steps import Flip
from chalicelib.core.tenancy import Caller, Project
from chalicelib.services import access
from chalicelib.storage.flips import RETENTION
from chalicelib.toolbox import Toolbox

SOON = timedelta(days=1)  # no flip is later, whatever clocks say


def pings(tools: Toolbox, caller: Caller, monitor_id: str) -> list[Ping]:
    """Return the newest pings of a monitor, as many as the plan keeps (R340, R341)."""
    monitor = access.own(tools, caller, monitor_id)
    return tools.pings.latest(monitor_id, monitor.state.n_pings, caller.plan.pings_kept)


def ping_body(tools: Toolbox, caller: Caller, monitor_id: str, n: int) -> bytes:
    """Return the body of ping *n*, byte for byte; raises NotFound where none was kept (R348, R349)."""
    monitor = access.own(tools, caller, monitor_id)
    is_shown = monitor.state.n_pings - caller.plan.pings_kept < n <= monitor.state.n_pings
    body = tools.pings.find(monitor_id, n).arrival.body if is_shown else b""
    if not body:
        raise NotFound("Ping body not found")
    return body


def flips(
    tools: Toolbox, monitor: Monitor, start: datetime | None, end: datetime | None, now: datetime
) -> list[Flip]:
    """Return when a monitor went up and down from *start* up to *end*, the newest first (R351-R357).

    Pauses and resumptions say nothing of the thing watched, and are left out; so is how fast it is.
    """
    oldest, latest = now - RETENTION, now + SOON
    start, end = max(start or oldest, oldest), min(end or latest, latest)
    if start >= end:
        return []  # DynamoDB would not even be asked: it refuses such a question
    found = tools.flips.between(monitor.spec.monitor_id, start, end)
    told = (Status.UP, Status.DOWN)
    return [flip for flip in found if flip.new in told and flip.category is Category.INCIDENT]


def project(tools: Toolbox, caller: Caller) -> Project:
    """Return the project that the caller acts in."""
    return tools.projects.find(caller.project_id)


def tags(tools: Toolbox, caller: Caller) -> list[str]:
    """Return every tag in use in the project, sorted: one Query."""
    specs = tools.monitors.specs_of(caller.project_id)
    return sorted({tag for spec in specs for tag in spec.tags.split()})


def project_badge(
    tools: Toolbox, badge_key: str, signature: str, tag: str, *, states: int, now: datetime
) -> Badge:
    """Return the badge of a project's checks with *tag*; raises NotFound for a wrong signature (R362)."""
    project_id, monitor_id = tools.projects.of_badge_key(badge_key)
    shown = tools.projects.find(project_id)
    if monitor_id or not is_signed(signature, tag, shown.badge_secret):
        raise NotFound("Badge not found")
    wanted = frozenset() if tag == ALL else frozenset({tag})
    specs = [spec for spec in tools.monitors.specs_of(project_id) if spec.has_tags(wanted)]
    views = (view(monitor.spec, monitor.state, now) for monitor in tools.monitors.with_states(specs))
    return badge_of(shown.name if tag == ALL else tag, views, states=states)


def monitor_badge(tools: Toolbox, badge_key: str, *, states: int, now: datetime) -> Badge:
    """Return the badge of one check; its key is not the check's id, so that a badge betrays no ping URL."""
    _, monitor_id = tools.projects.of_badge_key(badge_key)
    if not monitor_id:
        raise NotFound("Badge not found")
    monitor = tools.monitors.load(monitor_id)
    return badge_of(monitor.spec.title, [view(monitor.spec, monitor.state, now)], states=states)
