from dataclasses import replace
from datetime import timedelta

import pytest
from broken import answering
from people import new_key

from chalicelib.core.tenancy import hash_secret
from chalicelib.services.keys import KeyWish, issue
from chalicelib.storage.keys import Lane
from haspulse.asking import CHANGES, CHANNELS, NOBODY, ONE, ROUTES, WISHES, ask, refusal


@pytest.fixture(scope="module")
def shared(house):
    """Return the id of a channel that many tests ask about and none changes."""
    body = b'{"type": "WEBHOOK", "name": "shared", "config": {"url": "http://127.0.0.1:9/"}}'
    return house.ask("POST", CHANNELS, body, X_Api_Key=house.foundation.api_key).json()["id"]


# --- who is asking ------------------------------------------------------------------------------------------


def test_a_bearer_key_opens_the_list(alice, house):
    """Keys begin with hp_ and come as Bearer tokens, in any case of the word (R1)."""
    key = new_key(house, KeyWish("ci"))
    assert key.startswith("hp_")
    for scheme in ("Bearer", "bearer", "BEARER"):
        answer = replace(alice, key="").get(CHANNELS, Authorization=f"{scheme} {key}")
        assert (answer.status, list(answer.json())) == (200, ["channels"])


@pytest.mark.parametrize("name", ROUTES)
def test_every_route_wants_a_key(anyone, shared, name):
    """Without a key each route is 401 in the common form (R2, R5, R73)."""
    assert refusal(ask(anyone, name, shared)) == (401, "UNAUTHORIZED", "Invalid or missing API key")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer hp_unknown",
        "Bearer hp_" + "x" * 29,
        "Bearer",
        "Bearer ",
        "Basic {key}",
        "Digest {key}",
        "{key}",
        "Token {key}",
        "Bearer Bearer {key}",
        "Bearer \N{BEETLE}",
        "Bearer " + "x" * 100_000,
    ],
)
def test_what_is_no_bearer_key_is_refused(alice, anyone, header):
    """Unknown keys, other schemes and bare tokens are all the same 401 (R3, R4)."""
    answer = anyone.get(CHANNELS, Authorization=header.format(key=alice.key))
    assert refusal(answer) == (401, "UNAUTHORIZED", "Invalid or missing API key")


@pytest.mark.parametrize("name", ["api_key", "key", "token", "access_token", "apiKey"])
def test_no_key_is_taken_from_the_url_or_the_body(alice, anyone, name):
    """A key in an address ends up in logs; there it opens nothing (R4)."""
    assert anyone.get(f"{CHANNELS}?{name}={alice.key}").status == 401
    assert anyone.post(CHANNELS, WISHES["create"] | {name: alice.key}).status == 401


@pytest.mark.parametrize("name", CHANGES)
def test_a_read_only_key_may_not_change_anything(alice, reader, shared, name):
    """What only reads is forbidden to write (R74)."""
    before = ask(alice, "show", shared).json()
    status, code, _ = refusal(ask(reader, name, shared))
    assert (status, code) == (403, "FORBIDDEN")
    assert ask(alice, "show", shared).json() == before


@pytest.mark.parametrize("name", ["list", "show", "log"])
def test_a_read_only_key_may_read(reader, shared, name):
    """Channels and their logs may be seen by those who may read (R41, R42)."""
    assert ask(reader, name, shared).status == 200


@pytest.mark.parametrize("name", ONE)
def test_another_projects_channel_is_forbidden(alice, bob, shared, name):
    """Whatever somebody wants with the channel of another project is forbidden, and changes nothing (R7)."""
    before = ask(alice, "show", shared).json()
    assert refusal(ask(bob, name, shared))[:2] == (403, "FORBIDDEN")
    assert ask(alice, "show", shared).json() == before


# --- the form of refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize("code", [NOBODY, "x", "y" * 3000, "%00", "%F0%9F%94%91", NOBODY.upper() + "A"])
def test_an_unknown_channel_is_not_found(alice, name, code):
    """However odd the id: 404 with the code and the sentence of the document (R42, R71, R75)."""
    assert refusal(ask(alice, name, code)) == (404, "NOT_FOUND", "Channel not found")


