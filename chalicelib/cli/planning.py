"""What a project becomes by a document: which things are meant, and every fault at once, nothing stored."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from chalicelib.channels import canonical
from chalicelib.cli import forms, masks, modelling
from chalicelib.cli.modelling import Item, Place
from chalicelib.core.configuration import (
    SECTIONS,
    Change,
    Configuration,
    Entry,
    difference,
    document,
    labels,
    moment,
)
from chalicelib.core.errors import Invalid, InvalidFields
from chalicelib.core.maintenance import Window, next_start
from chalicelib.core.matching import Directory, Names, pairs
from chalicelib.core.tenancy import Caller, slugify
from chalicelib.dialects.statuspulse import rules
from chalicelib.dialects.statuspulse.schema import Fault, within
from chalicelib.services import configuration as services
from chalicelib.services import maintenance, policies
from chalicelib.toolbox import Toolbox

VERSION = 1
HEADER = "wakeful"  # says by which version of these rules a document is written
LIMITS = {"policies": policies.MOST, "windows": maintenance.MOST}

Known = TypeVar("Known")


@dataclass
class Plan:
    """What is to become of what is *present* in a project."""

    tools: Toolbox
    caller: Caller
    present: Configuration
    now: datetime
    faults: list[Fault] = field(default_factory=list)

    def wanted(self, told: Any) -> Configuration:
        """Return what a document asks for; raises InvalidFields with every fault and its path."""
        sections = self._sections(told)
        stored = document(self.present, labels(self.present))
        items = {name: list(self._items(name, sections[name], stored[name])) for name in SECTIONS}
        known = [_directory(name, items[name], stored[name]) for name in ("channels", "policies", "checks")]
        private = self.tools.settings.allow_private_targets
        place = Place(self.caller, self.now, private, *known)
        found = Configuration(
            tuple(self._made(place, items["channels"], modelling.channel)),
            tuple(self._made(place, items["policies"], modelling.policy)),
            tuple(self._made(place, items["checks"], modelling.check)),
            tuple(filter(self._matters, self._made(place, items["windows"], modelling.window))),
        )
        self._check_together(items, stored)
        if self.faults:
            raise InvalidFields(tuple(self.faults))
        return found

    def changes(self, wanted: Configuration) -> list[Change]:
        """Return what makes the project what is *wanted*, both called by the names that are wanted."""
        before = self._before(wanted)
        known = labels(wanted).over(labels(before))
        return list(difference(document(before, known), document(wanted, known)))

    def _before(self, wanted: Configuration) -> Configuration:
        """Return what there is, but past maintenance of which *wanted* says nothing."""
        told = {window.window_id for window in wanted.windows}
        coming = services.ahead(self.present, self.now).windows
        kept = [each for each in self.present.windows if each.window_id in told or each in coming]
        return replace(self.present, windows=tuple(kept))

    def _matters(self, window: Window) -> bool:
        """Whether a window is there, or is still to come: nobody makes up past maintenance."""
        is_there = any(window.window_id == each.window_id for each in self.present.windows)
        return is_there or next_start(window, self.now) is not None

    def _sections(self, told: Any) -> dict[str, list[Any]]:
        if not isinstance(told, dict):
            raise Invalid("", "a configuration is an object of channels, policies, checks and windows")
        self.faults += [(str(n)[:100], "is not known") for n in told if n not in (HEADER, *SECTIONS)]
        if told.get(HEADER, VERSION) != VERSION:
            self.faults.append((HEADER, f"must be {VERSION}"))
        found = {name: told.get(name) or [] for name in SECTIONS}
        self.faults += [(n, "must be a list") for n, each in found.items() if not isinstance(each, list)]
        return {name: each if isinstance(each, list) else [] for name, each in found.items()}

    def _items(self, section: str, entries: Sequence[Any], stored: Sequence[Entry]) -> Iterator[Item]:
        """Yield the entries of a section, each with the thing that it is already, if there is one."""
        plain = [{str(n): v for n, v in e.items()} if isinstance(e, dict) else {} for e in entries]
        found = pairs([NAMES[section](e) for e in plain], [NAMES[section](e) for e in stored])
        present = getattr(self.present, section)
        taken: set[str] = set()
        for index, (entry, match) in enumerate(zip(plain, found, strict=True)):
            path = f"{section}[{index}]"
            if not isinstance(entries[index], dict):
                self.faults.append((path, "must be an object"))
                continue
            if match is None:
                item_id, shown, thing = self._new_id(section, entry, taken), entry, None
            else:
                item_id, thing = stored[match]["id"], present[match]
                shown = masks.revealed(section, entry, stored[match])
            taken.add(item_id)
            yield Item(path, item_id, entry, self._read(section, path, shown), thing)

    def _read(self, section: str, path: str, entry: Entry) -> dict[str, Any] | None:
        """Return what the fields of *entry* mean, or None where that is not known."""
        with self._at(path):
            name = "config" if section == "channels" else "target"
            bare = [(each, masks.BARE) for each in masks.bare(entry.get(name), name)]
            if bare:
                raise InvalidFields(tuple(bare))
            return forms.read(section, entry, self.tools.settings)
        return None

    def _new_id(self, section: str, entry: Entry, taken: set[str]) -> str:
        """Return what something new is called: a check keeps the id that it had elsewhere, if it may."""
        wanted = entry.get("id")
        may_stay = section == "checks" and forms.is_id(wanted) and wanted not in taken
        return str(wanted) if may_stay and services.is_free(self.tools, str(wanted)) else self.tools.new_id()

    @contextmanager
    def _at(self, path: str) -> Iterator[None]:
        """Keep the faults of what stands at *path*."""
        try:
            yield
        except Invalid as refusal:
            self.faults += within(path, refusal)

    def _made(
        self, place: Place, items: Iterable[Item], make: Callable[[Place, Item], Known]
    ) -> Iterator[Known]:
        for item in items:
            if item.given is not None:
                with self._at(item.path):
                    yield make(place, item)

    def _check_together(self, items: Mapping[str, Sequence[Item]], stored: Mapping[str, list[Entry]]) -> None:
        """Keep the faults of what may be good one by one."""
        for section, each in items.items():
            ids = [item.entry["id"] for item in each if forms.is_id(item.entry.get("id"))]
            self.faults += [
                (f"{item.path}.id", "stands there twice")
                for item in each
                if forms.is_id(item.entry.get("id")) and ids.count(item.entry["id"]) > 1
            ]
            others = {entry["id"] for entry in stored[section]} - {item.id for item in each}
            if len(others) + len(each) > LIMITS.get(section, len(others) + len(each)):
                self.faults.append((section, f"must not be more than {LIMITS[section]} in a project"))
        names = [item.entry.get("name") for item in items["policies"]]
        told = {item.id for item in items["policies"]}
        names += [entry["name"] for entry in stored["policies"] if entry["id"] not in told]
        self.faults += [
            (f"{item.path}.name", "is the name of another policy")
            for item in items["policies"]
            if names.count(item.entry.get("name")) > 1
        ]


def _directory(section: str, items: Iterable[Item], stored: Iterable[Entry]) -> Directory:
    """Return what the things of a section are called in a document, and in the project besides."""
    items = list(items)
    told = {item.id for item in items}
    return Directory(
        section,
        [(item.id, _words(section, item.entry) | {item.id}) for item in items],
        [(entry["id"], _words(section, entry)) for entry in stored if entry["id"] not in told],
    )


def _words(section: str, entry: Entry) -> set[str]:
    """Return what references to an entry may say."""
    found = (entry.get("id"), entry.get("name"), _slug(entry) if section == "checks" else None)
    return {word for word in found if isinstance(word, str) and word}


def _slug(entry: Entry) -> Any:
    name = entry.get("name")
    return entry.get("slug", slugify(name) if isinstance(name, str) else None)


def _names_of_check(entry: Entry) -> Names:
    kind, name, slug = entry.get("type", "heartbeat"), entry.get("name"), _slug(entry)
    return (
        _said(entry.get("id")),
        _said(kind, name, slug),
        _said(kind, slug) if slug else None,
        _said(kind, name) if name else None,
    )


def _names_of_channel(entry: Entry) -> Names:
    kind = entry.get("type")
    return (
        _said(entry.get("id")),
        _said(canonical(kind.upper(), {})[0] if isinstance(kind, str) else None, entry.get("name")),
    )


def _names_of_window(entry: Entry) -> Names:
    try:
        starts = moment(rules.moment(entry.get("starts")))
    except Invalid:
        starts = None
    return _said(entry.get("id")), _said(entry.get("title"), starts)


def _said(*words: Any) -> tuple[str, ...] | None:
    """Return *words* as a name, or None where one of them is no word."""
    return tuple(words) if all(isinstance(word, str) for word in words) else None


NAMES: Mapping[str, Callable[[Entry], Names]] = {
    "channels": _names_of_channel,
    "policies": lambda entry: (_said(entry.get("id")), _said(entry.get("name"))),
    "checks": _names_of_check,
    "windows": _names_of_window,
}
