from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.tenancy import Organization, Project
from chalicelib.storage.entries import Entry
from tests.emulators import at_once
from tests.storage.examples import HOUR, MINUTE, NOON, alices, ids, moments, on_engines, stored, texts
from tests.storage.owned import a_key

ALICES, SERVERS = alices()


def a_project(name="laptops", **changes):
    """Return another project of Alice's, called *name* everywhere."""
    project = replace(SERVERS, project_id=name, slug=name, ping_key=f"{name}-key", badge_key=f"{name}-badge")
    return replace(project, **{"created": NOON + MINUTE} | changes)


def entries():
    """Return the keys of everything that is stored with owners."""
    return {(entry.owner, entry.item) for entry in Entry.scan()}


def remove(tools, project, heir=SERVERS):
    """Delete *project* as whoever has just read that *heir* is, or is to be, the default one."""
    tools.projects.remove(project, tools.organizations.find("alices"), heir.project_id, NOON)


@on_engines
@given(
    organization=st.builds(Organization, ids, texts, ids, texts, moments, ids),
    project=st.builds(
        Project, ids, ids, texts, texts, ids, ids, texts, moments, st.sampled_from(["free", "maker"])
    ),
    names=st.tuples(texts, texts, moments),
)
def test_what_is_stored_comes_back(tools, organization, project, names):
    """Every fact of an organization and of a project is kept, empty and odd texts too."""
    tools.projects.found(organization, project)

    assert tools.organizations.find(organization.organization_id) == organization
    assert tools.projects.find(project.project_id) == project
    assert tools.projects.of_ping_key(project.ping_key) == project
    assert tools.projects.of_badge_key(project.badge_key) == (project.project_id, "")
    name, slug, updated = names
    changed = replace(project, name=name, slug=slug, updated=updated)
    tools.projects.amend(project, changed)
    assert tools.projects.of_organization(project.organization_id) == [changed]


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize(
    ("ask", "missing"),
    [
        (lambda tools: tools.organizations.find("bobs"), "Organization not found"),
        (lambda tools: tools.organizations.find("alices-project"), "Organization not found"),
        (lambda tools: tools.projects.find("bobs"), "Project not found"),
        (lambda tools: tools.projects.find("alices"), "Project not found"),
        (lambda tools: tools.projects.of_ping_key("bobs"), "Project not found"),
        (lambda tools: tools.projects.of_badge_key("bobs"), "Badge not found"),
        (lambda tools: tools.projects.of_unique_key("bobs"), "Check not found"),
        (lambda tools: tools.channels.find("alices-project", "bobs"), "Channel not found"),
        (lambda tools: tools.channels.project_of("bobs"), "Channel not found"),
        (lambda tools: tools.windows.find("alices-project", "bobs"), "Maintenance window not found"),
        (lambda tools: tools.windows.project_of("bobs"), "Maintenance window not found"),
        (lambda tools: tools.incidents.find("bobs"), "Incident not found"),
    ],
)
def test_what_is_not_there_is_not_found(tools, ask, missing):
    """Each kind of thing that is missing is called by its name, and ids of one kind open no other."""
    with pytest.raises(NotFound, match=missing):
        ask(tools)


@pytest.mark.parametrize(
    ("ask", "operations"),
    [
        (lambda tools: tools.organizations.children_of("bobs"), ["Query"]),
        (lambda tools: tools.projects.of_organization("bobs"), ["Query"]),
        (lambda tools: tools.keys.of_owner("bobs"), ["Query"]),
        (lambda tools: tools.monitors.of_project("bobs"), ["Query"]),
        (lambda tools: tools.monitors.specs_with_slug("bobs", "nightly"), ["Query"]),
    ],
)
def test_of_nothing_nothing_is_read(tools, wire, ask, operations):
    """Where no ids are found nobody is asked what they stand for: DynamoDB refuses an empty batch."""
    assert ask(tools) == []
    assert wire.operations == operations


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize(
    ("taken", "changes"),
    [
        ("organization", {"project_id": "new-project", "ping_key": "new-key", "badge_key": "new-badge"}),
        ("project", {"organization_id": "new", "ping_key": "new-key", "badge_key": "new-badge"}),
        ("ping key", {"organization_id": "new", "project_id": "new-project", "badge_key": "new-badge"}),
        ("badge key", {"organization_id": "new", "project_id": "new-project", "ping_key": "new-key"}),
    ],
)
def test_a_new_organization_is_stored_whole_or_not_at_all(tools, taken, changes):
    """Where an id, the ping key or the badge key is taken, nothing of the whole is stored."""
    before = entries()
    organization, project = alices(**changes)
    organization = replace(organization, organization_id=project.organization_id, slug="new")

    with pytest.raises(Conflict):
        tools.projects.found(organization, project)

    assert entries() == before, f"the {taken} was taken"


# --- further projects, and other names ---------------------------------------------------------------


@pytest.mark.usefixtures("alice")
def test_projects_come_in_the_order_of_their_creation(tools, wire):
    """An organization's own, and they cost a Query and a batched read (R36)."""
    younger, elder = a_project("phones", created=NOON + HOUR), a_project()
    tools.projects.add(younger)
    tools.projects.add(elder)
    wire.calls.clear()

    assert tools.projects.of_organization("alices") == [SERVERS, elder, younger]
    assert wire.operations == ["Query", "BatchGetItem"]


