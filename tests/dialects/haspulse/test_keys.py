from dataclasses import replace

import pytest

from chalicelib.core.tenancy import PLANS, hash_secret
from chalicelib.storage.organizations import OrganizationItem
from haspulse.asking import CHANNELS, NOBODY, refusal
from haspulse.tenants import (
    AUDIT,
    INCIDENTS,
    KEYS,
    MAINTENANCE,
    ODD_IDS,
    ORGANIZATIONS,
    PROJECTS,
    invalid,
    made,
    opened,
)

FIELDS = ["id", "projectId", "name", "keyPrefix", "level", "permission", "lastUsedAt", "createdAt"]
ROUTES = [
    *[("GET", path) for path in (PROJECTS, ORGANIZATIONS, KEYS, INCIDENTS, MAINTENANCE, AUDIT)],
    *[("POST", path) for path in (PROJECTS, ORGANIZATIONS, KEYS, INCIDENTS, MAINTENANCE)],
    *[
        (method, f"{path}/{NOBODY}")
        for method in ("GET", "PATCH", "DELETE")
        for path in (PROJECTS, ORGANIZATIONS, INCIDENTS, MAINTENANCE)
    ],
    ("DELETE", f"{KEYS}/{NOBODY}"),
    ("GET", f"{INCIDENTS}/{NOBODY}/updates"),
    ("POST", f"{INCIDENTS}/{NOBODY}/updates"),
    ("POST", f"{INCIDENTS}/{NOBODY}/acknowledge"),
]


def listed(person):
    """Return the names of the keys that *person* sees."""
    return [key["name"] for key in person.get(KEYS).json()["apiKeys"]]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_wants_a_key(anyone, method, path):
    """Without one, and with an unknown one: 401 in the common form (R2, R3, R5, R73)."""
    wanted = (401, "UNAUTHORIZED", "Invalid or missing API key")
    assert refusal(anyone.ask(method, path)) == wanted
    assert refusal(replace(anyone, key="hp_unknown").ask(method, path)) == wanted


# --- issuing ------------------------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_works_at_once(ours):
    """201 with the key and its secret, of which only the hash is stored (R8, R68, R393)."""
    answer = ours.writer.post(KEYS, {"name": "ci"})
    key, secret = answer.json()["apiKey"], answer.json()["fullKey"]
    assert (answer.status, list(answer.json()), list(key)) == (201, ["apiKey", "fullKey"], FIELDS)
    assert (key["name"], key["projectId"], key["lastUsedAt"]) == ("ci", ours.project_id, None)
    assert (key["level"], key["permission"]) == ("PROJECT", "WRITE")
    assert secret.startswith("hp_")
    assert secret.startswith(key["keyPrefix"])
    assert len(secret) - len(key["keyPrefix"]) > 20
    user = opened(ours.writer, secret)
    assert user.check(name="x")
    assert secret not in user.get(KEYS).text
    assert secret not in repr(ours.writer.house.tools.keys.of_owner(ours.project_id))


def test_a_list_tells_when_each_was_used(ours):
    """The oldest first, without secrets; whoever asks has just used its own (R67)."""
    made(ours.writer, KEYS, name="ci")
    ours.writer.house.clock.now = ours.writer.house.clock.now.replace(second=30)
    keys = ours.writer.get(KEYS).json()["apiKeys"]
    used = {key["name"]: key["lastUsedAt"] for key in keys}
    now = ours.writer.house.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert used == {"read-write": now, "read-only": None, "ci": None}
    assert keys[2]["name"] == "ci"
    assert [list(key) for key in keys] == [FIELDS] * 3


def test_a_key_of_organization_level_manages_all(ours):
    """It sees the keys of every project and issues keys for any, or for the whole (R67, R68)."""
    second = made(ours.admin, PROJECTS, name="Second")
    theirs = made(ours.admin, KEYS, name="theirs", projectId=second["id"].upper())
    wide = made(ours.admin, KEYS, name="wide", level="ORGANIZATION", permission="READ")
    assert theirs["apiKey"]["projectId"] == second["id"]
    assert (wide["apiKey"]["projectId"], wide["apiKey"]["level"]) == (None, "ORGANIZATION")
    assert sorted(listed(ours.admin)) == ["admin", "read-only", "read-write", "theirs", "wide"]
    assert sorted(listed(ours.writer)) == ["read-only", "read-write"]
    assert len(opened(ours.admin, wide["fullKey"]).get(PROJECTS).json()["projects"]) == 2
    assert opened(ours.admin, wide["fullKey"]).post(PROJECTS, {"name": "x"}).status == 403
    assert listed(opened(ours.admin, theirs["fullKey"])) == ["theirs"]


@pytest.mark.parametrize(
    ("style", "prefix", "reading"),
    [
        ("haspulse", "hp_", "hp_"),
        ("statuspulse", "sk_live_", "sk_live_"),
        ("indiepulse", "ip_live_", "ip_live_"),
        ("hooklistener", "hklst_", "hklst_"),
        ("healthchecks", "hcw_", "hcr_"),
    ],
)
def test_a_key_may_look_like_any_product_s(acme, style, prefix, reading):
    """32 characters, whatever they begin with; any key opens any dialect (R68, R252, R382)."""
    writes = made(acme.writer, KEYS, name=style, style=style)["fullKey"]
    reads = made(acme.writer, KEYS, name=style, style=style, permission="READ")["fullKey"]
    assert (writes.startswith(prefix), reads.startswith(reading)) == (True, True)
    assert {len(writes), len(reads)} == {32}
    assert opened(acme.writer, reads).get("/api/v3/checks/").status == 200


