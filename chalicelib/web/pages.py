"""How a page is written: templates that escape whatever they are given."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.dialects.http import Answer

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).with_name("templates")
HTML = {"Content-Type": "text/html; charset=utf-8"}


def page(template: str, root: str, **words: Any) -> Answer:
    """Return the page that *template* makes of *words*; *root* leads from it to where our paths begin."""
    return Answer(200, _templates().get_template(template).render(words, root=root), HTML)


def spoken(moment: datetime | None) -> str:
    """Return *moment* as people read it, in UTC and to the minute: 2 March 2026, 08:01 UTC; "" for None."""
    if moment is None:
        return ""
    there = moment.astimezone(UTC)
    return f"{there.day} {there:%B %Y, %H:%M} UTC"


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["spoken"] = spoken
    return made