@pytest.mark.usefixtures("alice")
def test_a_project_that_is_met_twice_is_listed_once(tools, wire):
    """While it gets another slug a list may meet a project under both: DynamoDB refuses a batch of twins."""
    wire.alter("Query", lambda reply: reply["Items"].extend(reply["Items"]))

    assert tools.projects.ids_in("alices") == ["alices-project"]
    assert tools.projects.of_organization("alices") == [SERVERS]


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize(
    "changes", [{"slug": "servers"}, {"project_id": "alices-project"}, {"ping_key": "ping-key"}]
)
def test_a_project_that_may_not_be_added_leaves_no_trace(tools, changes):
    """Its slug, its id and its keys must be free (R38)."""
    before = entries()

    with pytest.raises(Conflict):
        tools.projects.add(a_project(**changes))

    assert entries() == before


@pytest.mark.usefixtures("alice")
def test_of_many_who_want_a_slug_one_gets_it(tools):
    """Of ten who create a project under one slug at once one does, whole (R38)."""
    before = entries()

    outcomes = at_once(10, lambda n: tools.projects.add(a_project(f"project-{n}", slug="wanted")))

    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 9
    assert tools.projects.ids_in("alices") == ["alices-project", f"project-{outcomes.index(None)}"]
    assert len(entries() - before) == 4


@pytest.mark.usefixtures("alice")
def test_a_projects_slug_moves(tools):
    """The new slug is taken from then on, and the old one is free (R39)."""
    moved = replace(SERVERS, slug="machines", updated=NOON + HOUR)
    tools.projects.amend(SERVERS, moved)
    assert tools.projects.find("alices-project") == moved

    with pytest.raises(Conflict):
        tools.projects.add(a_project(slug="machines"))
    tools.projects.add(a_project(slug="servers"))
    with pytest.raises(Conflict):
        tools.projects.amend(moved, replace(moved, slug="servers"))
    with pytest.raises(Conflict):
        tools.projects.amend(SERVERS, replace(SERVERS, slug="unheard-of"))
    assert tools.projects.of_organization("alices")[0] == moved


@pytest.mark.usefixtures("alice")
def test_a_changed_name_does_not_undo_a_changed_slug(tools):
    """Who changes one leaves the other as it is, whatever it was when they looked (R39)."""
    tools.projects.amend(SERVERS, replace(SERVERS, name="Machines", updated=NOON))
    tools.projects.amend(SERVERS, replace(SERVERS, slug="machines", updated=NOON + MINUTE))

    now = replace(SERVERS, name="Machines", slug="machines", updated=NOON + MINUTE)
    assert tools.projects.find("alices-project") == now
    tools.projects.amend(now, now)
    assert tools.projects.find("alices-project") == now


# --- deletion ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("alice")
def test_a_deleted_project_leaves_no_trace(tools):
    """Neither its id nor a key nor its slug leads to it; what it owned is noted to follow (R40)."""
    before, laptops = entries(), a_project()
    tools.projects.add(laptops)

    remove(tools, laptops)

    assert entries() - before == {("gone", "laptops")}
    assert tools.projects.of_organization("alices") == [SERVERS]


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize(
    "late",
    [
        lambda tools: remove(tools, SERVERS, a_project()),
        lambda tools: tools.projects.amend(SERVERS, replace(SERVERS, name="Machines")),
        lambda tools: tools.projects.amend(SERVERS, replace(SERVERS, slug="machines")),
        stored,
        lambda tools: tools.keys.issue(a_key(), 10),
    ],
    ids=["remove", "rename", "move", "add a monitor", "issue a key"],
)
def test_nothing_is_done_in_a_project_that_is_gone(tools, late):
    """Whoever comes after the deletion is refused, and leaves no trace (R40)."""
    heir = a_project()
    tools.projects.add(heir)
    remove(tools, SERVERS, heir)
    before, organization = entries(), tools.organizations.find("alices")

    with pytest.raises(Conflict):
        late(tools)

    assert entries() == before
    assert tools.organizations.find("alices") == organization
    assert (tools.keys.of_owner("alices-project"), tools.monitors.of_project("alices-project")) == ([], [])


@pytest.mark.usefixtures("alice")
def test_a_default_project_leaves_an_heir(tools):
    """Keys of the organization create in the heir from then on; one that is gone cannot be it (R40)."""
    laptops = a_project()
    tools.projects.add(laptops)
    with pytest.raises(Conflict):
        remove(tools, SERVERS, a_project("phones"))
    assert tools.organizations.find("alices").default_project_id == "alices-project"

    remove(tools, SERVERS, laptops)

    assert tools.organizations.find("alices").default_project_id == "laptops"


@pytest.mark.usefixtures("alice")
def test_of_the_last_two_projects_one_stays(tools):
    """Two who delete them at once do not both succeed, and the default project is what stayed (R40)."""
    laptops = a_project()
    tools.projects.add(laptops)
    seen = tools.organizations.find("alices")

    outcomes = at_once(
        2,
        lambda n: tools.projects.remove((SERVERS, laptops)[n], seen, (laptops, SERVERS)[n].project_id, NOON),
    )

    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1
    (left,) = tools.projects.of_organization("alices")
    assert tools.organizations.find("alices").default_project_id == left.project_id


@pytest.mark.usefixtures("alice")
def test_a_deleted_organizations_projects_go_in_any_order(tools):
    """Nobody inherits there, so that its default project may be the first to go (R66)."""
    others = [a_project("laptops"), a_project("phones")]
    for project in others:
        tools.projects.add(project)
    tools.organizations.remove(ALICES, NOON)

    for project in (SERVERS, *others):
        tools.projects.remove(project, ALICES, SERVERS.project_id, NOON)

    assert tools.projects.ids_in("alices") == []
