"""The names of targets are surveyed: once a day, and at once where one is new; what is found is kept."""

import logging
from contextlib import suppress
from datetime import datetime

from chalicelib.core.errors import Conflict, NotFound, Unavailable
from chalicelib.core.findings import Findings, compare, host_of, learned, next_look
from chalicelib.core.monitors import Spec
from chalicelib.messages import SurveyOrder, SurveyResult, SurveyTick, from_text, to_text
from chalicelib.services import expiring
from chalicelib.toolbox import Toolbox

PER_MESSAGE = 500  # hosts that one tick orders the surveys of before it hands over to the next
TRIES = 5

log = logging.getLogger(__name__)


def begin(tools: Toolbox, spec: Spec) -> None:
    """Have the host of a monitor that is new, or has a new one, surveyed at once.

    Where that fails it is surveyed within the hour: that it is due is noted already.
    """
    host = host_of(spec)
    if host is None:
        return
    try:
        tools.queues.survey([SurveyOrder(spec.monitor_id, host)])
    except Unavailable:
        log.warning("a survey waits for the full hour", extra={"monitor_id": spec.monitor_id})


def tick(tools: Toolbox, now: datetime) -> None:
    """Have everything surveyed that is due; once an hour."""
    tools.queues.scan([SurveyTick(to_text(now))])


def order_due(tools: Toolbox, message: SurveyTick, now: datetime) -> None:
    """Order the surveys that are due, each for once a day, and hand on what is too much at one go."""
    dues = tools.findings.due(from_text(message.due_by), PER_MESSAGE)
    # They are ordered before that is noted: whoever dies in between orders some twice, and none never.
    tools.queues.survey(SurveyOrder(due.monitor_id, due.host, due.domain) for due in dues)
    for due in dues:
        with suppress(Conflict):
            tools.findings.postpone(due, next_look(due.look_at, now))
    if len(dues) == PER_MESSAGE:
        tools.queues.scan([message])


def take(tools: Toolbox, result: SurveyResult, now: datetime) -> None:
    """Keep what a survey found, and warn people where that is due.

    One about another host than the monitor has now, or older than the last, changes nothing. The last one,
    told again, goes on where an earlier try may have stopped: between what was found and the warning.
    """
    survey = result.survey
    for attempt in range(TRIES):
        try:
            known = tools.findings.find(result.monitor_id)
        except NotFound:
            return
        if survey.host != known.host or (known.checked and survey.at < known.checked):
            return
        try:
            if known.host and survey.at != known.checked:
                baselines, changes = compare(known.baselines, survey)
                before, known = known, learned(known, survey, baselines)
                tools.findings.learn(before, known, changes)
        except Conflict:
            tools.back_off(attempt)
        else:
            _act(tools, known, now)
            return
    raise Conflict("too many surveys of this host at the moment")


def _act(tools: Toolbox, known: Findings, now: datetime) -> None:
    expiring.attend(tools, known, now)
    if not known.host:
        with suppress(Conflict):  # it has one again
            tools.findings.forget(known)


def purge(tools: Toolbox, monitor_id: str, now: datetime, limit: int) -> bool:
    """Delete up to *limit* rows of what was found about a monitor that is gone, and end its warning.

    Return whether any may be left.
    """
    with suppress(NotFound):
        expiring.give_up(tools, tools.findings.find(monitor_id), now)
    return tools.findings.purge(monitor_id, limit)
