"""How a monitor stands against the service level that was promised, and when it would miss it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.core.alerts import Reason
from chalicelib.core.monitors import Monitor
from chalicelib.core.service_levels import Sla, breaks_at
from chalicelib.core.spans import Span
from chalicelib.core.uptime import Tally
from chalicelib.services import history, telling
from chalicelib.services.telling import News
from chalicelib.storage.setups import Setup
from chalicelib.toolbox import Toolbox


@dataclass(frozen=True, slots=True)
class Standing:
    """What a period came to so far; *budget* is the downtime that the whole of it allows."""

    sla: Sla
    span: Span
    tally: Tally
    budget: timedelta

    @property
    def spent(self) -> timedelta:
        """The downtime so far."""
        return self.tally.down

    @property
    def left(self) -> timedelta:
        """How much more there may be."""
        return max(self.budget - self.spent, timedelta())

    @property
    def is_broken(self) -> bool:
        """Whether it has been down for all that the period allows, or longer."""
        return self.spent >= self.budget


def standing(tools: Toolbox, monitor: Monitor, now: datetime) -> Standing | None:
    """Return how the present period stands, or None where nothing was promised: three Queries."""
    sla = monitor.spec.sla
    return of_period(tools, monitor, sla.period.around(now), now) if sla else None


def of_period(tools: Toolbox, monitor: Monitor, span: Span, now: datetime) -> Standing | None:
    """Return how one period stands at *now*."""
    sla = monitor.spec.sla
    if sla is None:
        return None
    return Standing(sla, span, history.uptime(tools, monitor, span, now), sla.budget(span))


def next_break(tools: Toolbox, monitor: Monitor, now: datetime) -> datetime | None:
    """Return when the service level is missed if what is down at *now* stays so, or None."""
    stands = standing(tools, monitor, now)
    if stands is None:
        return None
    if stands.is_broken:
        return stands.span.end + stands.sla.budget(stands.sla.period.around(stands.span.end))
    return breaks_at(stands.sla, stands.spent, now)


def tell(
    tools: Toolbox, monitor: Monitor, setup: Setup, moments: Iterable[datetime], now: datetime
) -> list[Standing]:
    """Tell, once a period, that the service level was missed in those that *moments* lie in.

    Return how each of them stands that was missed: whoever is late finds that another has begun.
    """
    sla = monitor.spec.sla
    spans = dict.fromkeys(sla.period.around(moment) for moment in moments) if sla else ()
    stood = [of_period(tools, monitor, span, now) for span in spans]
    missed = [stands for stands in stood if stands and stands.is_broken]
    for stands in missed:
        story = telling.level_story(monitor.spec.monitor_id, stands.span.start)
        news = News(Reason.SLA_MISSED, story, monitor.spec.severity)
        telling.queue(tools, monitor.spec, setup.channels, news, now)
    return missed
