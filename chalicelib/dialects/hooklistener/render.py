"""Our model in Hooklistener's words: minutes came in, seconds go out."""

from datetime import timedelta
from typing import Any

from chalicelib.core.consensus import Result, Round
from chalicelib.core.monitors import Monitor
from chalicelib.core.status import Verdict
from chalicelib.dialects import ids, outbound
from chalicelib.dialects.hooklistener.watches import CHANNELS, contained, http_of
from chalicelib.dialects.http import iso_z

CHECK = "chk"
MILLISECOND = timedelta(milliseconds=1)
SECOND = timedelta(seconds=1)


def monitor(shown: Monitor) -> dict[str, Any]:
    """Return a monitor; neither its headers nor its body, which may hold secrets (R221, R223, R229)."""
    spec, state = shown.spec, shown.state
    watch, target = http_of(spec)
    switches = {name: kind in spec.channel_kinds for name, kind in CHANNELS.items()}
    return {
        "id": ids.spell(ids.MONITOR, spec.monitor_id),
        "name": spec.name,
        "url": outbound.shown_url(target.url),
        "method": target.method,
        "status": state.status.value,
        "interval_seconds": watch.interval // SECOND,
        "expected_status_code": _status_code(target.expected_status),
        "timeout_ms": watch.timeout // MILLISECOND,
        "last_checked_at": iso_z(state.judged_at),
        "inserted_at": iso_z(spec.created),
        "updated_at": iso_z(spec.updated or spec.created),
        "failure_threshold": watch.failure_threshold,
        "body_contains": contained(target),
        **switches,
    }


def check(shown: Round) -> dict[str, Any]:
    """Return a round, in the words of the first region that agrees with its verdict (R242, R244)."""
    is_down = shown.verdict is Verdict.DOWN
    told = next((result for result in shown.results if _agrees(result, is_down=is_down)), None)
    answered = told is not None and told.code is not None
    return {
        "id": ids.derived(CHECK, shown.monitor_id, f"{shown.at.isoformat()}#{shown.version}"),
        "status": "down" if is_down else "up",
        "response_status": told.code if told else None,
        "response_time_ms": round(told.ms) if told and answered and told.ms is not None else None,
        "error": (told.error or None) if told and is_down else None,
        "checked_at": iso_z(shown.at),
    }


def _agrees(result: Result, *, is_down: bool) -> bool:
    return result.verdict is not None and (result.verdict is Verdict.DOWN) == is_down


def _status_code(expected: str) -> int | str:
    """Return a number where one is expected; ranges and lists, which other dialects know, as their text."""
    return int(expected) if expected.isascii() and expected.isdigit() else expected
