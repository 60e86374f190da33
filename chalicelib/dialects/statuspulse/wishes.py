"""What a request about a monitor asks for: its fields, and the fields of Spec that they make (R88-R102)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from chalicelib.core.alerts import Channel
from chalicelib.core.errors import Invalid
from chalicelib.core.monitors import Spec
from chalicelib.core.routes import Rule as Route
from chalicelib.core.status import Kind
from chalicelib.core.targets import Watch
from chalicelib.core.tenancy import slugify
from chalicelib.core.wheel import DAY, FAST, SECOND, is_ring
from chalicelib.dialects.statuspulse import hearing, rules, schema
from chalicelib.dialects.statuspulse.references import Place
from chalicelib.dialects.statuspulse.schema import Document, Rule, list_of, meaning, not_both, or_null
from chalicelib.dialects.statuspulse.targets import Form, forms

TYPES = {kind.value: kind for kind in (Kind.HTTP, Kind.TCP, Kind.DNS, Kind.TLS, Kind.DOMAIN)}
INTERVALS = f"must be {', '.join(map(str, FAST))} or whole minutes: 60 to 86400 seconds in steps of 60"
MOST_TAGS = 20
MILLIS = rules.whole(1, 60_000)
DEFAULT = "default"
CLASHES = (not_both("timeout_ms", "timeout_seconds"),)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a monitor is to be: fields of Spec, and the channels that they name, stored or not."""

    fields: dict[str, Any]
    channels: tuple[Channel, ...]


def creation(place: Place, document: Document) -> Wish:
    """Return what a new monitor is to be; raises InvalidFields naming all that is wrong."""
    kind = TYPES.get(document["type"]) if isinstance(document.get("type"), str) else None
    form = _form(place, kind)
    told = {"type": rules.word(TYPES)} | _table(place, form)
    checks = (*CLASHES, *form.clashes, form.needs) if form else CLASHES
    given = schema.fields(document, told, ("name", "type"), checks, partial(_strange, place, kind))
    fields, channels = _wish(place, given, form)
    return Wish({"kind": kind, "slug": slugify(fields["name"])} | fields, channels)


def change(place: Place, document: Document, kind: Kind, others: dict[str, Rule]) -> tuple[Wish, Document]:
    """Return what a monitor of *kind* is to become, and what fields with rules of their own mean (R116-R120).

    Raises InvalidFields naming all that is wrong.
    """
    form = _form(place, kind)
    told = {"type": partial(_same, kind)} | _table(place, form) | others
    checks = (*CLASHES, *form.clashes) if form else ()
    given = schema.fields(document, told, (), checks, partial(_strange, place, kind))
    fields, channels = _wish(place, given, form)
    return Wish(fields, channels), {name: given[name] for name in others if name in given}


def _form(place: Place, kind: Kind | None) -> Form | None:
    private = place.tools.settings.allow_private_targets
    return forms(allow_private=private).get(kind) if kind else None


def _table(place: Place, form: Form | None) -> dict[str, Rule]:
    plain = PLAIN | hearing.table(place)
    return plain | _watched(place) | form.rules if form else plain


def _watched(place: Place) -> dict[str, Rule]:
    region = rules.word({name: name for name in place.tools.settings.probe_regions})
    return {
        "interval_seconds": meaning("interval", _interval),
        "regions": meaning("regions", list_of(region, 50), lambda found: tuple(dict.fromkeys(found))),
        "timeout_seconds": meaning("timeout", rules.number(1, 60), _seconds),
        "timeout_ms": meaning("timeout", rules.whole(1000, 60_000), lambda ms: timedelta(milliseconds=ms)),
        "degraded_threshold_ms": partial(_slowness, place),
        "failure_threshold": meaning("failure_threshold", rules.whole(1, 10)),
        "recovery_threshold": meaning("recovery_threshold", rules.whole(1, 10)),
    }


def _wish(place: Place, given: Document, form: Form | None) -> tuple[dict[str, Any], tuple[Channel, ...]]:
    of_spec = PLAIN.keys() | hearing.table(place).keys()
    fields = schema.together(given[name] for name in given if name in of_spec)
    found: list[Channel] = list(fields.get("channels", ()))
    if "channels" in fields:
        ids = tuple(sorted({channel.channel_id for channel in fields["channels"]}))
        fields["channels"] = lambda _: ids  # known to be the project's: nobody need look them up again
    if "rules" in fields:
        found += [channel for route in fields["rules"] for channel in route["channels"]]
        fields["rules"] = tuple(map(_route, fields["rules"]))
    if form:
        fields |= _watch_wish(place, given, form)
    return fields, tuple(found)


def _watch_wish(place: Place, given: Document, form: Form) -> dict[str, Any]:
    of_watch = schema.together(given[name] for name in _watched(place) if name in given)
    of_target = {name: given[name] for name in form.rules if name in given}
    return {"watch": partial(_watch, of_watch, of_target, form)} if of_watch or of_target else {}


def _watch(of_watch: Mapping[str, Any], of_target: Mapping[str, Any], form: Form, spec: Spec) -> Watch:
    present = spec.watch or Watch(form.blank)
    return replace(present, target=form.amended(present.target, of_target), **of_watch)


def _route(given: Mapping[str, Any]) -> Route:
    when = given.get("when", {})
    return Route(
        tuple(dict.fromkeys(channel.channel_id for channel in given["channels"])),
        tuple(dict.fromkeys(when.get("event", ()))),
        tuple(dict.fromkeys(when.get("severity", ()))),
    )


def _same(kind: Kind, value: Any) -> dict[str, Any]:
    if value != kind.value:
        raise Invalid("", "cannot change")
    return {}


def _strange(place: Place, kind: Kind | None, name: str) -> str:
    """Return why a field has no rule: nobody knows it, or only monitors of another type."""
    if name == "maintenance_windows":
        return "belongs to the config of a monitor that is there: PUT /v1/monitors/{monitor_id}/config"
    known = forms(allow_private=place.tools.settings.allow_private_targets).values()
    if name in _watched(place) or any(name in form.rules for form in known):
        return f"means nothing to a monitor of type {kind.value}" if kind else "depends on the type"
    return "is not known"


def _interval(value: Any) -> timedelta:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= DAY // SECOND:
        raise Invalid("", INTERVALS)
    interval = value * SECOND
    if not is_ring(interval):
        raise Invalid("", INTERVALS)
    return interval


def _seconds(count: float) -> timedelta:
    return timedelta(milliseconds=round(1000 * count))


def _slowness(place: Place, value: Any) -> dict[str, Any]:
    """Return after how long an answer is slow: everywhere, or by region; null means never."""
    if not isinstance(value, dict):
        return {"slow_ms": or_null(MILLIS)(value) or 0, "slow_ms_in": ()}
    regions = (DEFAULT, *place.tools.settings.probe_regions)
    given = schema.fields(
        value,
        dict.fromkeys(regions, MILLIS),
        strange=lambda _: f"is no region; must be one of {', '.join(regions)}",
    )
    return {"slow_ms": given.pop(DEFAULT, 0), "slow_ms_in": tuple(sorted(given.items()))}


def _tags(value: Any) -> str:
    words: list[str] = list_of(rules.text(1, 50), MOST_TAGS)(value)
    if any(word.split() != [word] for word in words):
        raise Invalid("", "must be words without spaces")
    return " ".join(dict.fromkeys(words))


PLAIN: dict[str, Rule] = {
    "name": meaning("name", rules.text(1, 200)),
    "tags": meaning("tags", _tags),
    "description": meaning("desc", or_null(rules.text(0, 10_000, lines=True)), lambda text: text or ""),
}
