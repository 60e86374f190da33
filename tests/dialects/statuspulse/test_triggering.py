from concurrent.futures import ThreadPoolExecutor

import pytest
from haspulse.anything import documents, patiently
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.status import Verdict
from chalicelib.dialects import ids
from statuspulse.asking import (
    INCIDENTS,
    NOBODY,
    created,
    hear,
    invalid,
    named,
    refusal,
    site,
    status_of,
)

FIELDS = [
    *("incident_id", "state", "title", "severity", "started_at", "acknowledged_at", "assignee"),
    *("message", "monitor_id", "acknowledged_by", "resolved_at", "external_ids"),
]
ABSENT = "inc_" + "a" * 26
NOTES = "Investigating Redis connection pool saturation. Scaling read replicas."


def say(person, state, **wish):
    """Return what is answered to whoever says that an incident is in that *state*."""
    person.house.clock.rest(1)
    return person.post(INCIDENTS, {"state": state, **wish})


def triggered(person, **wish):
    """Return the id of an incident that a person triggered."""
    return created(person, INCIDENTS, **({"state": "triggered", "title": "Slow"} | wish))["incident_id"]


def seen(person, incident_id):
    """Return an incident as the other dialect shows it, timeline and all."""
    return person.get(f"{INCIDENTS}/{ids.read('inc', incident_id)}").json()


def now_of(person):
    """Return the present moment as answers spell it."""
    return person.house.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_person_triggers_an_incident(carol):
    """201 with its id and a message; it is the other dialects', too (R110, R381)."""
    monitor_id = site(carol)
    answer = say(
        carol,
        "triggered",
        monitor_id=monitor_id,
        title="Checkout fails",
        severity="critical",
        notes="Customers call.",
        assignee="maya",
    )
    made = answer.json()
    assert (answer.status, list(made)) == (201, FIELDS)
    assert made["incident_id"].startswith("inc_")
    assert (made["state"], made["message"]) == ("triggered", "Incident triggered")
    assert (made["severity"], made["assignee"], made["monitor_id"]) == ("critical", "maya", monitor_id)
    assert made["started_at"] == now_of(carol)
    shown = seen(carol, made["incident_id"])
    assert (shown["title"], shown["impact"]) == ("Checkout fails", "CRITICAL")
    assert shown["checkIds"] == [ids.read("mon", monitor_id)]
    assert [line["message"] for line in shown["updates"]] == ["Customers call."]
    assert status_of(carol, monitor_id)["active_incident"]["incident_id"] == made["incident_id"]
    event = carol.get(f"/api/v1/events/{ids.read('inc', made['incident_id'])}").json()["data"]
    assert event["title"] == "Checkout fails"


def test_a_monitor_is_title_enough(carol):
    """Or else a title is asked for (R110)."""
    made = say(carol, "triggered", monitor_id=site(carol, name="Till")).json()
    assert made["title"] == "Till: reported by hand"
    assert invalid(say(carol, "triggered")) == {"title": "is required where no monitor_id is given"}


def test_an_incident_is_as_severe_as_its_monitor(carol):
    """Unless a severity is given; of no monitor it is minor (R110)."""
    monitor_id = site(carol, severity="critical")
    assert say(carol, "triggered", monitor_id=monitor_id).json()["severity"] == "critical"
    milder = say(carol, "triggered", monitor_id=monitor_id, severity="major")
    assert milder.json()["severity"] == "major"
    assert say(carol, "triggered", title="Slow").json()["severity"] == "minor"


