from datetime import timedelta

import pytest

from chalicelib.core.status import Verdict
from indiepulse.asking import EVENTS, HEARTBEAT, NOBODY, STATUS, beating, data, hear, refusal, watched
from tests.dialects.regions import settle

MINUTE = timedelta(minutes=1)


def spelled(moment):
    """Return *moment* as the document spells it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def broken(person, **wish):
    """Return the id of a heartbeat that failed just now."""
    person.house.clock.now += MINUTE
    backup = beating(person, **wish)
    person.house.ask("POST", f"{HEARTBEAT}/{backup}/fail")
    settle(person.house)
    return backup


def mended(person, backup):
    """Let a job succeed again, a minute later."""
    person.house.clock.now += MINUTE
    person.house.ask("GET", f"{HEARTBEAT}/{backup}")
    settle(person.house)


def test_the_documents_events(carol):
    """Keys, order, status and severity are the document's; the newest first (R185, R191, R218)."""
    backup = broken(carol, name="API Gateway")
    began = spelled(carol.house.clock.now)
    mended(carol, backup)
    ended = spelled(carol.house.clock.now)
    later = broken(carol)
    first, second = data(carol.get(EVENTS))
    assert list(second) == [
        *("id", "type", "title", "status", "severity", "created_at", "resolved_at", "monitor_id")
    ]
    assert second | {"id": ""} == {
        "id": "",
        "type": "INCIDENT",
        "title": "API Gateway is down",
        "status": "Resolved",
        "severity": "major",
        "created_at": began,
        "resolved_at": ended,
        "monitor_id": backup,
    }
    assert (first["monitor_id"], first["status"], first["resolved_at"]) == (later, "Investigating", None)


def test_one_event_has_its_timeline(carol):
    """What was said stands there in the order of time, whoever said it, and in every dialect (R189, R381)."""
    backup = broken(carol)
    [event] = data(carol.get(EVENTS))
    carol.house.clock.now += MINUTE
    said = {"status": "IDENTIFIED", "message": "A full disk."}
    assert carol.post(f"/v1/incidents/{event['id']}/updates", said).status == 201
    mended(carol, backup)
    shown = data(carol.get(f"{EVENTS}/{event['id']}"))
    assert [update["status"] for update in shown["updates"]] == ["Investigating", "Identified", "Resolved"]
    assert list(shown["updates"][1]) == ["id", "status", "message", "created_at"]
    assert shown["updates"][1]["message"] == "A full disk."
    assert carol.get(f"/v1/incidents/{event['id']}").json()["status"] == "RESOLVED"


def test_events_are_filtered_and_paged_together(carol):
    """By type and status, in any case of its letters; the total is of what was asked for (R186-R188)."""
    mended(carol, broken(carol))
    broken(carol)
    now = carol.house.clock.now
    window = {"title": "Night", "startsAt": spelled(now + MINUTE), "endsAt": spelled(now + 5 * MINUTE)}
    assert carol.post("/v1/maintenance", window).status == 201

    def found(query):
        reply = carol.get(f"{EVENTS}?{query}").json()
        return [(event["type"], event["status"]) for event in reply["data"]], reply["meta"]["total"]

    assert found("type=MAINTENANCE") == ([("MAINTENANCE", "Scheduled")], 1)
    assert found("type=PERFORMANCE") == ([], 0)
    assert found("status=resolved") == ([("INCIDENT", "Resolved")], 1)
    assert found("type=INCIDENT&page=2&per_page=1") == ([("INCIDENT", "Resolved")], 2)
    assert found("type=INCIDENT&status=Resolved&page=1&per_page=10") == ([("INCIDENT", "Resolved")], 1)


def test_a_window_is_an_event(carol):
    """It can be asked for by its id, and is active while it lasts (R158, R384)."""
    now = carol.house.clock.now
    window = {"title": "Night", "startsAt": spelled(now), "endsAt": spelled(now + 5 * MINUTE)}
    window_id = carol.post("/v1/maintenance", window).json()["id"]
    shown = data(carol.get(f"{EVENTS}/{window_id}"))
    assert (shown["type"], shown["title"], shown["status"]) == ("MAINTENANCE", "Night", "Active")
    carol.house.clock.now += 6 * MINUTE
    assert data(carol.get(f"{EVENTS}/{window_id}"))["status"] == "Resolved"


@pytest.mark.parametrize("query", ["type=OUTAGE", "type=", "page=0", "per_page=x"])
def test_odd_filters_are_refused(hapless, query):
    """What is no type and no page is 400, and names the parameter (R186)."""
    status, sentence = refusal(hapless.get(f"{EVENTS}?{query}"))
    assert (status, sentence.partition(" ")[0]) == (400, query.partition("=")[0])


@pytest.mark.parametrize("event_id", [NOBODY, "nope", "x" * 300])
def test_an_unknown_event_is_not_found(alice, event_id):
    """The document's own words (R190)."""
    assert refusal(alice.get(f"{EVENTS}/{event_id}")) == (404, "Event not found")


def test_an_event_of_others_is_not_found(carol, bob):
    """Neither an incident nor a window of another workspace (R135, R190)."""
    broken(carol)
    [event] = data(carol.get(EVENTS))
    assert refusal(bob.get(f"{EVENTS}/{event['id']}")) == (404, "Event not found")


def test_the_workspace_at_a_glance(carol):
    """Probes and heartbeats are counted apart; what waits or rests is unknown (R193-R196)."""
    empty = data(carol.get(STATUS))
    assert empty["overall_status"] == "operational"
    good, bad, _waiting = watched(carol), watched(carol), watched(carol)
    for verdict in (Verdict.UP, Verdict.DOWN, Verdict.DOWN):
        hear(carol, bad, verdict)
    hear(carol, good)
    backup = broken(carol)
    seen = data(carol.get(STATUS))
    assert seen["monitors"] == {"total": 3, "up": 1, "down": 1, "unknown": 1}
    assert seen["heartbeats"] == {"total": 1, "healthy": 0, "missed": 1}
    assert seen["overall_status"] == "degraded"
    assert [list(event) for event in seen["active_incidents"]] == [
        ["id", "type", "title", "status", "severity", "created_at"]
    ] * 2
    assert seen["active_performance_events"] == []
    mended(carol, backup)
    for _ in range(2):
        hear(carol, bad)
    assert data(carol.get(STATUS))["overall_status"] == "operational"


def test_maintenance_alone_is_operational(carol):
    """A window changes no overall status (R196)."""
    now = carol.house.clock.now
    window = {"title": "Night", "startsAt": spelled(now), "endsAt": spelled(now + 5 * MINUTE)}
    carol.post("/v1/maintenance", window)
    assert data(carol.get(STATUS))["overall_status"] == "operational"
