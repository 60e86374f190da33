"""Whose things are whose: organizations, projects, keys, and what a plan allows."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

UNLIMITED = 10**9
SLUG_LIMIT = 64


class Level(StrEnum):
    """How far a key reaches."""

    PROJECT = "project"
    ORGANIZATION = "organization"


class Permission(StrEnum):
    """What a key may do."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Plan:
    """What an organization may use; rates are per key, the day's figure None where it is not limited."""

    checks: int
    pings_kept: int
    keys: int
    per_minute: int
    per_minute_v3: int
    per_day: int | None = None
    raw_days: int = 30
    organizations: bool = False  # whether it may create others, each with limits of its own
    indie: bool = True  # whether /api/v1 is open to it (R134)


PLANS = {
    "self_hosted": Plan(UNLIMITED, 1000, UNLIMITED, per_minute=100, per_minute_v3=1000, organizations=True),
    "free": Plan(20, 100, UNLIMITED, per_minute=100, per_minute_v3=1000, raw_days=7, indie=False),
    "hacker": Plan(UNLIMITED, 1000, 2, per_minute=60, per_minute_v3=60, per_day=5_000),
    "maker": Plan(UNLIMITED, 1000, 5, per_minute=120, per_minute_v3=120, per_day=20_000),
    "founder": Plan(UNLIMITED, 1000, 10, per_minute=300, per_minute_v3=300, per_day=100_000),
}


@dataclass(frozen=True, slots=True)
class Organization:
    """Who pays, and what for."""

    organization_id: str
    name: str
    slug: str
    plan: str
    created: datetime
    default_project_id: str
    n_monitors: int = 0
    n_keys: int = 0
    parent_id: str = ""  # the organization whose key created it, and may manage it
    updated: datetime | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """A set of monitors and channels that the same people look after."""

    project_id: str
    organization_id: str
    name: str
    slug: str
    ping_key: str
    badge_key: str
    badge_secret: str  # signs the badges' addresses
    created: datetime
    plan: str = "self_hosted"  # the organization's, kept here so that a ping by slug reads one item less
    updated: datetime | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A secret's public side; of the secret itself only the hash is kept (R68, R393)."""

    secret_hash: str
    key_id: str
    organization_id: str
    project_id: str  # empty for a key of organization level
    name: str
    prefix: str
    level: Level
    permission: Permission
    plan: str
    created: datetime
    suspended: bool = False
    last_used: datetime | None = None

    @property
    def owner_id(self) -> str:
        """What it belongs to, and goes with: its project, or its organization."""
        return self.project_id or self.organization_id


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left for a key now; the day's figures are None where the plan sets none."""

    limit: int
    remaining: int
    resets_at: datetime
    day_limit: int | None = None
    day_remaining: int | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, in which project it acts, and what it has left."""

    key: ApiKey
    project_id: str
    quota: Quota
    is_wide: bool = False  # it sees all projects of its organization, and creates in *project_id*

    @property
    def may_write(self) -> bool:
        """Whether it may change things."""
        return self.key.permission is Permission.WRITE

    @property
    def is_of_organization(self) -> bool:
        """Whether it manages an organization, not only a project (R38)."""
        return self.key.level is Level.ORGANIZATION

    @property
    def plan(self) -> Plan:
        """What its organization pays for."""
        return PLANS[self.key.plan]


def slugify(name: str) -> str:
    """Return *name* as a slug: small letters, digits and hyphens, at most 64; never empty."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower().replace("'", ""))[:SLUG_LIMIT].strip("-") or "unnamed"


def hash_secret(secret: str) -> str:
    """Return the hex SHA-256 under which a key's secret is stored."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
