"""What each Lambda is sized with: events as AWS hands them over, of the usual kind and of the heaviest."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.core.consensus import Answer, Result
from chalicelib.core.monitors import Spec
from chalicelib.core.status import Kind, Verdict
from chalicelib.core.targets import Assertion, DnsTarget, HttpTarget, Target, TcpTarget, TlsTarget
from chalicelib.local.pump import SCHEDULED
from chalicelib.messages import (
    Clearance,
    DeliveryNotice,
    FlipNotice,
    ProbeBundle,
    ProbeOrder,
    Purge,
    ResultBundle,
    ScanTick,
    WheelTick,
    to_text,
)
from tests.bench.events import Event, asked, called, published, queued
from tests.bench.loopback import HOST
from tests.bench.world import MINUTE, SECOND, World

HOME, *_ = REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-1")
MAIL_DOMAIN = "pings.example.org"
PHASES = {"dns": 1.5, "connect": 11.25, "tls": 24.5, "first_byte": 80.125}
ASSERTIONS = (Assertion("body", "contains", "well"), Assertion("json", "equals", "well", "$.items[0].state"))


@dataclass(frozen=True)
class Load:
    """What a function is given: *events* makes so many of them, for a process of its own."""

    function: str
    name: str
    events: Callable[[World, int], Iterable[Event]]
    is_usual: bool = True  # as most are, or as heavy as they come
    at_full_hour: bool = False  # when a tick has chores, and with an outward ping


def a_check(world: World, many: int) -> list[Event]:
    """Read one check."""
    return [asked(world.alice.api_key, "GET", f"/api/v3/checks/{spec.monitor_id}") for spec in world.up(many)]


def a_new_check(world: World, many: int) -> list[Event]:
    """Create a check."""
    key = world.alice.api_key
    return [asked(key, "POST", "/api/v3/checks/", {"name": f"backup {n}"}) for n in range(many)]


def a_page(world: World, many: int) -> list[Event]:
    """Open a monitor's page."""
    return [asked("", "GET", f"/monitors/{world.tools.new_id()}")] * many


def all_checks(world: World, many: int) -> list[Event]:
    """List a project of two hundred checks."""
    if not world.tools.monitors.specs_of(world.crowd.project.project_id):
        world.up(200, of=world.crowd.project)
    return [asked(world.crowd.api_key, "GET", "/api/v3/checks/")] * many


def a_ping(world: World, many: int) -> list[Event]:
    """Ping a check that is up."""
    (spec,) = world.up(1)
    return [called("GET", f"/ping/{spec.monitor_id}")] * many


def a_long_ping(world: World, many: int) -> list[Event]:
    """Ping a check with a megabyte of output, of which the beginning is kept."""
    (spec,) = world.up(1)
    return [called("POST", f"/ping/{spec.monitor_id}", b"output\n" * 150_000)] * many


def a_minute(_: World, many: int) -> list[Event]:
    """Tick."""
    return [SCHEDULED] * many


def nothing_due(world: World, many: int) -> Iterator[Event]:
    """Look at a shard in which nothing is due; a shard that there is not is such a one."""
    return (queued(ScanTick(to_text(world.now), 1)) for _ in range(many))


def a_thousand_deadlines(world: World, many: int) -> Iterator[Event]:
    """Look at a shard in which a thousand heartbeats are due within a minute."""
    if not world.tools.monitors.due(0, world.now + MINUTE, None, 1)[0]:
        world.up(1000, MINUTE)
    return (queued(ScanTick(to_text(world.now), 0)) for _ in range(many))


def on_the_wheel(slot: str, interval: timedelta, urls: int) -> Callable[[World, int], Iterator[Event]]:
    """Return what looks at a slot of the wheel with so many URLs, each probed from three regions."""

    def turn(world: World, many: int) -> Iterator[Event]:
        if not world.tools.monitors.in_slot(slot, "", 1)[0]:
            world.store(world.probed(urls, interval), slot)
        since = world.now + 10 * MINUTE
        return (queued(WheelTick([slot], to_text(since), to_text(since + MINUTE))) for _ in range(many))

    return turn


def timeouts(at_once: int) -> Callable[[World, int], Iterator[Event]]:
    """Return what finds so many heartbeats late at one go."""
    return lambda world, many: (queued(*world.overdue(at_once)) for _ in range(many))


def an_outage_to_three(world: World, many: int) -> Iterator[Event]:
    """Announce an outage to three channels."""
    return (published(FlipNotice.of(flip).to_json()) for flip in world.fallen(many))


def an_outage_to_twenty(world: World, many: int) -> Iterator[Event]:
    """Announce an outage to twenty channels."""
    return (published(FlipNotice.of(flip).to_json()) for flip in world.fallen(many, world.crowd.project))


def message_over(kind: str) -> Callable[[World, int], Iterator[Event]]:
    """Return what tells an outage over a channel of *kind*."""

    def told(world: World, many: int) -> Iterator[Event]:
        project_id = world.alice.project.project_id
        for delivery in world.told(many, kind):
            yield queued(DeliveryNotice(delivery.story, project_id, delivery.channel_id))

    return told


def a_hundred_pings(world: World, many: int) -> Iterator[Event]:
    """Delete what is left of a check with a hundred pings."""
    return (published(Purge(world.remains(100)).to_json()) for _ in range(many))


