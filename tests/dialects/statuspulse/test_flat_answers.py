import pytest
from broken import answering
from people import Person, new_key

from chalicelib.core.tenancy import Permission
from chalicelib.services.keys import KeyWish
from statuspulse.asking import (
    INCIDENTS,
    MONITORS,
    POLICIES,
    SITE,
    STATUS,
    created,
    ladder,
    put,
    refusal,
    site,
)

KNOWN = (MONITORS, f"{MONITORS}/{{}}", f"{MONITORS}/{{}}/config", f"{STATUS}/{{}}", POLICIES)


@pytest.fixture(scope="module")
def watched(house):
    """Return the id of a monitor of Alice's."""
    return site(Person(house, house.foundation.api_key))


def test_a_token_of_the_documents_style_opens_all(house):
    """`Authorization: Bearer sk_live_…` (R82)."""
    key = new_key(house, KeyWish("ci", "sk_live_"))
    assert key.startswith("sk_live_")
    somebody = Person(house)
    answer = somebody.post(MONITORS, SITE, Authorization=f"Bearer {key}")
    assert answer.status == 201
    path = f"{STATUS}/{answer.json()['monitor_id']}"
    assert somebody.get(path, Authorization=f"Bearer {key}").status == 200


@pytest.mark.parametrize("key", ["", "sk_live_8f3a9c2d1e4b7f6a"])
def test_without_a_token_nothing_is_told(house, watched, key):
    """401 in the one form (R83, R86, R126)."""
    stranger = Person(house, key)
    for path in KNOWN:
        assert refusal(stranger.get(path.format(watched)))[:2] == (401, "unauthorized")
    triggering = {"state": "triggered", "title": "x"}
    assert refusal(stranger.post(INCIDENTS, triggering))[:2] == (401, "unauthorized")


def test_a_token_may_be_for_reading_alone(house, watched):
    """It sees the status; it neither creates, changes, deletes nor triggers (R84)."""
    reader = Person(house, new_key(house, KeyWish("looks on", permission=Permission.READ)))
    assert reader.get(f"{STATUS}/{watched}").status == 200
    refused = [
        reader.post(MONITORS, {}),
        reader.ask("DELETE", f"{MONITORS}/{watched}"),
        put(reader, watched, {}),
        reader.post(POLICIES, {}),
        reader.post(INCIDENTS, {"state": "triggered", "title": "x"}),
    ]
    assert {refusal(answer)[:2] for answer in refused} == {(403, "forbidden")}


def test_a_team_sees_its_own(house, watched, bob):
    """Neither another organization's, nor that of a team beside it (R85)."""
    admin = Person(house, house.foundation.admin_key)
    project = admin.post("/v1/projects", {"name": "Team B"}).json()["id"]
    for other in (bob, Person(house, new_key(house, KeyWish("b"), project))):
        assert refusal(other.get(f"{STATUS}/{watched}"))[:2] == (403, "forbidden")
        assert refusal(put(other, watched, {"name": "x"}))[:2] == (403, "forbidden")
        assert other.get(MONITORS).json()["monitors"] == []
    assert admin.get(f"{STATUS}/{watched}").status == 200


def test_all_answers_are_flat_objects(carol):
    """JSON objects without a wrapper, whatever was asked (R86, R87)."""
    monitor_id, policy = site(carol), ladder(carol)
    answers = [carol.get(path.format(monitor_id)) for path in (*KNOWN, f"{POLICIES}/{policy['policy_id']}")]
    answers.append(carol.post(INCIDENTS, {"state": "triggered", "title": "x"}))
    for answer in answers:
        assert answer.headers["Content-Type"] == "application/json"
        assert isinstance(answer.json(), dict)
        assert "data" not in answer.json()


@pytest.mark.parametrize("path", KNOWN)
def test_a_wrong_method_is_told(carol, path):
    """405 in the one form, with those that there are (R89)."""
    answer = carol.ask("PATCH", path.format("x"), {})
    assert refusal(answer)[:2] == (405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


def test_too_many_calls_are_told_when_to_come_again(house):
    """429 with Retry-After; after so many seconds the call succeeds (R127, R386)."""
    somebody = Person(house, new_key(house, KeyWish("busy")))
    for _ in range(100):
        last = somebody.get(POLICIES)
    assert (last.status, last.headers["X-RateLimit-Remaining"]) == (200, "0")
    refused = somebody.get(POLICIES)
    assert refusal(refused)[:2] == (429, "rate_limited")
    house.clock.rest(int(refused.headers["Retry-After"]))
    assert somebody.get(POLICIES).status == 200


def test_a_silent_database_is_told_as_such(carol, house):
    """503 with Retry-After, and nothing of what is within (R128, R386)."""
    monitor_id = site(carol)
    with answering(house, "Query"):
        refused = carol.get(f"{STATUS}/{monitor_id}")
    assert refusal(refused) == (503, "unavailable", {})
    assert int(refused.headers["Retry-After"]) >= 1
    assert "database" not in refused.text


def test_a_fault_of_ours_is_told_without_internals(carol, house):
    """500 in the one form (R126)."""

    def fail(**_):
        raise RuntimeError("secret internals")

    monitor_id = site(carol)
    with answering(house, "Query", fail):
        refused = carol.get(f"{STATUS}/{monitor_id}")
    assert refusal(refused) == (500, "internal_error", {})
    assert "secret" not in refused.text


@pytest.mark.parametrize("query", ["page=0", "page=x", "per_page=101", "per_page=-1", "page=" + "9" * 5000])
def test_a_page_is_a_number(carol, query):
    """400 naming the parameter (R88)."""
    name = query.partition("=")[0]
    assert refusal(carol.get(f"{MONITORS}?{query}"))[2].keys() == {name}
    assert refusal(carol.get(f"{MONITORS}?page=x&per_page=x"))[2].keys() == {"page", "per_page"}
    assert created(carol, name="x", type="dns", host="example.org")