def test_nobody_issues_a_wider_key_than_their_own(acme, ours):
    """Neither for the organization, nor for another project, nor with a key that only reads (R68, R74)."""
    second = made(ours.admin, PROJECTS, name="Second")
    wishes = [
        (ours.writer, {"level": "ORGANIZATION"}),
        (ours.writer, {"projectId": second["id"]}),
        (ours.writer, {"projectId": acme.project_id}),
        (ours.admin, {"projectId": acme.project_id}),
        (ours.reader, {}),
        (ours.reader, {"permission": "READ"}),
    ]
    before = listed(ours.admin)
    for person, wish in wishes:
        assert refusal(person.post(KEYS, {"name": "x", **wish}))[:2] == (403, "FORBIDDEN")
    assert refusal(ours.admin.post(KEYS, {"name": "x", "projectId": NOBODY}))[:2] == (404, "NOT_FOUND")
    assert listed(ours.admin) == before


def test_a_plan_allows_so_many_keys(ours):
    """One more is refused, until another is revoked (R68, R69, R136)."""
    limit = PLANS["hacker"].keys
    hackers = made(ours.admin, ORGANIZATIONS, name="Hackers", slug=f"hackers-{ours.organization_id}")
    item = OrganizationItem.get(hackers["id"], "organization")
    item.update([OrganizationItem.plan.set("hacker")])
    admin = opened(ours.admin, hackers["fullKey"])
    keys = [made(admin, KEYS, name=str(n))["apiKey"]["id"] for n in range(1, limit)]
    assert refusal(admin.post(KEYS, {"name": "one more"}))[:2] == (403, "LIMIT_EXCEEDED")
    assert admin.ask("DELETE", f"{KEYS}/{keys[0]}").status == 204
    assert admin.post(KEYS, {"name": "instead"}).status == 201


@pytest.mark.parametrize(
    ("wish", "named"),
    [
        (b"{", "body"),
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": 7}, "name"),
        ({"name": "x", "permission": "write"}, "permission"),
        ({"name": "x", "permission": True}, "permission"),
        ({"name": "x", "level": "GALAXY"}, "level"),
        ({"name": "x", "level": "ORGANIZATION", "projectId": NOBODY}, "projectid"),
        ({"name": "x", "projectId": ""}, "projectid"),
        ({"name": "x", "projectId": 7}, "projectid"),
        ({"name": "x", "style": "morse"}, "style"),
    ],
    ids=str,
)
def test_what_is_invalid_is_told_and_not_stored(acme, wish, named):
    """400 with the field named (R71, R72)."""
    before = listed(acme.admin)
    assert named in invalid(acme.admin.post(KEYS, wish))
    assert listed(acme.admin) == before


# --- revoking -----------------------------------------------------------------------------------------------


def test_a_revoked_key_opens_nothing_from_then_on(ours):
    """Also one that a warm process knows well (R3, R69)."""
    key = made(ours.writer, KEYS, name="leaked")
    user = opened(ours.writer, key["fullKey"])
    assert user.get(CHANNELS).status == 200
    answer = ours.writer.ask("DELETE", f"{KEYS}/{key['apiKey']['id']}")
    assert (answer.status, answer.body) == (204, b"")
    assert refusal(user.get(CHANNELS))[:2] == (401, "UNAUTHORIZED")
    assert ours.writer.ask("DELETE", f"{KEYS}/{key['apiKey']['id']}").status == 404
    assert sorted(listed(ours.writer)) == ["read-only", "read-write"]


@pytest.mark.parametrize("who", ["admin", "writer"])
def test_the_key_in_use_may_be_revoked(ours, who):
    """The answer still comes, also where it acts in one project, whose list does not show it (R69)."""
    person = getattr(ours, who)
    key, _ = person.house.tools.keys.spend(hash_secret(person.key), "v1", person.house.clock.now)
    answer = person.ask("DELETE", f"{KEYS}/{key.key_id}", X_Project_Id=ours.project_id)
    assert answer.status == 204
    assert person.get(KEYS).status == 401


def test_what_only_reads_revokes_nothing(ours):
    """Not even itself (R69, R74)."""
    for key in ours.reader.get(KEYS).json()["apiKeys"]:
        assert refusal(ours.reader.ask("DELETE", f"{KEYS}/{key['id']}"))[:2] == (403, "FORBIDDEN")
    assert ours.writer.get(KEYS).status == 200


def test_the_keys_of_others_are_not_found(acme, ours):
    """Nobody revokes what their own list does not show (R7, R75)."""
    for key in acme.admin.get(KEYS).json()["apiKeys"]:
        answer = ours.admin.ask("DELETE", f"{KEYS}/{key['id']}")
        assert refusal(answer) == (404, "NOT_FOUND", "API key not found")
    assert acme.writer.get(KEYS).status == 200


@pytest.mark.parametrize("code", ODD_IDS)
def test_an_absent_key_is_not_found(acme, code):
    """However odd the id (R69, R75)."""
    answer = acme.admin.ask("DELETE", f"{KEYS}/{code}")
    assert refusal(answer) == (404, "NOT_FOUND", "API key not found")


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "POST"])
def test_a_key_is_not_changed(acme, method):
    """Only deleted: 405, naming what it is for (R70, R78)."""
    refused = acme.admin.ask(method, f"{KEYS}/{NOBODY}", {"name": "x"})
    assert refusal(refused)[:2] == (405, "METHOD_NOT_ALLOWED")
    assert refused.headers["Allow"] == "DELETE, OPTIONS"