@pytest.mark.parametrize("path", ["/v1/nope", "/v1", "/v1/channels/x/y/z", "/v1/channels/x/nope"])
def test_an_unknown_path_is_not_found_in_the_same_form(alice, anyone, path):
    """What no route is for is told like a missing resource, with a key or without (R78, R394)."""
    for person in (alice, anyone):
        status, code, _ = refusal(person.get(path))
        assert (status, code) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", CHANNELS),
        ("PATCH", CHANNELS),
        ("DELETE", CHANNELS),
        ("POST", f"{CHANNELS}/{NOBODY}"),
        ("PUT", f"{CHANNELS}/{NOBODY}"),
        ("GET", f"{CHANNELS}/{NOBODY}/test"),
        ("DELETE", f"{CHANNELS}/{NOBODY}/deliveries"),
    ],
)
def test_other_methods_are_refused_in_the_same_form(alice, method, path):
    """A known path with a method that it is not for: 405, naming those that it is for (R78)."""
    refused = alice.ask(method, path)
    assert refusal(refused)[:2] == (405, "METHOD_NOT_ALLOWED")
    assert "OPTIONS" in refused.headers["Allow"]


@pytest.mark.parametrize(
    "path", [CHANNELS, CHANNELS + "/", f"{CHANNELS}/{NOBODY}", f"{CHANNELS}/{NOBODY}/test/"]
)
def test_browsers_may_ask_before_they_ask(anyone, path):
    """OPTIONS needs no key, and allows the key's header."""
    answer = anyone.ask("OPTIONS", path)
    assert (answer.status, answer.body) == (204, b"")
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


def unforeseen(**_):
    """Break as only a bug does."""
    raise RuntimeError("table wakeful-projects at 10.0.0.7")


@pytest.mark.parametrize("operation", ["Query", "UpdateItem"])
def test_a_fault_of_ours_tells_no_internals(alice, operation):
    """What we did not foresee is a 500 in the same form, without a trace of how it came about (R77)."""
    with answering(alice.house, operation, unforeseen):
        refused = ask(alice, "list")
    assert refusal(refused) == (500, "INTERNAL_ERROR", "Something went wrong on our side")


@pytest.mark.parametrize("operation", ["Query", "UpdateItem"])
def test_a_database_that_is_silent_is_told_to_be_temporary(alice, operation):
    """Where a repetition may help the client is told so, and when (R77, R386)."""
    with answering(alice.house, operation):
        refused = ask(alice, "list")
    assert refusal(refused)[:2] == (503, "UNAVAILABLE")
    assert int(refused.headers["Retry-After"]) >= 1
    assert "wakeful" not in refused.text


# --- limits -------------------------------------------------------------------------------------------------


def test_the_hundred_and_first_call_of_a_minute_is_refused(alice, carol):
    """A key has 100 calls a minute; another key, and the next minute, begin afresh (R76, R79, R386)."""
    house, now = carol.house, carol.house.clock.now
    for _ in range(99):
        key, _ = house.tools.keys.spend(hash_secret(carol.key), Lane.V1, now)
    organization = house.tools.organizations.find(key.organization_id)
    made = issue(house.tools, organization, key.project_id, KeyWish("other"), now)
    other = replace(carol, key=made.secret)
    assert ask(carol, "list").status == 200
    refused = ask(carol, "list")
    assert refusal(refused)[:2] == (429, "RATE_LIMITED")
    assert refused.headers["Retry-After"] == "60"
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert [ask(one, "list").status for one in (other, alice)] == [200, 200]
    house.clock.now += timedelta(minutes=1)
    assert ask(carol, "list").status == 200


def test_every_answer_tells_what_is_left(carol):
    """Limit, remaining and the moment at which it begins anew, on refusals too (R81)."""
    answers = [ask(carol, "list"), ask(carol, "show", NOBODY), ask(carol, "create", body=b"{")]
    assert [answer.status for answer in answers] == [200, 404, 400]
    assert [answer.headers["X-RateLimit-Limit"] for answer in answers] == ["100"] * 3
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["99", "98", "97"]
    begins = int(answers[0].headers["X-RateLimit-Reset"])
    assert begins == carol.house.clock.now.timestamp() // 60 * 60 + 60