def a_month_of_rounds(world: World, many: int) -> list[Event]:
    """Delete five hundred pings, and as many rounds, of a monitor that left more than that."""
    return [published(Purge(world.remains(500 * many, 500 * many)).to_json())] * many


def a_project(world: World, many: int) -> list[Event]:
    """Delete twenty-five of the monitors of a project that is gone."""
    gone = replace(world.alice.project, project_id=world.tools.new_id())
    world.store(world.specs(25 * many, gone))
    return [published(Clearance(gone.project_id, gone.organization_id).to_json())] * many


def a_mail(size: int) -> Callable[[World, int], Iterator[Event]]:
    """Return what takes a mail of so many bytes for a ping."""

    def posted(world: World, many: int) -> Iterator[Event]:
        (spec,) = world.up(1)
        address = f"{spec.monitor_id}@{MAIL_DOMAIN}"
        head = f"From: cron@example.org\r\nTo: {address}\r\nSubject: Backup done\r\n"
        raw = f"{head}Content-Type: text/html\r\n\r\n{'<p>All of it is <b>well</b>.</p>' * (size // 32)}"
        for n in range(many):
            notice = {
                "mail": {"messageId": f"{spec.monitor_id}-{n}"},
                "receipt": {"recipients": [address]},
                "content": b64encode(raw.encode()).decode(),
            }
            yield published(json.dumps(notice))

    return posted


def _targets(world: World) -> Iterator[tuple[Kind, Target]]:
    port = world.peers.targets
    yield Kind.HTTP, HttpTarget(f"https://{HOST}:{port}/", assertions=ASSERTIONS)
    yield Kind.TCP, TcpTarget(HOST, port)
    yield Kind.TLS, TlsTarget(HOST, port)
    yield Kind.DNS, DnsTarget("shop.example", resolver=f"127.0.0.1:{port}")


def bundle(size: int, *, of_every_kind: bool = False) -> Callable[[World, int], Iterator[Event]]:
    """Return what probes so many targets: URLs alone, or every kind, the DNS of which nobody answers."""

    def order(world: World, kind: Kind, target: Target, now: datetime) -> ProbeOrder:
        import msgspec

        told = msgspec.to_builtins(target)
        return ProbeOrder(world.tools.new_id(), now, 1, kind, told, 10.0, REGIONS)

    def ordered(world: World, many: int) -> Iterator[Event]:
        known = list(_targets(world))[: None if of_every_kind else 1]
        for _ in range(many):
            now = world.now
            orders = (order(world, *known[n % len(known)], now) for n in range(size))
            yield queued(ProbeBundle(HOME, now, tuple(orders)))

    return ordered


def answers(bundles: int, size: int) -> Callable[[World, int], Iterator[Event]]:
    """Return what hears so many bundles of so many answers, each of which decides its round."""

    def answer(spec: Spec, at: datetime) -> Answer:
        result = Result(HOME, Verdict.UP, 120.5, 200, phases=PHASES, facts={"ip": "192.0.2.1"})
        return Answer(spec.monitor_id, at, 1, (HOME,), (), result)

    def heard(world: World, many: int) -> Iterator[Event]:
        specs = world.store(world.probed(bundles * size, regions=(HOME,)))
        for second in range(many):
            at = world.now + second * SECOND
            parts = (specs[n::bundles] for n in range(bundles))
            yield queued(*(ResultBundle(tuple(answer(spec, at) for spec in part)) for part in parts))

    return heard


LOADS = (
    Load("api_handler", "a check", a_check),
    Load("api_handler", "a new check", a_new_check),
    Load("api_handler", "a page", a_page),
    Load("api_handler", "200 checks", all_checks, is_usual=False),
    Load("ping", "a ping", a_ping),
    Load("ping", "a megabyte", a_long_ping, is_usual=False),
    Load("scan", "nothing due", nothing_due),
    Load("scan", "1,000 deadlines", a_thousand_deadlines, is_usual=False),
    Load("scan", "500 URLs, once", on_the_wheel("60:0:0", MINUTE, 500), is_usual=False),
    Load("scan", "1,000 URLs, six times", on_the_wheel("10:0:0", 10 * SECOND, 1000), is_usual=False),
    Load("wake", "one timeout", timeouts(1)),
    Load("wake", "ten timeouts", timeouts(10), is_usual=False),
    Load("announce", "to 3 channels", an_outage_to_three),
    Load("announce", "to 20 channels", an_outage_to_twenty, is_usual=False),
    Load("notify", "webhook", message_over("WEBHOOK")),
    Load("notify", "e-mail", message_over("EMAIL")),
    Load("notify", "Apprise", message_over("APPRISE"), is_usual=False),
    Load("purge", "100 pings", a_hundred_pings),
    Load("purge", "1,000 rows", a_month_of_rounds, is_usual=False),
    Load("purge", "25 of a project", a_project, is_usual=False),
    Load("receive", "2 kB", a_mail(2_000)),
    Load("receive", "100 kB", a_mail(100_000), is_usual=False),
    Load("probe", "5 URLs", bundle(5)),
    Load("probe", "50 URLs", bundle(50), is_usual=False),
    Load("probe", "50 of every kind", bundle(50, of_every_kind=True), is_usual=False),
    Load("collect", "one of 5", answers(1, 5)),
    Load("collect", "five of 50", answers(5, 50), is_usual=False),
    Load("tick", "a minute", a_minute),
    Load("tick", "a full hour", a_minute, is_usual=False, at_full_hour=True),
)
