"""Who hears of what, and at which hours: a monitor's own rules (R119)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from chalicelib.core.status import Impact

MOST_RULES = 20
SEVERITIES = tuple(Impact)  # the least first


class Topic(StrEnum):
    """What a message is about, as rules name it."""

    DOWN = "down"
    UP = "up"
    REMINDER = "reminder"
    ESCALATION = "escalation"
    PERFORMANCE = "performance"
    SLA = "sla"
    DOMAIN = "domain"
    INCIDENT = "incident"  # what people say of one
    OTHER = "other"  # tests, and what concerns channels themselves: no rule holds it back


@dataclass(frozen=True, slots=True)
class Rule:
    """Messages about certain topics and of certain severities go to certain channels, and to no others."""

    channels: tuple[str, ...]  # ids
    topics: tuple[Topic, ...] = ()  # none: any
    severities: tuple[Impact, ...] = ()  # none: any

    def fits(self, topic: Topic, severity: Impact) -> bool:
        """Whether a message is this rule's business."""
        return (not self.topics or topic in self.topics) and (
            not self.severities or severity in self.severities
        )


def routed(rules: Sequence[Rule], topic: Topic, severity: Impact) -> frozenset[str] | None:
    """Return the channels of all rules that fit, or None where none does: then the monitor's own hear it."""
    fitting = [rule for rule in rules if rule.fits(topic, severity)]
    return frozenset(channel for rule in fitting for channel in rule.channels) if fitting else None


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of the day in which nobody is disturbed by what is less severe than *spares*."""

    begins: time
    ends: time  # the next day's, where it is not later than *begins*
    timezone: str = "UTC"
    spares: Impact = Impact.CRITICAL  # this and worse is told at any hour


def rests_until(quiet: Quiet | None, severity: Impact, now: datetime) -> datetime | None:
    """Return when the quiet hours that cover *now* end; None where it may be told at once."""
    if quiet is None or SEVERITIES.index(severity) >= SEVERITIES.index(quiet.spares):
        return None
    from zoneinfo import ZoneInfo  # slow: only who sleeps pays for it

    zone = ZoneInfo(quiet.timezone)
    local = now.astimezone(zone)
    for day in (local.date() - timedelta(days=1), local.date()):
        last = day if quiet.begins < quiet.ends else day + timedelta(days=1)
        begins = datetime.combine(day, quiet.begins, zone)
        ends = datetime.combine(last, quiet.ends, zone)
        # Compared as instants: two moments of one zone would be compared by their clocks.
        if begins.timestamp() <= now.timestamp() < ends.timestamp():
            return ends.astimezone(now.tzinfo)
    return None
