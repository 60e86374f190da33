import pytest

from chalicelib.dialects import ids
from chalicelib.services.incidents import MOST_UPDATES
from chalicelib.storage.incidents import IncidentItem
from haspulse.asking import refusal
from haspulse.tenants import INCIDENTS, ONE_INCIDENT, PROJECTS, SECOND, change, invalid, made

FIELDS = [
    *("id", "projectId", "title", "status", "impact", "autoCreated", "checkIds", "acknowledgedAt"),
    *("acknowledgedBy", "resolvedAt", "startedAt", "createdAt", "updatedAt"),
]
WISH = {"title": "changed", "message": "said"}  # suits every method


@pytest.fixture
def opened(ours):
    """Return the path of an incident that somebody told of."""
    return road(made(ours.writer, INCIDENTS, title="Slow"))


def road(incident):
    """Return an incident's path."""
    return f"{INCIDENTS}/{incident['id']}"


def now_of(tenant):
    """Return the present moment as answers spell it."""
    return tenant.writer.house.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")


def timeline(person, path):
    """Return what was said, and how far it had come then."""
    return [(line["status"], line["message"]) for line in person.get(path).json()["updates"]]


# --- opening and seeing -------------------------------------------------------------------------------------


def test_an_incident_is_opened_and_seen(ours):
    """A title is enough; GET adds the timeline (R51, R52)."""
    answer = ours.writer.post(INCIDENTS, {"title": "Slow"})
    incident = answer.json()
    assert (answer.status, list(incident)) == (201, FIELDS)
    assert (incident["status"], incident["impact"]) == ("INVESTIGATING", "MINOR")
    assert (incident["autoCreated"], incident["checkIds"]) == (False, [])
    assert {incident[name] for name in ("startedAt", "createdAt", "updatedAt")} == {now_of(ours)}
    assert {incident[name] for name in ("acknowledgedAt", "acknowledgedBy", "resolvedAt")} == {None}
    assert ours.reader.get(road(incident)).json() == incident | {"updates": []}


def test_everything_may_be_said_at_once(ours):
    """Checks by either spelling of their ids, and the first line of the timeline (R52, R55)."""
    first, second = ours.writer.check(name="a")["uuid"], ours.writer.check(name="b")["uuid"]
    incident = made(
        ours.writer,
        INCIDENTS,
        title="Down",
        status="RESOLVED",
        impact="CRITICAL",
        checkIds=[first, ids.spell("mon", second), first.upper()],
        message="It was\nthe database.",
    )
    assert (incident["status"], incident["impact"], incident["checkIds"]) == (
        "RESOLVED",
        "CRITICAL",
        [first, second],
    )
    assert incident["resolvedAt"] == now_of(ours)
    assert timeline(ours.writer, road(incident)) == [("RESOLVED", "It was\nthe database.")]


def test_a_list_is_in_pages_and_filtered(ours):
    """The newest first; by status and by impact (R49, R50)."""
    wishes = [("a", "INVESTIGATING", "MINOR"), ("b", "MONITORING", "MAJOR"), ("c", "MONITORING", "MINOR")]
    for title, status, impact in wishes:
        made(ours.writer, INCIDENTS, title=title, status=status, impact=impact)

    def listed(query):
        return "".join(one["title"] for one in ours.reader.get(INCIDENTS + query).json()["incidents"])

    whole = ours.reader.get(INCIDENTS + "?limit=2").json()
    assert [list(one) for one in whole.pop("incidents")] == [FIELDS] * 2
    assert whole == {"total": 3, "page": 1, "limit": 2, "totalPages": 2}
    queries = ("", "?limit=2&page=2", "?status=MONITORING", "?status=MONITORING&impact=MINOR")
    assert [listed(query) for query in queries] == ["cba", "a", "cb", "c"]
    assert listed("?impact=CRITICAL") == listed("?page=9") == ""
    for query in ("status=monitoring", "impact=BAD", "page=x", "limit=0"):
        assert query.partition("=")[0] in invalid(ours.reader.get(f"{INCIDENTS}?{query}"))


def test_each_project_has_its_own(ours):
    """A key of organization level sees those of all projects, and opens in the default one (R6, R49)."""
    second = made(ours.admin, PROJECTS, name="Second")["id"]
    made(ours.admin, INCIDENTS, title="first")
    assert ours.admin.post(INCIDENTS, {"title": "second"}, X_Project_Id=second).status == 201
    assert len(ours.admin.get(INCIDENTS).json()["incidents"]) == 2
    assert [one["title"] for one in ours.reader.get(INCIDENTS).json()["incidents"]] == ["first"]


# --- what happens to it -------------------------------------------------------------------------------------


