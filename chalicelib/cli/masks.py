"""What is secret in a document: hidden where it is shown, and found again where a mask comes back."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.channels import transport_for
from chalicelib.channels.base import MASK
from chalicelib.core.configuration import Document, Entry
from chalicelib.dialects import outbound

HIDDEN = ("body", "send")  # of a target
BARE = "is masked, and nothing is stored that the mask could stand for: export with --with-secrets"


def hidden(section: str, entry: Entry) -> Entry:
    """Return an entry without secrets: as the APIs show its channel, or its target."""
    if section == "channels":
        return entry | {"config": transport_for(entry["type"]).mask(entry["config"])}
    if "target" in entry:
        return entry | {"target": _hidden_target(entry["target"])}
    return entry


def without_secrets(document: Document) -> Document:
    """Return *document* with masks in the place of all that is secret."""
    return {section: [hidden(section, entry) for entry in entries] for section, entries in document.items()}


def revealed(section: str, entry: Entry, stored: Entry) -> Entry:
    """Return an entry as somebody wrote it, with what is *stored* where a mask stands for it."""
    name = "config" if section == "channels" else "target"
    given = entry.get(name)
    if not isinstance(given, dict) or MASK not in json.dumps(given, default=str):
        return entry
    shown = hidden(section, stored)[name]
    if section == "channels":
        # Of some kinds what is shown has other names than what is stored: both may be given together.
        changed = {field: value for field, value in given.items() if value != shown.get(field)}
        return entry | {name: stored[name] | changed}
    return entry | {name: _revealed_target(given, stored[name], shown)}


def bare(value: Any, path: str) -> Iterator[str]:
    """Yield the paths of the masks in *value*."""
    if isinstance(value, str) and MASK in value:
        yield path
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from bare(each, f"{path}.{name}")


def _hidden_target(target: Mapping[str, Any]) -> Entry:
    shown = {name: MASK if name in HIDDEN else value for name, value in target.items()}
    if "url" in shown:
        shown["url"] = outbound.shown_url(shown["url"])
    if "headers" in shown:
        shown["headers"] = dict.fromkeys(shown["headers"], MASK)
    return shown


def _revealed_target(given: Mapping[str, Any], stored: Mapping[str, Any], shown: Mapping[str, Any]) -> Entry:
    meant = {
        name: stored[name] if name in stored and value == shown[name] else value
        for name, value in given.items()
    }
    if isinstance(meant.get("headers"), dict):
        known = stored.get("headers", {})
        meant["headers"] = {
            name: known.get(name, value) if value == MASK else value
            for name, value in meant["headers"].items()
        }
    return meant
