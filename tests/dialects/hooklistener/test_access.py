from dataclasses import replace
from datetime import timedelta

import pytest
from broken import answering
from people import Person, new_key

from chalicelib.core.tenancy import hash_secret
from chalicelib.dialects import ids
from chalicelib.services.keys import KeyWish
from chalicelib.storage.keys import Lane
from hooklistener.asking import CHANGES, MONITORS, NOBODY, ONE, ROUTES, WISHES, ask, listed, refusal, watched


@pytest.fixture(scope="module")
def shared(house):
    """Return the id of a monitor that many tests ask about and none changes."""
    return watched(Person(house, house.foundation.api_key), name="shared")["id"]


# --- who is asking ------------------------------------------------------------------------------------------


def test_a_key_of_its_own_prefix_opens_the_list(alice, house):
    """Keys may begin with hklst_; they come as Bearer tokens, in any case of the word (R219)."""
    key = new_key(house, KeyWish("ci", prefix="hklst_"))
    assert key.startswith("hklst_")
    for scheme in ("Bearer", "bearer", "BEARER"):
        answer = replace(alice, key="").get(MONITORS, Authorization=f"{scheme} {key}")
        assert (answer.status, list(answer.json())) == (200, ["data"])


@pytest.mark.parametrize("prefix", ["hklst_", "hp_", "hcw_", "sk_live_", "ip_live_"])
def test_any_key_opens_it_in_either_form(anyone, house, prefix):
    """Keys are not bound to the dialect that they were made for, nor to its header (R219)."""
    key = new_key(house, KeyWish("any", prefix=prefix))
    assert anyone.get(MONITORS, X_Api_Key=key).status == 200
    assert anyone.get(MONITORS, Authorization=f"Bearer {key}").status == 200


@pytest.mark.parametrize("name", ROUTES)
def test_every_route_wants_a_key(anyone, shared, name):
    """Without a key each route is 401 (R220)."""
    assert refusal(ask(anyone, name, shared)) == (401, "Authentication required")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer hklst_unknown",
        "Bearer",
        "Bearer ",
        "Basic {key}",
        "{key}",
        "Bearer \N{BEETLE}",
        "Bearer " + "x" * 9999,
    ],
)
def test_what_is_no_key_is_refused(alice, anyone, header):
    """Unknown keys, other schemes and bare tokens are all the same 401 (R220)."""
    answer = anyone.get(MONITORS, Authorization=header.format(key=alice.key))
    assert refusal(answer) == (401, "Authentication required")


@pytest.mark.parametrize("name", ["api_key", "key", "token"])
def test_no_key_is_taken_from_the_url_or_the_body(alice, anyone, name):
    """A key in an address ends up in logs; there it opens nothing (R220)."""
    assert anyone.get(f"{MONITORS}?{name}={alice.key}").status == 401
    assert anyone.post(MONITORS, {"uptime_monitor": WISHES["create"], name: alice.key}).status == 401


@pytest.mark.parametrize("name", CHANGES)
def test_a_read_only_key_may_not_change_anything(alice, reader, shared, name):
    """What only reads is forbidden to write."""
    before = listed(alice)
    assert refusal(ask(reader, name, shared)) == (403, "This key may only read")
    assert listed(alice) == before


@pytest.mark.parametrize("name", ["list", "show", "checks"])
def test_a_read_only_key_may_read(reader, shared, name):
    """Monitors and what was found may be seen by those who may read."""
    assert ask(reader, name, shared).status == 200


# --- whose they are -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ONE)
def test_somebody_else_s_monitor_is_not_found(alice, bob, shared, name):
    """Nobody learns whether an id exists elsewhere; nothing is changed (R222, R239)."""
    before = ask(alice, "show", shared).json()
    assert refusal(ask(bob, name, shared)) == (404, "Not found")
    assert ask(alice, "show", shared).json() == before


