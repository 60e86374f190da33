from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.findings import (
    Change,
    Findings,
    RecordSet,
    Registration,
    Survey,
    Warned,
    compare,
    learned,
)
from chalicelib.core.status import Kind
from chalicelib.core.steps import Step
from chalicelib.core.targets import HttpTarget, TcpTarget, Watch
from chalicelib.storage.findings import Due, FindingItem
from tests.storage.examples import DAY, NOON, SECOND, a_spec, a_state, moments, on_engines, stored, texts

MONTH = 30 * DAY
REGISTERED = Registration("shop.example", "Names & Co", NOON + MONTH, True)
BEFORE = RecordSet("MX", "shop.example", ("10 a", "20 b"), 300, True)
AFTER = replace(BEFORE, values=("10 c",), dnssec_valid=None)

registrations = st.builds(Registration, texts.filter(bool), texts, st.none() | moments, st.booleans())
record_sets = st.builds(
    RecordSet,
    st.sampled_from(["A", "MX", "TXT"]),
    texts,
    st.lists(texts, max_size=3).map(tuple),
    st.integers(0, 2**31),
    st.none() | st.booleans(),
)


def of(host, **more):
    """Return the spec of a probe of *host*, in Alice's project."""
    return a_spec(kind=Kind.HTTP, watch=Watch(HttpTarget(f"https://{host}/")), **more)


@pytest.fixture
def shop(tools, alice):
    """Return a monitor of shop.example, stored."""
    return stored(tools, of("shop.example", organization_id=alice), a_state(look_at=None))


def surveyed(tools, monitor_id, at=NOON, *records, registration=REGISTERED):
    """Store what a survey found; return what is known then."""
    known = tools.findings.find(monitor_id)
    survey = Survey(known.host, at, registration, records)
    baselines, changes = compare(known.baselines, survey)
    after = learned(known, survey, baselines)
    tools.findings.learn(known, after, changes)
    return after


def retargeted(tools, monitor, target, at=NOON):
    """Store that a monitor has another target; return it."""
    spec = replace(monitor.spec, watch=replace(monitor.spec.watch, target=target), updated=at)
    return tools.commits.amend(monitor, spec, Step(monitor.state))


@on_engines
@given(
    registration=st.none() | registrations, records=st.lists(record_sets, unique_by=lambda r: r.record_type)
)
def test_every_finding_comes_back(tools, alice, registration, records):
    """Every fact of a survey is kept."""
    monitor_id = stored(tools, of("shop.example", organization_id=alice)).spec.monitor_id
    after = surveyed(tools, monitor_id, NOON, *records, registration=registration)
    assert tools.findings.find(monitor_id) == after
    assert set(after.baselines.values()) == set(records)


def test_a_new_monitor_is_due_at_once(tools, shop):
    """Whoever stores a monitor with a name stores that it is to be surveyed, and may die then (R173)."""
    spec = shop.spec
    known = tools.findings.find(spec.monitor_id)
    assert known == Findings(spec.monitor_id, "shop.example", look_at=spec.created)
    assert tools.findings.due(spec.created, 10) == [Due(spec.monitor_id, "shop.example", "", spec.created)]
    assert tools.findings.due(spec.created - SECOND, 10) == []


def test_what_has_no_name_is_never_due(tools, job):
    """A heartbeat leaves nothing here (R176)."""
    with pytest.raises(NotFound):
        tools.findings.find(job.spec.monitor_id)
    assert tools.findings.due(NOON + MONTH, 10) == []


def test_a_look_is_postponed_once(tools, shop):
    """Of two that ordered the same survey, one moves the next."""
    surveyed(tools, shop.spec.monitor_id)
    [due] = tools.findings.due(NOON, 10)
    assert due.domain == "shop.example"
    tools.findings.postpone(due, NOON + DAY)
    with pytest.raises(Conflict):
        tools.findings.postpone(due, NOON + DAY + SECOND)
    assert tools.findings.due(NOON, 10) == []
    assert tools.findings.find(shop.spec.monitor_id).look_at == NOON + DAY


def test_those_that_wait_longest_are_first(tools, shop, alice):
    """One answer holds no more than is asked for."""
    later = stored(tools, of("b.example", organization_id=alice, created=NOON))
    assert [due.host for due in tools.findings.due(NOON, 10)] == ["shop.example", "b.example"]
    assert [due.monitor_id for due in tools.findings.due(NOON, 1)] == [shop.spec.monitor_id]
    assert later.spec.monitor_id in {due.monitor_id for due in tools.findings.due(NOON, 2)}


