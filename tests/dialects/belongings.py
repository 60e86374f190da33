"""What a matrix of rights is tried on: every route, what is asked there, and whose it is."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from people import CHECKS, Person

from chalicelib.dialects import ids

MONITORS = "/api/v1/uptime-monitors"
SECRET = "Only Alice's"
NUMBERS = count()


@dataclass(frozen=True)
class Right:
    """One method of one path: whom it is for, and what it answers.

    *need* is `nobody` (the address is the secret), `read`, `write`, `organization` or `organization write`;
    *thing* names the maker of what the path's parameter stands for; *foreign* is what others are told of it.
    `read` and `write` are for the project that owns it, `organization …` for keys of that level.
    """

    need: str
    success: int = 200
    thing: str = ""
    body: Any = b""
    foreign: int = 403
    reader: int = 403  # what those get whose key may only read


def own_project(alice: Person) -> str:
    """Return the id of Alice's project."""
    return alice.house.foundation.project.project_id


def own_organization(alice: Person) -> str:
    """Return the id of Alice's organization."""
    return alice.house.foundation.organization.organization_id


def check(alice: Person) -> str:
    """Return the id of a check of Alice's."""
    return alice.check(name=SECRET)["uuid"]


def paused_check(alice: Person) -> str:
    """Return the id of a check of Alice's that is paused."""
    made = check(alice)
    assert alice.post(f"{CHECKS}{made}/pause").status == 200
    return made


def pinged_check(alice: Person) -> str:
    """Return the id of a check of Alice's whose first ping carried a body."""
    made = check(alice)
    assert alice.house.ask("POST", f"/ping/{made}", SECRET.encode()).status == 200
    return made


def numbered(wish: Any) -> Any:
    """Return *wish* with a number in every name that asks for one: slugs are taken once."""
    if isinstance(wish, dict):
        return {key: numbered(value) for key, value in wish.items()}
    return wish.replace("#", str(next(NUMBERS))) if isinstance(wish, str) else wish


def _made(path: str, **wish: Any) -> Callable[[Person], str]:
    def make(alice: Person) -> str:
        reply = alice.post(path, numbered(wish))
        assert reply.status == 201, reply.text
        made = reply.json()
        return str((made.get("data") or made.get("apiKey") or made)["id"])

    return make


def policy(alice: Person) -> str:
    """Return the id of an escalation policy of Alice's, as UUIDs are written."""
    wish = {"name": f"{SECRET} #", "steps": [{"after_minutes": 5, "channels": [URL]}]}
    made = alice.post("/v1/escalation-policies", numbered(wish))
    assert made.status == 201, made.text
    return ids.read("pol", made.json()["policy_id"])


URL = "http://127.0.0.1:9/"
WINDOW = {"title": SECRET, "startsAt": "2026-04-01T00:00:00Z", "endsAt": "2026-04-01T01:00:00Z"}
MAKERS: dict[str, Callable[[Person], str]] = {
    "own project": own_project,
    "own organization": own_organization,
    "check": check,
    "paused check": paused_check,
    "pinged check": pinged_check,
    "url": _made(MONITORS, uptime_monitor={"name": SECRET, "url": URL}),
    "channel": _made("/v1/channels", type="WEBHOOK", name=SECRET, config={"url": URL}),
    "incident": _made("/v1/incidents", title=SECRET),
    "window": _made("/v1/maintenance", **WINDOW),
    "policy": policy,
    "key": _made("/v1/api-keys", name=SECRET),
    "project": _made("/v1/projects", name=f"{SECRET} #"),
    "organization": _made("/v1/organizations", name=f"{SECRET} #"),
}

