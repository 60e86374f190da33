"""A look around the deployment, from outside: a check is made, pinged, read and deleted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.halting import Halt

if TYPE_CHECKING:
    from infra.deploying.reach import Answer, Operator

TRIES = 12
PAUSE = 5.0  # seconds; a new API is not everywhere at once
NAME = "Smoke test of a deployment"
PERIOD = {"timeout": 3600, "grace": 3600}
OK = range(200, 300)
API = "api_handler"


@dataclass(frozen=True)
class Visitor:
    """Somebody with a key at the door of a deployment."""

    operator: Operator
    url: str
    key: str
    ping_url: str = ""  # of the cheaper front for pings, where there is one

    def look_around(self) -> None:
        """Make a check, ping it, see it up, and delete it; raises Halt where any of that fails."""
        wish = {"name": NAME, "unique": ["name"], **PERIOD}  # a second try updates what the first has made
        code = self._tell("POST", "/api/v3/checks/", json.dumps(wish))["uuid"]
        try:
            self._try("GET", f"/ping/{code}")
            self._await_up(code)
            if self.ping_url:
                self._try("GET", f"{self.ping_url}/ping/{code}")
        finally:
            self._try("DELETE", f"/api/v3/checks/{code}")

    def _await_up(self, code: str) -> None:
        for _ in range(TRIES):
            status = self._tell("GET", f"/api/v3/checks/{code}")["status"]
            if status == "up":
                return
            self.operator.rest(PAUSE)
        raise Halt(f"A check that was pinged is {status}, not up: {_advice(API)}")

    def _tell(self, method: str, path: str, body: str = "") -> dict[str, Any]:
        answer = self._try(method, path, body)
        try:
            document: dict[str, Any] = json.loads(answer.text)
        except ValueError as error:
            raise Halt(f"{method} {path} was not answered in JSON: {_advice(API)}") from error
        return document

    def _try(self, method: str, target: str, body: str = "") -> Answer:
        """Ask for a path of the API, or another URL, until the answer is good; raises Halt after a minute."""
        url = self.url + target if target.startswith("/") else target
        for attempt in range(TRIES):
            if attempt:
                self.operator.rest(PAUSE)
            answer: Answer = self.operator.ask(method, url, {"X-Api-Key": self.key}, body)
            if answer.status in OK:
                return answer
        said = f"with {answer.status}" if answer.status else f"not at all ({answer.text})"
        raise Halt(f"{method} {target} was answered {said}: {_advice('ping' if url == target else API)}")


def _advice(function: str) -> str:
    return f"the stacks are up, but do not work; read the log of the function {function}."
