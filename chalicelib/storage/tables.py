"""What all tables share: one client, two attribute kinds, and one translation of DynamoDB's refusals."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import MISSING, fields
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

from pynamodb.attributes import Attribute
from pynamodb.connection import Connection
from pynamodb.connection.table import TableConnection
from pynamodb.constants import NUMBER
from pynamodb.exceptions import DoesNotExist, PynamoDBException, TransactWriteError
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chalicelib import aws
from chalicelib.core.errors import Conflict, Unavailable
from chalicelib.settings import in_force

Actions = list[Action]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
RACES = frozenset(
    {
        "ConditionalCheckFailedException",
        "ConditionalCheckFailed",
        "TransactionConflictException",  # a single write that met a transaction
        "TransactionConflict",
    }
)
BUGS = frozenset({"ValidationException", "SerializationException", "AccessDeniedException"})


class Table(Model):
    """An item of one of our tables, which live where the settings in force say."""

    short_name = ""  # of the table, without the deployment's prefix

    @classmethod
    def _get_connection(cls) -> TableConnection:
        settings = in_force()
        cls.Meta.table_name = f"{settings.prefix}-{cls.short_name}"
        connection: TableConnection = super()._get_connection()
        # pynamodb would open a session and a client for each table: 47 ms apiece at a cold start.
        client = aws.client("dynamodb", settings.region, settings.endpoint_url)
        if connection.connection._client is not client:  # noqa: SLF001  there is no public way in
            connection.connection._client = client  # noqa: SLF001
        return connection


class EpochAttribute(Attribute[datetime]):
    """A moment in UTC, kept as whole microseconds since 1970 so that it sorts and compares."""

    attr_type = NUMBER

    def serialize(self, value: datetime) -> str:
        """Return the microseconds as DynamoDB's text."""
        return str((value - EPOCH) // MICROSECOND)

    def deserialize(self, value: str) -> datetime:
        """Return the moment."""
        return EPOCH + timedelta(microseconds=int(value))


class ExpiryAttribute(Attribute[datetime]):
    """A moment in whole seconds, as DynamoDB's time to live wants it."""

    attr_type = NUMBER

    def serialize(self, value: datetime) -> str:
        """Return the seconds as DynamoDB's text."""
        return str(int(value.timestamp()))

    def deserialize(self, value: str) -> datetime:
        """Return the moment."""
        return EPOCH + timedelta(seconds=int(value))


class SpanAttribute(Attribute[timedelta]):
    """A length of time, kept as whole microseconds."""

    attr_type = NUMBER

    def serialize(self, value: timedelta) -> str:
        """Return the microseconds as DynamoDB's text."""
        return str(value // MICROSECOND)

    def deserialize(self, value: str) -> timedelta:
        """Return the length."""
        return timedelta(microseconds=int(value))


def connection_of(model: type[Table]) -> Connection:
    """Return the connection over which transactions with *model* are written."""
    return model._get_connection().connection  # noqa: SLF001  TransactWrite asks for one, no model offers it


def remove_rows(model: type[Table], row_key: str, monitor_id: str, limit: int) -> bool:
    """Delete up to *limit* rows of a monitor that is gone; return whether any may be left."""
    with conflicts():
        rows = list(model.query(monitor_id, limit=limit, attributes_to_get=["monitor_id", row_key]))
        with model.batch_write() as batch:
            for row in rows:
                batch.delete(row)
    return len(rows) == limit


def shard_of(key: str, shards: int) -> int:
    """Return which of *shards* index partitions *key* belongs to."""
    return crc32(key.encode()) % shards


@contextmanager
def conflicts() -> Iterator[None]:
    """Translate what DynamoDB refuses: a lost race is a Conflict, silence or throttling Unavailable.

    What only a bug of ours can cause passes through, so that it is seen.
    """
    try:
        yield
    except DoesNotExist:
        raise
    except PynamoDBException as error:
        codes = _codes(error)
        if codes & BUGS:
            raise
        if codes & RACES:
            raise Conflict("somebody else was first") from error
        raise Unavailable(
            f"the database does not answer ({', '.join(sorted(codes)) or 'no reply'})"
        ) from error


def _codes(error: PynamoDBException) -> set[str]:
    codes: set[str] = set()
    if error.cause_response_code:
        codes.add(error.cause_response_code)
    if isinstance(error, TransactWriteError):
        codes |= {reason.code for reason in error.cancellation_reasons if reason}
    return codes


def defaults(model: type[Any]) -> dict[str, Any]:
    """Return the default of each field of a dataclass, fields without one left out."""
    return {field.name: field.default for field in fields(model) if field.default is not MISSING}


def worth_storing(value: Any, empty: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a dataclass that differ from their default *empty*.

    The others are left out of the item: sparse indexes and small items live of absence.
    """
    nothing = object()
    return {
        field.name: getattr(value, field.name)
        for field in fields(value)
        if getattr(value, field.name) != empty.get(field.name, nothing)
    }


def changes(before: Any, after: Any, item: type[Model], empty: dict[str, Any]) -> list[Action]:
    """Return the update actions that make the stored copy of *before* equal *after*."""
    actions: list[Action] = []
    for field in fields(after):
        new = getattr(after, field.name)
        if new != getattr(before, field.name):
            attribute = getattr(item, field.name)
            gone = field.name in empty and new == empty[field.name]
            actions.append(attribute.remove() if gone else attribute.set(new))
    return actions