NAMED = {"name": "Changed"}
RIGHTS: dict[tuple[str, str], Right] = {
    ("GET", "/api/v3/checks"): Right("read"),
    ("POST", "/api/v3/checks"): Right("write", 201, body=NAMED, reader=401),
    ("GET", "/api/v3/checks/{code}"): Right("read", thing="check"),
    ("POST", "/api/v3/checks/{code}"): Right("write", thing="check", body=NAMED, reader=401),
    ("DELETE", "/api/v3/checks/{code}"): Right("write", thing="check", reader=401),
    ("POST", "/api/v3/checks/{code}/pause"): Right("write", thing="check", reader=401),
    ("POST", "/api/v3/checks/{code}/resume"): Right("write", thing="paused check", reader=401),
    ("GET", "/api/v3/checks/{code}/pings"): Right("write", thing="pinged check", reader=401),
    ("GET", "/api/v3/checks/{code}/pings/{n}/body"): Right("write", thing="pinged check", reader=401),
    ("GET", "/api/v3/checks/{code}/flips"): Right("read", thing="check"),
    ("GET", "/api/v3/channels"): Right("write", reader=401),
    ("GET", "/api/v3/badges"): Right("read"),
    ("GET", "/v1/checks"): Right("read"),
    ("POST", "/v1/checks"): Right("write", 201, body=NAMED),
    ("GET", "/v1/checks/{id}"): Right("read", thing="check"),
    ("PATCH", "/v1/checks/{id}"): Right("write", thing="check", body=NAMED),
    ("DELETE", "/v1/checks/{id}"): Right("write", 204, thing="check"),
    ("POST", "/v1/checks/{id}/pause"): Right("write", thing="check"),
    ("POST", "/v1/checks/{id}/resume"): Right("write", thing="paused check"),
    ("GET", "/v1/checks/{id}/stats"): Right("read", thing="check"),
    ("GET", "/v1/projects"): Right("read"),
    ("POST", "/v1/projects"): Right("organization write", 201, body={"name": "Another #"}),
    ("GET", "/v1/projects/{id}"): Right("read", thing="own project"),
    ("PATCH", "/v1/projects/{id}"): Right("write", thing="own project", body={"name": SECRET}),
    ("DELETE", "/v1/projects/{id}"): Right("organization write", 204, thing="project"),
    ("GET", "/v1/channels"): Right("read"),
    ("POST", "/v1/channels"): Right(
        "write", 201, body={"type": "WEBHOOK", "name": "x", "config": {"url": URL}}
    ),
    ("GET", "/v1/channels/{id}"): Right("read", thing="channel"),
    ("PATCH", "/v1/channels/{id}"): Right("write", thing="channel", body=NAMED),
    ("DELETE", "/v1/channels/{id}"): Right("write", 204, thing="channel"),
    ("POST", "/v1/channels/{id}/test"): Right("write", thing="channel"),
    ("GET", "/v1/channels/{id}/deliveries"): Right("read", thing="channel"),
    ("POST", "/v1/channels/{id}/deliveries"): Right(
        "write", 404, thing="channel", body={"deliveryId": "none"}
    ),
    ("GET", "/v1/incidents"): Right("read"),
    ("POST", "/v1/incidents"): Right("write", 201, body={"title": "Another"}),
    ("GET", "/v1/incidents/{id}"): Right("read", thing="incident"),
    ("PATCH", "/v1/incidents/{id}"): Right("write", thing="incident", body={"title": "Changed"}),
    ("DELETE", "/v1/incidents/{id}"): Right("write", 204, thing="incident"),
    ("GET", "/v1/incidents/{id}/updates"): Right("read", thing="incident"),
    ("POST", "/v1/incidents/{id}/updates"): Right(
        "write", 201, thing="incident", body={"status": "IDENTIFIED", "message": "Changed"}
    ),
    ("POST", "/v1/incidents/{id}/acknowledge"): Right("write", thing="incident"),
    ("GET", "/v1/maintenance"): Right("read"),
    ("POST", "/v1/maintenance"): Right("write", 201, body=WINDOW | {"title": "Another"}),
    ("GET", "/v1/maintenance/{id}"): Right("read", thing="window"),
    ("PATCH", "/v1/maintenance/{id}"): Right("write", thing="window", body={"title": "Changed"}),
    ("DELETE", "/v1/maintenance/{id}"): Right("write", 204, thing="window"),
    ("GET", "/v1/organizations"): Right("read"),
    ("POST", "/v1/organizations"): Right("organization write", 201, body={"name": "Another #"}),
    ("GET", "/v1/organizations/{id}"): Right("read", thing="own organization"),
    ("PATCH", "/v1/organizations/{id}"): Right("organization write", thing="organization", body=NAMED),
    ("DELETE", "/v1/organizations/{id}"): Right("organization write", 204, thing="organization"),
    ("GET", "/v1/api-keys"): Right("read"),
    ("POST", "/v1/api-keys"): Right("write", 201, body={"name": "Another"}),
    ("DELETE", "/v1/api-keys/{id}"): Right("write", 204, thing="key", foreign=404),
    ("GET", "/v1/audit"): Right("organization"),
    ("GET", "/v1/monitors"): Right("read"),
    ("POST", "/v1/monitors"): Right("write", 201, body={"name": "Another", "type": "http", "url": URL}),
    ("GET", "/v1/monitors/{id}"): Right("read", thing="check"),
    ("DELETE", "/v1/monitors/{id}"): Right("write", 204, thing="check"),
    ("GET", "/v1/monitors/{id}/config"): Right("read", thing="check"),
    ("PUT", "/v1/monitors/{id}/config"): Right("write", thing="check", body=NAMED),
    ("GET", "/v1/status/{id}"): Right("read", thing="check"),
    ("GET", "/v1/escalation-policies"): Right("read"),
    ("POST", "/v1/escalation-policies"): Right(
        "write", 201, body={"name": "Another #", "steps": [{"after_minutes": 5, "channels": [URL]}]}
    ),
    ("GET", "/v1/escalation-policies/{id}"): Right("read", thing="policy"),
    ("PUT", "/v1/escalation-policies/{id}"): Right("write", thing="policy", body={"name": "Changed #"}),
    ("DELETE", "/v1/escalation-policies/{id}"): Right("write", 204, thing="policy"),
    ("GET", "/api/v1/monitors"): Right("read"),
    ("GET", "/api/v1/monitors/{id}"): Right("read", thing="check", foreign=404),
    ("GET", "/api/v1/monitors/{id}/checks"): Right("read", thing="check", foreign=404),
    ("GET", "/api/v1/monitors/{id}/domain-health"): Right("read", thing="check", foreign=404),
    ("GET", "/api/v1/events"): Right("read"),
    ("GET", "/api/v1/events/{id}"): Right("read", thing="incident", foreign=404),
    ("GET", "/api/v1/status"): Right("read"),
    ("GET", MONITORS): Right("read"),
    ("POST", MONITORS): Right("write", 201, body={"uptime_monitor": {"name": "Another", "url": URL}}),
    ("GET", MONITORS + "/{id}"): Right("read", thing="url", foreign=404),
    ("PUT", MONITORS + "/{id}"): Right("write", thing="url", body={"uptime_monitor": NAMED}, foreign=404),
    ("DELETE", MONITORS + "/{id}"): Right("write", 204, thing="url", foreign=404),
    ("GET", MONITORS + "/{id}/checks"): Right("read", thing="url", foreign=404),
}

