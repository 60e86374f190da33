from dataclasses import replace

import pytest
from hypothesis import given

from chalicelib.core.errors import Conflict, NotFound, Unavailable
from chalicelib.core.heartbeats import receive
from chalicelib.core.monitors import Monitor, State, create, unique_key
from chalicelib.core.schedules import Every
from chalicelib.core.signals import PINGS_PER_MINUTE, Action, Signal, pace
from chalicelib.core.status import Status
from chalicelib.core.steps import Step
from chalicelib.storage.commits import TRIES, Commits
from chalicelib.storage.monitors import Due
from chalicelib.storage.states import STATE, Part, StateItem
from tests.emulators import at_once
from tests.storage.examples import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    a_flip,
    a_ping,
    a_spec,
    a_state,
    alices,
    now_stored,
    on_engines,
    specs,
    states,
    steady,
    stored,
)

LIMIT = 7


def is_due(tools, monitor):
    """Whether the monitor has an entry in the index of deadlines."""
    dues, _ = tools.monitors.due(0, NOON + 10**6 * HOUR, None, 100)
    return monitor.spec.monitor_id in {due.monitor_id for due in dues}


def counted(state, now, arrival_id):
    """Return *state* with one more ping at *now*, as the core counts."""
    minute, in_minute = pace(state, now)
    return replace(
        state,
        n_pings=state.n_pings + 1,
        minute=minute,
        in_minute=in_minute,
        arrival_id=arrival_id,
        last_ping=max(now, state.last_ping),
    )


def down(monitor, at=NOON):
    """Return the step that takes *monitor* down, with its flip."""
    state = replace(monitor.state, status=Status.DOWN, since=at, look_at=None)
    return Step(state, (a_flip(monitor.spec.monitor_id, at),))


def log_of(tools, monitor):
    """Return the numbers in the ping log."""
    return [ping.n for ping in tools.pings.latest(monitor.spec.monitor_id, 1_000, 1_000)]


def history_of(tools, monitor):
    """Return the flips that are stored."""
    return tools.flips.between(monitor.spec.monitor_id, NOON - DAY, NOON + DAY)


# --- touches ---------------------------------------------------------------------------------------


def touch(tools, monitor, **changes):
    """Touch *monitor*."""
    after = replace(monitor.state, **changes)
    return tools.commits.touch(monitor.spec.monitor_id, monitor.state, after)


def touch_counted(tools, monitor, arrival_id="arrival-8", now=NOON + SECOND):
    """Touch *monitor* with one more ping."""
    return tools.commits.touch(
        monitor.spec.monitor_id, monitor.state, counted(monitor.state, now, arrival_id)
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"last_ping": NOON + HOUR},
        {"last_duration": 0 * SECOND},
        {"look_at": NOON + HOUR},
        {"look_at": None},
        {"arrival_id": ""},
        {"last_ping": NOON + HOUR, "look_at": NOON + 2 * HOUR},
    ],
    ids=str,
)
def test_a_touch_writes_what_changed(tools, job, changes):
    """A touch returns the state as it is stored then, its revision as before."""
    state = touch(tools, job, **changes)

    assert state == now_stored(tools, job) == replace(job.state, **changes)
    assert is_due(tools, job) == (state.look_at is not None)


def test_a_touch_that_changes_nothing_costs_nothing(tools, wire, job):
    """Where nothing changed nothing is written."""
    wire.calls.clear()

    assert touch(tools, job) == job.state
    assert wire.operations == []


@pytest.mark.usefixtures("alice")
def test_a_touch_may_bring_the_first_promise(tools):
    """A monitor without a promise that is given one is found when it is due."""
    job = stored(tools, state=a_state(look_at=None))

    touch(tools, job, look_at=NOON + HOUR)

    assert tools.monitors.due(0, NOON + DAY, None, 10)[0] == [Due(job.spec.monitor_id, NOON + HOUR)]


def test_touches_do_not_collide(tools, job):
    """Twenty pings decided on the very same state are all counted, each under a number of its own."""
    outcomes = at_once(20, lambda n: touch_counted(tools, job, f"new-{n}"))

    assert sorted(state.n_pings for state in outcomes) == list(range(8, 28))
    assert now_stored(tools, job).n_pings == 27


