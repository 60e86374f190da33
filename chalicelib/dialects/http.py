"""What all dialects need from HTTP: a request as a plain value, and refusals turned into answers."""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

from chalice import Response

from chalicelib.core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    LimitReached,
    NotFound,
    Refusal,
    TooMany,
    Unauthorized,
    Unavailable,
)
from chalicelib.dialects.paths import named

if TYPE_CHECKING:
    from chalicelib.core.tenancy import Caller, Quota
    from chalicelib.toolbox import Toolbox


class WrongMethod(Refusal):
    """The path is known, but not with this method."""


STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (Invalid, 400),
    (Unauthorized, 401),
    (Forbidden, 403),
    (LimitReached, 403),
    (NotFound, 404),
    (WrongMethod, 405),
    (Conflict, 409),
    (TooMany, 429),
    (Unavailable, 503),
)


def status_of(refusal: Exception) -> int:
    """Return the status that tells *refusal*, in every dialect that has no other; 500 for a fault of ours."""
    return next((status for kind, status in STATUSES if isinstance(refusal, kind)), 500)


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the parsers see it, whichever front it came through; header names in lower case."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    source_ip: str = ""
    stage_path: str = ""
    request_id: str = ""

    def first(self, name: str) -> str | None:
        """Return the first value of a query parameter, or None."""
        values = self.query.get(name)
        return values[0] if values else None

    @property
    def key(self) -> str:
        """The API key that the headers name, in either form: any key opens any dialect."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return self.headers.get("x-api-key") or (token.strip() if scheme.lower() == "bearer" else "")

    @property
    def base_url(self) -> str:
        """The scheme, host and stage under which the client reached us."""
        scheme = self.headers.get("x-forwarded-proto", "http").split(",")[0].strip().lower()
        scheme = scheme if scheme in ("http", "https") else "http"
        return f"{scheme}://{self.headers.get('host', 'localhost')}{self.stage_path}"


class Answer(NamedTuple):
    """What a view says; the headers of its dialect are added by `routing`."""

    status: int = 200
    body: Any = ""
    headers: Mapping[str, str] = {}


class Visit(NamedTuple):
    """One request on its way through a view: what was asked, when, by whom, and the tools to answer with."""

    tools: "Toolbox"
    request: Request
    now: datetime
    entered: "Caller | None" = None

    @property
    def caller(self) -> "Caller":
        """Who asks; raises Unauthorized where nobody had to say."""
        if self.entered is None:
            raise Unauthorized("no key was asked for here")
        return self.entered

    @property
    def site(self) -> str:
        """What the addresses in an answer begin with."""
        return self.tools.settings.public_url or self.request.base_url

    @property
    def ping_site(self) -> str:
        """What the addresses that take pings begin with."""
        return self.tools.settings.ping_url or self.site


View = Callable[[Visit], Answer]


class Manners(NamedTuple):
    """How a dialect behaves towards every request.

    *admit* says who is asking, or None where that does not matter; *refuse* gives a refusal its form;
    *dress* are the headers that every answer carries, given the methods of its path.
    """

    admit: "Callable[[Toolbox, Request, datetime], Caller | None]"
    refuse: Callable[[Exception, datetime], Answer]
    dress: Callable[[tuple[str, ...]], dict[str, str]]


def open_to_browsers(methods: tuple[str, ...]) -> dict[str, str]:
    """Return the headers of an answer that any page may read: browsers may call with a key, from anywhere."""
    return {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Headers": "Authorization, Content-Type, X-Api-Key",
        "Access-Control-Allow-Methods": ", ".join((*methods, "OPTIONS")),
    }


def limits(quota: "Quota") -> dict[str, str]:
    """Return every family of limit headers that our dialects know (R81, R140)."""
    headers = {
        "X-RateLimit-Limit": str(quota.limit),
        "X-RateLimit-Remaining": str(quota.remaining),
        "X-RateLimit-Reset": str(int(quota.resets_at.timestamp())),
        "X-RateLimit-Limit-Minute": str(quota.limit),
        "X-RateLimit-Remaining-Minute": str(quota.remaining),
    }
    if quota.day_limit is not None:
        headers["X-RateLimit-Limit-Day"] = str(quota.day_limit)
        headers["X-RateLimit-Remaining-Day"] = str(quota.day_remaining)
    return headers


def patience(refusal: Exception, now: datetime) -> dict[str, str]:
    """Return the headers that tell when to ask again: whole seconds, at least one; or nothing (R81, R127)."""
    if isinstance(refusal, TooMany):
        headers = {"Retry-After": str(max(1, ceil((refusal.retry_at - now).total_seconds())))}
        if refusal.limit is not None:
            from chalicelib.core.tenancy import Quota

            headers |= limits(Quota(refusal.limit, 0, refusal.retry_at))
        return headers
    if isinstance(refusal, Unavailable):
        return {"Retry-After": str(refusal.retry_after)}
    return {}


class BytesResponse(Response):
    """A response whose body travels to API Gateway in base64 and leaves it byte for byte."""

    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:
        """Return the response as Lambda hands it over; Chalice would have it that text is never bytes."""
        document: dict[str, Any] = super().to_dict(binary_types)
        return document | {"body": b64encode(self.body).decode(), "isBase64Encoded": True}


def respond(answer: Answer, dress: Mapping[str, str]) -> Response:
    """Return what Chalice sends: text as it is, anything else as JSON."""
    headers: dict[str, str | list[str]] = {**dress, **answer.headers}
    body = answer.body
    if isinstance(body, bytes):
        return BytesResponse(body, headers=headers, status_code=answer.status)
    if not isinstance(body, str):
        body = json.dumps(body, ensure_ascii=False)
        headers.setdefault("Content-Type", "application/json")
    return Response(body, headers=headers, status_code=answer.status)


def read(raw: Any) -> Request:
    """Return Chalice's request as a value; the address is API Gateway's word where it gives one.

    X-Forwarded-For begins with whatever the client claims, so only the source IP counts.
    """
    context = raw.context or {}
    path = context.get("path") or raw.path or ""
    stage = context.get("stage") or ""
    query = raw.query_params
    return Request(
        method=raw.method.upper(),
        path=path,
        params=named(raw.uri_params or {}),
        query={name: query.getlist(name) for name in query} if query else {},
        headers={name.lower(): value for name, value in raw.headers.items()},
        body=raw.raw_body or b"",
        source_ip=(context.get("identity") or {}).get("sourceIp") or "",
        stage_path=f"/{stage}" if stage and path.startswith(f"/{stage}/") else "",
        # Of two ids of API Gateway's, this is the one that a client's header cannot replace.
        request_id=context.get("extendedRequestId") or context.get("requestId") or "",
    )


def parse_json(body: bytes) -> Any:
    """Return the JSON document in *body*; raises ValueError for what is none, and for nesting bombs."""
    text = body.decode("utf-8")
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
        if "\\u" in text:
            # An escape may spell half a letter, which neither a table nor an answer can carry.
            json.dumps(document, ensure_ascii=False).encode("utf-8")
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return document


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def iso_z(moment: datetime | None) -> str | None:
    """Return ISO 8601 with whole seconds and Z, or None (R395)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