def test_changes_are_kept_beside_the_new_baseline(tools, shop):
    """The latest comes first, and no more than are asked for (R175)."""
    monitor_id = shop.spec.monitor_id
    for day, found in enumerate((BEFORE, AFTER, BEFORE)):
        known = surveyed(tools, monitor_id, NOON + day * DAY, found)
    assert tools.findings.find(monitor_id).baselines == {"MX": BEFORE}
    later = Change(NOON + 2 * DAY, "MX", "modified", AFTER.values, BEFORE.values)
    first = Change(NOON + DAY, "MX", "modified", BEFORE.values, AFTER.values)
    assert tools.findings.changes(known, 10) == [later, first]
    assert tools.findings.changes(known, 1) == [later]


@pytest.mark.parametrize("at", [NOON, NOON - SECOND])
def test_a_survey_is_stored_once_and_none_over_a_later_one(tools, shop, at):
    """The same or an older survey is a Conflict, and nothing of it is stored."""
    monitor_id = shop.spec.monitor_id
    blank = tools.findings.find(monitor_id)
    surveyed(tools, monitor_id, NOON, BEFORE)
    late = learned(blank, Survey("shop.example", at), {"MX": AFTER})
    with pytest.raises(Conflict):
        tools.findings.learn(blank, late, [Change(at, "MX", "added", (), AFTER.values)])
    assert tools.findings.find(monitor_id).baselines == {"MX": BEFORE}
    assert tools.findings.changes(blank, 10) == []


def test_another_host_is_surveyed_anew(tools, shop):
    """With the amendment itself the old host's findings count no more, but that people were warned stays."""
    monitor_id = shop.spec.monitor_id
    known = surveyed(tools, monitor_id, NOON - SECOND, BEFORE)
    surveyed(tools, monitor_id, NOON, AFTER)
    warned = Warned(30, NOON + MONTH, "shop.example")
    tools.findings.warn(known, warned)
    tools.findings.postpone(Due(monitor_id, "", "", known.look_at), NOON + DAY)
    other = retargeted(tools, shop, TcpTarget("b.example", 443))
    found = tools.findings.find(monitor_id)
    assert found == Findings(monitor_id, "b.example", warned=warned, look_at=NOON)
    assert tools.findings.changes(found, 10) == []
    with pytest.raises(Conflict):
        tools.findings.learn(known, learned(known, Survey("shop.example", NOON + DAY), {}), [])
    with pytest.raises(Conflict):
        tools.findings.forget(found)
    retargeted(tools, other, TcpTarget("192.0.2.1", 443), NOON + DAY)
    nameless = tools.findings.find(monitor_id)
    assert (nameless.host, nameless.warned) == ("", warned)
    tools.findings.forget(nameless)
    assert tools.findings.due(NOON + MONTH, 10) == []


def test_another_path_is_no_other_host(tools, shop):
    """What was found stays where the name stays."""
    known = surveyed(tools, shop.spec.monitor_id, NOON, BEFORE)
    retargeted(tools, shop, HttpTarget("https://shop.example/cart"))
    assert tools.findings.find(shop.spec.monitor_id) == known


def test_of_two_who_warn_one_is_first(tools, shop):
    """Who noted a warning, or that it is over, noted it for all."""
    known = surveyed(tools, shop.spec.monitor_id)
    first, second = (Warned(days, NOON + MONTH, "shop.example") for days in (30, 14))
    tools.findings.warn(known, first)
    with pytest.raises(Conflict):
        tools.findings.warn(known, second)
    tools.findings.warn(replace(known, warned=first), second)
    assert tools.findings.heads([shop.spec.monitor_id])[0].warned == second
    with pytest.raises(Conflict):
        tools.findings.warn(replace(known, warned=first), None)
    tools.findings.warn(replace(known, warned=second), None)
    assert tools.findings.find(shop.spec.monitor_id).warned is None


def test_nothing_comes_back_after_a_purge(tools, shop):
    """A purge deletes all rows, in as many steps as it takes; late news finds nothing to change."""
    monitor_id = shop.spec.monitor_id
    surveyed(tools, monitor_id, NOON, BEFORE)
    known = surveyed(tools, monitor_id, NOON + DAY, AFTER)
    assert [tools.findings.purge(monitor_id, 2), tools.findings.purge(monitor_id, 2)] == [True, False]
    for late in (
        lambda: tools.findings.learn(known, learned(known, Survey(known.host, NOON + MONTH), {}), []),
        lambda: tools.findings.warn(known, Warned(30, NOON + MONTH, "shop.example")),
        lambda: tools.findings.postpone(Due(monitor_id, "", "", known.look_at), NOON + DAY),
    ):
        with pytest.raises(Conflict):
            late()
    assert list(FindingItem.query(monitor_id)) == []
