"""What an arriving ping means: its action, after the monitor's own rules have been asked."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from chalicelib.core.errors import Invalid, TooMany
from chalicelib.core.status import Status

if TYPE_CHECKING:
    from chalicelib.core.monitors import Monitor, Spec, State

PINGS_PER_MINUTE = 1000  # on every plan (R80)
BODY_LIMIT = 10_000  # bytes kept of a ping's body
PINGS_STORED = 1000  # kept of each monitor: the most that any plan shows
CANONICAL_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EMAIL = "email"  # the scheme of a ping that came by mail


class Action(StrEnum):
    """What a signal says; IGNORED is logged and changes nothing."""

    SUCCESS = "success"
    START = "start"
    FAIL = "fail"
    LOG = "log"
    IGNORED = "ign"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A ping as it came in, whoever carried it."""

    arrival_id: str
    action: Action
    rid: str = ""
    exit_status: int | None = None
    scheme: str = "http"
    method: str = "GET"
    remote_addr: str = ""
    agent: str = ""
    body: bytes = b""
    body_size: int = 0  # bytes kept, also where the body itself was not fetched
    subject: str = ""  # of a mail
    text: str = ""  # of a mail: what its reader sees


@dataclass(frozen=True, slots=True)
class Signal:
    """An arrival as the state machine takes it."""

    action: Action
    rid: str = ""
    arrival_id: str = ""


@dataclass(frozen=True, slots=True)
class Ping:
    """One line of a monitor's ping log; *n* counts from 1 without gaps."""

    monitor_id: str
    n: int
    at: datetime
    action: Action
    arrival: Arrival


def parse_rid(text: str | None) -> str:
    """Return the run id in lower case, or "" where none was given; else raise Invalid (R345)."""
    if text is None:
        return ""
    lowered = text.lower()
    if not CANONICAL_UUID.fullmatch(lowered):
        raise Invalid("rid", "invalid uuid format")
    return lowered


def classify(monitor: "Monitor", arrival: Arrival) -> Signal:
    """Ask the monitor's own rules what *arrival* means: pause, method, then keywords (R301, R303, R315)."""
    asleep = monitor.state.status is Status.PAUSED and monitor.spec.manual_resume
    action = Action.IGNORED if asleep else _action(monitor.spec, arrival)
    return Signal(action, arrival.rid, arrival.arrival_id)


def _action(spec: "Spec", arrival: Arrival) -> Action:
    if arrival.scheme == EMAIL:
        return _action_of_mail(spec, arrival)
    if spec.methods and arrival.method != spec.methods:
        return Action.IGNORED
    if spec.filter_http_body:
        # A body may be cut inside a character, or be no text at all; neither may lose the ping.
        return by_keywords(spec, arrival.body.decode(errors="replace"))
    return arrival.action


def _action_of_mail(spec: "Spec", arrival: Arrival) -> Action:
    """Return what a mail means: a success, unless its subject or body are to be searched (R311-R318)."""
    if not (spec.filter_subject or spec.filter_body):
        return arrival.action
    searched = [arrival.subject] * spec.filter_subject + [arrival.text] * spec.filter_body
    return by_keywords(spec, "\n".join(searched))


def by_keywords(spec: "Spec", text: str) -> Action:
    """Return what the keywords in *text* say: failure, then success, then start (R315)."""
    for keywords, action in (
        (spec.failure_kw, Action.FAIL),
        (spec.success_kw, Action.SUCCESS),
        (spec.start_kw, Action.START),
    ):
        if any(word in text for word in split_keywords(keywords)):
            return action
    return Action.FAIL if spec.filter_default_fail else Action.IGNORED


def split_keywords(keywords: str) -> list[str]:
    """Return the comma-separated words, trimmed, without empty ones."""
    return [word for part in keywords.split(",") if (word := part.strip())]


def minute_of(moment: datetime) -> int:
    """Return the number of the minute since 1970 that *moment* lies in."""
    return (moment - EPOCH) // MINUTE


def next_minute(moment: datetime) -> datetime:
    """Return the beginning of the minute after *moment*'s."""
    return moment.replace(second=0, microsecond=0) + MINUTE


def pace(state: "State", now: datetime) -> tuple[int, int]:
    """Return (minute, pings in it) with one more ping at *now*; raise TooMany past the limit (R80)."""
    minute = max(minute_of(now), state.minute)  # a straggler counts in the minute that has begun
    if minute != state.minute:
        return minute, 1
    if state.in_minute >= PINGS_PER_MINUTE:
        raise TooMany("rate limit exceeded", next_minute(now), PINGS_PER_MINUTE)
    return minute, state.in_minute + 1