# Where the owner sees a thing, to tell whether somebody changed it.
SEEN = {
    "check": "/v1/checks/{id}",
    "paused check": "/v1/checks/{id}",
    "pinged check": "/v1/checks/{id}",
    "url": MONITORS + "/{id}",
    "channel": "/v1/channels/{id}",
    "incident": "/v1/incidents/{id}",
    "window": "/v1/maintenance/{id}",
    "policy": "/v1/escalation-policies/{id}",
    "key": "/v1/api-keys",
    "project": "/v1/projects/{id}",
    "own project": "/v1/projects/{id}",
    "organization": "/v1/organizations/{id}",
    "own organization": "/v1/organizations/{id}",
}

# The address itself is the secret there: no key is asked for, and none helps.
PUBLIC = (
    "/ping/{code}",
    "/v1/ping/{code}",
    "/api/v1/heartbeat/{token}",
    "/badge/{key}",
    "/b/{states}",
    "/api/v3/status",
    "/projects/{project}/metrics",
    "/ack",
    "/monitors/{id}",
    "/static/{name}",
)


def address(path: str, thing_id: str) -> str:
    """Return *path* with the id of a thing in it."""
    for name in ("{code}", "{id}"):
        path = path.replace(name, thing_id)
    return urlsplit(path.replace("{n}", "1")).path
