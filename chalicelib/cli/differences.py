"""A difference between two configurations as a person reads it: new, changed and missing, without secrets."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from chalicelib.cli.masks import hidden
from chalicelib.core.configuration import Change, Entry, flat

NOUNS = {"channels": "channel", "policies": "policy", "checks": "check", "windows": "window"}
LONGEST = 100  # characters of a value; more tell nothing more
NOTHING = "nothing"


def lines(changes: Iterable[Change]) -> Iterator[str]:
    """Yield a line for each change, and below it one for each field that becomes another."""
    for change in changes:
        yield f"{_mark(change)} {title(change)}"
        if change.before and change.after:
            yield from _fields(change, change.before, change.after)


def title(change: Change) -> str:
    """Return what a change is about: its sort, and its name as it is, or is to be."""
    entry = change.before or change.after or {}
    name = entry.get("name") or entry.get("title") or change.id
    kind = f" ({entry['type']})" if "type" in entry else ""
    return _plain(f"{NOUNS[change.section]} {name}{kind}")


def _mark(change: Change) -> str:
    if not change.before:
        return "+"
    return "~" if change.after else "-"


def _fields(change: Change, before: Entry, after: Entry) -> Iterator[str]:
    old, new = flat(before), flat(after)
    shown_old = flat(hidden(change.section, before))
    shown_new = flat(hidden(change.section, after))
    # Of some kinds of channel what is shown has other names than what is stored.
    for name in dict.fromkeys([*shown_old, *shown_new]):
        told = shown_old.get(name), shown_new.get(name)
        if told[0] != told[1]:
            yield f"    {_plain(name)}: {_value(told[0])} → {_value(told[1])}"
        elif old.get(name) != new.get(name):
            yield f"    {_plain(name)}: changes, and is secret"
    if shown_old == shown_new and not any(old.get(name) != new.get(name) for name in shown_old):
        yield "    config: changes, and is secret"


def _value(value: Any) -> str:
    if value is None:
        return NOTHING
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _plain(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