def test_what_is_given_is_changed(ours, opened):
    """The rest stays; a changed status becomes a line of the timeline (R53)."""
    before = ours.writer.get(opened).json()
    after = change(ours.writer, opened, title="Slower", impact="MAJOR")
    assert (after["title"], after["impact"], after["status"]) == ("Slower", "MAJOR", "INVESTIGATING")
    assert (after["createdAt"], after["updatedAt"]) == (before["createdAt"], now_of(ours))
    check = ours.writer.check(name="a")["uuid"]
    assert change(ours.writer, opened, checkIds=[check], title=None)["checkIds"] == [check]
    assert change(ours.writer, opened, checkIds=[])["title"] == "Slower"
    assert timeline(ours.writer, opened) == []
    change(ours.writer, opened, status="IDENTIFIED")
    assert timeline(ours.writer, opened) == [("IDENTIFIED", "Identified.")]


def test_resolved_is_when_it_was_resolved_first(ours, opened):
    """RESOLVED sets resolvedAt, any other status takes it away (R53)."""
    resolved = change(ours.writer, opened, status="RESOLVED")["resolvedAt"]
    assert resolved == now_of(ours)
    assert change(ours.writer, opened, status="RESOLVED")["resolvedAt"] == resolved
    assert change(ours.writer, opened, status="MONITORING")["resolvedAt"] is None


def test_a_line_of_the_timeline(ours, opened):
    """201 with the line; the incident follows its status, and keeps it where none is given (R55)."""
    answer = ours.writer.post(f"{opened}/updates", {"status": "IDENTIFIED", "message": "A disk is full."})
    line = answer.json()
    assert (answer.status, list(line)) == (
        201,
        ["id", "incidentId", "status", "message", "author", "createdAt"],
    )
    assert opened.endswith(line["incidentId"])
    assert (line["author"], line["createdAt"]) == ("read-write", now_of(ours))
    made(ours.writer, f"{opened}/updates", message="Still so.")
    made(ours.writer, f"{opened}/updates", message="Gone.", status="RESOLVED")
    incident = ours.reader.get(opened).json()
    assert (incident["status"], incident["resolvedAt"]) == ("RESOLVED", now_of(ours))
    told = ["A disk is full.", "Still so.", "Gone."]
    assert [update["message"] for update in incident["updates"]] == told
    assert ours.reader.get(f"{opened}/updates").json() == {"updates": incident["updates"]}
    assert incident["updates"][0] == line


def test_somebody_takes_it_on(ours, opened):
    """Once: doing so again changes nothing, not even the timeline (R49, R51)."""
    first = ours.writer.post(f"{opened}/acknowledge").json()
    assert (first["acknowledgedAt"], first["acknowledgedBy"]) == (now_of(ours), "read-write")
    ours.writer.house.clock.now += SECOND
    assert ours.admin.post(f"{opened}/acknowledge").json() == first
    assert timeline(ours.writer, opened) == [("INVESTIGATING", "Acknowledged by read-write.")]


def test_what_is_over_is_not_taken_on(ours, opened):
    """409, and nothing is said; who did so before hears the same as before (R53)."""
    change(ours.writer, opened, status="RESOLVED")
    assert refusal(ours.writer.post(f"{opened}/acknowledge"))[:2] == (409, "CONFLICT")
    assert ours.writer.get(opened).json()["acknowledgedAt"] is None
    assert len(timeline(ours.writer, opened)) == 1


def test_a_deleted_incident_is_gone(ours, opened):
    """With its timeline (R54)."""
    made(ours.writer, f"{opened}/updates", message="x")
    answer = ours.writer.ask("DELETE", opened)
    assert (answer.status, answer.body) == (204, b"")
    for method, tail in ONE_INCIDENT:
        missing = refusal(ours.writer.ask(method, opened + tail, WISH))
        assert missing == (404, "NOT_FOUND", "Incident not found")
    assert ours.writer.get(INCIDENTS).json()["total"] == 0
    assert ours.writer.house.tools.incidents.timeline(opened.rpartition("/")[2]) == []


def test_a_timeline_ends_somewhere(house, ours, opened):
    """So many lines and no more; what it is about can still be resolved (R55)."""
    incident_id = opened.rpartition("/")[2]
    with IncidentItem.batch_write() as batch:
        for n in range(1, MOST_UPDATES):
            batch.save(IncidentItem(incident_id, f"update#{n}", at=house.clock.now, stage="MONITORING"))
    assert ours.writer.post(f"{opened}/updates", {"message": "the last"}).status == 201
    assert len(timeline(ours.writer, opened)) == MOST_UPDATES
    refused = ours.writer.post(f"{opened}/updates", {"message": "one more"})
    assert refusal(refused)[:2] == (403, "LIMIT_EXCEEDED")
    assert change(ours.writer, opened, status="RESOLVED")["status"] == "RESOLVED"