def test_an_outage_is_taken_on_and_resolved(carol):
    """Assignee and notes are kept and in the timeline; then it is resolved (R111, R112, R381)."""
    monitor_id = site(carol)
    for verdict in (Verdict.UP, Verdict.DOWN, Verdict.DOWN):
        hear(carol, monitor_id, verdict)
    incident_id = status_of(carol, monitor_id)["active_incident"]["incident_id"]
    assignee = "maya.rodriguez@acmecorp.com"
    taken = say(carol, "acknowledged", incident_id=incident_id, assignee=assignee, notes=NOTES)
    assert (taken.status, taken.json()["message"]) == (200, "Incident acknowledged")
    shown = taken.json()
    assert (shown["state"], shown["assignee"], shown["acknowledged_at"]) == (
        "acknowledged",
        assignee,
        now_of(carol),
    )
    assert shown["acknowledged_by"]
    assert NOTES in [line["message"] for line in seen(carol, incident_id)["updates"]]
    over = say(carol, "resolved", incident_id=incident_id, notes="Scaled.")
    assert (over.status, over.json()["message"]) == (200, "Incident resolved")
    assert (over.json()["state"], over.json()["resolved_at"]) == ("resolved", now_of(carol))
    assert seen(carol, incident_id)["updates"][-1]["message"] == "Scaled."


def test_what_was_done_is_done_once(carol):
    """Again: 200 and the same incident; what is resolved is not taken on (R113)."""
    incident_id = triggered(carol)
    first = say(carol, "acknowledged", incident_id=incident_id).json()
    again = say(carol, "acknowledged", incident_id=incident_id)
    assert (again.status, again.json()["message"]) == (200, "Incident already acknowledged")
    assert again.json() | {"message": first["message"]} == first
    over = say(carol, "resolved", incident_id=incident_id).json()
    again = say(carol, "resolved", incident_id=incident_id)
    assert (again.status, again.json()["message"]) == (200, "Incident already resolved")
    assert again.json()["resolved_at"] == over["resolved_at"]
    untaken = triggered(carol)
    say(carol, "resolved", incident_id=untaken)
    for one in (incident_id, untaken):
        assert refusal(say(carol, "acknowledged", incident_id=one))[:2] == (409, "conflict")


@pytest.mark.parametrize(
    "code", [ABSENT, "inc_4m8n2v5w", "x", NOBODY, "00000000-0000-4000-8000-000000000000"]
)
def test_an_absent_incident_is_not_found(carol, code):
    """Nor is a monitor that there is not (R113)."""
    for state in ("acknowledged", "resolved"):
        assert refusal(say(carol, state, incident_id=code))[:2] == (404, "not_found")
    strange = say(carol, "triggered", monitor_id=code)
    assert refusal(strange)[:2] == (404, "not_found")
    assert strange.json()["message"] == "Monitor not found"
    assert refusal(say(carol, "resolved", jira_ticket="OPS-404"))[:2] == (404, "not_found")


# --- tickets elsewhere --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wish",
    [
        {"external_ids": {"pagerduty": "Q1", "jira": "OPS-1"}},
        {"external_ids": {"pagerduty": {"id": "Q1", "url": "https://x"}, "jira": {"key": "OPS-1"}}},
        {"pagerduty_id": "Q1", "jira_ticket": "OPS-1"},
        {"external_ids": {"jira": "OPS-1"}, "pagerduty_id": "Q1"},
    ],
    ids=str,
)
def test_a_ticket_takes_the_place_of_the_id(carol, wish):
    """Whichever way it is given; it is echoed, and opens no second incident while one is open (R114)."""
    made = say(carol, "triggered", title="Slow", **wish)
    assert (made.status, made.json()["external_ids"]) == (201, {"pagerduty": "Q1", "jira": "OPS-1"})
    incident_id = made.json()["incident_id"]
    again = say(carol, "triggered", title="Slow, again", jira_ticket="OPS-1")
    assert (again.status, again.json()["incident_id"]) == (200, incident_id)
    assert again.json()["message"] == "Incident already triggered"
    taken = say(carol, "acknowledged", pagerduty_id="Q1")
    assert (taken.status, taken.json()["incident_id"]) == (200, incident_id)
    over = say(carol, "resolved", external_ids={"jira": {"key": "OPS-1"}})
    assert (over.status, over.json()["state"]) == (200, "resolved")


