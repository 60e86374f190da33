"""Ids as several dialects show and take them: a word for the kind of thing, and its UUID in 26 letters."""

import re
from base64 import b32decode
from uuid import UUID, uuid5

from chalicelib.core.errors import NotFound
from chalicelib.core.ids import INCIDENT, MONITOR, spell
from chalicelib.core.signals import CANONICAL_UUID

__all__ = ["INCIDENT", "MONITOR", "derived", "read", "spell", "within"]

SPELLED = re.compile(r"[a-z2-7]{26}")
PADDING = "======"


def read(word: str, text: str) -> str:
    """Return the UUID that *text* spells, or is; raises NotFound for any other form."""
    if CANONICAL_UUID.fullmatch(text):
        return text
    _, _, letters = text.partition("_")
    if SPELLED.fullmatch(letters):
        uuid = str(UUID(bytes=b32decode(letters.upper() + PADDING)))
        # The last letter has two bits to spare: of the four spellings one is ours.
        if spell(word, uuid) == text:
            return uuid
    raise NotFound("Not found")


def derived(word: str, uuid: str, name: str) -> str:
    """Return the id of what *name* names within *uuid*: the same for the same name, always."""
    return spell(word, within(uuid, name))


def within(uuid: str, name: str) -> str:
    """Return the UUID of what *name* names within *uuid* (version 5, RFC 9562)."""
    return str(uuid5(UUID(uuid), name))
