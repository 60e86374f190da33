"""The few words that everything else is told in."""

from enum import StrEnum


class Kind(StrEnum):
    """What sort of thing a monitor watches."""

    HEARTBEAT = "heartbeat"
    HTTP = "http"
    TCP = "tcp"
    DNS = "dns"
    TLS = "tls"
    DOMAIN = "domain"


class Status(StrEnum):
    """What the state machine holds; grace, late, started, investigating and recovering are views."""

    PENDING = "pending"
    UP = "up"
    DOWN = "down"
    PAUSED = "paused"


class Verdict(StrEnum):
    """What one region says of a target, and what the regions together say."""

    UP = "UP"
    DEGRADED = "DEGRADED"  # it answers as it should, but slower than it may
    DOWN = "DOWN"


class Impact(StrEnum):
    """How bad something is."""

    NONE = "NONE"
    MINOR = "MINOR"
    MAJOR = "MAJOR"
    CRITICAL = "CRITICAL"


class Category(StrEnum):
    """What sort of story an incident tells."""

    INCIDENT = "INCIDENT"  # something is down
    PERFORMANCE = "PERFORMANCE"  # it is slow; the uptime does not suffer
    DOMAIN = "DOMAIN"  # its registration runs out