def test_a_touch_and_a_steady_ping_do_not_collide(tools, job):
    """A ping that was loaded before a steady one came is counted after it."""
    steady(tools, job)

    assert touch_counted(tools, job, "arrival-9").n_pings == 9


def test_a_touch_after_a_turn_is_refused(tools, job):
    """What was decided before the story changed is decided anew."""
    tools.commits.turn(job.spec.monitor_id, job.state, down(job))

    with pytest.raises(Conflict):
        touch_counted(tools, job)

    assert now_stored(tools, job).status is Status.DOWN


def test_a_touch_does_not_set_the_last_ping_back(tools, job):
    """A ping that a newer one overtook is decided anew."""
    steady(tools, job, NOON + 10 * SECOND)

    with pytest.raises(Conflict):
        touch_counted(tools, job, "arrival-9", NOON + SECOND)

    assert now_stored(tools, job).last_ping == NOON + 10 * SECOND


@pytest.mark.parametrize("to", [NOON + HOUR, None])
def test_a_promise_is_moved_once(tools, job, to):
    """Of two visits that move the same promise the second is refused."""
    touch(tools, job, look_at=NOON + 2 * DAY)

    with pytest.raises(Conflict):
        touch(tools, job, look_at=to)

    assert now_stored(tools, job).look_at == NOON + 2 * DAY


def test_a_ping_does_not_care_for_the_promise(tools, job):
    """A ping that leaves the promise alone is counted, though a visit moved it meanwhile."""
    touch(tools, job, look_at=NOON + 2 * DAY)

    state = touch_counted(tools, job)

    assert (state.n_pings, state.look_at) == (8, NOON + 2 * DAY)


@pytest.mark.usefixtures("alice")
def test_a_thousandth_touch_is_the_last_of_its_minute(tools):
    """Of twenty parallel pings one finds the last room in its minute (R80)."""
    job = stored(tools, state=a_state(in_minute=PINGS_PER_MINUTE - 1))

    outcomes = at_once(20, lambda n: touch_counted(tools, job, f"new-{n}"))

    assert [state.n_pings for state in outcomes if isinstance(state, State)] == [8]


def test_a_touch_does_not_invent_a_monitor(tools, job):
    """A monitor that was deleted meanwhile stays deleted."""
    tools.commits.remove(job)

    with pytest.raises(Conflict):
        touch_counted(tools, job)

    assert list(Part.scan()) == []


def test_a_repeated_touch_is_counted_once(tools, wire, job):
    """When the answer is lost and the client asks again, the ping is not counted twice."""
    wire.lose_answer("UpdateItem")

    at_once(1, lambda _: touch_counted(tools, job))

    state = now_stored(tools, job)
    assert (state.n_pings, state.arrival_id) == (8, "arrival-8")


# --- turns -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("alice")
@on_engines
@given(before=states, after=states)
def test_every_state_turns_into_every_other(tools, before, after):
    """Whatever changes at once, what is stored afterwards is the new state, one revision on."""
    job = stored(tools, state=before)

    state = tools.commits.turn(job.spec.monitor_id, before, Step(after))

    assert state == now_stored(tools, job) == replace(after, rev=before.rev + 1)


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize(
    ("promised", "then"), [(NOON, None), (None, NOON), (NOON, NOON + HOUR), (None, None)]
)
def test_a_turn_enters_and_leaves_the_index(tools, promised, then):
    """After a turn the monitor is among those to be looked at if there is a promise, and only then."""
    job = stored(tools, state=a_state(look_at=promised))

    tools.commits.turn(job.spec.monitor_id, job.state, Step(replace(job.state, look_at=then)))

    expected = [Due(job.spec.monitor_id, then)] if then else []
    assert tools.monitors.due(0, NOON + DAY, None, 10)[0] == expected
    assert (StateItem.get(job.spec.monitor_id, STATE).deadline_shard is None) == (then is None)


def test_a_turn_brings_its_flips_and_its_ping(tools, job):
    """State, flips, ping and body are stored together."""
    step = down(job)
    ping = a_ping(job.spec.monitor_id, 8, action=Action.FAIL, body=b"disk full", body_size=9)

    state = tools.commits.turn(job.spec.monitor_id, job.state, step, ping)

    assert state == now_stored(tools, job) == replace(step.state, rev=job.state.rev + 1)
    assert history_of(tools, job) == list(step.flips)
    assert tools.pings.find(job.spec.monitor_id, 8) == ping


