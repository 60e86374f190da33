from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.tenancy import hash_secret
from chalicelib.services.keys import KeyWish, issue
from chalicelib.storage.keys import Lane
from healthchecks.asking import CHECKS, NOBODY, ONE, ROUTES, ask, newcomer, refusal, seen, settled

UNKNOWN_KEY = "0" * 40


@pytest.fixture
def check(alice):
    """Return a new check of Alice's."""
    return alice.check(name="Backups", tags="prod www", timeout=3600, grace=60)


@pytest.fixture(scope="module")
def shared(house):
    """Return the id of a check that many tests ask about and none changes."""
    made = house.ask("POST", CHECKS, b'{"name": "shared"}', X_Api_Key=house.foundation.api_key)
    return made.json()["uuid"]


# --- who is asking ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["X-Api-Key", "x-api-key", "X-API-KEY"])
def test_the_key_comes_in_a_header_of_any_case(alice, house, name):
    """A read-write key in X-Api-Key opens the list (R249, R256)."""
    assert house.front.ask("GET", CHECKS, {name: alice.key}).status == 200


@pytest.mark.parametrize("name", ["create", "update", "pause", "resume"])
def test_a_post_may_bring_its_key_in_the_body(alice, anyone, name):
    """`api_key` in the JSON of a POST is a key, and is neither stored nor echoed (R250, R330)."""
    check = alice.check()
    if name == "resume":
        ask(alice, "pause", check["uuid"])
    answer = ask(anyone, name, check["uuid"], {"api_key": alice.key, "name": "Backups"})
    assert answer.status in (200, 201)
    assert alice.key not in answer.text
    assert "api_key" not in answer.json()


@pytest.mark.parametrize("name", ["list", "show", "delete"])
def test_only_a_post_may(alice, anyone, check, name):
    """GET and DELETE need the header; a key in the query opens nothing at all (R251)."""
    body = {"api_key": alice.key}
    assert refusal(ask(anyone, name, check["uuid"], body)) == (401, "missing api key")
    assert anyone.get(f"{CHECKS}?api_key={alice.key}").status == 401
    assert alice.see(check)["name"] == "Backups"


def test_the_header_wins(alice, anyone):
    """Where header and body name keys, the header's counts (R249)."""
    assert anyone.post(CHECKS, {"api_key": alice.key}, X_Api_Key="x" * 32).status == 401
    assert anyone.post(CHECKS, {"api_key": "x" * 32}, X_Api_Key=alice.key).status == 201


@pytest.mark.parametrize("name", ROUTES)
@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("", "missing api key"),
        ("short", "missing api key"),
        ("x" * 33, "missing api key"),
        ("x" * 32, "wrong api key"),
    ],
)
def test_nobody_gets_in_without_a_key(alice, anyone, shared, name, key, said):
    """Missing keys, keys of another length and unknown ones are told apart (R252, R253, R277, R281, R322)."""
    before = seen(alice, shared)
    headers = {"X_Api_Key": key} if key else {}
    assert refusal(ask(anyone, name, shared, **headers)) == (401, said)
    assert seen(alice, shared) == before


@pytest.mark.parametrize("key", [None, 7, True, [], {}, ["x" * 32], "", "\0" * 32, "ü" * 32])
def test_a_key_in_the_body_is_text(anyone, key):
    """Whatever else stands there is no key, and breaks nothing (R252, R253)."""
    assert anyone.post(CHECKS, {"api_key": key}).status == 401


def test_nothing_is_created_without_a_key(carol, anyone):
    """A refused create leaves nothing behind (R322)."""
    anyone.post(CHECKS, {"name": "nobody's"})
    assert anyone.post(CHECKS, {"name": "nobody's"}, X_Api_Key=carol.key[:-1]).status == 401
    assert carol.get(CHECKS).json() == {"checks": []}


def test_a_project_has_no_key_until_one_is_issued(house, anyone):
    """A new project's checks are nobody's to see; each kind of key is issued by itself (R255)."""
    project = settled(house, "carol", "self_hosted")
    assert ask(replace(anyone, key="hcw_" + "x" * 28), "list").status == 401
    key = issue(
        house.tools,
        house.tools.organizations.find(project.organization_id),
        project.project_id,
        KeyWish("rw", "hcw_"),
        house.clock.now,
    ).secret
    assert ask(replace(anyone, key=key), "list").json() == {"checks": []}


# --- whose it is --------------------------------------------------------------------------------------------


def test_a_list_shows_the_projects_own(bob, carol):
    """Each project sees its own checks and nobody else's (R254, R264)."""
    bobs, carols = bob.check(name="Bob's"), carol.check(name="Carol's")
    assert carol.get(CHECKS).json() == {"checks": [carols]}
    assert bob.get(CHECKS).json() == {"checks": [bobs]}


@pytest.mark.parametrize("name", ONE)
def test_another_projects_check_is_forbidden(alice, bob, shared, name):
    """A key of one project on another's check: 403, nothing changed (R254, R282, R329, R333, R337, R339)."""
    before = seen(alice, shared)
    assert refusal(ask(bob, name, shared)) == (403, "")
    assert seen(alice, shared) == before


@pytest.mark.parametrize("name", ONE)
def test_an_unknown_check_is_not_found(alice, name):
    """No such uuid: 404 on every route (R283, R329, R333, R337, R339)."""
    assert refusal(ask(alice, name, NOBODY)) == (404, "not found")


@pytest.mark.parametrize(
    "code", ["x", NOBODY + "0", "%00", "y" * 3000, "%F0%9F%94%91", "%ED%A0%80", "..", "A" * 40]
)
def test_what_is_no_id_is_not_found(alice, code):
    """However odd the path, nothing is found and nothing breaks (R283)."""
    assert {ask(alice, name, code).status for name in ("show", "update", "delete")} == {404}


