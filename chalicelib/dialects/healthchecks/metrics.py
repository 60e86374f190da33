"""A project's figures in Prometheus' text exposition format, for a read-only key."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from chalicelib.core.badges import badge_of
from chalicelib.core.errors import Forbidden, Invalid, Unauthorized
from chalicelib.core.heartbeats import view
from chalicelib.core.monitors import Monitor, unique_key
from chalicelib.core.tenancy import Caller
from chalicelib.dialects.healthchecks import manners
from chalicelib.dialects.http import Answer, Manners, Request, Visit
from chalicelib.services import access, watching
from chalicelib.storage.keys import Lane
from chalicelib.toolbox import Toolbox

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def admit(tools: Toolbox, request: Request, now: datetime) -> Caller:
    """Let in who names a read-only key of this very project, as Bearer token or at the end of the path.

    A key that may write is refused: it has no business in a scraper's settings, still less in an address.
    """
    secret = _secret(request)
    if len(secret) != manners.KEY_LENGTH:
        raise Invalid("", f"the key is not {manners.KEY_LENGTH} letters long")
    try:
        caller = access.enter(tools, secret, Lane.V3, now)
    except Unauthorized as error:
        raise Forbidden("wrong api key") from error
    if caller.may_write or caller.project_id != request.params["project"]:
        raise Forbidden("this is no read-only key of the project")
    return caller


def _secret(request: Request) -> str:
    if "key" in request.params:
        return request.params["key"]
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized("missing api key")
    return token.strip()


MANNERS = Manners(admit, manners.refuse, manners.dress)


def metrics(visit: Visit) -> Answer:
    """Return the project's figures."""
    found = watching.list_(visit.tools, visit.caller)
    lines = [line for name, figures in _gauges(found, visit.now) for line in _gauge(name, figures)]
    return Answer(200, "\n".join([*lines, ""]), {"Content-Type": CONTENT_TYPE})


HELP = {
    "hc_check_up": "Whether the check is not down (0 or 1).",
    "hc_check_started": "Whether a run is in progress (0 or 1).",
    "hc_check_grace": "Whether the check is late, but inside its grace time (0 or 1).",
    "hc_check_paused": "Whether the check is paused (0 or 1).",
    "hc_tag_up": "Whether no check with this tag is down (0 or 1).",
    "hc_checks_total": "The number of checks.",
    "hc_checks_down_total": "The number of checks that are down.",
}
Figures = Iterable[tuple[dict[str, str], int]]


def _gauges(monitors: list[Monitor], now: datetime) -> Iterator[tuple[str, Figures]]:
    views = {monitor.spec.monitor_id: view(monitor.spec, monitor.state, now) for monitor in monitors}
    shown = [(_labels(monitor), monitor, views[monitor.spec.monitor_id]) for monitor in monitors]
    yield "hc_check_up", [(labels, int(seen != "down")) for labels, _, seen in shown]
    yield "hc_check_started", [(labels, int(bool(m.state.last_start))) for labels, m, _ in shown]
    yield "hc_check_grace", [(labels, int(seen == "grace")) for labels, _, seen in shown]
    yield "hc_check_paused", [(labels, int(seen == "paused")) for labels, _, seen in shown]
    tags = sorted({tag for monitor in monitors for tag in monitor.spec.tags.split()})
    yield "hc_tag_up", [({"tag": tag}, int(_tag_is_up(tag, monitors, views))) for tag in tags]
    overall = badge_of("", views.values(), states=2)
    yield "hc_checks_total", [({}, overall.total)]
    yield "hc_checks_down_total", [({}, overall.down)]


def _tag_is_up(tag: str, monitors: list[Monitor], views: dict[str, str]) -> bool:
    tagged = (m for m in monitors if m.spec.has_tags(frozenset({tag})))
    return all(views[monitor.spec.monitor_id] != "down" for monitor in tagged)


def _labels(monitor: Monitor) -> dict[str, str]:
    spec = monitor.spec
    return {"name": spec.name, "tags": spec.tags, "unique_key": unique_key(spec.monitor_id)}


def _gauge(name: str, figures: Figures) -> Iterator[str]:
    yield f"# HELP {name} {HELP[name]}"
    yield f"# TYPE {name} gauge"
    for labels, figure in figures:
        told = ",".join(f'{label}="{value.translate(ESCAPES)}"' for label, value in labels.items())
        yield f"{name}{{{told}}} {figure}" if told else f"{name} {figure}"
