import pytest

from haspulse.asking import CHANNELS, NOBODY, refusal
from haspulse.tenants import (
    INCIDENTS,
    KEYS,
    MAINTENANCE,
    ODD_IDS,
    ORGANIZATIONS,
    PROJECTS,
    SECOND,
    invalid,
    made,
    opened,
    settle,
)

FIELDS = ["id", "organizationId", "name", "slug", "pingKey", "isDefault", "createdAt", "updatedAt"]


def listed(person, query=""):
    """Return the names of the projects that *person* sees."""
    return [one["name"] for one in person.get(PROJECTS + query).json()["projects"]]


# --- seeing -------------------------------------------------------------------------------------------------


def test_a_project_is_created_and_seen(ours):
    """POST answers 201 with the project, GET shows the same; its slug is made from its name (R37, R38)."""
    answer = ours.admin.post(PROJECTS, {"name": "Ops & more"})
    project = answer.json()
    assert (answer.status, list(project)) == (201, FIELDS)
    assert (project["name"], project["slug"], project["isDefault"]) == ("Ops & more", "ops-more", False)
    assert project["organizationId"] == ours.organization_id
    assert project["createdAt"] == ours.admin.house.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert ours.admin.get(f"{PROJECTS}/{project['id']}").json() == project


def test_everybody_sees_what_their_key_may_see(ours):
    """A key of organization level sees all its projects, any other its own (R6, R36, R37)."""
    made(ours.admin, PROJECTS, name="Ops")
    assert listed(ours.admin) == ["Ours", "Ops"]
    assert listed(ours.writer) == listed(ours.reader) == ["Ours"]
    assert ours.reader.get(f"{PROJECTS}/{ours.project_id}").json()["isDefault"] is True


def test_a_list_has_pages(ours):
    """As many as are asked for, and how many there are; bad values are refused (R22, R36)."""
    for name in "abc":
        made(ours.admin, PROJECTS, name=name)
    page = ours.admin.get(PROJECTS + "?page=2&limit=3").json()
    assert [one["name"] for one in page.pop("projects")] == ["c"]
    assert page == {"total": 4, "page": 2, "limit": 3, "totalPages": 2}
    assert "limit" in invalid(ours.admin.get(PROJECTS + "?limit=101"))
    assert "page" in invalid(ours.admin.get(PROJECTS + "?page=0"))


def test_who_only_reads_is_not_shown_what_pings(ours):
    """A ping key changes things, so a read-only key does not see it (R37)."""
    assert "pingKey" not in ours.reader.get(f"{PROJECTS}/{ours.project_id}").json()
    [project] = ours.writer.get(PROJECTS).json()["projects"]
    assert ours.writer.get(f"/ping/{project['pingKey']}/nightly?create=1").status == 201


# --- creating and changing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["writer", "reader"])
def test_a_project_needs_a_key_of_organization_level(ours, who):
    """Who works in a project neither makes nor deletes one (R38, R40, R74)."""
    person = getattr(ours, who)
    assert refusal(person.post(PROJECTS, {"name": "Mine"}))[:2] == (403, "FORBIDDEN")
    assert refusal(person.ask("DELETE", f"{PROJECTS}/{ours.project_id}"))[:2] == (403, "FORBIDDEN")
    assert listed(ours.admin) == ["Ours"]


def test_names_change_and_slugs_become_free(ours):
    """What is not given stays; a slug that was given up can be taken again (R39)."""
    project = made(ours.admin, PROJECTS, name="Ops")
    road = f"{PROJECTS}/{project['id']}"
    ours.admin.house.clock.now += SECOND
    renamed = ours.admin.ask("PATCH", road, {"name": "Operations"}).json()
    assert (renamed["name"], renamed["slug"]) == ("Operations", "ops")
    assert renamed["updatedAt"] > project["updatedAt"]
    assert ours.admin.ask("PATCH", road, {"slug": "operations"}).json()["name"] == "Operations"
    assert ours.admin.get(road).json()["slug"] == "operations"
    assert made(ours.admin, PROJECTS, name="Ops")["slug"] == "ops"


def test_who_works_in_a_project_may_rename_it(ours):
    """With a key that may write, not with one that only reads (R39, R74)."""
    road = f"{PROJECTS}/{ours.project_id}"
    assert ours.writer.ask("PATCH", road, {"name": "Renamed"}).json()["name"] == "Renamed"
    assert refusal(ours.reader.ask("PATCH", road, {"name": "x"}))[:2] == (403, "FORBIDDEN")


def test_a_slug_is_taken_once(ours):
    """Within an organization; elsewhere the same slug is somebody else's (R38, R39)."""
    project = made(ours.admin, PROJECTS, name="Ops")
    assert refusal(ours.admin.post(PROJECTS, {"name": "ops"}))[:2] == (409, "CONFLICT")
    change = ours.admin.ask("PATCH", f"{PROJECTS}/{project['id']}", {"slug": "default"})
    assert refusal(change)[:2] == (409, "CONFLICT")
    assert ours.admin.get(f"{PROJECTS}/{project['id']}").json() == project
    assert settle(ours.admin.house, "Others").admin.post(PROJECTS, {"name": "Ops"}).status == 201


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"[]", "object"),
        ({}, "name"),
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"name": ["x"]}, "name"),
        ({"name": "x", "slug": ""}, "slug"),
        ({"name": "x", "slug": "Ops"}, "slug"),
        ({"name": "x", "slug": "ops\n"}, "slug"),
        ({"name": "x", "slug": "x" * 65}, "slug"),
        ({"name": "x", "slug": 7}, "slug"),
    ],
    ids=str,
)
@pytest.mark.parametrize("path", [PROJECTS, ORGANIZATIONS])
def test_what_is_invalid_is_told_and_not_stored(acme, path, body, named):
    """400 with the field named, for projects as for organizations (R38, R64, R71, R72)."""
    before = acme.admin.get(path).json()
    assert named in invalid(acme.admin.post(path, body))
    assert acme.admin.get(path).json() == before


