"""People who ask the house for something."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib.core.signals import Ping
from chalicelib.core.steps import Flip
from chalicelib.core.tenancy import Level
from chalicelib.local.front import Reply
from chalicelib.local.house import House
from chalicelib.services.keys import KeyWish, issue

CHECKS = "/api/v3/checks/"
AGES = timedelta(days=3650)


def new_key(house: House, wish: KeyWish, project_id: str = "") -> str:
    """Return a new key of Alice's project, or of another of her organization's."""
    if wish.level is Level.PROJECT:
        project_id = project_id or house.foundation.project.project_id
    return issue(house.tools, house.foundation.organization, project_id, wish, house.clock.now).secret


@dataclass(frozen=True)
class Person:
    """Somebody who asks, with a key or without one."""

    house: House
    key: str = ""

    def ask(self, method: str, target: str, body: Any = b"", **headers: str) -> Reply:
        """Ask the front door; what is not bytes is sent as JSON."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if self.key:
            headers.setdefault("X_Api_Key", self.key)
        return self.house.ask(method, target, body, **headers)

    def get(self, target: str, **headers: str) -> Reply:
        """Ask to see something."""
        return self.ask("GET", target, **headers)

    def post(self, target: str, body: Any = b"", **headers: str) -> Reply:
        """Ask to do something."""
        return self.ask("POST", target, body, **headers)

    def check(self, **wish: Any) -> dict[str, Any]:
        """Return a new check, a moment after whatever was made before it."""
        self.house.clock.now += timedelta(milliseconds=1)
        made = self.post(CHECKS, wish)
        assert made.status == 201, made.text
        return made.json()

    def see(self, check: dict[str, Any]) -> dict[str, Any]:
        """Return a check as it is now."""
        return self.get(CHECKS + check["uuid"]).json()

    def channel(self, name: str, url: str = "http://127.0.0.1:9/") -> dict[str, Any]:
        """Return a new webhook."""
        made = self.post("/v1/channels", {"type": "WEBHOOK", "name": name, "config": {"url": url}})
        assert made.status == 201, made.text
        return made.json()

    def pings(self, check: dict[str, Any]) -> list[Ping]:
        """Return the newest lines of a check's ping log, the oldest first, without bodies."""
        n = self.house.tools.monitors.load(check["uuid"], fresh=True).state.n_pings
        return self.house.tools.pings.latest(check["uuid"], n, 100)[::-1]

    def last_ping(self, check: dict[str, Any]) -> Ping:
        """Return the newest line of a check's ping log, with its body."""
        n = self.house.tools.monitors.load(check["uuid"], fresh=True).state.n_pings
        return self.house.tools.pings.find(check["uuid"], n)

    def flips(self, check: dict[str, Any]) -> list[Flip]:
        """Return what became of a check, the oldest first."""
        now: datetime = self.house.clock.now
        return self.house.tools.flips.between(check["uuid"], now - AGES, now + timedelta(seconds=1))[::-1]
