"""`monitor …`: URLs that are watched."""

from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, BooleanOptionalAction, Namespace
from typing import Any
from urllib.parse import quote, urlencode

from chalicelib.cli import showing
from chalicelib.cli.api import Question
from chalicelib.cli.verbs import Verbs, an_id

MONITORS = "/api/v1/uptime-monitors"
FIELDS = (
    "name",
    "url",
    "method",
    "check_interval",
    "timeout_ms",
    "expected_status_code",
    "body_contains",
    "failure_threshold",
    "headers",
    "body",
    "email_enabled",
    "slack_enabled",
)


def add_verbs(noun: ArgumentParser) -> None:
    """Add the verbs."""
    verb = Verbs(noun, "api_key").add
    settings, identity = _settings(), _identity()
    create = verb("create", _create, "Watch a URL.", settings)
    create.add_argument("name", metavar="NAME")
    create.add_argument("url", metavar="URL")
    verb("list", _list, "Show all that is watched.")
    verb("show", _show, "Show one monitor.", identity)
    checks = verb("checks", _checks, "Show what was found, the newest first.", identity)
    checks.add_argument("--page", type=int, default=SUPPRESS, help="which page (1)")
    checks.add_argument("--page-size", type=int, default=SUPPRESS, help="how many checks make a page (50)")
    update = verb("update", _update, "Change what is given; the rest stays.", identity, settings)
    update.add_argument("--name", default=SUPPRESS)
    update.add_argument("--url", default=SUPPRESS, help="the URL to watch")
    verb("delete", _delete, "Watch a URL no more.", identity)


def _identity() -> ArgumentParser:
    made = ArgumentParser(add_help=False)
    made.add_argument("id", metavar="ID", type=an_id)
    return made


def _settings() -> ArgumentParser:
    made = ArgumentParser(add_help=False, argument_default=SUPPRESS)
    made.add_argument("--method", help="GET (the default), POST, PUT, PATCH, DELETE or HEAD")
    made.add_argument(
        "--interval", dest="check_interval", type=int, metavar="MINUTES", help="1, 5, 10, 30 or 60 (5)"
    )
    made.add_argument("--timeout-ms", type=int, metavar="MS", help="1000 to 60000 (30000)")
    made.add_argument(
        "--expected-status", dest="expected_status_code", type=int, metavar="CODE", help="100 to 599 (200)"
    )
    made.add_argument("--body-contains", type=_or_nothing, metavar="TEXT", help="empty: whatever it says")
    made.add_argument("--failure-threshold", type=int, metavar="N", help="failures that make it down (2)")
    made.add_argument(
        "--header",
        dest="headers",
        action="append",
        type=_header,
        metavar="'NAME: VALUE'",
        help="may be repeated",
    )
    made.add_argument("--body", type=_or_nothing, metavar="TEXT", help="what is sent; empty: nothing")
    made.add_argument(
        "--email", dest="email_enabled", action=BooleanOptionalAction, help="alerts by e-mail (yes)"
    )
    made.add_argument(
        "--slack", dest="slack_enabled", action=BooleanOptionalAction, help="alerts by Slack (no)"
    )
    return made


def _or_nothing(text: str) -> str | None:
    return text or None


def _header(text: str) -> tuple[str, str] | None:
    """Return (name, value), or None for an empty *text*, which leaves a monitor without headers."""
    name, colon, value = text.partition(":")
    if text and not colon:
        raise ArgumentTypeError(f"{text!r} is no header: write 'Name: value'")
    return (name.strip(), value.strip()) if text else None


def _path(wish: Namespace, tail: str = "") -> str:
    return f"{MONITORS}/{quote(wish.id, safe='')}{tail}"


def _wrapped(wish: Namespace) -> dict[str, Any]:
    given = {name: value for name, value in vars(wish).items() if name in FIELDS}
    if "headers" in given:
        given["headers"] = dict(header for header in given["headers"] if header)
    if not given:
        wish.refuse("say what to change")
    return {"uptime_monitor": given}


def _create(wish: Namespace) -> Question:
    return Question("POST", MONITORS, showing.monitor, _wrapped(wish))


def _list(_: Namespace) -> Question:
    return Question("GET", MONITORS, showing.monitors)


def _show(wish: Namespace) -> Question:
    return Question("GET", _path(wish), showing.monitor)


def _checks(wish: Namespace) -> Question:
    given = {name: value for name, value in vars(wish).items() if name in ("page", "page_size")}
    return Question("GET", _path(wish, "/checks") + (f"?{urlencode(given)}" if given else ""), showing.checks)


def _update(wish: Namespace) -> Question:
    return Question("PUT", _path(wish), showing.monitor, _wrapped(wish))


def _delete(wish: Namespace) -> Question:
    return Question("DELETE", _path(wish), lambda _: f"{wish.id} is watched no more.")