# --- deleting -----------------------------------------------------------------------------------------------


def test_a_deleted_project_takes_all_along(ours):
    """Its checks, channels, incidents and windows are not found, its keys open nothing, its jobs ping
    nothing (R40).
    """
    project = made(ours.admin, PROJECTS, name="Doomed")
    person = opened(ours.admin, made(ours.admin, KEYS, name="k", projectId=project["id"])["fullKey"])
    check = person.check(name="Backup", slug="backup")
    hours = {"startsAt": "2026-03-02T08:00:00Z", "endsAt": "2026-03-02T09:00:00Z"}
    things = [
        (CHANNELS, "Channel", person.channel("Hook")),
        (INCIDENTS, "Incident", made(person, INCIDENTS, title="Told", message="By hand.")),
        (MAINTENANCE, "Maintenance window", made(person, MAINTENANCE, title="Planned", **hours)),
    ]
    roads = [(f"{path}/{thing['id']}", name) for path, name, thing in things]
    assert [ours.admin.get(road).status for road, _ in roads] == [200] * 3

    gone = ours.admin.ask("DELETE", f"{PROJECTS}/{project['id']}")
    assert (gone.status, gone.body) == (204, b"")
    assert refusal(person.get(PROJECTS))[:2] == (401, "UNAUTHORIZED")
    assert refusal(ours.admin.get(f"{PROJECTS}/{project['id']}")) == (404, "NOT_FOUND", "Project not found")
    for road, name in roads:
        assert refusal(ours.admin.get(road)) == (404, "NOT_FOUND", f"{name} not found")
    assert ours.admin.get(f"/api/v3/checks/{check['uuid']}").status == 404
    assert ours.admin.get(f"/ping/{check['uuid']}").status == 404
    assert ours.admin.get(f"/ping/{project['pingKey']}/backup").status == 404
    assert listed(ours.admin) == ["Ours"]


def test_the_oldest_of_the_others_becomes_the_default(ours):
    """What a key of organization level creates then goes there; the last project stays (R40)."""
    second, third = made(ours.admin, PROJECTS, name="Second"), made(ours.admin, PROJECTS, name="Third")
    assert ours.admin.ask("DELETE", f"{PROJECTS}/{ours.project_id}").status == 204
    assert ours.admin.channel("Hook")["projectId"] == second["id"]
    assert ours.admin.get(f"{PROJECTS}/{second['id']}").json()["isDefault"] is True
    assert ours.admin.ask("DELETE", f"{PROJECTS}/{second['id']}").status == 204
    refused = refusal(ours.admin.ask("DELETE", f"{PROJECTS}/{third['id']}"))
    assert refused[:2] == (409, "CONFLICT")
    assert listed(ours.admin) == ["Third"]


# --- whose --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_another_s_project_is_forbidden(acme, ours, method):
    """Whoever asks with a key of another organization, or of another project of the same (R7, R37, R74)."""
    neighbour = made(ours.admin, PROJECTS, name="Neighbour")
    theirs = [(ours.admin, acme.project_id), (ours.writer, acme.project_id), (ours.writer, neighbour["id"])]
    for person, project_id in theirs:
        answer = person.ask(method, f"{PROJECTS}/{project_id}", {"name": "stolen"})
        assert refusal(answer)[:2] == (403, "FORBIDDEN")
    assert listed(acme.admin) == ["Acme"]
    assert listed(ours.admin) == ["Ours", "Neighbour"]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("code", ODD_IDS)
def test_an_absent_project_is_not_found(acme, method, code):
    """However odd the id (R37, R75)."""
    answer = acme.admin.ask(method, f"{PROJECTS}/{code}", {"name": "x"})
    assert refusal(answer) == (404, "NOT_FOUND", "Project not found")


def test_a_header_narrows_a_key_of_organization_level(acme, ours):
    """To one project, in which it then also creates; not to another's, nor to none (R6, R7)."""
    second = made(ours.admin, PROJECTS, name="Second")
    hook = {"type": "WEBHOOK", "name": "Hook", "config": {"url": "http://127.0.0.1:9/"}}
    created = ours.admin.post(CHANNELS, hook, X_Project_Id=second["id"])
    assert created.json()["projectId"] == second["id"]
    assert ours.admin.get(CHANNELS, X_Project_Id=ours.project_id).json()["channels"] == []
    assert [ours.admin.get(CHANNELS, X_Project_Id=code).status for code in (NOBODY, "x" * 3000)] == [404] * 2
    assert ours.admin.get(CHANNELS, X_Project_Id=acme.project_id).status == 403
    assert ours.writer.get(CHANNELS, X_Project_Id=second["id"]).status == 403
