"""The status of many checks in one word, and the signed addresses under which anybody may read it."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass

ALL = "*"  # the pseudo-tag of all checks of a project (R368)
SIGNATURE_LENGTH = 8
TWO_STATES = "-2"  # behind the signature: a check in its grace time counts as up (R366)
FORMATS = ("svg", "json", "shields")
COLORS = {"up": "success", "late": "important", "down": "critical"}


@dataclass(frozen=True, slots=True)
class Badge:
    """What a badge shows; the counts are of checks."""

    label: str
    status: str
    total: int
    grace: int
    down: int


def badge_of(label: str, views: Iterable[str], *, states: int) -> Badge:
    """Return the badge of checks that are shown as *views*: down beats late, late beats up (R366-R368).

    New, paused and no checks at all count as up; with two *states* a check in its grace time does, too.
    """
    seen = list(views)
    down, grace = seen.count("down"), seen.count("grace")
    late = grace and states > 2  # noqa: PLR2004  the third state
    status = "down" if down else "late" if late else "up"
    return Badge(label, status, len(seen), grace, down)


def sign(tag: str, secret: str) -> str:
    """Return the signature of *tag* that makes a badge's address unguessable."""
    digest = hmac.digest(secret.encode(), tag.encode("utf-8", "surrogatepass"), "sha256")
    return urlsafe_b64encode(digest)[:SIGNATURE_LENGTH].decode()


def states_of(signature: str) -> tuple[str, int]:
    """Return the bare signature and the number of states that a signature in an address asks for (R361)."""
    bare = signature.removesuffix(TWO_STATES)
    # A bare signature may itself end like the suffix; only one of them leaves the right length.
    return (bare, 2) if len(signature) == SIGNATURE_LENGTH + len(TWO_STATES) else (signature, 3)


def is_signed(signature: str, tag: str, secret: str) -> bool:
    """Whether *signature* is that of *tag*; takes the same time whatever is wrong."""
    return hmac.compare_digest(signature.encode(), sign(tag, secret).encode())


def as_json(badge: Badge) -> dict[str, object]:
    """Return what a `.json` badge answers (R364)."""
    return {"status": badge.status, "total": badge.total, "grace": badge.grace, "down": badge.down}


def as_shields(badge: Badge) -> dict[str, object]:
    """Return what a `.shields` badge answers: the Shields.io endpoint schema (R365)."""
    return {
        "schemaVersion": 1,
        "label": badge.label,
        "message": badge.status,
        "color": COLORS[badge.status],
    }