def test_both_flips_of_a_late_success_are_stored(tools, job):
    """A monitor that lapsed and recovered in one step has both in its history."""
    went = a_flip(job.spec.monitor_id, NOON)
    came = a_flip(job.spec.monitor_id, NOON + SECOND, old=Status.DOWN, new=Status.UP, began=NOON)

    tools.commits.turn(job.spec.monitor_id, job.state, Step(replace(job.state, since=came.at), (went, came)))

    assert history_of(tools, job) == [came, went]
    assert tools.flips.unannounced(0, NOON + HOUR, 10) == [went, came]


def test_a_turn_alone_is_a_plain_update(tools, wire, job):
    """A turn without flip and ping needs no transaction."""
    wire.calls.clear()

    tools.commits.turn(job.spec.monitor_id, job.state, Step(replace(job.state, reprieve=HOUR)))

    assert wire.operations == ["UpdateItem"]


def anything_between(tools, job):
    """Return every kind of write that may come between a load and a turn, by name."""
    monitor_id = job.spec.monitor_id
    return {
        "steady ping": lambda: steady(tools, job),
        "touch": lambda: touch_counted(tools, job),
        "turn": lambda: tools.commits.turn(monitor_id, job.state, Step(replace(job.state, reprieve=HOUR))),
        "amendment": lambda: tools.commits.amend(job, replace(job.spec, name="New"), Step(job.state)),
        "removal": lambda: tools.commits.remove(job),
    }


@pytest.mark.parametrize("between", ["steady ping", "touch", "turn", "amendment", "removal"])
def test_whatever_came_in_between_refuses_a_turn(tools, job, between):
    """A turn decided on what is no longer so writes nothing: no state, no flip, no ping."""
    anything_between(tools, job)[between]()
    before = sorted(str(item.serialize()) for item in Part.scan())

    with pytest.raises(Conflict):
        tools.commits.turn(job.spec.monitor_id, job.state, down(job), a_ping(job.spec.monitor_id, 8))

    assert sorted(str(item.serialize()) for item in Part.scan()) == before
    assert history_of(tools, job) == []
    assert log_of(tools, job) == []


@pytest.mark.usefixtures("alice")
def test_a_run_that_starts_while_its_monitor_is_visited_keeps_its_deadline(tools):
    """A visit that moves an old promise out does not outlive a start that makes the deadline
    earlier (R373).
    """
    spec = a_spec(schedule=Every(HOUR), grace=10 * MINUTE)
    job = stored(tools, spec, a_state(last_ping=NOON - MINUTE, look_at=NOON + SECOND))
    start = receive(spec, job.state, Signal(Action.START, arrival_id="start"), NOON)
    touch(tools, job, look_at=NOON + 69 * MINUTE)  # the visit at the old promise, which finds all well

    try:
        tools.commits.turn(spec.monitor_id, job.state, start)
    except Conflict:
        return  # then the start is decided anew, and promises for itself

    assert now_stored(tools, job).look_at <= NOON + 10 * MINUTE


def test_of_parallel_turns_one_wins(tools, job):
    """Of twenty that take a monitor down at once one does, with one flip."""
    outcomes = at_once(20, lambda _: tools.commits.turn(job.spec.monitor_id, job.state, down(job)))

    assert [state.rev for state in outcomes if isinstance(state, State)] == [job.state.rev + 1]
    assert len(history_of(tools, job)) == 1


def test_a_turn_and_steady_pings_exclude_each_other(tools, job):
    """When pings and a timeout come at once, either the pings were first or the timeout: never both
    unseen.
    """

    def act(number):
        if number:
            return steady(tools, job, arrival_id=f"new-{number}")
        return tools.commits.turn(job.spec.monitor_id, job.state, down(job))

    outcomes = at_once(8, act)

    state = now_stored(tools, job)
    went_down = isinstance(outcomes[0], State)
    assert (state.status is Status.DOWN) == went_down
    assert state.n_pings == 7 + sum(isinstance(n, int) for n in outcomes[1:])
    assert not went_down or state.n_pings == 7


