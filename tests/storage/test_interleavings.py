"""Every interleaving of reads and conditional writes, one monitor, a few signals and looks at it.

The decisions are the core's own. The three writes are modelled here, so that some hundred thousand orders
take a second; a last test holds every write that the model makes against the real ones, on both engines.
"""

from collections import Counter
from dataclasses import dataclass, fields, replace
from enum import Enum
from functools import cache, partial
from itertools import pairwise, permutations

import pytest

from chalicelib.core.errors import Conflict
from chalicelib.core.heartbeats import deadline, lapse, receive
from chalicelib.core.monitors import State
from chalicelib.core.schedules import Every
from chalicelib.core.signals import PINGS_PER_MINUTE, Action, Signal, minute_of
from chalicelib.core.status import Status
from chalicelib.core.steps import Flip, is_turn
from chalicelib.storage.monitors import state_item, to_state
from chalicelib.storage.states import STATE, StateItem
from tests.storage.examples import HOUR, MINUTE, NOON, SECOND, a_spec

SPEC = a_spec(schedule=Every(HOUR), grace=10 * MINUTE)
COUNTERS = {"n_pings", "minute", "in_minute"}

# What must be as it was loaded for a turn to be written.
REV = frozenset({"rev"})
REV_AND_N = REV | {"n_pings"}
ALL = REV_AND_N | {"look_at"}


class Stage(Enum):
    """What an actor does next."""

    STEADY = "the write that needs no read"
    LOAD = "read"
    WRITE = "write what was decided on what was read"
    DONE = "nothing"


@dataclass(frozen=True)
class Actor:
    """A signal on its way in, or, without an action, a look at the monitor."""

    name: str
    action: Action | None
    now: object
    stage: Stage = Stage.LOAD
    warm: bool = False  # whether its process takes the minute for one that it has seen
    before: State | None = None


@dataclass(frozen=True)
class World:
    """What is stored, and everybody who is at it."""

    stored: State
    actors: tuple[Actor, ...]
    flips: tuple[Flip, ...] = ()
    numbers: tuple[int, ...] = ()  # that pings were given


@dataclass(frozen=True)
class Write:
    """A conditional write, by the arguments that the real one takes."""

    kind: str
    arguments: tuple[object, ...]


# --- the model of the three writes -----------------------------------------------------------------


def steadied(stored, name, now, warm):
    """Return what the steady write makes of *stored*, or None where it is refused."""
    minute = minute_of(now)
    plain = (
        stored.status is Status.UP
        and stored.last_start is None
        and not stored.reprieve
        and not stored.has_rules
        and (stored.look_at is None or stored.look_at > now)
        and stored.last_ping is not None
        and stored.last_ping <= now
        and stored.arrival_id != name
    )
    if not plain or not has_room(stored, minute, same=warm):
        return None
    return count(replace(stored, last_ping=now, last_duration=None, arrival_id=name), minute, same=warm)


def touched(stored, before, after):
    """Return what a touch makes of *stored*, or None where it is refused."""
    changed = {
        field.name for field in fields(State) if getattr(before, field.name) != getattr(after, field.name)
    }
    is_ping = bool(changed & COUNTERS)
    same = before.minute == after.minute
    refused = (
        stored.rev != before.rev
        or ("last_ping" in changed and stored.last_ping is not None and stored.last_ping > after.last_ping)
        or ("look_at" in changed and stored.look_at != before.look_at)
        or (is_ping and stored.arrival_id == after.arrival_id)
        or (is_ping and not has_room(stored, after.minute, same=same))
    )
    if refused:
        return None
    quiet = replace(stored, **{name: getattr(after, name) for name in changed - COUNTERS})
    return count(quiet, after.minute, same=same) if is_ping else quiet


def turned(stored, before, step, rule=ALL):
    """Return what a turn makes of *stored*, or None where it is refused."""
    if any(getattr(stored, name) != getattr(before, name) for name in rule):
        return None
    after = replace(step.state, rev=before.rev + 1)
    changed = {
        field.name for field in fields(State) if getattr(before, field.name) != getattr(after, field.name)
    }
    return replace(stored, **{name: getattr(after, name) for name in changed})


def has_room(stored, minute, *, same):
    """Whether one more ping fits into its minute."""
    if same:
        return stored.minute == minute and stored.in_minute < PINGS_PER_MINUTE
    return stored.minute != minute


def count(state, minute, *, same):
    """Count one more ping."""
    return replace(
        state, n_pings=state.n_pings + 1, minute=minute, in_minute=state.in_minute + 1 if same else 1
    )


MODEL = {"steady": steadied, "touch": touched, "turn": turned}


