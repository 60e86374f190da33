"""Badges of a project, of a tag, of one check: as SVG, as JSON, and for Shields.io; no key is asked for."""

from datetime import datetime

from chalicelib.core.badges import ALL, FORMATS, Badge, as_json, as_shields, states_of
from chalicelib.core.errors import NotFound
from chalicelib.core.signals import CANONICAL_UUID
from chalicelib.dialects.healthchecks import manners
from chalicelib.dialects.healthchecks.drawing import draw
from chalicelib.dialects.http import Answer, Manners, Request, Visit
from chalicelib.services import reporting
from chalicelib.toolbox import Toolbox

FRESH = {"Cache-Control": "max-age=0, no-cache, no-store, must-revalidate"}
LONGEST_TAG = 500


def admit(tools: Toolbox, request: Request, now: datetime) -> None:
    """Let everybody in: the address is signed."""


MANNERS = Manners(admit, manners.refuse, manners.dress)


def overall(visit: Visit) -> Answer:
    """Show all checks of a project (R361, R368)."""
    signature, form = _split(visit.request.params["signature"])
    return _project(visit, signature, ALL, form)


def tagged(visit: Visit) -> Answer:
    """Show a project's checks with one tag (R361-R367)."""
    tag, form = _split(visit.request.params["tag"])
    return _project(visit, visit.request.params["signature"], tag, form)


def single(visit: Visit) -> Answer:
    """Show one check."""
    badge_key, form = _split(visit.request.params["name"])
    states = visit.request.params["states"]
    if states not in ("2", "3"):
        raise NotFound("Badge not found")
    badge = reporting.monitor_badge(visit.tools, _canonical(badge_key), states=int(states), now=visit.now)
    return _shown(badge, form)


def _project(visit: Visit, signature: str, tag: str, form: str) -> Answer:
    badge_key = _canonical(visit.request.params["key"])
    bare, states = states_of(signature)
    badge = reporting.project_badge(visit.tools, badge_key, bare, tag, states=states, now=visit.now)
    return _shown(badge, form)


def _shown(badge: Badge, form: str) -> Answer:
    match form:
        case "svg":
            return Answer(200, draw(badge), {"Content-Type": "image/svg+xml", **FRESH})
        case "json":
            return Answer(200, as_json(badge), FRESH)
    return Answer(200, as_shields(badge), FRESH)


def _split(name: str) -> tuple[str, str]:
    """Return a name and its ending; a tag may have dots of its own."""
    stem, _, form = name.rpartition(".")
    if not stem or form not in FORMATS or len(stem) > LONGEST_TAG:
        raise NotFound("Badge not found")
    return stem, form


def _canonical(badge_key: str) -> str:
    if not CANONICAL_UUID.fullmatch(badge_key):
        raise NotFound("Badge not found")
    return badge_key
