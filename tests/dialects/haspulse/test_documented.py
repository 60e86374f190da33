"""Every line of the document, asked as it is written, with the key in the header that it names."""

import pytest
from people import Person, new_key

from chalicelib.services.keys import KeyWish

LINES = """
GET /ping/:check
GET /ping/:check/start
GET /ping/:check/fail
POST /ping/:check
GET /v1/checks
GET /v1/checks/:check
POST /v1/checks
PATCH /v1/checks/:check
DELETE /v1/checks/:check
POST /v1/checks/:check/pause
POST /v1/checks/:paused/resume
GET /v1/checks/:check/stats
GET /v1/projects
GET /v1/projects/:project
POST /v1/projects
PATCH /v1/projects/:project
DELETE /v1/projects/:project
GET /v1/channels
GET /v1/channels/:channel
POST /v1/channels
PATCH /v1/channels/:channel
DELETE /v1/channels/:channel
POST /v1/channels/:channel/test
GET /v1/incidents
GET /v1/incidents/:incident
POST /v1/incidents
PATCH /v1/incidents/:incident
DELETE /v1/incidents/:incident
POST /v1/incidents/:incident/updates
GET /v1/maintenance
GET /v1/maintenance/:window
POST /v1/maintenance
PATCH /v1/maintenance/:window
DELETE /v1/maintenance/:window
GET /v1/organizations
GET /v1/organizations/:organization
POST /v1/organizations
PATCH /v1/organizations/:organization
DELETE /v1/organizations/:organization
GET /v1/api-keys
POST /v1/api-keys
DELETE /v1/api-keys/:key
"""
WINDOW = {"title": "Night", "startsAt": "2026-05-01T00:00:00Z", "endsAt": "2026-05-01T01:00:00Z"}
WISHES = {
    "checks": {"name": "Nightly backup"},
    "channels": {"type": "EMAIL", "name": "Me", "config": {"email": "me@example.org"}},
    "incidents": {"title": "The backups are late"},
    "maintenance": WINDOW,
    "projects": {"name": "Ops"},
    "organizations": {"name": "Another team"},
    "api-keys": {"name": "ci"},
}
UPDATE = {"status": "IDENTIFIED", "message": "A full disk."}


@pytest.fixture
def team(house):
    """Return who holds the organization's key, which may do all that the document names."""
    return Person(house, house.foundation.admin_key)


@pytest.fixture(scope="module")
def numbers():
    """Return numbers for names: a slug is taken once."""
    return iter(range(1000))


def ask(team, method, path, body=None):
    """Ask with the header of the document."""
    return team.ask(method, path, body or b"", Authorization=f"Bearer {team.key}")


def made(team, noun, numbers):
    """Return the id of a new thing."""
    wish = WISHES[noun]
    name = {"name": f"{wish['name']} {next(numbers)}"} if noun in ("projects", "organizations") else {}
    reply = ask(team, "POST", f"/v1/{noun}", wish | name)
    assert reply.status == 201, reply.text
    return (reply.json().get("apiKey") or reply.json())["id"]


def filled(team, path, numbers):
    """Return *path* with the id of a new thing in the place of its parameter."""
    nouns = {
        ":channel": "channels",
        ":incident": "incidents",
        ":window": "maintenance",
        ":project": "projects",
    }
    nouns |= {":organization": "organizations", ":key": "api-keys", ":check": "checks", ":paused": "checks"}
    parameter = next((part for part in path.split("/") if part.startswith(":")), "")
    if not parameter:
        return path
    thing_id = made(team, nouns[parameter], numbers)
    if parameter == ":paused":
        assert ask(team, "POST", f"/v1/checks/{thing_id}/pause").status == 200
    return path.replace(parameter, thing_id)


@pytest.mark.parametrize("line", LINES.strip().splitlines())
def test_every_line_of_the_document_is_answered(team, numbers, line):
    """What the document lists is served, with 200, 201 for what it made, or 204 for what is gone.

    (R1, R10-R13, R21-R25, R30-R34, R36-R43, R45-R47, R49-R58, R60-R69)
    """
    method, path = line.split(" ")
    noun = path.split("/")[2]
    body = UPDATE if path.endswith("/updates") else WISHES.get(noun) if method == "POST" else None
    if method == "PATCH":
        body = {"title": "Changed"} if noun in ("incidents", "maintenance") else {"name": "Changed"}
    if line in ("POST /v1/projects", "POST /v1/organizations"):
        body = {"name": f"{WISHES[noun]['name']} {next(numbers)}"}
    reply = ask(team, method, filled(team, path, numbers), body)
    is_new = method == "POST" and (path.count("/") == 2 or path.endswith("/updates")) and noun in WISHES
    assert reply.status == (204 if method == "DELETE" else 201 if is_new else 200), reply.text


def test_a_key_that_the_document_describes_opens_its_project(house):
    """A key begins with hp_ and is scoped to one project (R1, R6)."""
    key = new_key(house, KeyWish("ci"))
    assert key.startswith("hp_")
    assert house.ask("GET", "/v1/checks", Authorization=f"Bearer {key}").status == 200


def test_the_documents_own_refusal(team):
    """The one error that is printed there is answered letter by letter (R24, R75)."""
    reply = ask(team, "GET", "/v1/checks/nope")
    assert reply.status == 404
    assert reply.json() == {"error": "NOT_FOUND", "message": "Check not found"}
    assert reply.headers["Content-Type"] == "application/json"