# --- the actors ------------------------------------------------------------------------------------


def decide(actor, before):
    """Return what the core makes of the actor's arrival: time passes first, then the signal is taken."""
    passed = lapse(SPEC, before, actor.now)
    if actor.action is None:
        return passed
    signal = Signal(actor.action, arrival_id=actor.name)
    return passed.then(receive(SPEC, passed.state, signal, actor.now))


def intention(actor):
    """Return the write that the actor is about to make, its flips, or None where nothing is to be written."""
    if actor.stage is Stage.STEADY:
        return Write("steady", (actor.name, actor.now, actor.warm)), ()
    step = decide(actor, actor.before)
    if is_turn(actor.before, step):
        return Write("turn", (actor.before, step)), step.flips
    if step.state != actor.before:
        return Write("touch", (actor.before, step.state)), ()
    return None, ()


def advance(world, number, rule):
    """Let one actor make its next call to the database."""
    actor = world.actors[number]
    if actor.stage is Stage.LOAD:
        return put(world, number, replace(actor, stage=Stage.WRITE, before=world.stored))
    write, flips = intention(actor)
    if write is None:
        return put(world, number, replace(actor, stage=Stage.DONE, before=None))
    more = {"rule": rule} if write.kind == "turn" else {}
    stored = MODEL[write.kind](world.stored, *write.arguments, **more)
    if stored is None:
        return put(world, number, replace(actor, stage=Stage.LOAD, before=None))
    numbers = (stored.n_pings,) if actor.action else ()
    world = replace(world, stored=stored, flips=world.flips + flips, numbers=world.numbers + numbers)
    return put(world, number, replace(actor, stage=Stage.DONE, before=None))


def put(world, number, actor):
    """Return *world* with one actor changed."""
    return replace(world, actors=(*world.actors[:number], actor, *world.actors[number + 1 :]))


def live(world):
    """Return the numbers of the actors that are not done."""
    return [number for number, actor in enumerate(world.actors) if actor.stage is not Stage.DONE]


def explore(world, rule=ALL):
    """Return every end of *world* and in how many interleavings it comes, and all worlds on the way."""

    @cache
    def ends(here):
        on_the_way.add(here)
        numbers = live(here)
        if not numbers:
            return Counter({here: 1})
        found = Counter()
        for number in numbers:
            found.update(ends(advance(here, number, rule)))
        return found

    on_the_way = set()
    return ends(world), on_the_way


def story(world):
    """Return what people can see of an end: the state, and the history in its order."""
    return replace(world.stored, rev=0, arrival_id=""), tuple(sorted(world.flips, key=lambda flip: flip.at))


def orders(world):
    """Return the stories of all orders in which the actors come one after the other."""
    stories = set()
    for order in permutations(range(len(world.actors))):
        here = world
        for number in order:
            while here.actors[number].stage is not Stage.DONE:
                here = advance(here, number, ALL)
        stories.add(story(here))
    return stories


# --- the scenes ------------------------------------------------------------------------------------


def ping(name, *, now, warm=False):
    """Return a success on its way in."""
    return Actor(name, Action.SUCCESS, now, Stage.STEADY, warm)


def look(name, now=NOON):
    """Return a wake that looks at the monitor."""
    return Actor(name, None, now)


def overdue(pings, looks, late):
    """Return a monitor whose deadline is noon, *pings* that are so much *late*, and *looks* at noon.

    A ping that is in time by the moment of its arrival may still be written after the look was decided.
    """
    state = State(
        status=Status.UP,
        since=NOON - 5 * HOUR,
        last_ping=NOON - 70 * MINUTE,
        look_at=NOON,
        minute=minute_of(NOON - 70 * MINUTE),
        in_minute=1,
        arrival_id="earlier",
        rev=1,
    )
    arriving = [ping(f"ping-{n}", warm=n == 0, now=NOON + late) for n in range(pings)]
    return World(state, (*arriving, *(look(f"look-{n}") for n in range(looks))))


def promised_early(*actors):
    """Return a monitor that is well, whose promise of an earlier ping has come, and *actors* at it."""
    state = State(
        status=Status.UP,
        since=NOON - 5 * HOUR,
        last_ping=NOON - 20 * MINUTE,
        look_at=NOON + SECOND,
        minute=minute_of(NOON - 20 * MINUTE),
        in_minute=1,
        arrival_id="earlier",
        rev=1,
    )
    return World(state, actors)


