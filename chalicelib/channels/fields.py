"""What a configuration gives, checked: texts that are no masks, or of one shape, and words out of a few."""

import re
from collections.abc import Collection
from typing import Any

from chalicelib.channels.base import MASK
from chalicelib.core.errors import Invalid

LONGEST = 1000  # characters, of a text whose shape says how many it may have


def unmasked(name: str, value: object, limit: int) -> str:
    """Return *value*, a text of at most *limit* characters that is no mask; raises Invalid."""
    if not isinstance(value, str):
        raise Invalid(name, "must be text")
    if len(value) > limit:
        raise Invalid(name, f"must not be longer than {limit} characters")
    if MASK in value:
        raise Invalid(name, "is masked; leave it out to keep what is stored")
    return value


def present(name: str, value: object) -> object:
    """Return *value*; raises Invalid where nothing was given."""
    if value is None or value == "":
        raise Invalid(name, "is required")
    return value


def shaped(config: dict[str, Any], name: str, shape: re.Pattern[str], must: str) -> str:
    """Return the text *name* of *config*; raises Invalid where it is missing, masked, or not of *shape*.

    *must* says in words what *shape* asks for. No reason repeats what was given: it may be a secret.
    """
    text = unmasked(name, present(name, config.get(name)), LONGEST)
    if not shape.fullmatch(text):
        raise Invalid(name, must)
    return text


def choice(config: dict[str, Any], name: str, words: Collection[str], default: str) -> str:
    """Return the word *name* of *config* in small letters, or *default* where there is none."""
    value = config.get(name)
    if value is None:
        return default
    if not isinstance(value, str) or value.lower() not in words:
        raise Invalid(name, f"must be one of {', '.join(words)}")
    return value.lower()
