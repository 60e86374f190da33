from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import Conflict, NotFound, Unavailable
from chalicelib.core.incidents import Act, Incident, Stage, Ticket, Update
from chalicelib.core.status import Category, Impact
from chalicelib.storage.incidents import Due, IncidentItem
from tests.emulators import at_once
from tests.storage.examples import HOUR, MINUTE, NOON, SECOND, few_texts, ids, moments, on_engines, texts
from tests.storage.owned import an_incident, an_update

incidents = st.builds(
    Incident,
    ids,
    ids,
    ids,
    texts,
    moments,
    st.sampled_from(Stage),
    st.sampled_from(Impact),
    st.sampled_from(Category),
    automatic=st.booleans(),
    monitors=few_texts,
    updated=st.none() | moments,
    acknowledged=st.none() | moments,
    acknowledged_by=texts,
    assignee=texts,
    tickets=st.lists(st.builds(Ticket, st.sampled_from(["jira", "pagerduty"]), ids), max_size=3).map(tuple),
    resolved=st.none() | moments,
    outage=st.none() | moments,
    held=st.booleans(),
    voiced=st.booleans(),
    owed=st.none() | st.sampled_from(Act),
    owed_since=st.none() | moments,
    remind_at=st.none() | moments,
    climbed=st.integers(0, 100),
    climb_at=st.none() | moments,
    breaks_at=st.none() | moments,
    look_at=st.none() | moments,
)


@pytest.fixture
def incident(tools):
    """Return an incident with a line of its timeline, stored."""
    incident = an_incident()
    tools.incidents.add(incident, an_update(incident))
    return incident


def rows():
    """Return how many items the table holds, updates included."""
    return len(list(IncidentItem.scan()))


@on_engines
@given(incident=incidents, other=incidents, facts=st.tuples(moments, st.sampled_from(Stage), texts, texts))
def test_every_incident_comes_back(tools, incident, other, facts):
    """Every fact of an incident and of its timeline is kept, when it is added and when it is changed."""
    update = Update("line", incident.incident_id, *facts)
    tools.incidents.add(incident, update)
    assert tools.incidents.find(incident.incident_id) == incident
    assert tools.incidents.timeline(incident.incident_id) == [update]

    changed = replace(other, incident_id=incident.incident_id)
    assert tools.incidents.save(incident, changed) == replace(changed, rev=1)
    assert tools.incidents.find(incident.incident_id) == replace(changed, rev=1)


def test_what_is_open_is_read_without_what_is_over(tools, wire, incident):
    """One Query of keys and one batched read, however many there have been (R193)."""
    over = an_incident(created=NOON - HOUR, resolved=NOON)
    later = an_incident(created=NOON + HOUR)
    for other in (over, later):
        tools.incidents.add(other)
    wire.calls.clear()
    assert tools.incidents.open_of("alices-project") == [later, incident]
    assert wire.operations == ["Query", "BatchGetItem"]
    tools.incidents.save(later, replace(later, resolved=NOON + 2 * HOUR))
    assert tools.incidents.open_of("alices-project") == [incident]


def test_an_incident_is_found_by_its_tickets_elsewhere(tools, incident):
    """As long as it has them, in its own project alone; another's ticket is refused whole (R114)."""
    jira, pager = Ticket("jira", "OPS-1"), Ticket("pagerduty", "Q1")
    ticketed = tools.incidents.save(incident, replace(incident, tickets=(jira, pager)))
    for ticket in (jira, pager):
        assert tools.incidents.of_ticket("alices-project", ticket) == incident.incident_id
    with pytest.raises(NotFound):
        tools.incidents.of_ticket("bobs-project", jira)
    with pytest.raises(Conflict):
        tools.incidents.add(other := an_incident(tickets=(jira,)))
    with pytest.raises(NotFound):
        tools.incidents.find(other.incident_id)

    again = tools.incidents.save(ticketed, replace(ticketed, tickets=(jira,), title="Renamed"))
    assert tools.incidents.of_ticket("alices-project", jira) == incident.incident_id
    with pytest.raises(NotFound):
        tools.incidents.of_ticket("alices-project", pager)
    tools.incidents.remove(again)
    assert rows() == 0


def test_a_timeline_is_read_in_its_order(tools, incident):
    """The oldest line comes first, whichever was written first, and nobody else's is among them (R51)."""
    later, earlier = an_update(incident, NOON + HOUR), an_update(incident, NOON - HOUR)
    incident = tools.incidents.save(incident, incident, later)
    tools.incidents.save(incident, incident, earlier)
    tools.incidents.add(other := an_incident(), an_update(other))

    timeline = tools.incidents.timeline(incident.incident_id)

    assert timeline == sorted(timeline, key=lambda update: update.at)
    assert (timeline[0], timeline[-1], len(timeline)) == (earlier, later, 3)