START = Actor("start", Action.START, NOON)
VISIT = look("visit", NOON + SECOND)
HEADS = ((1, 1), (2, 1), (1, 2), (2, 2))
IN_TIME = {f"{pings} pings in time, {looks} looks": overdue(pings, looks, -SECOND) for pings, looks in HEADS}
LATE = {f"{pings} pings late, {looks} looks": overdue(pings, looks, SECOND) for pings, looks in HEADS}
SCENES = IN_TIME | LATE
VISITS = {
    "start, visit": promised_early(START, VISIT),
    "start, visit, ping": promised_early(START, VISIT, ping("ping", now=NOON + SECOND)),
    "start, 2 visits": promised_early(START, VISIT, look("again", NOON + 2 * SECOND)),
}


def is_wrong(world):
    """Whether an end of an overdue scene is one that should not be."""
    pings = sum(1 for actor in world.actors if actor.action)
    flips = sorted(world.flips, key=lambda flip: flip.at)
    return (
        world.stored.status is not Status.UP
        or world.stored.n_pings != pings
        or sorted(world.numbers) != list(range(1, pings + 1))
        or len({flip.at for flip in flips}) != len(flips)
        or any(earlier.new is not later.old for earlier, later in pairwise(flips))
    )


def breaks_its_promise(world):
    """Whether an end promises to look later than time may take the monitor down."""
    last_moment = deadline(SPEC, world.stored)
    return last_moment is not None and (world.stored.look_at is None or world.stored.look_at > last_moment)


def wrong_ends(scene, rule, is_bad):
    """Return in how many interleavings of *scene* there is a bad end, and how many there are."""
    ends, _ = explore(scene, rule)
    return sum(times for end, times in ends.items() if is_bad(end)), ends.total()


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("rule", [REV_AND_N, ALL], ids=["rev and n_pings", "and look_at"])
def test_no_interleaving_ends_wrongly(scene, rule):
    """Pings and timeouts in any order: the monitor is up, each ping has its number, flips alternate."""
    wrong, total = wrong_ends(SCENES[scene], rule, is_wrong)

    assert total > 5
    assert wrong == 0


@pytest.mark.parametrize("scene", SCENES)
def test_every_interleaving_is_as_good_as_an_order(scene):
    """Whatever ran at once, what people see is what they would see had one come after the other."""
    ends, _ = explore(SCENES[scene])

    assert {story(end) for end in ends} <= orders(SCENES[scene])


@pytest.mark.parametrize("scene", IN_TIME)
def test_rev_alone_would_not_do(scene):
    """Were a turn to heed the revision alone, a timeout decided on old data would overtake a fresh ping."""
    wrong, total = wrong_ends(IN_TIME[scene], REV, is_wrong)

    assert 0 < wrong < total


@pytest.mark.parametrize("scene", VISITS)
def test_no_interleaving_breaks_a_promise(scene):
    """A start and the visits that come at its moment: we look before, or when, time is up, never after."""
    wrong, total = wrong_ends(VISITS[scene], ALL, breaks_its_promise)

    assert total > 1
    assert wrong == 0


@pytest.mark.parametrize("scene", ["start, visit", "start, 2 visits"])
def test_a_turn_must_heed_the_promise_that_it_relies_on(scene):
    """Were a turn not to see that a visit moved the promise, the run that starts would be looked at
    too late.
    """
    wrong, _ = wrong_ends(VISITS[scene], REV_AND_N, breaks_its_promise)

    assert wrong > 0


def writes_of(scene):
    """Return every write that some interleaving makes, with what is stored then."""
    _, worlds = explore(scene)
    for world in worlds:
        for number in live(world):
            if world.actors[number].stage is not Stage.LOAD:
                write, _ = intention(world.actors[number])
                if write:
                    yield world.stored, write


def really(tools, stored, write):
    """Make *write* with the real Commits on a database that holds *stored*; return what it holds then."""
    state_item(SPEC.monitor_id, stored, 1).save()
    roads = {
        "steady": lambda name, now, warm: tools.states.count_steady(
            SPEC.monitor_id, name, now, same_minute=warm
        ),
        "touch": partial(tools.commits.touch, SPEC.monitor_id),
        "turn": partial(tools.commits.turn, SPEC.monitor_id),
    }
    try:
        roads[write.kind](*write.arguments)
    except Conflict:
        return None
    return to_state(StateItem.get(SPEC.monitor_id, STATE))


@pytest.mark.parametrize("scene", [*SCENES, *VISITS])
def test_the_real_writes_are_those_of_the_model(tools, scene):
    """Each write of each interleaving is refused, or changes what is stored, as the enumeration supposes."""
    writes = set(writes_of((SCENES | VISITS)[scene]))

    for stored, write in sorted(writes, key=repr):
        expected = MODEL[write.kind](stored, *write.arguments)
        assert really(tools, stored, write) == expected, (write.kind, stored, write.arguments)
