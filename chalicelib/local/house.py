"""The whole house in one process, its clock moved by hand: what a week brings, in seconds."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.local.emulation import build, emulated_aws
from chalicelib.local.front import Front, Reply
from chalicelib.local.inbox import Inbox
from chalicelib.local.pump import Pump
from chalicelib.services.tenancy import Foundation, found
from chalicelib.settings import Settings
from chalicelib.toolbox import Toolbox, using

FIRST_MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FURNISHED = Settings(
    probe_regions=("us-east-1", "eu-west-1", "ap-southeast-1"),
    allow_private_targets=True,
    mail_from="wakeful@example.org",
    mail_domain="pings.example.org",
)


@dataclass
class Clock:
    """A clock that stands still until somebody moves it."""

    now: datetime = FIRST_MORNING

    def __call__(self) -> datetime:
        """Return the present moment."""
        return self.now

    def rest(self, seconds: float) -> None:
        """Let somebody wait: the time passes at once."""
        self.now += timedelta(seconds=seconds)


@dataclass
class House:
    """A running deployment: its tools, its front door, and the messages between its rooms."""

    tools: Toolbox
    clock: Clock
    front: Front
    pump: Pump
    foundation: Foundation
    inbox: Inbox

    def advance(self, **delta: float) -> None:
        """Let time pass: ticks come every minute, messages when they are due, and all is worked off."""
        end = self.clock.now + timedelta(**delta)
        self.pump.drain()
        while self.clock.now < end:
            self.clock.now = min(self._next_moment(), end)
            if self.clock.now.second == 0 and self.clock.now.microsecond == 0:
                self.pump.tick()
            self.pump.drain()

    def sleep(self, **delta: float) -> None:
        """Let time pass without a single tick or message, as when the whole cloud is away."""
        self.clock.now += timedelta(**delta)

    def ask(self, method: str, target: str, body: bytes = b"", **headers: str) -> Reply:
        """Ask the front door; header names are given with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.front.ask(method, target, {"host": "wakeful.test", **named}, body)

    def mail(self, recipient: str, raw: bytes) -> None:
        """Let a mail come in, and be worked off."""
        self.inbox.take([recipient], raw)
        self.pump.drain()

    def _next_moment(self) -> datetime:
        """Return when something happens next: a tick, or a message that becomes visible."""
        now = self.clock.now
        tick = now.replace(second=0, microsecond=0) + MINUTE
        return min([tick, *(moment for moment in waiting_messages() if moment > now)])


def waiting_messages() -> Iterator[datetime]:
    """Yield when each message that now waits in a queue of moto becomes visible."""
    from moto.sqs.models import sqs_backends

    for region in sqs_backends["123456789012"].values():
        for queue in region.queues.values():
            for message in queue._messages:  # noqa: SLF001  the public list hides those that wait
                visible = max(message.visible_at, message.delayed_until)
                # moto wants the moment to be over; the next millisecond is soon enough.
                yield datetime.fromtimestamp(visible / 1000, UTC) + timedelta(milliseconds=1)


@contextmanager
def hand_moved_queues(clock: Clock) -> Iterator[None]:
    """Let moto's queues delay by our clock instead of the wall's."""
    from moto.sqs import models as moto_models

    models: Any = moto_models

    def seconds(moment: datetime | None = None) -> float:
        return (moment or clock.now).timestamp()

    def millis(moment: datetime | None = None) -> float:
        return seconds(moment) * 1000

    before = models.unix_time, models.unix_time_millis
    models.unix_time, models.unix_time_millis = seconds, millis
    try:
        yield
    finally:
        models.unix_time, models.unix_time_millis = before


@contextmanager
def built(settings: Settings | None = None, **tools: Any) -> Iterator[House]:
    """Build a house with one organization, one project and its keys; tear it down at the end."""
    from app import app

    clock = Clock()
    with emulated_aws(), hand_moved_queues(clock):
        wired = build(settings or FURNISHED)
        toolbox = Toolbox(wired, clock=clock, rest=clock.rest, **tools)
        with using(toolbox):
            foundation = found(toolbox, "Alice's project", clock())
            yield House(toolbox, clock, Front(app), Pump(app, wired), foundation, Inbox(wired))
