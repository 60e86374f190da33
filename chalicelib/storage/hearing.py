"""How a monitor's rules lie in its spec item: who hears of it, at which hours, and what was promised."""

from typing import Any

from chalicelib.core.monitors import Spec
from chalicelib.core.routes import Quiet, Rule
from chalicelib.core.service_levels import Sla
from chalicelib.core.status import Impact

HEARING = ("severity", "rules", "quiet", "sla")
DOCUMENTS: dict[str, Any] = {"rules": tuple[Rule, ...], "quiet": Quiet, "sla": Sla}


def hearing_values(spec: Spec) -> dict[str, Any]:
    """Return the attributes that store a monitor's rules; what is at its default is left out."""
    values: dict[str, Any] = {}
    if spec.severity is not Impact.MAJOR:
        values["severity"] = spec.severity.value
    for name in DOCUMENTS:
        if getattr(spec, name):
            import msgspec  # most monitors do without rules

            values[name] = msgspec.to_builtins(getattr(spec, name))
    return values


def hearing_of(item: Any) -> dict[str, Any]:
    """Return the fields of Spec that *item* stores of a monitor's rules."""
    fields: dict[str, Any] = {"severity": Impact(item.severity)} if item.severity else {}
    for name, kind in DOCUMENTS.items():
        document = getattr(item, name)
        if document is not None:
            import msgspec

            fields[name] = msgspec.convert(document, kind)
    return fields
