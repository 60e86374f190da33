import pytest
from broken import answering

from haspulse.asking import CHANNELS, refusal
from haspulse.tenants import KEYS, ODD_IDS, ORGANIZATIONS, PROJECTS, SECOND, made, opened

FIELDS = ["id", "name", "slug", "plan", "trialEndsAt", "defaultProjectId", "createdAt", "updatedAt"]


@pytest.fixture
def named(house):
    """Return what makes up a slug that no other test uses."""
    return lambda word: f"{word}-{house.tools.new_id()[:8]}"


def road(organization_id):
    """Return the path of an organization."""
    return f"{ORGANIZATIONS}/{organization_id}"


def listed(person):
    """Return the ids of the organizations that *person* sees."""
    return [one["id"] for one in person.get(ORGANIZATIONS).json()["organizations"]]


def test_everybody_sees_their_organization(acme):
    """Whatever the level of their key (R62, R63)."""
    for person in (acme.admin, acme.writer, acme.reader):
        [shown] = person.get(ORGANIZATIONS).json()["organizations"]
        assert list(shown) == FIELDS
        assert (shown["id"], shown["name"], shown["plan"]) == (acme.organization_id, "Acme", "self_hosted")
        assert shown["trialEndsAt"] is None
        assert person.get(road(acme.organization_id)).json() == shown


def test_a_new_organization_is_opened_by_its_own_key(ours, named):
    """The key is shown once and manages it; the key that created it sees it, too (R62-R64)."""
    answer = ours.admin.post(ORGANIZATIONS, {"name": "Child", "slug": named("child")})
    child = answer.json()
    assert (answer.status, list(child)) == (201, [*FIELDS, "fullKey"])
    admin = opened(ours.admin, child["fullKey"])
    [project] = admin.get(PROJECTS).json()["projects"]
    assert (project["id"], project["isDefault"]) == (child["defaultProjectId"], True)
    assert [key["level"] for key in admin.get(KEYS).json()["apiKeys"]] == ["ORGANIZATION"]
    assert listed(admin) == [child["id"]]
    assert listed(ours.admin) == [ours.organization_id, child["id"]]
    assert ours.admin.get(road(child["id"])).json() == {name: child[name] for name in FIELDS}
    assert admin.get(road(ours.organization_id)).status == 403


@pytest.mark.parametrize("who", ["writer", "reader"])
def test_an_organization_needs_a_key_of_its_level(ours, who):
    """Who works in a project neither makes, changes nor deletes one (R64-R66, R74)."""
    person, path = getattr(ours, who), road(ours.organization_id)
    asked = [("POST", ORGANIZATIONS), ("PATCH", path), ("DELETE", path)]
    refused = [refusal(person.ask(method, target, {"name": "Mine"}))[:2] for method, target in asked]
    assert refused == [(403, "FORBIDDEN")] * 3
    assert ours.admin.get(path).json()["name"] == "Ours"
    assert listed(ours.admin) == [ours.organization_id]


def test_names_change_and_slugs_become_free(ours, named):
    """What is not given stays; a slug that was given up can be taken again (R65)."""
    first, second = named("first"), named("second")
    child = made(ours.admin, ORGANIZATIONS, name="Child", slug=first)
    ours.admin.house.clock.now += SECOND
    renamed = ours.admin.ask("PATCH", road(child["id"]), {"name": "Grown"}).json()
    assert (renamed["name"], renamed["slug"]) == ("Grown", first)
    assert renamed["updatedAt"] > child["updatedAt"]
    assert ours.admin.ask("PATCH", road(child["id"]), {"slug": second}).json()["slug"] == second
    assert made(ours.admin, ORGANIZATIONS, name="x", slug=first)["slug"] == first


def test_a_slug_is_taken_once_in_the_whole_deployment(acme, ours, named):
    """Whoever took it, 409, and nothing is stored or changed (R64, R65)."""
    slug = named("wanted")
    made(acme.admin, ORGANIZATIONS, name="First", slug=slug)
    assert refusal(ours.admin.post(ORGANIZATIONS, {"name": "Late", "slug": slug}))[:2] == (409, "CONFLICT")
    before = ours.admin.get(road(ours.organization_id)).json()
    assert refusal(ours.admin.ask("PATCH", road(before["id"]), {"slug": slug}))[:2] == (409, "CONFLICT")
    assert ours.admin.get(ORGANIZATIONS).json()["organizations"] == [before]


def test_a_deleted_organization_takes_all_along(ours, named):
    """Its keys open nothing, and neither its projects nor its checks are there any more (R66)."""
    child = made(ours.admin, ORGANIZATIONS, name="Doomed", slug=named("doomed"))
    admin = opened(ours.admin, child["fullKey"])
    second = made(admin, PROJECTS, name="Second")
    worker = opened(admin, made(admin, KEYS, name="k", projectId=second["id"])["fullKey"])
    checks = [admin.check(name="Default's"), worker.check(name="Second's")]

    gone = ours.admin.ask("DELETE", road(child["id"]))
    assert (gone.status, gone.body) == (204, b"")
    assert [person.get(PROJECTS).status for person in (admin, worker)] == [401, 401]
    assert [ours.admin.get(f"/ping/{check['uuid']}").status for check in checks] == [404, 404]
    missing = (404, "NOT_FOUND", "Organization not found")
    assert refusal(ours.admin.get(road(child["id"]))) == missing
    assert refusal(ours.admin.ask("DELETE", road(child["id"]))) == missing
    assert listed(ours.admin) == [ours.organization_id]
    assert made(ours.admin, ORGANIZATIONS, name="x", slug=child["slug"])["slug"] == child["slug"]


def test_an_organization_may_delete_itself(ours):
    """With the key that is in use: the answer still comes, the next does not (R66, R69)."""
    assert ours.admin.ask("DELETE", road(ours.organization_id)).status == 204
    people = (ours.admin, ours.writer, ours.reader)
    assert [person.get(ORGANIZATIONS).status for person in people] == [401] * 3


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_another_s_organization_is_forbidden(acme, ours, method):
    """Whoever is no member of it (R63, R74)."""
    answer = ours.admin.ask(method, road(acme.organization_id), {"name": "stolen"})
    assert refusal(answer)[:2] == (403, "FORBIDDEN")
    assert acme.admin.get(road(acme.organization_id)).json()["name"] == "Acme"


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("code", ODD_IDS)
def test_an_absent_organization_is_not_found(acme, method, code):
    """However odd the id (R63, R75)."""
    answer = acme.admin.ask(method, road(code), {"name": "x"})
    assert refusal(answer) == (404, "NOT_FOUND", "Organization not found")


def test_what_a_deletion_could_not_reach_goes_later(ours, named):
    """A database that falls silent in the middle keeps nobody's keys for long (R66)."""
    child = made(ours.admin, ORGANIZATIONS, name="Doomed", slug=named("doomed"))
    admin = opened(ours.admin, child["fullKey"])
    worker = opened(admin, made(admin, KEYS, name="k")["fullKey"])
    with answering(ours.admin.house, "BatchGetItem"):
        assert ours.admin.ask("DELETE", road(child["id"])).status == 503
    assert (admin.get(PROJECTS).status, worker.get(CHANNELS).status) == (401, 200)
    ours.admin.house.advance(seconds=1)
    assert worker.get(CHANNELS).status == 401
