"""A deployment on an emulated AWS, furnished with whatever its Lambdas are to work off."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from chalicelib.core.alerts import Channel
from chalicelib.core.monitors import Spec, create
from chalicelib.core.schedules import Every
from chalicelib.core.status import Kind, Status
from chalicelib.core.steps import Flip
from chalicelib.core.targets import HttpTarget, Watch
from chalicelib.core.tenancy import Project
from chalicelib.messages import Wake, to_text
from chalicelib.services import announcing, waking
from chalicelib.services.tenancy import Foundation, found
from chalicelib.storage.deliveries import Delivery
from chalicelib.storage.entries import Entry
from chalicelib.storage.monitors import spec_item, state_item
from chalicelib.storage.pings import PingItem
from chalicelib.storage.projects import pointers_to
from chalicelib.storage.rounds import RoundItem
from chalicelib.storage.states import Part
from chalicelib.toolbox import Toolbox
from tests.bench.loopback import HOST, Peers

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
HOOK = {"method": "POST", "headers": {}, "body": ""}
MAILS = {"email": "alice@example.org", "up": True, "down": True}
APPRISE = {"url": f"pover://{'u' * 30}@{'a' * 30}"}


@dataclass
class World:
    """Alice's organization, whose project has a channel of three kinds, and another with twenty webhooks."""

    tools: Toolbox
    peers: Peers
    alice: Foundation = field(init=False)
    crowd: Foundation = field(init=False)
    channels: dict[str, Channel] = field(init=False)  # Alice's, by their kinds

    def __post_init__(self) -> None:
        """Found both."""
        self.alice, self.crowd = (found(self.tools, name, self.now) for name in ("Alice", "Crowd"))
        side = {"url": f"https://{HOST}:{self.peers.targets}/hook", **HOOK}
        webhook = {"down": side, "up": side, "secret": "s" * 32}
        kinds = {"WEBHOOK": webhook, "EMAIL": MAILS, "APPRISE": APPRISE}
        self.channels = {
            kind: self._channel(self.alice.project, kind, config) for kind, config in kinds.items()
        }
        for _ in range(20):
            self._channel(self.crowd.project, "WEBHOOK", webhook)

    @property
    def now(self) -> datetime:
        """The present moment."""
        return self.tools.clock()

    def _channel(self, of: Project, kind: str, config: dict[str, object]) -> Channel:
        channel = Channel(self.tools.new_id(), of.project_id, kind, kind, config, self.now)
        self.tools.channels.add(channel)
        return channel

    def specs(self, many: int, of: Project | None = None) -> list[Spec]:
        """Return *many* new heartbeats, each due every hour; they are not stored yet."""
        project = of or self.alice.project
        return [
            Spec(
                monitor_id=self.tools.new_id(),
                project_id=project.project_id,
                organization_id=project.organization_id,
                created=self.now - HOUR + n * SECOND / 10,
                badge_key=self.tools.new_id(),
                name=f"nightly backup {n:03d}",
                slug=f"nightly-backup-{n:03d}",
                tags="prod db",
                channel_kinds=("WEBHOOK", "EMAIL", "APPRISE"),
                schedule=Every(HOUR),
                grace=MINUTE,
            )
            for n in range(many)
        ]

    def probed(self, many: int, interval: timedelta = MINUTE, regions: tuple[str, ...] = ()) -> list[Spec]:
        """Return *many* new URLs that are probed; they are not stored yet."""
        url = f"https://{HOST}:{self.peers.targets}/health"
        watch = Watch(HttpTarget(url), interval, regions=regions, version=1)
        return [replace(spec, kind=Kind.HTTP, watch=watch) for spec in self.specs(many)]

    def store(self, specs: Iterable[Spec], slot: str | None = None, **state: object) -> list[Spec]:
        """Store *specs*, on the wheel where a *slot* is given; their *state* is new where none is told."""
        stored = list(specs)
        with Part.batch_write() as parts, Entry.batch_write() as pointers:
            for spec in stored:
                parts.save(spec_item(spec, slot))
                begun = replace(create(spec).state, **state)
                parts.save(state_item(spec.monitor_id, begun, self.tools.settings.shards))
                for pointer in pointers_to(spec):
                    pointers.save(pointer)
        return stored

    def up(self, many: int, due: timedelta = HOUR, of: Project | None = None) -> list[Spec]:
        """Store *many* heartbeats that are up, and that something is *due* for in so much time."""
        last_ping = self.now + due - HOUR - MINUTE
        told = {"status": Status.UP, "since": last_ping, "last_ping": last_ping, "n_pings": 7}
        return self.store(self.specs(many, of), look_at=last_ping + HOUR + MINUTE, **told)

    def overdue(self, many: int, of: Project | None = None) -> list[Wake]:
        """Store *many* heartbeats that are up and a second late; return the wakes that will find it."""
        due = self.now - SECOND
        return [Wake(spec.monitor_id, to_text(due)) for spec in self.up(many, -SECOND, of)]

    def fallen(self, many: int, of: Project | None = None) -> Iterator[Flip]:
        """Let *many* heartbeats go down, and yield the flips, not announced yet."""
        for wake in self.overdue(many, of):
            waking.wake(self.tools, wake, self.now)
            yield self.tools.flips.newest(wake.monitor_id, 1)[0]

    def told(self, many: int, kind: str) -> list[Delivery]:
        """Let *many* outages be announced, and return what is to be sent of them to a channel of *kind*."""
        for flip in self.fallen(many):
            announcing.announce(self.tools, flip.monitor_id, flip.at, self.now)
        return self.tools.deliveries.of_channel(self.channels[kind].channel_id, many)

    def remains(self, pings: int, rounds: int = 0) -> str:
        """Return the id of a monitor that is gone, but its pings and its rounds are there still."""
        monitor_id = self.tools.new_id()
        with PingItem.batch_write() as batch:
            for n in range(pings):
                batch.save(PingItem(monitor_id, f"ping#{n:03d}", n=n, at=self.now, action="success"))
        with RoundItem.batch_write() as batch:
            for n in range(rounds):
                batch.save(RoundItem(monitor_id, f"{n:06d}", panel="us-east-1|", results=["{}"]))
        return monitor_id