def test_a_projects_incidents_are_read_at_once(tools, wire):
    """The newest comes first, also one that is held back, without timelines, in one Query (R49)."""
    made = [an_incident(created=NOON + n * MINUTE, held=n == 1) for n in range(3)]
    for incident in (made[1], made[0], made[2], an_incident(project_id="bobs")):
        tools.incidents.add(incident, an_update(incident))
    wire.calls.clear()

    assert tools.incidents.of_project("alices-project") == made[::-1]
    assert wire.operations == ["Query"]


def test_what_is_due_comes_by_its_moment(tools):
    """Those whose moment lies before the given one are due, the earliest first, as many as were asked for."""
    late, early, later = (an_incident(look_at=NOON + n * MINUTE) for n in (2, 1, 3))
    for incident in (late, early, later, an_incident()):
        tools.incidents.add(incident)
    dues = [Due(found.incident_id, found.look_at) for found in (early, late)]

    assert tools.incidents.due(NOON + 3 * MINUTE, 10) == dues
    assert tools.incidents.due(NOON + 3 * MINUTE, 1) == dues[:1]
    tools.incidents.save(early, replace(early, look_at=None))
    assert tools.incidents.due(NOON + 3 * MINUTE, 10) == dues[1:]


def test_an_outage_opens_one_incident(tools, incident):
    """What is there already is not opened again, and what would have been said then is not said (R12)."""
    with pytest.raises(Conflict):
        tools.incidents.add(replace(incident, title="Again"), an_update(incident, NOON + SECOND))

    assert tools.incidents.find(incident.incident_id) == incident
    assert rows() == 2


def test_of_many_who_write_at_once_one_is_first(tools, incident):
    """The others are refused whole, with what they had to say, and may look again (R53, R55)."""

    def write(n):
        changed = replace(incident, title=f"by {n}")
        return tools.incidents.save(incident, changed, an_update(incident, NOON + SECOND, f"by {n}"))

    outcomes = at_once(10, write)

    (winner,) = (outcome for outcome in outcomes if isinstance(outcome, Incident))
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 9
    assert tools.incidents.find(incident.incident_id) == winner
    assert [line.message for line in tools.incidents.timeline(incident.incident_id)][1:] == [winner.title]


def test_a_deleted_incident_leaves_no_trace(tools, incident):
    """It goes with its timeline; who still wants to change it does not bring it back (R54)."""
    tools.incidents.remove(incident)

    assert rows() == 0
    for late in (
        lambda: tools.incidents.save(incident, incident, an_update(incident)),
        lambda: tools.incidents.remove(incident),
    ):
        with pytest.raises(Conflict):
            late()
    assert rows() == 0
    with pytest.raises(NotFound, match="Incident not found"):
        tools.incidents.find(incident.incident_id)


def test_what_was_changed_meanwhile_is_not_deleted(tools, incident):
    """Whoever decides to delete an incident has seen what it says now (R54)."""
    changed = tools.incidents.save(incident, replace(incident, held=False), an_update(incident, NOON + HOUR))

    with pytest.raises(Conflict):
        tools.incidents.remove(incident)

    assert tools.incidents.find(incident.incident_id) == changed
    assert len(tools.incidents.timeline(incident.incident_id)) == 2


def test_a_deletion_that_dies_can_be_done_again(tools, wire):
    """The incident itself goes last: as long as a line of its timeline is left, it is found."""
    incident = an_incident()
    tools.incidents.add(incident, *(an_update(incident, NOON + n * SECOND) for n in range(30)))
    deaths = ["ThrottlingException"]
    wire.alter("BatchWriteItem", lambda _: deaths and wire.refuse("BatchWriteItem", deaths.pop()))

    with pytest.raises(Unavailable):  # at the second batch
        tools.incidents.purge("alices-project", 10)

    assert tools.incidents.of_project("alices-project") == [incident]
    assert tools.incidents.purge("alices-project", 10) is False
    assert rows() == 0


def test_a_gone_projects_incidents_are_deleted_part_by_part(tools):
    """As many as were asked for, timelines included, and nobody else's."""
    for n in range(3):
        incident = an_incident(created=NOON + n * MINUTE)
        tools.incidents.add(incident, an_update(incident))
    tools.incidents.add(other := an_incident(project_id="bobs"))

    assert tools.incidents.purge("alices-project", 2) is True
    assert rows() == 3
    assert tools.incidents.purge("alices-project", 2) is False
    assert [item.incident_id for item in IncidentItem.scan()] == [other.incident_id]


def test_a_repeated_write_is_one_write(strict_tools, strict_wire):
    """When the answer is lost and the client asks again, the incident is changed once, not refused."""
    incident = an_incident()
    strict_tools.incidents.add(incident)
    strict_wire.lose_answer("TransactWriteItems")

    written = strict_tools.incidents.save(incident, incident, an_update(incident))

    assert strict_tools.incidents.find(incident.incident_id) == written
    assert len(strict_tools.incidents.timeline(incident.incident_id)) == 1
