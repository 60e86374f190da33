"""/static/{name}: what pages are drawn with."""

from pathlib import Path

from chalicelib.core.errors import NotFound
from chalicelib.dialects.http import Answer, Visit
from chalicelib.web.manners import manners

FOLDER = Path(__file__).with_name("static")
KINDS = {"page.css": "text/css; charset=utf-8", "monitor.js": "text/javascript; charset=utf-8"}
KEPT = {"Cache-Control": "public, max-age=300"}  # seconds; after a deployment nobody waits longer for the new

MANNERS = manners("There is no such file.", "../")


def static(visit: Visit) -> Answer:
    """Hand over a file of the table, and nothing else that may lie there."""
    name = visit.request.params["name"]
    if name not in KINDS:
        raise NotFound("no such file")
    return Answer(200, (FOLDER / name).read_text(encoding="utf-8"), {"Content-Type": KINDS[name]} | KEPT)
