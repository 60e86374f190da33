from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import sleep

import pytest
from people import Person

from chalicelib.services import access, watching
from chalicelib.storage.keys import Lane
from healthchecks.asking import CHECKS, ask, invalid, newcomer, refusal

# --- upserts ------------------------------------------------------------------------------------------------


def test_an_upsert_creates_once_and_then_updates(carol):
    """First 201 and a new check, then 200 and the same one with the given fields changed (R308, R309)."""
    made = carol.post(CHECKS, {"name": "Upserted", "tags": "a", "desc": "kept", "unique": ["name"]})
    again = carol.post(CHECKS, {"name": "Upserted", "tags": "b", "unique": ["name"]})
    assert (made.status, again.status) == (201, 200)
    assert again.json() == made.json() | {"tags": "b"}


@pytest.mark.parametrize(
    ("field", "value", "other"),
    [
        ("name", "U", "V"),
        ("slug", "u-u", "v-v"),
        ("tags", "u u", "u"),
        ("timeout", 61, 62),
        ("grace", 61, 62),
    ],
)
def test_a_match_agrees_in_every_unique_field(carol, field, value, other):
    """Each of the five fields alone, and each together with a name (R310)."""
    mark = f"match-{field}"
    first = carol.check(desc=mark, **{"name": mark, field: value})
    wish = {"desc": mark, "name": mark, field: value, "unique": [field]}
    assert carol.post(CHECKS, wish).json()["uuid"] == first["uuid"]
    assert carol.post(CHECKS, wish | {"unique": ["name", field]}).json()["uuid"] == first["uuid"]
    assert carol.post(CHECKS, wish | {field: other, "unique": ["name", field]}).status == 201


@pytest.mark.parametrize("unique", [[], None])
def test_without_unique_a_check_is_always_new(carol, unique):
    """An empty list, or none, creates every time (R310)."""
    wish = {"name": "Twice", "slug": "twice", **({} if unique is None else {"unique": unique})}
    before = len(carol.get(CHECKS + "?slug=twice").json()["checks"])
    assert [carol.post(CHECKS, wish).status for _ in range(2)] == [201, 201]
    assert len(carol.get(CHECKS + "?slug=twice").json()["checks"]) == before + 2


def test_a_unique_field_that_is_not_given_matches_nothing(carol):
    """What must agree must be said (R310)."""
    carol.check(name="Said", tags="said")
    assert carol.post(CHECKS, {"tags": "said", "unique": ["name"]}).status == 201


def test_of_several_matches_the_first_is_meant(carol):
    """Never a third one (R309)."""
    first, _ = carol.check(name="Several"), carol.check(name="Several")
    assert carol.post(CHECKS, {"name": "Several", "unique": ["name"]}).json()["uuid"] == first["uuid"]


def test_an_upsert_stays_in_its_project(carol, bob):
    """Another project's check of that name is no match (R254)."""
    carol.check(name="Ours")
    assert bob.post(CHECKS, {"name": "Ours", "unique": ["name"]}).status == 201


def test_an_upsert_keeps_the_zone_that_it_does_not_name(carol):
    """Only the given fields change, and a zone is a field (R309)."""
    carol.check(name="In Riga", schedule="15 5 * * *", tz="Europe/Riga")
    again = carol.post(CHECKS, {"name": "In Riga", "schedule": "15 6 * * *", "unique": ["name"]}).json()
    assert (again["schedule"], again["tz"]) == ("15 6 * * *", "Europe/Riga")


@pytest.mark.parametrize("differing", [False, True])
def test_twenty_upserts_at_once_make_one_check(carol, house, differing):
    """However many come at the same moment, one creates and the others find it (R309)."""
    tools = replace(house.tools, rest=sleep)
    caller = access.enter(tools, carol.key, Lane.V3, house.clock.now)
    name = f"Crowded {differing}"

    def upsert(number):
        wish = {"name": name, "desc": f"by {number}" if differing else ""}
        return watching.upsert(tools, caller, wish, frozenset({"name"}), house.clock.now)

    with ThreadPoolExecutor(20) as crowd:
        outcomes = list(crowd.map(upsert, range(20)))
    assert sorted(is_new for _, is_new in outcomes) == [False] * 19 + [True]
    assert len({monitor.spec.monitor_id for monitor, _ in outcomes}) == 1


# --- limits -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def free_account(house):
    """Return somebody on the free plan, with all the checks that it allows, and the project."""
    dave, project = newcomer(house, Person(house), "free")
    for number in range(20):
        dave.check(name=f"{number}", slug=f"job-{number}")
    return dave, project


def test_a_free_account_has_twenty_checks(free_account):
    """The 21st is an empty 403; upserts of what is there still work, and bad values are told first (R323)."""
    dave, _ = free_account
    assert refusal(dave.post(CHECKS, {"name": "20"})) == (403, "")
    assert refusal(dave.post(CHECKS, {"name": "20", "unique": ["name"]})) == (403, "")
    assert dave.post(CHECKS, {"name": "7", "unique": ["name"]}).status == 200
    assert refusal(dave.post(CHECKS, {"timeout": 1})) == invalid("timeout is too small")


def test_a_delete_makes_room_in_a_free_account(free_account):
    """One check less is one more that may be created (R323, R338)."""
    dave, _ = free_account
    code = dave.get(CHECKS + "?slug=job-0").json()["checks"][0]["uuid"]
    ask(dave, "delete", code)
    assert dave.post(CHECKS, {"slug": "job-0"}).status == 201
    assert dave.post(CHECKS, {"slug": "job-0"}).status == 403


def test_pings_create_up_to_twice_as_many(free_account, anyone):
    """Slug pings with create=1 may go on to twice the plan's limit, then find nothing (R375)."""
    _, project = free_account
    target = f"/ping/{project.ping_key}/made-{{}}?create=1"
    assert {anyone.get(target.format(number)).status for number in range(20)} == {201}
    assert anyone.get(target.format(20)).status == 404
