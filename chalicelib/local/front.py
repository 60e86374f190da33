"""What the fronts of AWS do: they make an event of each HTTP request, and answer themselves what is none."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from typing import Any
from urllib.parse import parse_qs

from chalice import Chalice

from chalicelib.dialects.function_url import ping
from chalicelib.dialects.paths import ANYTHING_ELSE, captured
from chalicelib.local.emulation import TEMPLATE

Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer on its way back to the client."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


class Front:
    """The routes of *app*, reached by plain HTTP requests."""

    def __init__(self, app: Chalice) -> None:
        self._app = app
        # A word sorts before a variable in braces, and so wins over it.
        self._routes = sorted(set(app.routes) - {ANYTHING_ELSE})
        self._gateway = json.loads(TEMPLATE.read_text())["Resources"]["RestAPI"]["Properties"][
            "GatewayResponses"
        ]
        self._numbers = count(1)

    def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | Pairs = (),
        body: bytes = b"",
        source_ip: str = "127.0.0.1",
    ) -> Reply:
        """Return what the app answers to a request for *target*, a path with its query."""
        path, _, query = target.partition("?")
        route, said = self._find(method, path)
        if route is None:
            return self.refuse("MISSING_AUTHENTICATION_TOKEN")
        event = {
            "resource": route,
            "path": path,
            "httpMethod": method,
            **_headers(headers.items() if isinstance(headers, Mapping) else headers),
            "multiValueQueryStringParameters": parse_qs(query, keep_blank_values=True) or None,
            "pathParameters": said or None,
            "stageVariables": None,
            "requestContext": {
                "resourcePath": route,
                "httpMethod": method,
                "path": path,
                "requestId": f"local-{next(self._numbers)}",
                "identity": {"sourceIp": source_ip},
            },
            **_carried(body),
        }
        answer = self._app(event, None)
        return Reply(answer["statusCode"], _flat(answer), _bytes_of(answer))

    def refuse(self, kind: str, status: int = HTTPStatus.BAD_REQUEST, sentence: str = "") -> Reply:
        """Return the gateway's own answer of *kind*; the other two count where the template is silent."""
        answer = self._gateway[kind]
        body = answer["ResponseTemplates"]["application/json"]
        body = body.replace("$context.error.messageString", json.dumps(sentence))
        headers = {name: text.strip("'") for name, text in answer["ResponseParameters"]["Headers"].items()}
        status = int(answer.get("StatusCode", status))
        return Reply(status, {"Content-Type": "application/json", **headers}, body.encode())

    def _find(self, method: str, path: str) -> tuple[str | None, dict[str, str]]:
        """Return the route that *path* takes and what it says of the route's variables."""
        known = self._app.routes
        for route in self._routes:
            said = captured(route, path)
            if said is not None:
                return (route if method in known[route] else None), said
        stray = ANYTHING_ELSE if method in known.get(ANYTHING_ELSE, ()) else None
        return stray, {"proxy": path.lstrip("/")}


class PingFront:
    """The function URL of the ping function, reached by plain HTTP requests."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | Pairs = (),
        body: bytes = b"",
        source_ip: str = "127.0.0.1",
    ) -> Reply:
        """Return what the function answers to a request for *target*, a path with its query."""
        path, _, query = target.partition("?")
        many = _headers(headers.items() if isinstance(headers, Mapping) else headers)["multiValueHeaders"]
        event = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {name.lower(): ",".join(values) for name, values in many.items()},
            "requestContext": {
                "http": {"method": method, "path": path, "sourceIp": source_ip},
                "requestId": f"local-ping-{next(self._numbers)}",
                "stage": "$default",
            },
            **_carried(body),
        }
        answer = ping(event, None)
        return Reply(answer["statusCode"], answer["headers"], _bytes_of(answer))

    def refuse(self, _kind: str, status: int = HTTPStatus.BAD_REQUEST, sentence: str = "") -> Reply:
        """Return Lambda's own answer; it has one form for all of them."""
        told = json.dumps({"Message": sentence or HTTPStatus(status).phrase})
        return Reply(status, {"Content-Type": "application/json"}, told.encode())


def _headers(pairs: Pairs) -> dict[str, Any]:
    """Return the headers as an event has them: the last of each name, and all of them."""
    many: dict[str, list[str]] = {}
    spelled: dict[str, str] = {}  # a name keeps the spelling of its first header
    for name, value in pairs:
        many.setdefault(spelled.setdefault(name.lower(), name), []).append(value)
    return {"headers": {name: values[-1] for name, values in many.items()}, "multiValueHeaders": many}


def _carried(body: bytes) -> dict[str, Any]:
    """Return *body* as an event has it."""
    return {"body": base64.b64encode(body).decode() if body else None, "isBase64Encoded": bool(body)}


def _flat(answer: dict[str, Any]) -> dict[str, str]:
    many = {name: ", ".join(values) for name, values in (answer.get("multiValueHeaders") or {}).items()}
    return {**(answer.get("headers") or {}), **many}


def _bytes_of(answer: dict[str, Any]) -> bytes:
    body = answer.get("body") or ""
    return base64.b64decode(body) if answer.get("isBase64Encoded") else str(body).encode()
