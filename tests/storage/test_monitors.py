from dataclasses import fields, replace

import pytest
from hypothesis import given

from chalicelib.core.errors import NotFound
from chalicelib.core.monitors import Monitor, Spec, State, create
from chalicelib.core.schedules import Cron, Every, OnCalendar
from chalicelib.core.status import Status
from chalicelib.core.targets import Watch
from chalicelib.storage.monitors import SPEC, Due, SpecItem, spec_item, state_item
from chalicelib.storage.states import STATE, Part, StateItem
from chalicelib.storage.tables import shard_of
from chalicelib.toolbox import random_id
from tests.storage.examples import (
    HOUR,
    MICROSECOND,
    MINUTE,
    NOON,
    SECOND,
    a_spec,
    a_state,
    on_engines,
    specs,
    states,
)


def put(monitor, shards=1):
    """Write both halves of *monitor* as they are stored."""
    with Part.batch_write() as batch:
        batch.save(spec_item(monitor.spec))
        batch.save(state_item(monitor.spec.monitor_id, monitor.state, shards))
    return monitor


def put_all(monitors, shards=1):
    """Write both halves of all *monitors*."""
    with Part.batch_write() as batch:
        for monitor in monitors:
            batch.save(spec_item(monitor.spec))
            batch.save(state_item(monitor.spec.monitor_id, monitor.state, shards))


def attributes_of(monitor_id, part):
    """Return the names of what an item really holds."""
    return set(Part.get(monitor_id, part).serialize())


@on_engines
@given(spec=specs, state=states)
def test_what_is_stored_comes_back(tools, spec, state):
    """Every spec and every state is loaded as it was stored: empty, long and odd texts, nothing and zero."""
    put(Monitor(spec, state))

    assert tools.monitors.load(spec.monitor_id) == Monitor(spec, state)


@pytest.mark.parametrize(
    "schedule",
    [
        Every(MINUTE),
        Every(0 * MINUTE),
        Cron("0 3 * * *", "Europe/Berlin"),
        OnCalendar("*:0/5\nMon 9:00", "UTC"),
    ],
)
def test_every_kind_of_schedule_comes_back(tools, schedule):
    """A period, a cron expression and a calendar are each stored in a shape that tells them apart (R294,
    R295).
    """
    monitor = put(create(a_spec(schedule=schedule)))

    assert tools.monitors.load(monitor.spec.monitor_id).spec.schedule == schedule


@pytest.mark.parametrize(
    ("fact", "value"),
    [("grace", 0 * HOUR), ("slug", ""), ("channels", ()), ("desc", "x" * 10_000), ("name", "Straße 🛰️")],
)
def test_the_edges_of_a_spec_come_back(tools, fact, value):
    """No grace at all is not the default hour of it; nothing, and ten thousand characters, are kept as they
    are.
    """
    monitor = put(create(a_spec(**{fact: value})))

    assert getattr(tools.monitors.load(monitor.spec.monitor_id).spec, fact) == value


def test_a_run_of_no_time_is_not_no_run(tools):
    """A duration of zero seconds comes back as zero, not as unknown (R343)."""
    monitor = put(Monitor(a_spec(), a_state(last_duration=0 * SECOND)))

    assert tools.monitors.load(monitor.spec.monitor_id).state.last_duration == 0 * SECOND


@pytest.mark.usefixtures("tools")
def test_defaults_are_not_stored():
    """What a plain monitor does not say costs no byte: its items hold what differs from the
    default, no more.
    """
    spec = replace(a_spec(), name="")
    put(Monitor(spec, State(since=spec.created)))

    in_spec = attributes_of(spec.monitor_id, SPEC)
    in_state = attributes_of(spec.monitor_id, STATE)

    always = {"monitor_id", "part", "cls"}
    assert in_spec == always | {
        "project_id",
        "organization_id",
        "created",
        "badge_key",
        "kind",
        "period",
    }
    assert in_state == always | {"since", "n_pings", "rev"}


def test_every_field_of_the_core_has_a_place():
    """A field of Spec, Watch or State without an attribute to keep it is noticed here, not by a customer."""
    in_spec = {field.name for field in (*fields(Spec), *fields(Watch))} - {"schedule", "watch"}
    in_state = {field.name for field in fields(State)}

    assert in_spec <= set(SpecItem.get_attributes())
    assert in_state <= set(StateItem.get_attributes())


def test_an_unknown_monitor_is_not_found(tools):
    """Nobody's id leads nowhere."""
    with pytest.raises(NotFound, match="Check not found"):
        tools.monitors.load(random_id())


@pytest.mark.parametrize("half", [SPEC, STATE])
def test_half_a_monitor_is_none(tools, half):
    """A monitor of which only one half is left is as good as deleted."""
    monitor = put(create(a_spec()))
    Part.get(monitor.spec.monitor_id, half).delete()

    with pytest.raises(NotFound):
        tools.monitors.load(monitor.spec.monitor_id)


@pytest.mark.parametrize("fresh", [True, False])
def test_a_fresh_load_asks_for_what_was_written_last(tools, wire, fresh):
    """After a lost race the monitor is read consistently, else at half the price; one Query either way."""
    monitor = put(create(a_spec()))
    wire.calls.clear()

    tools.monitors.load(monitor.spec.monitor_id, fresh=fresh)

    assert [(call.operation, call.arguments.get("ConsistentRead", False)) for call in wire.calls] == [
        ("Query", fresh)
    ]


