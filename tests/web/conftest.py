"""A house that knows its own address, and somebody with a key of its project."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.incidents import Incident
from chalicelib.local.front import Reply
from chalicelib.local.house import FURNISHED, House, built
from chalicelib.services.links import acknowledge_url
from chalicelib.services.tenancy import found

ADDRESS = "https://wakeful.test/api"


@dataclass(frozen=True)
class Person:
    """Somebody with a key, and the project that it opens."""

    house: House
    key: str

    def ask(self, method: str, path: str, wish: Any = None) -> Reply:
        """Ask an API with the key; the answer must not be a refusal."""
        body = b"" if wish is None else json.dumps(wish).encode()
        reply = self.house.ask(method, path, body, X_Api_Key=self.key)
        assert reply.status < 300, reply.text
        return reply

    def incident(self, title: str = "The shop is down", **changes: Any) -> Incident:
        """Return a new incident, of which people are reminded and which escalates."""
        made = self.ask("POST", "/v1/incidents", {"title": title}).json()
        incidents, soon = self.house.tools.incidents, self.house.clock.now + timedelta(hours=1)
        before = incidents.find(made["id"])
        return incidents.save(before, replace(before, **{"remind_at": soon, "climb_at": soon} | changes))

    def link(self, incident: Incident) -> str:
        """Return the path and the query of the link that takes *incident* on."""
        return acknowledge_url(self.house.tools, incident, self.house.clock.now).removeprefix(ADDRESS)

    def seen(self, incident: Incident) -> Incident:
        """Return *incident* as it is now."""
        return self.house.tools.incidents.find(incident.incident_id)


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """Return a deployment that the tests of a module share; each brings what it looks at."""
    with built(replace(FURNISHED, public_url=ADDRESS)) as alices:
        yield alices


@pytest.fixture(autouse=True)
def _a_new_minute(house: House) -> None:
    """Let every test begin in a minute of its own: limits are counted by the minute."""
    house.clock.now = house.clock.now.replace(second=0, microsecond=0) + timedelta(minutes=1)


@pytest.fixture
def alice(house: House) -> Person:
    """Return Alice, with the read-write key of her project."""
    return Person(house, house.foundation.api_key)


@pytest.fixture(scope="module")
def bob(house: House) -> Person:
    """Return Bob, with the read-write key of his own project."""
    return Person(house, found(house.tools, "Bob's project", house.clock.now).api_key)
