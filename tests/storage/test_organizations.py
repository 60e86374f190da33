from dataclasses import replace

import pytest

from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.tenancy import Level
from chalicelib.storage.entries import Entry
from tests.emulators import at_once
from tests.storage.examples import HOUR, MINUTE, NOON, SECOND, alices, stored
from tests.storage.owned import a_key

ALICES, _ = alices()


def entries():
    """Return the keys of everything that is stored with owners."""
    return {(entry.owner, entry.item) for entry in Entry.scan()}


def another(name, **changes):
    """Return another organization, called *name* everywhere, and its first project."""
    organization, project = alices(
        project_id=f"{name}-project",
        organization_id=name,
        ping_key=f"{name}-key",
        badge_key=f"{name}-badge",
    )
    organization = replace(
        organization, organization_id=name, slug=name, default_project_id=f"{name}-project"
    )
    return replace(organization, **changes), project


@pytest.mark.usefixtures("alice")
def test_an_organization_finds_those_that_it_created(tools):
    """They come in the order of their creation, without deleted ones, and are nobody else's (R62)."""
    younger, elder, gone = (
        another(name, parent_id="alices", created=NOON + after)
        for name, after in (("younger", HOUR), ("elder", MINUTE), ("gone", SECOND))
    )
    for organization, project in (younger, elder, gone, another("bobs")):
        tools.projects.found(organization, project)
    tools.organizations.remove(gone[0], NOON)

    assert tools.organizations.children_of("alices") == [elder[0], younger[0]]
    assert tools.organizations.children_of("bobs") == []


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize(
    ("taken", "changes"),
    [("the slug", {"slug": "alice"}), ("the id", {"organization_id": "alices"}), ("", {"parent_id": "gone"})],
)
def test_an_organization_that_may_not_be_leaves_no_trace(tools, taken, changes):
    """A slug is given once, and whoever creates organizations must itself still be there (R64)."""
    before = entries()
    organization, project = another("bobs", **changes)

    with pytest.raises(Conflict):
        tools.projects.found(organization, project)

    assert entries() == before, f"{taken or 'nothing'} was taken"


def test_of_many_who_want_a_slug_one_gets_it(tools):
    """Of ten who create an organization under one slug at once, one does, whole; of the others is nothing
    (R64).
    """
    outcomes = at_once(10, lambda n: tools.projects.found(*another(f"org-{n}", slug="wanted")))

    winner = f"org-{outcomes.index(None)}"
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 9
    assert {owner for owner, item in entries() if item != "pointer"} == {winner, f"{winner}-project"}
    assert len(entries()) == 6


@pytest.mark.usefixtures("alice")
def test_an_organizations_slug_moves(tools):
    """The new slug is taken from then on, and the old one is free (R65)."""
    moved = replace(ALICES, name="Alice & Co", slug="alice-co", updated=NOON + HOUR)
    tools.organizations.amend(ALICES, moved)
    assert tools.organizations.find("alices") == moved

    with pytest.raises(Conflict):
        tools.projects.found(*another("bobs", slug="alice-co"))
    tools.projects.found(*another("bobs", slug="alice"))
    with pytest.raises(Conflict):
        tools.organizations.amend(moved, replace(moved, slug="alice"))
    assert tools.organizations.find("alices") == moved


@pytest.mark.usefixtures("alice")
def test_a_change_leaves_the_rest_as_it_is(tools):
    """Who changes the name does not undo what others changed or counted meanwhile (R65)."""
    stored(tools)
    tools.organizations.amend(ALICES, replace(ALICES, name="Alicia", updated=NOON))
    tools.organizations.amend(ALICES, replace(ALICES, slug="alicia", updated=NOON + MINUTE))

    now = replace(ALICES, name="Alicia", slug="alicia", updated=NOON + MINUTE, n_monitors=1)
    assert tools.organizations.find("alices") == now
    tools.organizations.amend(now, now)
    assert tools.organizations.find("alices") == now


@pytest.mark.usefixtures("alice")
def test_a_deleted_organization_is_not_found(tools):
    """It is found by those alone who clear what it owned, and its slug is free (R66)."""
    tools.organizations.remove(ALICES, NOON)

    with pytest.raises(NotFound, match="Organization not found"):
        tools.organizations.find("alices")
    assert tools.organizations.find("alices", deleted=True) == ALICES
    tools.projects.found(*another("bobs", slug="alice"))


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize(
    "late",
    [
        lambda tools: tools.organizations.remove(ALICES, NOON),
        lambda tools: tools.organizations.amend(ALICES, replace(ALICES, name="Alicia")),
        lambda tools: tools.organizations.amend(ALICES, replace(ALICES, slug="alicia")),
        lambda tools: tools.projects.add(replace(another("new")[1], organization_id="alices")),
        lambda tools: tools.projects.found(*another("child", parent_id="alices")),
        lambda tools: tools.keys.issue(a_key(project_id="", level=Level.ORGANIZATION), 10),
    ],
    ids=["remove", "rename", "move", "add a project", "add a child", "issue a key"],
)
def test_nothing_is_done_in_an_organization_that_is_gone(tools, late):
    """Whoever comes after the deletion is refused, and leaves no trace (R66)."""
    tools.organizations.remove(ALICES, NOON)
    before = entries()

    with pytest.raises(Conflict):
        late(tools)

    assert entries() == before
    assert tools.organizations.find("alices", deleted=True) == ALICES
    assert tools.keys.of_owner("alices") == []


@pytest.mark.usefixtures("alice")
def test_an_organization_is_deleted_once(tools):
    """Of ten who delete it at once one does, and what is left is noted once (R66)."""
    outcomes = at_once(10, lambda n: tools.organizations.remove(ALICES, NOON + n * SECOND))

    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 9
    assert [remnant.since for remnant in tools.remnants.all()] == [NOON + outcomes.index(None) * SECOND]