def test_a_project_lists_its_own_monitors_by_age(tools):
    """A list holds the project's monitors and nobody else's, the oldest first, with spec and state."""
    middle, oldest, newest = (
        put(Monitor(a_spec(created=NOON + age), a_state(n_pings=n)))
        for n, age in enumerate((MINUTE, 0 * MINUTE, HOUR))
    )
    put(create(a_spec(project_id="bobs-project")))

    assert tools.monitors.of_project("alices-project") == [oldest, middle, newest]


def test_a_project_without_monitors_lists_none(tools):
    """A project without monitors has an empty list, and asks for no states."""
    assert tools.monitors.of_project("alices-project") == []


def test_a_long_list_is_whole(tools):
    """A project with more monitors than one batch of reads takes is listed without gap or repetition."""
    many = [create(a_spec(created=NOON + n * SECOND)) for n in range(105)]
    put_all(many)

    assert tools.monitors.of_project("alices-project") == many


def test_a_list_leaves_out_what_is_being_deleted(tools):
    """A spec whose state is gone already is not listed."""
    kept, going = put(create(a_spec())), put(create(a_spec()))
    StateItem(going.spec.monitor_id, STATE).delete()

    assert tools.monitors.of_project("alices-project") == [kept]


def test_a_slug_finds_every_monitor_that_carries_it(tools):
    """A slug leads to none, one or several monitors of its project, never to another project's
    (R271, R375).
    """
    nightly = put(create(a_spec(slug="nightly")))
    twins = {put(create(a_spec(slug="twin"))).spec.monitor_id for _ in range(2)}
    put(create(a_spec(slug="nightly", project_id="bobs-project")))
    put(create(a_spec(slug="")))

    assert tools.monitors.with_slug("alices-project", "nightly") == [nightly.spec.monitor_id]
    assert set(tools.monitors.with_slug("alices-project", "twin")) == twins
    assert tools.monitors.with_slug("alices-project", "night") == []


@pytest.mark.usefixtures("tools")
def test_no_slug_is_in_no_index():
    """A monitor without a slug costs no entry in the index of slugs."""
    put(create(a_spec(slug="")))

    assert list(SpecItem.by_slug.query("alices-project/")) == []


def promise(look_at, shards=1, **changes):
    """Store a monitor that we promised to look at; return the promise."""
    monitor = put(Monitor(a_spec(), a_state(look_at=look_at, **changes)), shards)
    return Due(monitor.spec.monitor_id, look_at)


def test_what_is_due_falls_strictly_before_the_moment_asked_for(tools):
    """A promise for the very moment is not due before it; one a microsecond earlier is."""
    early = promise(NOON - MICROSECOND)
    promise(NOON)

    assert tools.monitors.due(0, NOON, None, 10) == ([early], False)


def test_what_is_due_comes_in_order_of_time(tools):
    """The longest overdue comes first."""
    later, earlier = promise(NOON - MINUTE), promise(NOON - HOUR)

    assert tools.monitors.due(0, NOON, None, 10)[0] == [earlier, later]


def test_a_monitor_that_time_cannot_change_is_never_due(tools):
    """Without a promise a monitor is not in the index at all: it is sparse."""
    put(Monitor(a_spec(), a_state(status=Status.PAUSED, look_at=None)))

    assert tools.monitors.due(0, NOON + 1000 * HOUR, None, 10) == ([], False)


def test_each_shard_has_its_own(tools):
    """A monitor is due in the shard that its id belongs to, and in no other."""
    dues = [promise(NOON - n * SECOND, shards=4) for n in range(1, 25)]

    by_shard = [tools.monitors.due(shard, NOON, None, 100)[0] for shard in range(4)]

    for shard, found in enumerate(by_shard):
        assert set(found) == {due for due in dues if shard_of(due.monitor_id, 4) == shard}
    assert all(by_shard)


def pages(tools, size, between=lambda _: None):
    """Return all that is due at noon, a page at a time; *between* happens after each page."""
    found, after, more = [], None, True
    while more:
        dues, more = tools.monitors.due(0, NOON, after, size)
        found.append(dues)
        assert len(found) < 50, "the pages do not get on"
        after = dues[-1] if dues else after
        between(dues)
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 50])
def test_pages_go_on_where_the_last_one_ended(tools, size):
    """Page by page everything due is found once, in order, whatever the size; also several for one moment."""
    moments = [NOON - HOUR] * 3 + [NOON - MINUTE, NOON - SECOND, NOON - MICROSECOND]
    dues = {promise(moment) for moment in moments}

    found = [due for page in pages(tools, size) for due in page]

    assert sorted(due.look_at for due in found) == [due.look_at for due in found]
    assert len(found) == len(dues)
    assert set(found) == dues


def test_no_page_but_an_only_one_is_empty_when_more_are_told(tools):
    """Where there are said to be more, there is a last promise to go on from: the scanner relies on it."""
    for n in range(4):
        promise(NOON - n * SECOND - SECOND)

    for size in (1, 2, 3, 4, 5):
        dues, more = tools.monitors.due(0, NOON, None, size)
        assert dues or not more


def test_promises_may_move_between_two_pages(tools):
    """What is visited while we page, and so leaves the range or moves on in it, makes nobody else
    be missed.
    """
    dues = [promise(NOON - n * MINUTE) for n in range(9, 0, -1)]
    moved = iter([None, NOON - SECOND, NOON + HOUR, None])

    def visit(page):
        for due in page[-1:]:  # the very item that the next page starts from
            look_at = next(moved, None)
            state = tools.monitors.load(due.monitor_id).state
            state_item(due.monitor_id, replace(state, look_at=look_at), 1).save()

    found = [due for page in pages(tools, 2, visit) for due in page]

    assert [due for due in found if due in dues] == dues
    assert {due.monitor_id for due in found} == {due.monitor_id for due in dues}
