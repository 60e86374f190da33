"""What a Haspulse request asks for, declared: one class a request."""

from typing import Any, TypeVar

import msgspec

from chalicelib.core.errors import Invalid
from chalicelib.dialects.http import parse_json

NAME_LIMIT = 100
ID_LIMIT = 200


class NewChannel(msgspec.Struct, rename="camel", frozen=True):
    """POST /v1/channels (R43)."""

    type: str
    name: str
    config: dict[str, Any]


class ChannelChanges(msgspec.Struct, rename="camel", frozen=True):
    """PATCH /v1/channels/{id}: what is not given stays (R45)."""

    name: str | None = None
    config: dict[str, Any] | None = None


class Replay(msgspec.Struct, rename="camel", frozen=True):
    """POST /v1/channels/{id}/deliveries: the message to send once more."""

    delivery_id: str


Declared = TypeVar("Declared", NewChannel, ChannelChanges, Replay)


def read(body: bytes, kind: type[Declared]) -> Declared:
    """Return the request in *body*; raises Invalid naming the field at fault (R28, R72)."""
    try:
        document = parse_json(body)
    except ValueError as error:
        raise Invalid("body", "is not valid JSON") from error
    try:
        request = msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise Invalid("", str(error).replace("`", "'")) from error
    _check_name(getattr(request, "name", None))
    if isinstance(request, Replay) and not 1 <= len(request.delivery_id) <= ID_LIMIT:
        raise Invalid("deliveryId", f"must have 1 to {ID_LIMIT} characters")
    return request


def _check_name(name: str | None) -> None:
    if name is not None and not 1 <= len(name) <= NAME_LIMIT:
        raise Invalid("name", f"must have 1 to {NAME_LIMIT} characters")
    if name is not None and not name.isprintable():
        raise Invalid("name", "contains invalid characters")
