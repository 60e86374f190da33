"""How the tests ask the Management API, and read its answers."""

import json
from dataclasses import replace

from chalicelib.core.tenancy import Organization, Project, hash_secret
from chalicelib.services.keys import KeyWish, issue
from chalicelib.storage.keys import Lane

CHECKS = "/api/v3/checks/"
YEAR = 31_536_000  # seconds
NOBODY = "00000000-0000-0000-0000-000000000000"

# Every management route, by what it does to one check.
ROUTES = {
    "list": ("GET", CHECKS),
    "create": ("POST", CHECKS),
    "show": ("GET", CHECKS + "{}"),
    "update": ("POST", CHECKS + "{}"),
    "pause": ("POST", CHECKS + "{}/pause"),
    "resume": ("POST", CHECKS + "{}/resume"),
    "delete": ("DELETE", CHECKS + "{}"),
}
ONE = [name for name in ROUTES if name not in ("list", "create")]


def ask(person, name, code="", body=b"", **headers):
    """Ask a management route about the check *code*."""
    method, path = ROUTES[name]
    return person.ask(method, path.format(code), body, **headers)


def refusal(reply):
    """Return an answer in short: (status, what it says is wrong)."""
    return reply.status, reply.json()["error"] if reply.body else ""


def invalid(sentence):
    """Return how a request is refused that breaks a rule."""
    return 400, f"json validation error: {sentence}"


def strictly(reply):
    """Return a JSON answer; fails for keys that appear twice and for what is not JSON."""

    def unique(pairs):
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    def refuse(name):
        raise AssertionError(name)

    return json.loads(reply.body.decode(), object_pairs_hook=unique, parse_constant=refuse)


def seen(person, code):
    """Return the check *code* as *person* sees it now."""
    return ask(person, "show", code).json()


def project_of(person):
    """Return the project of *person*."""
    tools = person.house.tools
    key, _ = tools.keys.spend(hash_secret(person.key), Lane.V3, person.house.clock.now)
    return tools.projects.find(key.project_id)


def settled(house, name, plan):
    """Return a new project of a new organization on *plan*; nothing opens it yet."""
    now = house.clock.now
    slug = house.tools.new_id()  # nobody else's, whatever the name
    organization = Organization(house.tools.new_id(), name, slug, plan, now, house.tools.new_id())
    project = Project(
        organization.default_project_id,
        organization.organization_id,
        name,
        name,
        house.tools.new_secret(22),
        house.tools.new_id(),
        house.tools.new_secret(32),
        now,
        plan,
    )
    house.tools.projects.found(organization, project)
    return project


def newcomer(house, anyone, plan):
    """Return somebody with the read-write key of a new project on *plan*, and that project."""
    project = settled(house, f"on {plan}", plan)
    organization = house.tools.organizations.find(project.organization_id)
    made = issue(house.tools, organization, project.project_id, KeyWish("rw", "hcw_"), house.clock.now)
    return replace(anyone, key=made.secret), project
