from dataclasses import replace

import pytest

from chalicelib.core.tenancy import PLANS, Level, Organization
from chalicelib.services.keys import KeyWish, issue
from chalicelib.storage.organizations import ITEM, OrganizationItem
from haspulse.asking import NOBODY, refusal
from haspulse.checking import CHECKS, ONE, ask, listed, names, new
from haspulse.tenants import ODD_IDS


@pytest.fixture(scope="module")
def shared(house):
    """Return the id of a check that many tests ask about and none changes."""
    key = house.foundation.api_key
    return house.ask("POST", CHECKS, b'{"name": "shared"}', X_Api_Key=key).json()["id"]


def test_a_project_sees_its_own(alice, bob):
    """A key shows the checks of its project alone; an organization's key those of all (R6)."""
    check = new(alice, name="of Alice alone")
    assert "of Alice alone" not in names(bob, "?limit=100")
    admin = replace(alice, key=alice.house.foundation.admin_key)
    assert check["id"] in [one["id"] for one in listed(admin, "?limit=100&search=alone")]


def test_a_reader_sees_no_ping_url(alice, reader):
    """Whoever may only read must not be able to ping (R9)."""
    check = new(alice, name="to be pinged")
    assert check["pingUrl"].endswith(f"/ping/{check['id']}")
    assert ask(reader, "show", check["id"]).json()["pingUrl"] is None


@pytest.mark.parametrize(
    ("name", "code"), [*((name, NOBODY) for name in ONE), *(("show", code) for code in ODD_IDS)]
)
def test_an_unknown_check_is_not_found(alice, name, code):
    """However odd the id: 404, word for word as the document has it (R24, R75)."""
    refused = ask(alice, name, code)
    assert refused.json() == {"error": "NOT_FOUND", "message": "Check not found"}
    assert (refused.status, refused.headers["Content-Type"]) == (404, "application/json")


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", CHECKS), ("POST", f"{CHECKS}/x"), ("GET", f"{CHECKS}/x/pause")]
)
def test_other_methods_are_refused_in_the_same_form(alice, method, path):
    """A known path with a method that it is not for: 405 (R78)."""
    assert refusal(alice.ask(method, path))[:2] == (405, "METHOD_NOT_ALLOWED")


def test_a_plan_allows_so_many_checks(house, anyone):
    """Above the plan's limit nothing is created: 403, and the code says which kind (R29)."""
    now, tools = house.clock.now, house.tools
    organization = Organization(tools.new_id(), "Small", "small", "free", now, tools.new_id())
    project_id = organization.default_project_id
    project = replace(
        house.foundation.project,
        project_id=project_id,
        organization_id=organization.organization_id,
        ping_key=tools.new_secret(22),
        badge_key=tools.new_id(),
    )
    tools.projects.found(organization, project)
    all_but_one = OrganizationItem.n_monitors.set(PLANS["free"].checks - 1)
    OrganizationItem(organization.organization_id, ITEM).update([all_but_one])
    small = replace(anyone, key=issue(tools, organization, project_id, KeyWish("rw"), now).secret)
    last = new(small)
    assert refusal(ask(small, "create"))[:2] == (403, "LIMIT_EXCEEDED")
    assert listed(small) == [last]
    admin = KeyWish("admin", level=Level.ORGANIZATION)
    big = replace(anyone, key=issue(tools, organization, "", admin, now).secret)
    refused = big.post("/v1/organizations", {"name": "With twenty checks of its own"})
    assert refusal(refused)[:2] == (403, "LIMIT_EXCEEDED")
