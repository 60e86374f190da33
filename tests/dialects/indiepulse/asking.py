"""How the tests ask what a workspace's monitors are, and let regions answer."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from chalicelib.core.status import Verdict
from chalicelib.core.tenancy import UNLIMITED, ApiKey, Level, Permission, hash_secret
from tests.dialects.regions import REGIONS, answer_a_round

MONITORS = "/api/v1/monitors"
EVENTS = "/api/v1/events"
STATUS = "/api/v1/status"
HEARTBEAT = "/api/v1/heartbeat"
NOBODY = "00000000-0000-4000-8000-000000000000"
SITE = "https://example.org/"
DOCUMENTED = json.loads(Path(__file__).with_name("documented.json").read_text())


def data(reply):
    """Return what an answer carries."""
    assert reply.status == 200, reply.text
    return reply.json()["data"]


def refusal(reply):
    """Return (status, sentence) of an answer, once it is seen to say nothing else (R217)."""
    fault = reply.json()
    assert list(fault) == ["error"]
    return reply.status, fault["error"]


def new(person, **wish):
    """Return the id of a new monitor, a moment after whatever was made before it."""
    person.house.clock.now += timedelta(milliseconds=1)
    made = person.post("/v1/checks", wish)
    assert made.status == 201, made.text
    return made.json()["id"]


def watched(person, **wish):
    """Return the id of a new monitor of a site, probed every minute; two bad rounds are an outage."""
    fields = {"type": "HTTP", "name": "Site", "target": {"url": SITE}, "intervalSeconds": 60}
    return new(person, **(fields | wish))


def beating(person, **wish):
    """Return the id of a new heartbeat."""
    fields = {"name": "Nightly Backup", "scheduleValue": "86400", "graceSeconds": 3600}
    return new(person, **(fields | wish))


def see(person, monitor_id):
    """Return a monitor as it is now."""
    return data(person.get(f"{MONITORS}/{monitor_id}"))


def hear(person, monitor_id, verdict=Verdict.UP, regions=REGIONS, **found):
    """Let a minute pass and regions answer a round that is due then, all in the same way."""
    answer_a_round(person.house, monitor_id, verdict, regions, **{"ms": 142.2, "code": 200} | found)


def keyed(person, plan):
    """Return *person* with a key of another plan."""
    house = person.house
    project = house.foundation.project
    secret = "ip_live_" + house.tools.new_secret(24)
    key = ApiKey(
        hash_secret(secret),
        house.tools.new_id(),
        project.organization_id,
        project.project_id,
        "of a plan",
        secret[:12],
        Level.PROJECT,
        Permission.READ,
        plan,
        house.clock.now,
    )
    house.tools.keys.issue(key, UNLIMITED)
    return replace(person, key=secret)
