"""Entries of a document as our own things: their references found, their rules checked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.channels import canonical, transport_for
from chalicelib.core import escalation, maintenance
from chalicelib.core.alerts import Channel
from chalicelib.core.configuration import Check, Entry
from chalicelib.core.errors import Invalid, InvalidFields
from chalicelib.core.escalation import Policy, Rung
from chalicelib.core.maintenance import Window
from chalicelib.core.matching import Directory
from chalicelib.core.monitors import Spec
from chalicelib.core.routes import Rule
from chalicelib.core.status import Kind
from chalicelib.core.targets import Watch
from chalicelib.core.tenancy import Caller, slugify
from chalicelib.dialects.statuspulse.schema import within

OF_WINDOW = {"startsAt": "starts", "endsAt": "ends", "rrule": "recurrence", "checkIds": "checks"}
CANNOT_CHANGE = "cannot change; leave out the id for something new"


@dataclass(frozen=True, slots=True)
class Item:
    """An entry: where it stands, what its thing is called from here on, and that thing, if it is there.

    *given* is what its fields mean, None where they are at fault.
    """

    path: str
    id: str
    entry: Entry
    given: dict[str, Any] | None
    present: Any = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where the things are to be, and what there is called how."""

    caller: Caller
    now: datetime
    allow_private: bool
    channels: Directory
    policies: Directory
    checks: Directory


def channel(place: Place, item: Item) -> Channel:
    """Return the channel that *item* asks for; raises Invalid."""
    given, present = item.given or {}, item.present
    kind, config = canonical(given["kind"], given["config"])
    if present and present.kind != kind:
        raise Invalid("type", CANNOT_CHANGE)
    try:
        checked = transport_for(kind).check(config, allow_private=place.allow_private)
    except Invalid as refusal:
        raise InvalidFields(tuple(within("config", refusal))) from None
    created = present.created if present else place.now
    return Channel(item.id, place.caller.project_id, kind, given["name"], checked, created)


def policy(place: Place, item: Item) -> Policy:
    """Return the escalation policy that *item* asks for; raises Invalid."""
    given = item.given or {}
    rungs = tuple(
        Rung(step["after"], _found(place.channels, step["channels"], f"steps[{index}].channels"))
        for index, step in enumerate(given["steps"])
    )
    created = item.present.created if item.present else place.now
    project_id = place.caller.project_id
    made = Policy(item.id, project_id, given["name"], rungs, created, given.get("repeat", 0))
    escalation.check(made)
    return made


def check(place: Place, item: Item) -> Check:
    """Return the check that *item* asks for; raises Invalid."""
    given = dict(item.given or {})
    before: Spec | None = item.present.spec if item.present else None
    kind = given.get("kind", Kind.HEARTBEAT)
    if before and before.kind is not kind:
        raise Invalid("type", CANNOT_CHANGE)
    plain = {name: value for name, value in given.items() if name in PLAIN}
    spec = Spec(
        monitor_id=item.id,
        project_id=place.caller.project_id,
        organization_id=place.caller.key.organization_id,
        created=before.created if before else place.now,
        badge_key=before.badge_key if before else "",
        **{"slug": slugify(given["name"])} | plain,
        channels=_found(place.channels, given.get("channels", ()), "channels"),
        policy_id=_one(place.policies, given.get("policy", ""), "policy"),
        rules=_rules(place, given.get("rules", ())),
        watch=_watch(given, before) if "target" in given else None,
    )
    return Check(spec, given.get("paused", False))


def window(place: Place, item: Item) -> Window:
    """Return the maintenance window that *item* asks for; raises Invalid."""
    given = {name: value for name, value in (item.given or {}).items() if name != "id"}
    monitors = _found(place.checks, given.pop("checks", ()), "checks")
    created = item.present.created if item.present else place.now
    made = Window(
        window_id=item.id,
        project_id=place.caller.project_id,
        created=created,
        monitors=monitors,
        **given,
    )
    try:
        maintenance.check(made)
    except Invalid as refusal:
        raise Invalid(OF_WINDOW.get(refusal.field, refusal.field), refusal.reason) from None
    return made


PLAIN = frozenset(Spec.__slots__) - {"channels", "policy_id", "rules", "watch"}


def _watch(given: dict[str, Any], before: Spec | None) -> Watch:
    version = before.watch.version if before and before.watch else 0
    told = {name: given[name] for name in Watch.__slots__ if name in given}
    return Watch(**told, version=version)


def _rules(place: Place, given: Iterable[dict[str, Any]]) -> tuple[Rule, ...]:
    return tuple(
        Rule(
            _found(place.channels, rule["channels"], f"rules[{index}].channels"),
            tuple(rule.get("events", ())),
            tuple(rule.get("severities", ())),
        )
        for index, rule in enumerate(given)
    )


def _found(directory: Directory, words: Iterable[str], path: str) -> tuple[str, ...]:
    """Return the ids of what *words* name, each once; raises InvalidFields with every fault."""
    ids, faults = [], []
    for index, word in enumerate(words):
        try:
            ids.append(directory.find(word))
        except Invalid as refusal:
            faults.append((f"{path}[{index}]", refusal.reason))
    if faults:
        raise InvalidFields(tuple(faults))
    return tuple(dict.fromkeys(ids))


def _one(directory: Directory, word: str, path: str) -> str:
    try:
        return directory.find(word) if word else ""
    except Invalid as refusal:
        raise Invalid(path, refusal.reason) from None
