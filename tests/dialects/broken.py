"""What can go wrong beneath us: DynamoDB's answers are put in at botocore's own door."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.awsrequest import AWSResponse

from chalicelib import aws
from chalicelib.local.house import House


def silence(**_: Any) -> tuple[AWSResponse, dict[str, Any]]:
    """Answer as DynamoDB does when it is broken."""
    error = {"Error": {"Code": "InternalServerError", "Message": "it broke"}}
    return AWSResponse("", 500, {}, None), error | {"ResponseMetadata": {"HTTPStatusCode": 500}}


@contextmanager
def answering(house: House, operation: str, answer: Callable[..., Any] = silence) -> Iterator[None]:
    """Let every *operation* on DynamoDB be answered by *answer*, which may raise."""
    settings = house.tools.settings
    events = aws.client("dynamodb", settings.region, settings.endpoint_url).meta.events
    name = f"before-call.dynamodb.{operation}"
    events.register(name, answer)
    try:
        yield
    finally:
        events.unregister(name, answer)
