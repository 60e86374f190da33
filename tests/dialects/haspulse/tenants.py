"""Organizations with people in them, and how the tests ask about what belongs to whom."""

from dataclasses import dataclass
from datetime import timedelta

from people import Person

from chalicelib.services.tenancy import found
from haspulse.asking import NOBODY, refusal

PROJECTS, ORGANIZATIONS, KEYS = "/v1/projects", "/v1/organizations", "/v1/api-keys"
INCIDENTS, MAINTENANCE, AUDIT = "/v1/incidents", "/v1/maintenance", "/v1/audit"
SECOND = timedelta(seconds=1)
ODD_IDS = [NOBODY, "x", "y" * 3000, "%00", "%F0%9F%94%91", "mon_" + "a" * 26]

NIGHT = {"startsAt": "2026-06-01T22:00:00Z", "endsAt": "2026-06-01T23:00:00Z"}
ONE_INCIDENT = [  # what is asked of one incident
    ("GET", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("GET", "/updates"),
    ("POST", "/updates"),
    ("POST", "/acknowledge"),
]


@dataclass(frozen=True)
class Tenant:
    """An organization with one project: who manages it, who works in it, and who looks on."""

    organization_id: str
    project_id: str
    admin: Person
    writer: Person
    reader: Person


def settle(house, name):
    """Return a new organization."""
    made = found(house.tools, name, house.clock.now)
    return Tenant(
        made.organization.organization_id,
        made.project.project_id,
        Person(house, made.admin_key),
        Person(house, made.api_key),
        Person(house, made.read_only_key),
    )


def made(person, path, **wish):
    """Return what a wish has made, a moment after whatever was made before it."""
    person.house.clock.now += SECOND
    answer = person.post(path, wish)
    assert answer.status == 201, answer.text
    return answer.json()


def change(person, path, **wish):
    """Return what *path* leads to, once it is changed, a second later."""
    person.house.clock.now += SECOND
    answer = person.ask("PATCH", path, wish)
    assert answer.status == 200, answer.text
    return answer.json()


def opened(person, key):
    """Return whoever holds another *key* in the same house."""
    return Person(person.house, key)


def invalid(answer):
    """Return the sentence of an answer, in small letters, once it is seen to be a 400."""
    status, code, sentence = refusal(answer)
    assert (status, code) == (400, "BAD_REQUEST")
    return sentence.lower()
