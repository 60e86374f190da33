"""Ids as several dialects and their webhooks show them: a word for the kind of thing, and its UUID."""

from base64 import b32encode
from uuid import UUID

MONITOR = "mon"
INCIDENT = "inc"


def spell(word: str, uuid: str) -> str:
    """Return *uuid* as `word_` and its 128 bits in lower-case base32, without padding (R246)."""
    return f"{word}_{b32encode(UUID(uuid).bytes).decode().rstrip('=').lower()}"
