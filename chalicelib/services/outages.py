"""What opens by itself: a flip opens an incident, and the flip that ends it resolves it."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.channels.wording import CAUSES
from chalicelib.core import incidents as story
from chalicelib.core import timers
from chalicelib.core.errors import Conflict, NotFound, Unavailable
from chalicelib.core.incidents import Incident, Stage
from chalicelib.core.maintenance import cover_end
from chalicelib.core.monitors import Monitor
from chalicelib.core.status import Category
from chalicelib.core.steps import Flip
from chalicelib.messages import Timer, to_text
from chalicelib.services import describing, levels, telling
from chalicelib.services.punctuality import set_timer
from chalicelib.storage.setups import Setup
from chalicelib.toolbox import Toolbox

TRIES = 5
SETTLED = timedelta(seconds=5)  # by then a window that changes now has changed, and indexes show it

log = logging.getLogger(__name__)


def begin(tools: Toolbox, monitor: Monitor, flip: Flip, setup: Setup, now: datetime) -> Incident:
    """Open the incident of a *flip*, or find it open; it is held back under maintenance (R12, R59).

    Told again it opens no second one. What is held back is soon looked at again: somebody may have changed
    the windows since they were read.
    """
    incident = _opened(tools, monitor, flip, setup, now)
    for attempt in range(TRIES):
        try:
            tools.incidents.add(incident, story.line(incident, flip.at, describing.why(tools, flip)))
        except Conflict:
            with suppress(NotFound):
                return tools.incidents.find(incident.incident_id)
            tools.back_off(attempt)  # it was no other incident that was in the way
        else:
            set_timer(tools, incident, now)
            return incident
    raise Conflict("this incident could not be opened")


def _opened(tools: Toolbox, monitor: Monitor, flip: Flip, setup: Setup, now: datetime) -> Incident:
    spec, windows = monitor.spec, setup.windows
    held_until = cover_end(windows, spec, flip.at) or cover_end(windows, spec, now)
    incident = story.open_for(spec, flip, held_until)
    if held_until:
        return replace(incident, look_at=min(held_until, now + SETTLED))
    return wound(tools, incident, monitor, setup, now)


def wound(tools: Toolbox, incident: Incident, monitor: Monitor, setup: Setup, now: datetime) -> Incident:
    """Return *incident*, of which its channels hear now, with all that time will do to it."""
    if incident.category is Category.INCIDENT:
        incident = replace(incident, breaks_at=levels.next_break(tools, monitor, now))
    return timers.wound(incident, monitor.spec, setup.policy_of(monitor.spec), incident.created)


class Ending(NamedTuple):
    """How a story ended: whether people are to hear of it, and the incident as it was, unless deleted."""

    is_news: bool
    incident: Incident | None = None


def end(tools: Toolbox, monitor: Monitor, setup: Setup, flip: Flip, now: datetime) -> Ending:
    """Resolve the incident that *flip* ends.

    Whoever releases it at this moment may not have told of it yet: then that is done first.
    """

    def catch_up(incident: Incident) -> None:
        telling.queue(tools, monitor.spec, setup.channels, telling.opening(incident), now)

    opened = flip.began or flip.at
    return resolve(tools, monitor.spec.monitor_id, opened, (flip.at, CAUSES[flip.cause]), catch_up)


def resolve(
    tools: Toolbox,
    monitor_id: str,
    opened: datetime,
    said: tuple[datetime, str],
    catch_up: Callable[[Incident], None] = lambda _: None,
) -> Ending:
    """Resolve the incident of what *opened* then, saying when and why.

    One that was held back leaves no trace; where a person resolved it, that was its end, and was told; one
    that a person deleted ends all the same. Where it is public, but nobody was told of it yet, *catch_up*
    comes first.
    """
    at, message = said
    for attempt in range(TRIES):
        try:
            incident = tools.incidents.find(story.incident_of(monitor_id, opened))
        except NotFound:
            return Ending(is_news=True)
        try:
            if incident.held:
                tools.incidents.remove(incident)
                return Ending(is_news=False)
            if incident.is_untold:
                catch_up(incident)
            if incident.is_open:
                resolved = story.moved(incident, Stage.RESOLVED, at)
                tools.incidents.save(incident, resolved, story.line(resolved, at, message))
        except Conflict:
            tools.back_off(attempt)
        else:
            return Ending(incident.resolved in (None, max(at, incident.created)), incident)
    raise Conflict("too many others change this incident at the moment")


@contextmanager
def rechecking(tools: Toolbox, project_id: str, now: datetime) -> Iterator[None]:
    """Look at what maintenance holds back in a project once its windows were changed in the block (R60, R61).

    It is asked for before the change, for a moment later: whoever dies after it is followed.
    """
    held = [incident.incident_id for incident in tools.incidents.open_of(project_id) if incident.held]
    tools.queues.wake([Timer(incident_id, to_text(now + SETTLED)) for incident_id in held], now)
    yield
    try:
        tools.queues.wake([Timer(incident_id, to_text(now)) for incident_id in held], now)
    except Unavailable:
        log.warning("what was held back waits for the later look", extra={"project_id": project_id})
