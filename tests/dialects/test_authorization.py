"""Every route against every kind of key: a route without a row in the matrix fails here."""

from datetime import timedelta

import pytest
from belongings import MAKERS, PUBLIC, RIGHTS, SECRET, SEEN, address, numbered
from people import Person, new_key

from app import DIALECTS
from chalicelib.core.tenancy import Level, Permission
from chalicelib.dialects import ids, shared_v1
from chalicelib.services.keys import KeyWish
from chalicelib.web import routes as web

NOBODY = ("no key", "garbage", "a revoked key")
STRANGERS = ("another project", "another organization", "another organization's admin")
READERS = ("a reader", "the organization's reader")
ADMINS = ("the admin", "the organization's reader")
KINDS = (*NOBODY, *STRANGERS, *READERS, "the project", "the admin")
MADE_BY_ADMINS = ("project", "organization")


@pytest.fixture(scope="module")
def people(house, bobs_project):
    """Return somebody with each kind of key."""
    admin = Person(house, house.foundation.admin_key)
    sibling = admin.post("/v1/projects", {"name": "Sibling"}).json()["id"]
    revoked = admin.post("/v1/api-keys", {"name": "revoked"}).json()
    assert admin.ask("DELETE", f"/v1/api-keys/{revoked['apiKey']['id']}").status == 204
    reading = KeyWish("reads all", level=Level.ORGANIZATION, permission=Permission.READ)
    return {
        "no key": Person(house),
        "garbage": Person(house, "hp_" + "0" * 29),
        "a revoked key": Person(house, revoked["fullKey"]),
        "another project": Person(house, new_key(house, KeyWish("sibling"), sibling)),
        "another organization": Person(house, bobs_project.api_key),
        "another organization's admin": Person(house, bobs_project.admin_key),
        "a reader": Person(house, house.foundation.read_only_key),
        "the organization's reader": Person(house, new_key(house, reading)),
        "the project": Person(house, house.foundation.api_key),
        "the admin": admin,
    }


def expected(right, kind):
    """Return the status that *kind* of key gets."""
    if kind in NOBODY:
        return 401
    if kind in READERS and right.need.endswith("write"):
        return right.reader
    if right.need.startswith("organization") and kind not in ADMINS and kind != STRANGERS[2]:
        return 403
    is_kin = right.thing == "own organization" and kind == STRANGERS[0]
    if right.thing and kind in STRANGERS and not is_kin:
        return right.foreign
    return right.success


def owner(people, right):
    """Return who makes, and sees, the thing of *right*."""
    return people["the admin" if right.thing in MADE_BY_ADMINS else "the project"]


def asks(person, method, path, right, thing_id):
    """Return the answer to the question of the matrix."""
    return person.ask(method, address(path, thing_id), numbered(right.body))


def test_every_route_has_a_row_and_every_row_a_route():
    """The matrix is as long as the tables of routes: what asks for no key is named, too."""
    routes = {
        (method, route.path)
        for table in (*DIALECTS, shared_v1, web)
        for route in table.ROUTES
        for method in route.methods
        if not route.path.startswith(PUBLIC)
    }
    assert routes == RIGHTS.keys()


@pytest.mark.parametrize(("method", "path"), RIGHTS, ids=lambda part: part)
def test_who_may_not_is_refused_and_changes_nothing(people, method, path):
    """No key, or not the right one: 401, 403 or 404, nothing told, nothing changed (R5-R7, R63, R69, R74)."""
    right = RIGHTS[method, path]
    mine = owner(people, right)
    thing_id = MAKERS[right.thing](mine) if right.thing else ""
    seen = mine.get(address(SEEN[right.thing], thing_id)) if right.thing else None
    refused = [
        kind for kind in KINDS if expected(right, kind) >= 400 and expected(right, kind) != right.success
    ]
    answers = {kind: asks(people[kind], method, path, right, thing_id) for kind in refused}
    assert {kind: answer.status for kind, answer in answers.items()} == {
        kind: expected(right, kind) for kind in refused
    }
    assert [kind for kind, answer in answers.items() if SECRET in answer.text] == []
    if seen:
        again = mine.get(address(SEEN[right.thing], thing_id))
        assert without_uses(again.json()) == without_uses(seen.json())


def without_uses(shown):
    """Return a list of keys without when each was used; anything else as it is."""
    return [{**key, "lastUsedAt": None} for key in shown["apiKeys"]] if "apiKeys" in shown else shown


@pytest.mark.parametrize(("method", "path"), RIGHTS, ids=lambda part: part)
def test_who_may_is_let_in(people, method, path):
    """The same question from those whom it is for is answered (R6, R8, R36-R38, R62-R69)."""
    right = RIGHTS[method, path]
    for kind in KINDS:
        if expected(right, kind) == right.success:
            thing_id = MAKERS[right.thing](owner(people, right)) if right.thing else ""
            answer = asks(people[kind], method, path, right, thing_id)
            assert (kind, answer.status) == (kind, right.success), answer.text


CHANGES = [asked for asked, right in RIGHTS.items() if asked[0] != "GET" and right.success < 400]


@pytest.mark.parametrize(("method", "path"), CHANGES, ids=lambda part: part)
def test_every_change_is_in_the_audit_trail(people, house, method, path):
    """Whatever is changed, the trail says when, and by which key; a new route without a line fails here."""
    right, admin = RIGHTS[method, path], people["the admin"]
    thing_id = MAKERS[right.thing](owner(people, right)) if right.thing else ""
    house.clock.now += timedelta(seconds=1)
    assert asks(admin, method, path, right, thing_id).status == right.success
    entry = admin.get("/v1/audit?limit=1").json()["entries"][0]
    assert (entry["keyName"], entry["at"]) == ("admin", house.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert not thing_id or ids.read(ids.MONITOR, thing_id) == entry["objectId"]


def test_lists_show_nothing_of_others(people):
    """What a list shows is the caller's own, whatever else there is (R6, R36, R62)."""
    for make in MAKERS.values():
        make(people["the admin"])
    lists = [path for (method, path), right in RIGHTS.items() if method == "GET" and not right.thing]
    for path in lists:
        for kind in STRANGERS:
            assert (path, kind, SECRET in people[kind].get(path).text) == (path, kind, False)
