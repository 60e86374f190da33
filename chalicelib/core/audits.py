"""What people did, as it is kept: who changed what, when, by which key."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One change; *action* is what was changed and how, as `check.paused`."""

    entry_id: str
    organization_id: str
    project_id: str  # empty where the organization itself was changed
    at: datetime
    key_id: str
    key_name: str
    action: str
    object_id: str
    object_name: str = ""
    details: dict[str, Any] = field(
        default_factory=dict
    )  # the names of the fields that were given, no values