def test_a_ticket_is_told_later(carol):
    """With an acknowledgement, say; one that is there already stays (R114)."""
    incident_id = triggered(carol, pagerduty_id="Q1")
    taken = say(carol, "acknowledged", incident_id=incident_id, jira_ticket="OPS-1").json()
    assert taken["external_ids"] == {"pagerduty": "Q1", "jira": "OPS-1"}
    over = say(carol, "resolved", jira_ticket="OPS-1").json()
    assert (over["incident_id"], over["external_ids"]) == (incident_id, taken["external_ids"])


def test_who_tell_of_the_same_ticket_at_once_tell_of_one_incident(carol):
    """One opens it, the others are shown it (R110, R114)."""
    wish = {"state": "triggered", "title": "Slow", "pagerduty_id": "Q-race"}
    with ThreadPoolExecutor(4) as crew:
        answers = list(crew.map(lambda _: carol.post(INCIDENTS, wish), range(4)))
    assert sorted(answer.status for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json()["incident_id"] for answer in answers}) == 1


def test_a_ticket_is_known_within_its_project(carol, bob):
    """What others call theirs is nobody else's (R85, R114)."""
    triggered(carol, jira_ticket="OPS-7")
    assert say(bob, "resolved", jira_ticket="OPS-7").status == 404
    assert say(bob, "triggered", title="Ours", jira_ticket="OPS-7").status == 201


# --- what is refused ----------------------------------------------------------------------------------------

BAD = [
    ({"state": "open", "title": "x"}, {"state", "incident_id", "title"} - {"title"}),
    ({"state": None, "incident_id": ABSENT}, {"state"}),
    ({"monitor_id": NOBODY}, {"state", "incident_id", "monitor_id"}),
    ({"state": "acknowledged"}, {"incident_id"}),
    ({"state": "triggered", "title": "x", "incident_id": ABSENT}, {"incident_id"}),
    ({"state": "triggered", "title": "x", "severity": "MAJOR"}, {"severity"}),
    ({"state": "triggered", "title": ""}, {"title"}),
    ({"state": "triggered", "title": "x", "notes": "x" * 2001}, {"notes"}),
    ({"state": "triggered", "title": "x", "assignee": ["maya"]}, {"assignee"}),
    ({"state": "triggered", "title": "x", "external_ids": {}}, {"external_ids"}),
    ({"state": "triggered", "title": "x", "external_ids": {"trello": "1"}}, {"external_ids.trello"}),
    ({"state": "triggered", "title": "x", "external_ids": {"jira": {}}}, {"external_ids.jira.id"}),
    ({"state": "triggered", "title": "x", "jira_ticket": 7}, {"jira_ticket"}),
    (
        {"state": "triggered", "title": "x", "jira_ticket": "A-1", "external_ids": {"jira": "A-2"}},
        {"jira_ticket"},
    ),
    ({"state": "resolved", "incident_id": ABSENT, "monitor_id": NOBODY}, {"monitor_id"}),
    ({"state": "triggered", "title": "x", "moon": 1, "sun": 2}, {"moon", "sun"}),
    ({"state": {}, "incident_id": 7}, {"state", "incident_id"}),
]


@pytest.mark.parametrize(("wish", "fields"), BAD, ids=named)
def test_what_is_invalid_is_told_and_not_stored(hapless, wish, fields):
    """400 naming all of it (R88, R113)."""
    assert invalid(hapless.post(INCIDENTS, wish)).keys() == fields
    assert hapless.get(INCIDENTS).json()["total"] == 0


@patiently
@given(
    wish=st.fixed_dictionaries(
        {"state": st.sampled_from(["triggered", "acknowledged", "resolved"]) | documents},
        optional=dict.fromkeys(("title", "incident_id", "external_ids", "severity", "notes"), documents),
    )
)
def test_any_json_is_answered_or_refused(house, carol, wish):
    """Never a fault of ours (R88, R113)."""
    house.clock.rest(60)
    assert carol.post(INCIDENTS, wish).status in (200, 201, 400, 404)


def test_who_may_only_read_triggers_nothing(reader):
    """403, whatever is asked (R84)."""
    for wish in ({"state": "triggered", "title": "x"}, {"state": 7}):
        assert refusal(reader.post(INCIDENTS, wish))[:2] == (403, "forbidden")
