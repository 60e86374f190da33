"""A small world for long stories: a job, a shop seen from three regions, and people around them."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.core.consensus import Answer, Result
from chalicelib.core.status import Verdict
from chalicelib.local.house import House
from chalicelib.messages import FlipNotice, ResultBundle
from chalicelib.services import judging
from chalicelib.services.keys import PREFIXES, KeyWish, issue
from chalicelib.services.links import acknowledge_url
from chalicelib.services.tenancy import found
from tests.stories.neighbours import Check, Queue, Receiver, new_channel, new_check, queue_of, table_of
from tests.stories.targets import Probe, cut_off
from tests.stories.telling import INCIDENTS, MINUTE, SECOND, WINDOWS, asked, pass_to, spelled

ADDRESS = "https://wakeful.test"
REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-1")
SEEN = {"u": Verdict.UP, "s": Verdict.DEGRADED, "d": Verdict.DOWN, "?": None}
SIGNALS = {
    "success": "/ping/{}",
    "beat": "/api/v1/heartbeat/{}",
    "start": "/v1/ping/{}/start",
    "fail": "/api/v1/heartbeat/{}/fail",
}
FORGOTTEN = {  # moto looks at every item of a table, and at every message
    "tables": ("monitors", "pings", "flips", "rounds", "rollups", "deliveries", "incidents", "audits"),
    "queues": ("deliveries", "wakes", "scans", "dead-letters", "flips-subscription"),
}


@dataclass
class Work:
    """A maintenance window as whoever announced it remembers it."""

    window_id: str
    starts: datetime
    ends: datetime
    check_ids: tuple[str, ...]


@dataclass
class World:
    """A project with both monitors in it, a webhook that hears of them, and a key for each dialect."""

    house: House
    receiver: Receiver
    keys: dict[str, str]
    beat: Check
    shop: Probe
    works: list[Work] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        """The moment at which everybody looks."""
        return self.house.clock.now

    @property
    def both(self) -> tuple[Check, Probe]:
        """All that is watched."""
        return self.beat, self.shop

    def ask(self, dialect: str, road: str) -> Any:
        """Return how somebody is answered who speaks *dialect*, and asks to see something."""
        return self.house.ask("GET", road, authorization=f"Bearer {self.keys[dialect]}")

    def read(self, dialect: str, road: str) -> Any:
        """Return what somebody is shown who speaks *dialect*."""
        reply = self.ask(dialect, road)
        assert reply.status == 200, (road, reply.text)
        return reply.json()

    def incidents(self) -> list[dict[str, Any]]:
        """Return the project's incidents as Haspulse shows them, the newest first."""
        return self.read("haspulse", f"{INCIDENTS}?limit=100")["incidents"]

    def is_worked_on(self, one: Check) -> bool:
        """Whether somebody said that *one* is maintained now."""
        running = [work for work in self.works if work.starts <= self.now < work.ends]
        return any(one.check_id in work.check_ids for work in running)

    # --- what happens ---------------------------------------------------------------------------------------

    def ping(self, signal: str) -> None:
        """Let the job tell something, by one dialect's address or another's."""
        method = "POST" if signal == "fail" else "GET"
        assert self.house.ask(method, SIGNALS[signal].format(self.beat.check_id)).status == 200

    def probe(self, letters: str, rounds: int = 1) -> None:
        """Let minutes pass, and the regions see the shop as *letters* say, in each of so many rounds."""
        for _ in range(rounds):
            self.house.advance(minutes=1)
            watch, key = self.shop.monitor.spec.watch, self.shop.check_id
            results = [_seen(*pair) for pair in zip(REGIONS, letters, strict=True)]
            answers = (Answer(key, self.now, watch.version, REGIONS, (), result) for result in results)
            judging.collect(self.house.tools, ResultBundle(tuple(answers)), self.now)
            self.house.pump.drain()

    def pause(self, which: int, is_v3: bool = False) -> None:
        """Let somebody stop watching one of both."""
        self._switch(which, "pause", is_v3=is_v3)

    def resume(self, which: int, is_v3: bool = False) -> None:
        """Let somebody watch one of both again, if it is paused."""
        self._switch(which, "resume", is_v3=is_v3)

    def _switch(self, which: int, verb: str, *, is_v3: bool) -> None:
        road = "/api/v3/checks" if is_v3 else "/v1/checks"
        reply = asked(self.house, "POST", f"{road}/{self.both[which].check_id}/{verb}")
        assert reply.status in (200, 409), reply.text

    def begin_work(self, minutes: int, *which: int) -> None:
        """Announce that somebody works on one, or on both, from now on."""
        ids = tuple(self.both[one].check_id for one in which)
        ends = self.now + minutes * MINUTE
        wish = {"startsAt": spelled(self.now), "endsAt": spelled(ends), "checkIds": list(ids)}
        made = asked(self.house, "POST", WINDOWS, title="Moving house", **wish).json()
        self.works.append(Work(made["id"], self.now, ends, ids))

    def end_work(self, is_deleted: bool) -> None:
        """End the oldest work that still goes on, or rub it out."""
        for work in [work for work in self.works if self.now < work.ends][:1]:
            method, wish = ("DELETE", {}) if is_deleted else ("PATCH", {"endsAt": spelled(self.now)})
            assert asked(self.house, method, f"{WINDOWS}/{work.window_id}", **wish).status in (200, 204, 400)
            work.ends = self.now

    def take_on(self, by: str, which: int) -> None:
        """Let somebody acknowledge an open incident: as Haspulse or StatusPulse does, or by its link."""
        for told in self._open(which):
            if by == "link":
                incident = self.house.tools.incidents.find(told["id"])
                link = acknowledge_url(self.house.tools, incident, self.now).removeprefix(ADDRESS)
                assert self.house.ask("POST", link).status == 200
            elif by == "haspulse":
                assert asked(self.house, "POST", f"{INCIDENTS}/{told['id']}/acknowledge").status == 200
            else:
                wish = {"incident_id": told["id"], "state": "acknowledged"}
                assert asked(self.house, "POST", INCIDENTS, **wish).json()["state"] == "acknowledged"

    def resolve(self, by: str, which: int) -> None:
        """Let somebody say that an open incident is over, whatever its monitor says."""
        for told in self._open(which):
            if by == "haspulse":
                done = asked(self.house, "PATCH", f"{INCIDENTS}/{told['id']}", status="RESOLVED").json()
                assert done["status"] == "RESOLVED"
            else:
                wish = {"incident_id": told["id"], "state": "resolved"}
                assert asked(self.house, "POST", INCIDENTS, **wish).json()["state"] == "resolved"

    def _open(self, which: int) -> list[dict[str, Any]]:
        """Return one of the open incidents, or none."""
        going_on = [one for one in self.incidents() if not one["resolvedAt"]]
        return [going_on[which % len(going_on)]] if going_on else []

    def escalate(self, which: int) -> None:
        """Let outages of one of both be told to the pager after five minutes."""
        road = f"/v1/monitors/{self.both[which].check_id}/config"
        assert asked(self.house, "PUT", road, escalation_policy="oncall").status == 200

    def repeat(self) -> None:
        """Let every flip be announced again, as SNS may do."""
        for one in self.both:
            for flip in one.flips:
                self.house.tools.queues.flip(FlipNotice.of(flip))

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.house.advance(seconds=seconds)

    def wait_long(self, hours: int) -> None:
        """Let hours pass."""
        pass_to(self.house, self.now + timedelta(hours=hours))

    def be_away(self, minutes: int) -> None:
        """Let time pass in which our cloud is away."""
        self.house.sleep(minutes=minutes)


