"""How a Watch lies in its monitor's spec item: its target as one document, the rest as attributes."""

from dataclasses import fields
from typing import Any

from chalicelib.core.status import Kind
from chalicelib.core.targets import TARGETS, Watch
from chalicelib.storage.tables import defaults, worth_storing

WATCH_DEFAULTS = defaults(Watch)
AS_DOCUMENT = ("target", "regions", "slow_ms_in")  # what DynamoDB has no attribute of


def values_of(watch: Watch | None) -> dict[str, Any]:
    """Return the attributes that store *watch*; fields at their default are left out."""
    if watch is None:
        return {}
    import msgspec  # heartbeats do without it

    values = worth_storing(watch, WATCH_DEFAULTS)
    as_document = {name: msgspec.to_builtins(values[name]) for name in AS_DOCUMENT if name in values}
    return values | as_document


def to_watch(kind: Kind, item: Any) -> Watch | None:
    """Return the Watch that *item* stores, or None for a heartbeat."""
    if item.target is None:
        return None
    import msgspec

    values = {field.name: getattr(item, field.name) for field in fields(Watch)}
    present = {name: value for name, value in values.items() if value is not None}
    present["target"] = msgspec.convert(item.target, TARGETS[kind])
    if "regions" in present:
        present["regions"] = tuple(item.regions)
    if "slow_ms_in" in present:
        present["slow_ms_in"] = tuple((region, ms) for region, ms in item.slow_ms_in)
    return Watch(**present)
