"""Links that act without a login: what they may do, and until when, is signed and stored nowhere."""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

# Purposes have spaces, so that none can be a tag: the signature of a tag's badge shows a part of its hash.
ACKNOWLEDGE = "acknowledge an incident"
LIFETIME = timedelta(days=7)
ID_SIZE, TIME_SIZE, MAC_SIZE = 16, 5, 24  # bytes; seconds since 1970 fit into five for 34,000 years
CLAIM_SIZE = ID_SIZE + TIME_SIZE
# The sizes add up to a multiple of three: every letter counts, and none is padding.
TOKEN = re.compile(rf"[A-Za-z0-9_-]{{{(CLAIM_SIZE + MAC_SIZE) // 3 * 4}}}", re.ASCII)
LATEST = int(datetime.max.replace(tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True)
class Claim:
    """What a token says of itself: which thing (a UUID) it is about, and the whole second when it ends."""

    thing_id: str
    expires: datetime


def expiry(told: datetime) -> datetime:
    """Return when the link in a message ends that was *told* then: it is the same on every attempt."""
    return (told + LIFETIME).replace(microsecond=0)


def token_of(claim: Claim, purpose: str, secret: str) -> str:
    """Return the token of *claim*, fit for a URL; it serves one *purpose* under one *secret*."""
    said = UUID(claim.thing_id).bytes + int(claim.expires.timestamp()).to_bytes(TIME_SIZE)
    return urlsafe_b64encode(said + _mac(said, purpose, secret)).decode()


def claim_of(token: str) -> Claim | None:
    """Return what *token* says of itself, which anybody may have made up; None for what is no token."""
    if not TOKEN.fullmatch(token):
        return None
    said = urlsafe_b64decode(token)[:CLAIM_SIZE]
    seconds = int.from_bytes(said[ID_SIZE:])
    if seconds > LATEST:
        return None
    return Claim(str(UUID(bytes=said[:ID_SIZE])), datetime.fromtimestamp(seconds, UTC))


def is_genuine(token: str, purpose: str, secret: str) -> bool:
    """Whether we made *token* for *purpose*; takes the same time whatever is wrong."""
    if not TOKEN.fullmatch(token):
        return False
    content = urlsafe_b64decode(token)
    return hmac.compare_digest(content[CLAIM_SIZE:], _mac(content[:CLAIM_SIZE], purpose, secret))


def _mac(said: bytes, purpose: str, secret: str) -> bytes:
    key = hmac.digest(secret.encode(), purpose.encode(), "sha256")
    return hmac.digest(key, said, "sha256")[:MAC_SIZE]
