"""A cheaper front for pings: a Lambda function URL costs nothing where API Gateway charges for each request.

The views are those that API Gateway leads to, and so are the answers; only the shape in which a request comes
and an answer leaves is another: payload format 2.0 (AWS, "Invoking Lambda function URLs").
"""

from base64 import b64decode
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from chalice import Blueprint, Response

from chalicelib.dialects.healthchecks import routes as healthchecks
from chalicelib.dialects.http import Request
from chalicelib.dialects.indiepulse import routes as indiepulse
from chalicelib.dialects.paths import captured, named
from chalicelib.dialects.routing import answer
from chalicelib.dialects.strays import refused
from chalicelib.faults import wordless

PINGS = tuple((str(part.__package__), route) for part in (healthchecks, indiepulse) for route in part.PINGS)

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="ping")
@wordless()
def ping(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001  Lambda hands it over
    """Answer one request to the function URL."""
    return written(_answer(read(event)))


def read(event: dict[str, Any]) -> Request:
    """Return the event of a function URL as a value."""
    context = event["requestContext"]
    body = event.get("body") or ""
    return Request(
        method=context["http"]["method"],
        path=event["rawPath"],
        query=parse_qs(event.get("rawQueryString") or "", keep_blank_values=True),
        headers={name.lower(): value for name, value in event["headers"].items()},
        body=b64decode(body) if event.get("isBase64Encoded") else body.encode(),
        source_ip=context["http"]["sourceIp"],
        request_id=context["requestId"],
    )


def written(response: Response) -> dict[str, Any]:
    """Return *response* as the function URL sends it."""
    document: dict[str, Any] = response.to_dict()
    del document["multiValueHeaders"]  # format 2.0 knows none, and no answer to a ping has any
    return document


def _answer(request: Request) -> Response:
    for package, route in PINGS:
        found = captured(route.path, request.path)
        if found is not None:
            return answer(replace(request, params=named(found)), package, route)
    return refused(request, PINGS)
