"""What is left of deleted projects and organizations, and that none of it is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.errors import Conflict, NotFound, Unauthorized, Unavailable
from chalicelib.core.tenancy import hash_secret
from chalicelib.local.house import built
from chalicelib.messages import Clearance
from chalicelib.services import access, clearing, incidents, keys, tenancy, watching
from chalicelib.services.incidents import IncidentWish
from chalicelib.services.keys import KeyWish
from chalicelib.services.tenancy import Names
from chalicelib.storage.keys import Lane


@pytest.fixture
def house():
    """Return a deployment of this test's own: it is torn down to nothing."""
    with built() as fresh:
        yield fresh


def entered(house, secret):
    """Return who holds a key."""
    return access.enter(house.tools, secret, Lane.V1, house.clock.now)


@pytest.fixture
def admin(house):
    """Return who holds the organization's key."""
    return entered(house, house.foundation.admin_key)


@pytest.fixture
def doomed(house, admin):
    """Return a second project with more monitors than are deleted at once, a channel, and an incident."""
    tools, now = house.tools, house.clock.now
    project = tenancy.create_project(tools, admin, Names("Doomed"), now)
    inside = access.acting_in(tools, admin, project.project_id)
    for n in range(clearing.AT_ONCE + 3):
        watching.create(tools, inside, {"name": f"check {n}"}, now)
    incidents.open_(tools, inside, IncidentWish("Everything", message="All of it."), now)
    return project


def left_of(tools, project):
    """Return what is still there of a project."""
    project_id = project.project_id
    return [
        *tools.monitors.specs_of(project_id),
        *tools.incidents.of_project(project_id),
        *tools.keys.of_owner(project_id),
        *tools.channels.of_project(project_id),
    ]


def test_a_deleted_project_leaves_nothing(house, admin, doomed):
    """Whatever its size, all of it goes, and the plan's count of monitors with it (R40)."""
    before = tenancy.find_organization(house.tools, admin, admin.key.organization_id).n_monitors
    tenancy.delete_project(house.tools, admin, doomed.project_id, house.clock.now)
    with pytest.raises(NotFound):
        tenancy.find_project(house.tools, admin, doomed.project_id)
    house.advance(seconds=30)
    assert left_of(house.tools, doomed) == []
    after = tenancy.find_organization(house.tools, admin, admin.key.organization_id).n_monitors
    assert before - after == clearing.AT_ONCE + 3


def test_its_ids_are_gone_at_once(house, admin, doomed):
    """Before anything is cleared, what it owned is not found, even what is still stored (R40)."""
    newest = house.tools.monitors.specs_of(doomed.project_id)[-1].monitor_id
    tenancy.delete_project(house.tools, admin, doomed.project_id, house.clock.now)
    with pytest.raises(NotFound):
        access.own(house.tools, admin, newest)


def test_a_clearing_that_died_goes_on_with_the_hour(house, doomed):
    """Messages may be lost: the scheduler asks for what is left, and forgets it an hour later."""
    organization = house.tools.organizations.find(doomed.organization_id)
    house.tools.projects.remove(doomed, organization, organization.default_project_id, house.clock.now)
    house.advance(minutes=61)
    assert left_of(house.tools, doomed) == []
    house.advance(minutes=120)
    assert house.tools.remnants.all() == []


def test_clearing_twice_is_harmless(house, admin, doomed):
    """A message may come again after all is gone."""
    tenancy.delete_project(house.tools, admin, doomed.project_id, house.clock.now)
    house.advance(seconds=30)
    clearing.clear(house.tools, Clearance(doomed.project_id, doomed.organization_id), house.clock.now)
    assert left_of(house.tools, doomed) == []


def test_a_deleted_organization_takes_projects_and_keys_along(house, admin):
    """From the next call on none of its keys opens anything, and in the end there is nothing (R66)."""
    tools, now = house.tools, house.clock.now
    child = tenancy.create_organization(tools, admin, Names("Child"), now)
    its = entered(house, child.admin_key)
    watching.create(tools, its, {"name": "a check"}, now)
    inside = keys.create(tools, its, KeyWish("inside"), now).secret
    tenancy.delete_organization(tools, admin, child.organization.organization_id, now)
    for secret in (child.admin_key, inside):
        with pytest.raises(Unauthorized):
            entered(house, secret)
    with pytest.raises(NotFound):
        tenancy.find_organization(tools, admin, child.organization.organization_id)
    house.advance(hours=3)
    assert tools.monitors.specs_of(its.project_id) == tools.remnants.all() == []
    with pytest.raises(NotFound):
        tools.organizations.find(child.organization.organization_id, deleted=True)


def test_nothing_can_be_added_to_what_is_gone(house, admin, doomed):
    """Whoever entered a moment before the deletion creates nothing after it."""
    inside = access.acting_in(house.tools, admin, doomed.project_id)
    tenancy.delete_project(house.tools, admin, doomed.project_id, house.clock.now)
    with pytest.raises((Conflict, NotFound)):
        watching.create(house.tools, inside, {"name": "late"}, house.clock.now)
    house.advance(seconds=30)
    assert left_of(house.tools, doomed) == []


def test_the_default_project_leaves_its_place_to_another(house, admin, doomed):
    """Where the default goes the oldest other follows; the last one stays (R40)."""
    tenancy.delete_project(house.tools, admin, house.foundation.project.project_id, house.clock.now)
    assert entered(house, house.foundation.admin_key).project_id == doomed.project_id
    with pytest.raises(Conflict):
        tenancy.delete_project(house.tools, admin, doomed.project_id, house.clock.now)


@pytest.mark.usefixtures("doomed")
def test_a_key_of_a_deleted_project_is_unknown(house, admin):
    """Its keys go in the same call, whatever a warm process remembers of them (R40, R69)."""
    secret = house.foundation.api_key
    assert entered(house, secret)
    tenancy.delete_project(house.tools, admin, house.foundation.project.project_id, house.clock.now)
    with pytest.raises(Unauthorized):
        house.tools.keys.spend(hash_secret(secret), Lane.V1, house.clock.now + timedelta(minutes=1))


def test_a_name_that_was_deleted_is_free_again(house, admin, doomed):
    """A slug belongs to nobody once its project, or organization, is gone."""
    tools, now = house.tools, house.clock.now
    tenancy.delete_project(tools, admin, doomed.project_id, now)
    assert tenancy.create_project(tools, admin, Names("Doomed"), now).slug == doomed.slug


def test_a_project_that_could_not_be_deleted_is_whole(house, admin, doomed):
    """Where the database does not answer, nothing is half gone."""
    refusing = replace(house.tools)
    refusing.projects = Refusing(house.tools.projects)
    before = left_of(house.tools, doomed)
    with pytest.raises(Unavailable):
        tenancy.delete_project(refusing, admin, doomed.project_id, house.clock.now)
    assert left_of(house.tools, doomed) == before


class Refusing:
    """Projects of which none can be removed."""

    def __init__(self, projects):
        self._projects = projects

    def __getattr__(self, name):
        return getattr(self._projects, name)

    def remove(self, *_):
        """Answer as a database that is away."""
        raise Unavailable("the database does not answer")