def test_a_list_is_of_one_s_own_urls(alice, bob):
    """Neither other people's monitors nor checks that wait for pings are in it (R222)."""
    mine, theirs = watched(alice, name="mine"), watched(bob, name="theirs")
    heartbeat = alice.check(name="nightly")
    ours = {one["id"] for one in listed(alice)}
    assert mine["id"] in ours
    assert not {theirs["id"], ids.spell("mon", heartbeat["uuid"])} & ours
    assert [one["name"] for one in listed(bob)] == ["theirs"]


@pytest.mark.parametrize("name", ONE)
def test_a_check_that_waits_for_pings_is_not_found(alice, name):
    """What watches no URL is none of this dialect's, by either form of its id (R222, R239)."""
    check = alice.check(name="nightly")
    for code in (check["uuid"], ids.spell("mon", check["uuid"])):
        assert refusal(ask(alice, name, code)) == (404, "Not found")
    assert alice.see(check)["name"] == "nightly"


# --- the form of refusals -----------------------------------------------------------------------------------


ODD_IDS = [
    NOBODY,
    ids.spell("mon", NOBODY),
    ids.spell("chk", NOBODY),
    "mon_abc123",
    "mon_",
    "mon",
    "mon_" + "a" * 25 + "b",  # bits that no UUID has
    "MON_" + "A" * 26,
    "mon_" + "8" * 26,
    "x",
    "y" * 3000,
    "%00",
    "%F0%9F%94%91",
    NOBODY.upper() + "A",
]


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize("code", ODD_IDS)
def test_an_unknown_monitor_is_not_found(alice, name, code):
    """However odd the id, and whatever the body (R239)."""
    assert refusal(ask(alice, name, code)) == (404, "Not found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", MONITORS),
        ("PATCH", MONITORS),
        ("DELETE", MONITORS),
        ("POST", f"{MONITORS}/{NOBODY}"),
        ("PATCH", f"{MONITORS}/{NOBODY}"),
        ("POST", f"{MONITORS}/{NOBODY}/checks"),
    ],
)
def test_other_methods_are_refused_in_the_same_form(alice, method, path):
    """A known path with a method that it is not for: 405, naming those that it is for (R394)."""
    refused = alice.ask(method, path)
    assert refusal(refused) == (405, "Method not allowed")
    assert "OPTIONS" in refused.headers["Allow"]


@pytest.mark.parametrize("path", [MONITORS, MONITORS + "/", f"{MONITORS}/{NOBODY}"])
def test_browsers_may_ask_before_they_ask(anyone, path):
    """OPTIONS needs no key, and allows the key's header."""
    answer = anyone.ask("OPTIONS", path)
    assert (answer.status, answer.body) == (204, b"")
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


def unforeseen(**_):
    """Break as only a bug does."""
    raise RuntimeError("table wakeful-monitors at 10.0.0.7")


def test_a_fault_of_ours_tells_no_internals(alice):
    """What we did not foresee is a 500 in the same form, without a trace of how it came about (R394)."""
    with answering(alice.house, "Query", unforeseen):
        refused = ask(alice, "list")
    assert refusal(refused) == (500, "Internal server error")


def test_a_database_that_is_silent_is_told_to_be_temporary(alice):
    """Where a repetition may help the client is told so, and when (R394)."""
    with answering(alice.house, "Query"):
        refused = ask(alice, "list")
    assert refusal(refused) == (503, "Temporarily unavailable, please try again")
    assert int(refused.headers["Retry-After"]) >= 1


def test_the_hundred_and_first_call_of_a_minute_is_refused(carol):
    """A key has 100 calls a minute; the refusal says when to come back, and what was allowed (R386)."""
    house, now = carol.house, carol.house.clock.now
    for _ in range(99):
        house.tools.keys.spend(hash_secret(carol.key), Lane.V1, now)
    assert ask(carol, "list").headers["X-RateLimit-Remaining"] == "0"
    refused = ask(carol, "list")
    assert refusal(refused)[0] == 429
    assert refused.headers["Retry-After"] == "60"
    assert refused.headers["X-RateLimit-Limit"] == "100"
    house.clock.now += timedelta(minutes=1)
    assert ask(carol, "list").status == 200