def test_an_unknown_unique_key_is_not_found(alice, bob, check, reader):
    """Nor is another project's: unique keys are looked for in the caller's own project (R283)."""
    assert refusal(ask(alice, "show", UNKNOWN_KEY)) == (404, "not found")
    unique = ask(reader, "show", check["uuid"]).json()["unique_key"]
    assert refusal(ask(bob, "show", unique)) == (404, "not found")


@pytest.mark.parametrize("name", ["update", "delete"])
def test_a_unique_key_only_shows(alice, reader, shared, name):
    """By its unique key a check can be seen, not changed: 405, or 404 for what is no check at all (R279)."""
    unique = ask(reader, "show", shared).json()["unique_key"]
    assert ask(alice, name, unique).status in (404, 405)


def test_the_order_of_refusals(alice, bob, anyone, shared):
    """Of several faults the first counts: no key, unknown check, another's check, bad value (R329)."""
    bad = {"timeout": 1}
    assert ask(anyone, "update", NOBODY, bad).status == 401
    assert ask(bob, "update", NOBODY, bad).status == 404
    assert ask(bob, "update", shared, bad).status == 403
    assert ask(alice, "update", shared, bad).status == 400
    assert refusal(ask(anyone, "update", NOBODY, b"{")) == (400, "could not parse request body")


# --- read-only keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["create", "update", "pause", "resume", "delete"])
def test_a_read_only_key_changes_nothing(alice, reader, shared, name):
    """A read-only key is a wrong key wherever something is changed (R258)."""
    before = seen(alice, shared)
    assert refusal(ask(reader, name, shared, {"name": "x"})) == (401, "wrong api key")
    assert seen(alice, shared) == before


def test_a_read_only_key_sees_no_way_to_act(alice, reader, shared):
    """It sees the list and single checks without URLs and channels, with a stable name (R257, R276, R280)."""
    hidden = {"uuid", "ping_url", "ping_email", "update_url", "pause_url", "resume_url", "channels"}
    full, reduced = seen(alice, shared), seen(reader, shared)
    assert set(full) - set(reduced) == hidden
    assert set(reduced) - set(full) == {"unique_key"}
    assert len(reduced["unique_key"]) == 40
    listed = ask(reader, "list")
    assert reduced in listed.json()["checks"]
    assert shared not in listed.text


def test_the_unique_key_finds_the_check(alice, reader, shared):
    """By its unique key each kind of key sees what it may see of the same check (R279)."""
    unique = seen(reader, shared)["unique_key"]
    assert seen(reader, unique) == seen(reader, shared)
    assert seen(alice, unique) == seen(alice, shared)


# --- browsers and methods -----------------------------------------------------------------------------------


def may_be_read(reply):
    """Whether a page from anywhere may read *reply*."""
    wanted = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Headers": "X-Api-Key",
        "Access-Control-Max-Age": "600",
    }
    return wanted.items() <= reply.headers.items()


@pytest.mark.parametrize("name", ROUTES)
def test_browsers_may_ask_before_they_ask(anyone, name):
    """OPTIONS on every route: 204, empty, no key, and the methods of the route (R263)."""
    method, path = ROUTES[name]
    answer = anyone.ask("OPTIONS", path.format(NOBODY))
    assert (answer.status, answer.body) == (204, b"")
    assert may_be_read(answer)
    assert {method, "OPTIONS"} <= set(answer.headers["Access-Control-Allow-Methods"].split(", "))


def test_every_answer_may_be_read_by_browsers(alice, bob, anyone, check):
    """200, 201, 400, 401, 403, 404, 405 and 409 alike carry the CORS headers (R263)."""
    answers = [
        ask(alice, "show", check["uuid"]),
        ask(alice, "create"),
        ask(alice, "create", body=b"{"),
        ask(anyone, "list"),
        ask(bob, "show", check["uuid"]),
        ask(alice, "show", NOBODY),
        alice.ask("PUT", CHECKS),
        ask(alice, "resume", check["uuid"]),
    ]
    assert [answer.status for answer in answers] == [200, 201, 400, 401, 403, 404, 405, 409]
    assert all(map(may_be_read, answers))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", CHECKS),
        ("DELETE", CHECKS),
        ("HEAD", CHECKS),
        ("PATCH", CHECKS + NOBODY),
        ("PUT", CHECKS + NOBODY),
        ("GET", f"{CHECKS}{NOBODY}/pause"),
        ("DELETE", f"{CHECKS}{NOBODY}/resume"),
    ],
)
def test_other_methods_are_refused(alice, method, path):
    """405, empty, naming what would be allowed (R263)."""
    refused = alice.ask(method, path)
    assert (refused.status, refused.body) == (405, b"")
    assert "OPTIONS" in refused.headers["Allow"]


# --- limits -------------------------------------------------------------------------------------------------


def test_a_key_has_so_many_calls_a_minute(house, anyone):
    """Past its plan's rate a key is told when to come again; a new minute is a new start (R81, R386)."""
    frank, _ = newcomer(house, anyone, "hacker")
    for _ in range(59):
        house.tools.keys.spend(hash_secret(frank.key), Lane.V3, house.clock.now)
    house.clock.now += timedelta(seconds=15)
    last, refused = ask(frank, "list"), ask(frank, "list")
    assert (last.status, last.headers["X-RateLimit-Limit"], last.headers["X-RateLimit-Remaining"]) == (
        200,
        "60",
        "0",
    )
    assert (refused.status, refused.headers["Retry-After"]) == (429, "45")
    assert refused.json() == {"error": "rate limit exceeded"}
    house.clock.now += timedelta(seconds=45)
    assert ask(frank, "list").status == 200