def test_a_repeated_turn_is_one_turn(strict_tools, strict_wire):
    """When the answer is lost and the client asks again, its token tells DynamoDB that this was done."""
    job = strict_job(strict_tools)
    strict_wire.lose_answer("TransactWriteItems")

    state = strict_tools.commits.turn(
        job.spec.monitor_id, job.state, down(job), a_ping(job.spec.monitor_id, 8)
    )

    assert state == now_stored(strict_tools, job)
    assert len(history_of(strict_tools, job)) == 1


# --- amendments ------------------------------------------------------------------------------------


@on_engines
@given(first=specs, second=specs, before=states, after=states)
def test_every_spec_is_amended_into_every_other(tools, alice, first, second, before, after):
    """Whatever is changed at once, spec and state are stored as they are meant, one revision on."""
    first = replace(first, organization_id=alice)
    second = replace(second, organization_id=alice, monitor_id=first.monitor_id)
    job = stored(tools, first, before)

    amended = tools.commits.amend(job, second, Step(after))

    assert amended == tools.monitors.load(first.monitor_id)
    assert amended == Monitor(second, replace(after, rev=before.rev + 1))


def test_a_changed_slug_is_found_and_the_old_one_is_not(tools, job):
    """After an amendment the monitor is found under its new slug alone (R325)."""
    named = tools.commits.amend(job, replace(job.spec, slug="old"), Step(job.state))

    tools.commits.amend(named, replace(named.spec, slug="new"), Step(named.state))

    assert tools.monitors.with_slug("alices-project", "old") == []
    assert tools.monitors.with_slug("alices-project", "new") == [job.spec.monitor_id]


def test_of_two_amendments_one_is_decided_anew(tools, job):
    """Of twenty people who change a monitor at once one does; spec and state are the same person's."""
    outcomes = at_once(
        20,
        lambda n: tools.commits.amend(
            job, replace(job.spec, name=f"name-{n}"), Step(replace(job.state, last_rid=f"name-{n}"))
        ),
    )

    winners = [outcome for outcome in outcomes if isinstance(outcome, Monitor)]
    assert winners == [tools.monitors.load(job.spec.monitor_id)]
    assert winners[0].spec.name == winners[0].state.last_rid


def test_pings_do_not_keep_people_from_changing_a_monitor(tools, job):
    """A plain ping between load and amendment is no obstacle, and is not lost."""
    steady(tools, job)

    tools.commits.amend(job, replace(job.spec, name="New"), Step(job.state))

    monitor = tools.monitors.load(job.spec.monitor_id)
    assert (monitor.spec.name, monitor.state.n_pings) == ("New", 8)
    assert monitor.state.last_ping == NOON + SECOND


@pytest.mark.parametrize("between", ["turn", "removal"])
def test_an_amendment_of_what_is_no_longer_so_is_refused_whole(tools, job, between):
    """Neither half of an amendment is written when the story went on, or ended (R338)."""
    anything_between(tools, job)[between]()
    before = sorted(str(item.serialize()) for item in Part.scan())

    with pytest.raises(Conflict):
        tools.commits.amend(job, replace(job.spec, name="New"), Step(job.state))

    assert sorted(str(item.serialize()) for item in Part.scan()) == before


@pytest.mark.usefixtures("alice")
def test_a_shorter_schedule_is_kept_while_its_monitor_is_visited(tools):
    """A visit that moves an old promise out does not outlive an amendment that makes the deadline earlier."""
    spec = a_spec(schedule=Every(DAY))
    job = stored(tools, spec, a_state(last_ping=NOON - MINUTE, look_at=NOON + SECOND))
    shorter = replace(spec, schedule=Every(HOUR))  # due at 12:59, down at 13:59: the promise is early enough
    touch(tools, job, look_at=NOON + DAY)  # the visit, which still knows the old schedule

    try:
        tools.commits.amend(job, shorter, Step(job.state))
    except Conflict:
        return  # then the amendment is decided anew, and promises for itself

    assert now_stored(tools, job).look_at <= NOON + 2 * HOUR


# --- adding and removing ---------------------------------------------------------------------------


def count_of(tools):
    """Return how many monitors Alice's organization has, by its own count."""
    return tools.organizations.find("alices").n_monitors


