"""Spare moto work that nobody sees: most of what tests wait for."""

import copy
import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any


@contextmanager
def shorter_ways() -> Iterator[None]:
    """Let moto answer as it does, by shorter ways, inside the block."""
    from moto.cloudformation.models import Stack
    from moto.core import responses, serialize
    from moto.dynamodb.models import DynamoDBBackend
    from moto.dynamodb.models.dynamo_type import DynamoType
    from moto.dynamodb.models.table import Table
    from moto.sns.models import Subscription

    names: Any = responses
    with ExitStack() as stack:
        # It looks every time which methods its classes have.
        stack.enter_context(
            _instead(responses, "method_names_from_class", cache(names.method_names_from_class))
        )
        stack.enter_context(
            _instead(serialize.AttributePicker, "__call__", _picking(serialize.AttributePicker))
        )
        # Our templates are JSON, and what signs is never looked at.
        stack.enter_context(_instead(Stack, "parse_template", staticmethod(json.loads)))
        stack.enter_context(_instead(Subscription, "private_key", lambda _: _one_key()))
        stack.enter_context(_instead(DynamoType, "__hash__", _hash))
        stack.enter_context(_instead(Table, "__deepcopy__", _copy_of_touched))
        stack.enter_context(_instead(DynamoDBBackend, "transact_write_items", _touching(DynamoDBBackend)))
        yield


@contextmanager
def _instead(owner: Any, name: str, ours: Any) -> Iterator[None]:
    theirs = vars(owner).get(name)  # as it stands there: a static method, perhaps
    setattr(owner, name, ours)
    try:
        yield
    finally:
        if theirs is None:
            delattr(owner, name)
        else:
            setattr(owner, name, theirs)


def _hash(value: Any) -> int:
    """Return the hash of a value of DynamoDB's, as moto's equality wants it, for every look into a table.

    A text needs not be tried as a number first.
    """
    return hash((value.type, value.value if value.type == "S" else value.cast_value))


@cache
def _one_key() -> Any:
    """Return one key for all subscriptions; moto makes one for each, which takes as long as a house."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _picking(picker: Any) -> Any:
    """Return how values are picked: of DynamoDB's answers by their name, and not by a dozen others."""
    pick = picker.__call__

    def pick_by_name(self: Any, context: Any) -> Any:
        if type(context.obj) is dict and context.service_model.service_name == "dynamodb":
            return context.obj.get(context.key)
        return pick(self, context)

    return pick_by_name


def _touching(backend: Any) -> Any:
    """Return how a transaction is written: each table knows which of its items that may change.

    moto copies every table whole, once for each item, to have something to go back to.
    """
    write = backend.transact_write_items

    def write_touched(self: Any, items: list[dict[str, Any]]) -> None:
        touched: dict[str, set[str]] = {}
        for item in items:
            [operation] = item.values()
            table = self.tables.get(operation["TableName"])
            if table:
                key = operation.get("Key") or operation["Item"]
                [value] = key[table.hash_key_attr].values()
                touched.setdefault(table.name, set()).add(value)
                table.touched = touched[table.name]
        try:
            write(self, items)
        finally:
            for name in touched:
                vars(self.tables[name]).pop("touched", None)

    return write_touched


def _copy_of_touched(table: Any, memo: dict[int, Any]) -> Any:
    """Return a copy of a table that shares what the present transaction does not touch.

    Outside of one it is a copy like any other.
    """
    twin = memo[id(table)] = copy.copy(table)
    if not hasattr(table, "touched"):
        vars(twin).update(copy.deepcopy(vars(table), memo))
        return twin
    twin.items = defaultdict(dict, table.items)
    for hash_key, held in table.items.items():
        if hash_key.value in table.touched:
            twin.items[hash_key] = copy.deepcopy(held, memo)
    return twin
