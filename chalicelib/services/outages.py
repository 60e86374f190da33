"""An outage opens an incident, its end resolves it; timers release what maintenance held back, and remind."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.channels.wording import CAUSES
from chalicelib.core import incidents as story
from chalicelib.core.alerts import Channel, Reason, plan
from chalicelib.core.errors import Conflict, NotFound, Unavailable
from chalicelib.core.incidents import Incident, Stage, Update
from chalicelib.core.maintenance import Window, cover_end
from chalicelib.core.monitors import Monitor, Spec
from chalicelib.core.status import Status
from chalicelib.core.steps import Flip
from chalicelib.messages import DeliveryNotice, Timer, to_text
from chalicelib.services import composing
from chalicelib.services.punctuality import on_time
from chalicelib.storage.deliveries import Delivery
from chalicelib.toolbox import Toolbox

TRIES = 5
SOON = timedelta(seconds=75)  # a timer nearer than this may fall before the next tick sees it
SETTLED = timedelta(seconds=5)  # by then a window that changes now has changed, and indexes show it

log = logging.getLogger(__name__)


class News(NamedTuple):
    """Why people are told something, and the name under which that is logged."""

    reason: Reason
    story: str


def story_of(monitor_id: str, at: datetime) -> str:
    """Return the name under which the deliveries of a flip are logged."""
    return f"flip#{monitor_id}#{to_text(at)}"


def reminder_of(monitor_id: str, outage: datetime, at: datetime) -> str:
    """Return the name under which the deliveries of a reminder are logged."""
    return f"still#{monitor_id}@{to_text(outage)}#{to_text(at)}"


def begin(tools: Toolbox, spec: Spec, flip: Flip, windows: list[Window], now: datetime) -> bool:
    """Open the incident of a *flip* to down; return whether people may hear of it yet (R12, R59).

    Told again it opens no second one. What is held back is soon looked at again: somebody may have changed
    the windows since they were read.
    """
    held_until = cover_end(windows, spec, flip.at) or cover_end(windows, spec, now)
    incident = story.open_for(spec, flip, held_until)
    if incident.held and incident.look_at:
        incident = replace(incident, look_at=min(incident.look_at, now + SETTLED))
    for attempt in range(TRIES):
        try:
            tools.incidents.add(incident, _told(incident, flip.at, composing.why(tools, flip)))
        except Conflict:
            with suppress(NotFound):
                return not tools.incidents.find(incident.incident_id).held
            tools.back_off(attempt)  # it was no other incident that was in the way
        else:
            set_timer(tools, incident, now)
            return not incident.held
    raise Conflict("this incident could not be opened")


def end(tools: Toolbox, spec: Spec, channels: list[Channel], flip: Flip, now: datetime) -> bool:
    """Resolve the incident whose outage *flip* ends; return whether people heard of that outage.

    Whoever releases it at this moment may not have told of the outage yet: then that is done first.
    """
    outage = flip.began or flip.at

    def catch_up() -> None:
        queue_deliveries(tools, spec, channels, _began(flip.monitor_id, outage), now)

    return resolve(tools, flip.monitor_id, outage, flip.at, CAUSES[flip.cause], catch_up)


def resolve(
    tools: Toolbox,
    monitor_id: str,
    outage: datetime,
    at: datetime,
    message: str,
    catch_up: Callable[[], None] = lambda: None,
) -> bool:
    """Resolve the incident of an outage *at* that time, saying why; return whether it was public.

    One that was held back leaves no trace; one that a person resolved or deleted stays as it is.
    Where it is public, but nobody was told of it yet, *catch_up* comes first.
    """
    for attempt in range(TRIES):
        try:
            incident = tools.incidents.find(story.incident_of(monitor_id, outage))
        except NotFound:
            return True
        try:
            if incident.held:
                tools.incidents.remove(incident)
                return False
            if incident.is_untold:
                catch_up()
            if incident.is_open:
                resolved = story.moved(incident, Stage.RESOLVED, at)
                tools.incidents.save(incident, resolved, _told(resolved, at, message))
        except Conflict:
            tools.back_off(attempt)
        else:
            return True
    raise Conflict("too many others change this incident at the moment")


def look(tools: Toolbox, message: Timer, now: datetime) -> None:
    """Look at one incident whose moment has come: release it, remind of it, or leave it alone."""
    moment = on_time(tools, message, now)
    if moment is None:
        return
    try:
        incident = tools.incidents.find(message.incident_id)
        if incident.look_at is None or not (incident.held or incident.look_at <= moment):
            return
        monitor = tools.monitors.load(incident.monitor_id, fresh=True)
    except NotFound:
        return  # what is left of a deleted monitor, its incident too, is seen to by the purge
    _act(tools, incident, monitor, moment)


def _act(tools: Toolbox, incident: Incident, monitor: Monitor, now: datetime) -> None:
    spec = monitor.spec
    if not story.is_unsettled(incident, monitor.state):
        _leave(tools, incident)
        return
    windows, channels = tools.windows.with_channels(spec.project_id)
    held_until = None if incident.is_untold else cover_end(windows, spec, now)
    if held_until:
        set_timer(tools, _moved_on(tools, incident, held_until), now)
        return
    if incident.held:
        # It is opened before it is told: from here on its end is told, too, whoever announces that meanwhile.
        incident = tools.incidents.save(incident, story.released(incident, now))
    due = incident.look_at or now
    outage = incident.outage or incident.created
    news = News(Reason.STILL_DOWN, reminder_of(spec.monitor_id, outage, due))
    # Whoever is interrupted comes again, and finds what was queued: nobody is told twice.
    news = _began(spec.monitor_id, outage) if incident.is_untold else news
    queue_deliveries(tools, spec, channels, news, now)
    last = due if incident.is_untold else max(due, now)
    set_timer(tools, _moved_on(tools, incident, story.next_reminder(incident, spec, last)), now)


def _leave(tools: Toolbox, incident: Incident) -> None:
    """Look no more at an incident whose outage is over: that its end is announced sees to it."""
    if incident.held:
        tools.incidents.remove(incident)
    elif not incident.is_untold:
        _moved_on(tools, incident, None)


def _began(monitor_id: str, outage: datetime) -> News:
    return News(Reason.WENT_DOWN, story_of(monitor_id, outage))


def _moved_on(tools: Toolbox, incident: Incident, look_at: datetime | None) -> Incident:
    return tools.incidents.save(incident, replace(incident, look_at=look_at))


@contextmanager
def rechecking(tools: Toolbox, project_id: str, now: datetime) -> Iterator[None]:
    """Look at what maintenance holds back in a project once its windows were changed in the block (R60, R61).

    It is asked for before the change, for a moment later: whoever dies after it is followed.
    """
    held = [incident.incident_id for incident in tools.incidents.of_project(project_id) if incident.held]
    tools.queues.wake([Timer(incident_id, to_text(now + SETTLED)) for incident_id in held], now)
    yield
    try:
        tools.queues.wake([Timer(incident_id, to_text(now)) for incident_id in held], now)
    except Unavailable:
        log.warning("what was held back in project %s waits for the later look", project_id)


def remind_anew(tools: Toolbox, monitor: Monitor, now: datetime) -> None:
    """Begin, or end, to remind of an outage that goes on, when somebody changed how often that is wanted."""
    state = monitor.state
    if state.status is not Status.DOWN or state.since is None:
        return
    with suppress(NotFound, Conflict):
        incident = tools.incidents.find(story.incident_of(monitor.spec.monitor_id, state.since))
        if not incident.held and not incident.is_untold:
            following = story.next_reminder(incident, monitor.spec, now)
            set_timer(tools, _moved_on(tools, incident, following), now)


def set_timer(tools: Toolbox, incident: Incident, now: datetime) -> None:
    """Send a timer for a moment that the next tick would see too late."""
    if incident.look_at is None or incident.look_at > now + SOON:
        return
    try:
        tools.queues.wake([Timer(incident.incident_id, to_text(incident.look_at))], now)
    except Unavailable:
        log.warning("the timer of incident %s waits for the next tick", incident.incident_id)


def queue_deliveries(tools: Toolbox, spec: Spec, channels: list[Channel], news: News, now: datetime) -> None:
    """Queue a message to each channel that must hear of it; doing so again queues no second one."""
    notices = []
    for channel in plan(news.reason, spec, channels):
        tools.deliveries.queue(Delivery(news.story, channel.channel_id, now, str(news.reason)))
        notices.append(DeliveryNotice(news.story, spec.project_id, channel.channel_id))
    tools.queues.deliver(notices)


def _told(incident: Incident, at: datetime, message: str) -> Update:
    update_id = story.identify(at, f"{incident.incident_id} {incident.stage}")
    return Update(update_id, incident.incident_id, at, incident.stage, message)
