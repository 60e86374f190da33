"""The few words that everything else is told in."""

from enum import StrEnum


class Kind(StrEnum):
    """What sort of thing a monitor watches."""

    HEARTBEAT = "heartbeat"


class Status(StrEnum):
    """What the state machine holds; grace, late and started are views, never stored."""

    PENDING = "pending"
    UP = "up"
    DOWN = "down"
    PAUSED = "paused"
