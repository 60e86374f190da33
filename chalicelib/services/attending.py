"""An incident's moment has come: it is released or told, people are reminded, steps are climbed."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from chalicelib.core import incidents as story
from chalicelib.core import timers
from chalicelib.core.alerts import Reason, able
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.incidents import Act, Incident, Update
from chalicelib.core.maintenance import cover_end
from chalicelib.core.metrics import Metric, lag
from chalicelib.core.monitors import Monitor, Spec
from chalicelib.core.status import Status
from chalicelib.core.timers import Duty
from chalicelib.messages import Timer
from chalicelib.services import levels, outages, telling
from chalicelib.services.punctuality import on_time, set_timer
from chalicelib.services.telling import News
from chalicelib.storage.setups import Setup
from chalicelib.toolbox import Toolbox


class Scene(NamedTuple):
    """An incident, the monitor that it is about, if any, and whoever may hear of it."""

    incident: Incident
    monitor: Monitor | None
    setup: Setup

    @property
    def spec(self) -> Spec | None:
        """What the monitor is."""
        return self.monitor.spec if self.monitor else None


def look(tools: Toolbox, message: Timer, now: datetime) -> None:
    """Look at one incident whose moment has come: do what is due, or leave it alone.

    Whoever is interrupted comes again, and finds what was queued: nobody is told twice.
    """
    moment = on_time(tools, message, now)
    if moment is None:
        return
    try:
        incident = tools.incidents.find(message.incident_id)
        if incident.look_at is None or not (incident.held or incident.look_at <= moment):
            return
        monitor = _monitor_of(tools, incident)
    except NotFound:
        return  # what is left of a deleted monitor, its incident too, is seen to by the purge
    if incident.look_at <= moment:
        tools.measure(Metric.WAKE_LAG, lag(incident.look_at, tools.clock()))
    scene = Scene(incident, monitor, tools.setups.of_project(incident.project_id))
    if incident.automatic and incident.is_open:
        _attend_outage(tools, scene, moment)
    elif incident.automatic and monitor is None:
        _leave(tools, incident)  # whoever deletes a monitor does not ask about it
    else:
        _attend(tools, scene, moment)


def _monitor_of(tools: Toolbox, incident: Incident) -> Monitor | None:
    """Return the monitor of an incident; one that is over, or that people told of, outlives its monitor."""
    if not incident.monitor_id:
        return None
    try:
        return tools.monitors.load(incident.monitor_id, fresh=True)
    except NotFound:
        if incident.automatic and incident.is_open:
            raise
        return None


def _attend_outage(tools: Toolbox, scene: Scene, now: datetime) -> None:
    incident, monitor = scene.incident, scene.monitor
    if monitor is None or not story.is_unsettled(incident, monitor.state):
        _leave(tools, incident)
        return
    held_until = cover_end(scene.setup.windows, monitor.spec, now) if not incident.is_untold else None
    if held_until:
        # Nobody is called under maintenance; but what people did themselves is told.
        paid = _paid(tools, scene, now) if incident.owed and not incident.held else incident
        held = tools.incidents.save(incident, replace(paid, look_at=held_until))
        set_timer(tools, held, now)
        return
    if incident.held:
        # It is opened before it is told: from here on its end is told, too, whoever announces that meanwhile.
        opened = story.released(incident, now)
        opened = replace(outages.wound(tools, opened, monitor, scene.setup, now), look_at=opened.look_at)
        scene = scene._replace(incident=tools.incidents.save(incident, opened))
    _attend(tools, scene, now)


def _leave(tools: Toolbox, incident: Incident) -> None:
    """Look no more at an incident whose outage is over: that its end is announced sees to it."""
    if incident.held:
        tools.incidents.remove(incident)
    elif not incident.is_untold:
        tools.incidents.save(incident, story.silenced(incident))


def _attend(tools: Toolbox, scene: Scene, now: datetime) -> None:
    """Tell what is owed, do what is due, and wind the timers for what comes next."""
    before, updates = scene.incident, []
    if before.owed:
        scene = scene._replace(incident=_paid(tools, scene, now))
    for duty, due in timers.due(before, now).items():
        incident, said = DOING[duty](tools, scene, due, now)
        scene = scene._replace(incident=incident)
        updates += said
    after = tools.incidents.save(before, timers.looking(scene.incident), *updates)
    set_timer(tools, after, now)


def _paid(tools: Toolbox, scene: Scene, now: datetime) -> Incident:
    """Tell what was done to an incident, and return it without that debt."""
    incident, spec, channels = scene.incident, scene.spec, scene.setup.channels
    deed, since = incident.owed or Act.OPENED, incident.owed_since or now
    news = telling.opening(incident) if deed is Act.OPENED else telling.act(incident, deed, since)
    if spec is None:
        telling.send(tools, able(news.reason, channels), news, None, now)
    else:
        called = incident.called if deed is not Act.OPENED else ()
        telling.queue_end(tools, spec, (channels, called), news, now)
    climb_at = timers.next_step(incident, scene.setup.policy_of(spec))
    paid = replace(incident, owed=None, owed_since=None, climb_at=climb_at)
    if deed is Act.OPENED and incident.acknowledged:
        # Programs that follow it were told of its beginning alone.
        return story.owing(paid, Act.ACKNOWLEDGED, incident.acknowledged)
    return paid


def _remind(tools: Toolbox, scene: Scene, due: datetime, now: datetime) -> tuple[Incident, list[Update]]:
    incident, spec = scene.incident, scene.spec
    if spec is None or spec.remind_every is None or incident.outage is None:
        return replace(incident, remind_at=None), []
    name = telling.reminder_story(spec.monitor_id, incident.outage, due)
    news = News(Reason.STILL_DOWN, name, incident.impact)
    telling.queue(tools, spec, scene.setup.channels, news, now)
    return replace(incident, remind_at=timers.next_reminder(incident, spec, max(due, now))), []


def _climb(tools: Toolbox, scene: Scene, due: datetime, now: datetime) -> tuple[Incident, list[Update]]:
    incident, policy = scene.incident, scene.setup.policy_of(scene.spec)
    step = policy.rung(incident.climbed) if policy else None
    at = timers.next_step(incident, policy)
    if policy is None or step is None or at is None or at > now:
        return replace(incident, climb_at=at), []  # the policy was changed meanwhile
    number, (_, rung) = incident.climbed, step
    wanted = [one for one in scene.setup.channels if one.channel_id in rung.channels and not one.broken]
    name = telling.rung_story(incident.incident_id, number)
    telling.send(tools, wanted, News(Reason.ESCALATED, name, incident.impact), scene.spec, now)
    called = dict.fromkeys((*incident.called, *(one.channel_id for one in wanted)))
    climbed = replace(incident, climbed=number + 1, called=tuple(called))
    again, step_number = divmod(number, len(policy.rungs))
    message = f"Escalated{' again' if again else ''}: step {step_number + 1} of {policy.name}."
    said = story.line(climbed, max(due, incident.created), message, f"step {number}")
    return replace(climbed, climb_at=timers.next_step(climbed, policy)), [said]


def _break(tools: Toolbox, scene: Scene, due: datetime, now: datetime) -> tuple[Incident, list[Update]]:
    incident, monitor = scene.incident, scene.monitor
    if monitor is None:
        return replace(incident, breaks_at=None), []
    said = [
        story.line(
            incident,
            due,
            f"The service level of {stands.sla.target} % is missed for this {stands.sla.period}.",
            f"level {stands.span.start}",
        )
        for stands in levels.tell(tools, monitor, scene.setup, (due, now), now)
    ]
    return replace(incident, breaks_at=levels.next_break(tools, monitor, now)), said


DOING = {Duty.REMIND: _remind, Duty.CLIMB: _climb, Duty.BREAK: _break}


def begin_anew(tools: Toolbox, monitor: Monitor, now: datetime) -> None:
    """Wind the timers of an outage that goes on, when somebody changed who is to hear of it.

    Doing so again changes nothing: a reminder that is due already stays so.
    """
    state = monitor.state
    if state.status is not Status.DOWN or state.since is None:
        return
    with suppress(NotFound, Conflict):
        incident = tools.incidents.find(story.incident_of(monitor.spec.monitor_id, state.since))
        if incident.held or incident.is_untold or incident.resolved:
            return
        setup = tools.setups.of_project(incident.project_id)
        anew = timers.wound(incident, monitor.spec, setup.policy_of(monitor.spec), now)
        reminders = [one for one in (incident.remind_at, anew.remind_at) if one]
        remind_at = min(reminders) if anew.remind_at else None
        breaks_at = levels.next_break(tools, monitor, now)
        anew = timers.looking(replace(anew, remind_at=remind_at, breaks_at=breaks_at))
        if anew != incident:
            set_timer(tools, tools.incidents.save(incident, anew), now)
