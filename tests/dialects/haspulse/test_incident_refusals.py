import pytest
from broken import answering
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.incidents import Stage
from chalicelib.core.status import Impact
from haspulse.anything import documents, patiently, texts
from haspulse.asking import NOBODY, refusal
from haspulse.tenants import INCIDENTS, ODD_IDS, ONE_INCIDENT, PROJECTS, SECOND, invalid, made

WISH = {"title": "changed", "message": "said"}  # suits every method


@pytest.fixture(scope="module")
def shared(acme):
    """Return the path of an incident that nobody changes."""
    return f"{INCIDENTS}/{made(acme.writer, INCIDENTS, title='Shared')['id']}"


BAD = [
    ({"title": ""}, "title"),
    ({"title": " "}, "title"),
    ({"title": "x" * 201}, "title"),
    ({"title": 7}, "title"),
    ({"status": "OPEN"}, "status"),
    ({"status": "resolved"}, "status"),
    ({"status": 1}, "status"),
    ({"impact": "HUGE"}, "impact"),
    ({"impact": {}}, "impact"),
    ({"checkIds": NOBODY}, "checkids"),
    ({"checkIds": [7]}, "checkids"),
    ({"checkIds": [""]}, "checkids"),
    ({"checkIds": ["x" * 3000]}, "checkids"),
    ({"checkIds": [NOBODY]}, "checkids"),
    ({"checkIds": [f"00000000-0000-4000-8000-{n:012}" for n in range(101)]}, "checkids"),
    (b"[]", "object"),
    (b"{", "body"),
]


@pytest.mark.parametrize(("wish", "named"), BAD, ids=lambda value: str(value)[:40])
def test_what_is_invalid_is_told_and_not_stored(acme, shared, wish, named):
    """400 with the field named, whether it is new or a change (R52, R53, R71, R72)."""
    before = acme.writer.get(shared).json()
    new = {"title": "x", **wish} if isinstance(wish, dict) else wish
    assert named in invalid(acme.writer.post(INCIDENTS, new))
    assert named in invalid(acme.writer.ask("PATCH", shared, wish))
    assert acme.writer.get(shared).json() == before
    assert acme.writer.get(INCIDENTS).json()["total"] == 1


@pytest.mark.parametrize(
    ("wish", "named"),
    [
        ({}, "message"),
        ({"message": ""}, "message"),
        ({"message": "\n"}, "message"),
        ({"message": "x" * 2001}, "message"),
        ({"message": "a\x00"}, "message"),
        ({"message": "x", "status": "OPEN"}, "status"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_line_that_says_nothing_is_refused(acme, shared, wish, named):
    """400 with the field named, and the timeline stays (R55, R72)."""
    assert named in invalid(acme.writer.post(f"{shared}/updates", wish))
    assert acme.writer.get(shared).json()["updates"] == []


def test_a_check_of_another_project_is_none_of_ours(ours, acme):
    """Neither another organization's, nor that of another project of the same (R7, R52)."""
    theirs = acme.writer.check(name="theirs")["uuid"]
    second = made(ours.admin, PROJECTS, name="Second")["id"]
    check = ours.admin.post("/api/v3/checks/", {"name": "x"}, X_Project_Id=second).json()["uuid"]
    for person in (ours.writer, ours.admin):
        for check_id in (theirs, check):
            wish = {"title": "x", "checkIds": [check_id]}
            assert "checkids" in invalid(person.post(INCIDENTS, wish))


def test_a_silent_database_is_not_the_fault_of_the_ids(ours, house):
    """Whether a check is there is not told by who does not answer (R77, R386)."""
    check = ours.writer.check(name="a")["uuid"]
    with answering(house, "Query"):
        refused = ours.writer.post(INCIDENTS, {"title": "x", "checkIds": [check]})
    assert refusal(refused)[:2] == (503, "UNAVAILABLE")


@pytest.mark.parametrize("code", ODD_IDS)
def test_an_absent_incident_is_not_found(acme, code):
    """However odd the id (R51, R75)."""
    for method, tail in ONE_INCIDENT:
        answer = acme.writer.ask(method, f"{INCIDENTS}/{code}{tail}", WISH)
        assert refusal(answer) == (404, "NOT_FOUND", "Incident not found")


wishes = st.fixed_dictionaries(
    {"title": texts | documents},
    optional={
        "status": st.sampled_from(Stage) | documents,
        "impact": st.sampled_from(Impact) | documents,
        "checkIds": documents,
        "message": texts,
    },
)


@patiently
@given(wish=wishes | documents)
def test_any_json_opens_an_incident_or_is_refused(house, ours, wish):
    """201 or 400, and what was opened can be seen again (R52, R72)."""
    house.clock.now += 60 * SECOND
    answer = ours.writer.post(INCIDENTS, wish)
    assert answer.status in (201, 400)
    if answer.status == 201:
        seen = ours.writer.get(f"{INCIDENTS}/{answer.json()['id']}").json()
        assert answer.json().items() <= seen.items()
