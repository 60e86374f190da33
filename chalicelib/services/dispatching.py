"""Probes are sent out: by the wheel each minute, and at once where somebody waits for the first answer."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from chalicelib.core.errors import Unavailable
from chalicelib.core.monitors import Spec
from chalicelib.core.targets import Watch
from chalicelib.core.wheel import MICROSECOND, SECOND, moments, seen_to, slots_due, spread, window
from chalicelib.messages import (
    ProbeBundle,
    ProbeOrder,
    Wake,
    WheelTick,
    from_text,
    packed,
    to_text,
    weight_of,
)
from chalicelib.storage.ticks import Tick
from chalicelib.toolbox import Toolbox

PER_BUNDLE = 50  # as many as a prober starts within a second
BUNDLE_BYTES = 60_000  # SQS bills by 64 kB
PER_MESSAGE = 1_000  # monitors that are sent out at one go; the rest is handed on
BREATH = timedelta(seconds=5)  # between a first probe and the next
SECOND_LOOK = timedelta(seconds=2)  # after a first bad verdict: a target that restarts is no outage yet
LAST_ANSWERS = timedelta(minutes=5)  # a bundle sent ahead, its lateness, and the longest probe
WITNESSES = 2  # with a jury of one they make three, of whom two must agree

Appointment = tuple[datetime, Spec]

log = logging.getLogger(__name__)


def tick(tools: Toolbox, latest: Tick, now: datetime) -> None:
    """Have every shard look at its slots of the minutes that fall to this tick, if anybody is probed."""
    since, until = window(latest.at, now)
    ticks = []
    for shard in range(tools.settings.shards):
        slots = slots_due(latest.rings, since, until, shard)
        if slots and since < until:
            ticks.append(WheelTick(slots, to_text(since), to_text(until)))
    tools.queues.scan(ticks)


def send_out(tools: Toolbox, message: WheelTick, now: datetime) -> None:
    """Send out the probes of the slots that *message* names, and hand on what is too much at one go."""
    since, until = from_text(message.since), from_text(message.until)
    slots, after = message.slots, message.after_id
    seen: list[Spec] = []
    while slots and len(seen) < PER_MESSAGE:
        specs, more = tools.monitors.in_slot(slots[0], after, PER_MESSAGE - len(seen))
        seen += specs
        slots, after = (slots, specs[-1].monitor_id) if more else (slots[1:], "")
    due = (
        (moment, spec)
        for spec in seen
        if spec.watch
        for moment in moments(spec.monitor_id, spec.watch.interval, max(since, now), until)
    )
    tools.queues.probe(bundles(due, tools.settings.probe_regions), now)
    if slots:
        # Last of all: what failed is tried again, and must not have handed on the rest each time.
        tools.queues.scan([WheelTick(slots, message.since, message.until, after)])


def begin(tools: Toolbox, spec: Spec, now: datetime) -> None:
    """Probe a monitor that is new, changed or resumed: at once, and in the minutes that ticks passed over.

    Where that fails its first round comes with the wheel.
    """
    if spec.watch:
        due = _until_the_wheel_comes(tools, spec, spec.watch, now)
        _try(tools, spec, bundles(due, tools.settings.probe_regions), now)


def _until_the_wheel_comes(tools: Toolbox, spec: Spec, watch: Watch, now: datetime) -> Iterator[Appointment]:
    # A moment later than whatever began at *now*: a flip must be able to carry the round's own moment.
    yield now + MICROSECOND, spec
    latest = tools.ticks.latest().at
    if latest:
        for moment in moments(spec.monitor_id, watch.interval, now + BREATH, seen_to(latest)):
            yield moment, spec


def look_again(tools: Toolbox, spec: Spec, doubted: datetime, now: datetime) -> None:
    """Probe a monitor once more at once, since it seems down: from its own regions, and not from one alone.

    The round is named after the one at *doubted*, so that whoever asks for it again asks for the same.
    Where that fails the next round tells as much, only later.
    """
    found = bundles([(doubted + SECOND_LOOK, spec)], tools.settings.probe_regions, with_witnesses=True)
    _try(tools, spec, (replace(bundle, starts=now + SECOND_LOOK) for bundle in found), now)


def sweep_up(tools: Toolbox, spec: Spec, now: datetime) -> None:
    """Have a deleted monitor looked for once more when the last answers about it must be in.

    Where that cannot be asked for, what they leave is deleted when its time is over.
    """
    try:
        tools.queues.wake([Wake(spec.monitor_id, to_text(now + LAST_ANSWERS))], now)
    except Unavailable:
        log.warning("late answers stay for their time", extra={"monitor_id": spec.monitor_id})


def _try(tools: Toolbox, spec: Spec, found: Iterable[ProbeBundle], now: datetime) -> None:
    try:
        tools.queues.probe(found, now)
    except Unavailable:
        log.warning("probes wait for the wheel", extra={"monitor_id": spec.monitor_id})


def bundles(
    due: Iterable[Appointment], available: tuple[str, ...], *, with_witnesses: bool = False
) -> Iterator[ProbeBundle]:
    """Yield what every region must probe: who is due together shares messages, and many start spread out."""
    together: dict[datetime, dict[str, list[ProbeOrder]]] = defaultdict(lambda: defaultdict(list))
    for moment, spec in due:
        for region, order in _orders(moment, spec, available, with_witnesses=with_witnesses):
            together[moment][region].append(order)
    for moment, by_region in together.items():
        for region, orders in by_region.items():
            parts = list(packed(orders, weight_of, PER_BUNDLE, BUNDLE_BYTES))
            for wait, part in zip(spread(len(parts)), parts, strict=True):
                yield ProbeBundle(region, moment + wait, tuple(part))


def _orders(
    moment: datetime, spec: Spec, available: tuple[str, ...], *, with_witnesses: bool
) -> Iterator[tuple[str, ProbeOrder]]:
    watch = spec.watch
    if watch is None:
        return
    jury = watch.jury(available)
    witnesses = witnesses_for(jury, available) if with_witnesses else ()
    target = msgspec.to_builtins(watch.target)
    for region in (*jury, *witnesses):
        yield (
            region,
            ProbeOrder(
                spec.monitor_id,
                moment,
                watch.version,
                spec.kind,
                target,
                watch.timeout / SECOND,
                jury,
                witnesses,
                watch.slow_in(region),
            ),
        )


def witnesses_for(jury: tuple[str, ...], available: tuple[str, ...]) -> tuple[str, ...]:
    """Return the regions that are asked besides a jury of one; a larger one needs none."""
    return tuple(region for region in available if region not in jury)[:WITNESSES] if len(jury) == 1 else ()