@pytest.mark.usefixtures("alice")
def test_a_new_monitor_is_counted(tools):
    """A monitor that is stored counts against its organization's limit."""
    job = stored(tools, limit=1)

    assert count_of(tools) == 1
    assert tools.monitors.load(job.spec.monitor_id) == job


@pytest.mark.usefixtures("alice")
def test_the_limit_is_exact_for_callers_at_once(tools):
    """Of twenty who create a monitor at once, as many do as the plan has room for."""
    stored(tools)
    outcomes = at_once(20, lambda _: stored(tools, limit=LIMIT))

    created = [outcome for outcome in outcomes if isinstance(outcome, Monitor)]
    assert len(created) == LIMIT - 1
    assert count_of(tools) == len(tools.monitors.of_project("alices-project")) == LIMIT


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("limit", [0, 1])
def test_at_the_limit_nothing_is_stored(tools, limit):
    """A monitor over the limit leaves no trace."""
    for _ in range(limit):
        stored(tools)

    with pytest.raises(Conflict):
        stored(tools, limit=limit)

    assert count_of(tools) == len(tools.monitors.of_project("alices-project")) == limit


def test_an_id_is_given_once(tools, job):
    """A monitor under an id that exists is refused, not counted, and the first one stays."""
    with pytest.raises(Conflict):
        tools.commits.add(create(replace(job.spec, name="Thief")), 100)

    assert tools.monitors.load(job.spec.monitor_id) == job
    assert count_of(tools) == 1


def test_nobodys_organization_has_no_monitors(tools):
    """Without an organization no monitor is stored, and no organization comes to be."""
    with pytest.raises(Conflict):
        stored(tools)

    with pytest.raises(NotFound):
        count_of(tools)


def test_a_removed_monitor_is_gone_and_no_longer_counted(tools, job):
    """After a removal there is no spec, no state, no entry in any index, and room for another (R338)."""
    tools.commits.remove(job)

    assert list(Part.scan()) == []
    assert tools.monitors.of_project("alices-project") == []
    assert not is_due(tools, job)
    assert count_of(tools) == 0
    with pytest.raises(NotFound):
        tools.projects.of_badge_key(job.spec.badge_key)
    with pytest.raises(NotFound):
        tools.projects.of_unique_key(unique_key(job.spec.monitor_id))


def test_a_monitor_is_removed_once(tools, job):
    """Of twenty who remove a monitor one does, and one is taken off the count (R338)."""
    stored(tools)

    outcomes = at_once(20, lambda _: tools.commits.remove(job))

    assert outcomes.count(None) == 1
    assert count_of(tools) == 1


def test_pings_do_not_keep_a_monitor_alive(tools, wire, job):
    """A monitor can be removed while pings come in; who meets one every time is not told that it is gone
    (R338).
    """
    steady(tools, job)
    reasons = [{"Code": "None"}, {"Code": "TransactionConflict", "Message": ""}]
    for _ in range(TRIES + 1):
        wire.refuse("TransactWriteItems", "TransactionCanceledException", CancellationReasons=reasons)

    with pytest.raises(Unavailable):
        tools.commits.remove(job)
    assert len(list(Part.scan())) == 2
    tools.commits.remove(job)

    assert list(Part.scan()) == []


def test_a_repeated_creation_is_one_creation(strict_tools, strict_wire):
    """When the answer is lost and the client asks again, the monitor is stored and counted once."""
    organization, project = alices()
    strict_tools.projects.found(organization, project)
    strict_wire.lose_answer("TransactWriteItems")

    job = stored(strict_tools)

    assert strict_tools.monitors.load(job.spec.monitor_id) == job
    assert count_of(strict_tools) == 1


def strict_job(tools):
    """Store a monitor on the strict engine."""
    tools.projects.found(*alices())
    return stored(tools)


@pytest.mark.usefixtures("alice")
def test_shards_spread_the_deadlines(tools):
    """A deployment with more shards puts each promise into the shard that its scanner asks."""
    wide = Commits(shards=4)
    jobs = [create(a_spec()) for _ in range(12)]
    for job in jobs:
        wide.add(replace(job, state=a_state(look_at=NOON)), 100)

    found = [tools.monitors.due(shard, NOON + SECOND, None, 100)[0] for shard in range(4)]

    assert sum(map(len, found)) == len(jobs)
    assert sum(map(bool, found)) > 1
