"""Hooklistener's fields, and the watch on a URL that they make up."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.core.errors import Invalid, NotFound
from chalicelib.core.monitors import Spec
from chalicelib.core.status import Kind
from chalicelib.core.targets import MOST_REDIRECTS, Assertion, HttpTarget, Watch

Translation = dict[str, tuple[str, Callable[[Any], Any]]]  # their name: ours, and how its value changes

REDIRECTS = range(300, 400)
BLANK = HttpTarget(url="")
OF_WATCH: Translation = {
    "check_interval": ("interval", lambda minutes: timedelta(minutes=minutes)),
    "timeout_ms": ("timeout", lambda ms: timedelta(milliseconds=ms)),
    "failure_threshold": ("failure_threshold", int),
}
OF_TARGET: Translation = {
    "url": ("url", str),
    "method": ("method", str),
    "expected_status_code": ("expected_status", str),
    "headers": ("headers", lambda headers: tuple(headers.items())),
    "body": ("body", lambda text: text or ""),
}
CHANNELS = {"email_enabled": "EMAIL", "slack_enabled": "SLACK"}


def creation(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of Spec of a new monitor; *given* has all of Hooklistener's."""
    return {
        "kind": Kind.HTTP,
        "name": given["name"],
        "watch": _watch(given, Watch(BLANK), BLANK),
        "channel_kinds": _channel_kinds(given, ()),
    }


def change(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changed fields of Spec, as functions of the present one where they are made of it (R240)."""
    name = {"name": given["name"]} if "name" in given else {}
    return name | {
        "watch": lambda spec: _watch(given, *http_of(spec)),
        "channel_kinds": lambda spec: _channel_kinds(given, spec.channel_kinds),
    }


def http_of(spec: Spec) -> tuple[Watch, HttpTarget]:
    """Return how and what the monitor watches; raises NotFound where that is no URL (R222)."""
    match spec.watch:
        case Watch(target=HttpTarget() as target) as watch:
            return watch, target
    raise NotFound("Not found")


def contained(target: HttpTarget) -> str | None:
    """Return what the body must contain, or None."""
    return next((assertion.value for assertion in target.assertions if _is_of_words(assertion)), None)


def _watch(given: Mapping[str, Any], watch: Watch, target: HttpTarget) -> Watch:
    target = replace(target, **_translated(given, OF_TARGET))
    if "expected_status_code" in given:
        # Who expects a redirect wants to see it, and not where it leads.
        redirects = 0 if given["expected_status_code"] in REDIRECTS else MOST_REDIRECTS
        target = replace(target, redirects=redirects)
    if "body_contains" in given:
        target = replace(target, assertions=_assertions(given["body_contains"], target.assertions))
    if target.method == "HEAD" and contained(target) is not None:
        raise Invalid("body_contains", "cannot be found by HEAD, whose answers have no body")
    return replace(watch, target=target, **_translated(given, OF_WATCH))


def _translated(given: Mapping[str, Any], translation: Translation) -> dict[str, Any]:
    return {
        ours: convert(given[theirs]) for theirs, (ours, convert) in translation.items() if theirs in given
    }


def _assertions(words: str | None, present: Iterable[Assertion]) -> tuple[Assertion, ...]:
    """Return *present* with *words* in the place of those that the body had to contain."""
    others = tuple(assertion for assertion in present if not _is_of_words(assertion))
    return others if words is None else (*others, Assertion("body", "contains", words))


def _is_of_words(assertion: Assertion) -> bool:
    return (assertion.source, assertion.comparison) == ("body", "contains")


def _channel_kinds(given: Mapping[str, Any], present: Iterable[str]) -> tuple[str, ...]:
    """Return *present* with the kinds that *given* switches on, without those that it switches off."""
    switched = {kind: given[name] for name, kind in CHANNELS.items() if name in given}
    kept = {kind for kind in present if switched.get(kind, True)}
    return tuple(sorted(kept | {kind for kind, is_on in switched.items() if is_on}))