def _seen(region: str, letter: str) -> Result:
    verdict = SEEN[letter]
    if verdict in (None, Verdict.DOWN):
        return Result(region, verdict, error="connection refused" if verdict else "no road there")
    return Result(region, verdict, ms=900.0 if verdict is Verdict.DEGRADED else 80.0, code=200)


def nobody_is_asked(house: House) -> None:
    """Let no prober really ask for the shop: there is none. The regions see what the story says."""
    for region in REGIONS:
        cut_off(house, region)


def new_world(house: House, receiver: Receiver) -> World:
    """Return a world that begins now, in a new minute, where all that was before is forgotten."""
    receiver.heard.clear()
    for short in FORGOTTEN["tables"]:
        table_of(house, short).items.clear()
    for short in FORGOTTEN["queues"]:
        queue_of(house, short).queue._messages.clear()
    for region in REGIONS:
        Queue(f"{house.tools.settings.prefix}-probes", region).queue._messages.clear()
    house.clock.now = house.clock.now.replace(second=0, microsecond=0) + MINUTE
    house = replace(house, foundation=found(house.tools, "A small world", house.clock.now))
    everywhere = new_channel(house, "WEBHOOK", url=receiver.url + "/")
    wish = {"type": "HTTP", "target": {"url": "https://shop.example/"}, "intervalSeconds": 60, "slowMs": 500}
    shop = asked(house, "POST", "/v1/checks", name="Shop", channelIds=[everywhere], **wish).json()["id"]
    house.clock.now += SECOND
    beat = new_check(house, name="Backup", timeout=300, grace=120, channels=everywhere)
    pager = new_channel(house, "WEBHOOK", url=receiver.url + "/pager")
    steps = [{"after_minutes": 5, "channels": [pager]}]
    assert asked(house, "POST", "/v1/escalation-policies", name="oncall", steps=steps).status == 201
    keys = {dialect: _key(house, KeyWish(dialect, prefix)) for dialect, prefix in PREFIXES.items()}
    house.clock.now += SECOND
    return World(house, receiver, keys, beat, Probe(house, shop))


def _key(house: House, wish: KeyWish) -> str:
    ours = house.foundation
    return issue(house.tools, ours.organization, ours.project.project_id, wish, house.clock.now).secret
