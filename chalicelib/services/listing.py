"""People look through what is watched: those whose words they remember, and those that are maintained."""

from collections.abc import Iterable
from datetime import datetime

from chalicelib.core.maintenance import is_covered, occurrences
from chalicelib.core.monitors import Spec
from chalicelib.core.spans import INSTANT, Span
from chalicelib.core.status import Kind
from chalicelib.core.tenancy import Caller
from chalicelib.services import access
from chalicelib.toolbox import Toolbox


def specs(tools: Toolbox, caller: Caller, *, words: str = "", kind: Kind | None = None) -> list[Spec]:
    """Return what the caller's monitors are, of *kind* where one is given: a Query for each project.

    *words* are a part of their name, slug or tags, whatever the case (R22). They come in the order of their
    creation, project by project; their states are read of a page alone.
    """
    folded = words.casefold()
    return [
        spec
        for project_id in access.reach(tools, caller)
        for spec in tools.monitors.specs_of(project_id)
        if kind in (None, spec.kind) and _has_words(spec, folded)
    ]


def maintained(tools: Toolbox, shown: Iterable[Spec], now: datetime) -> frozenset[str]:
    """Return the ids of those of *shown* that are under maintenance at *now*: a Query for each project."""
    shown = list(shown)
    moment = Span(now, now + INSTANT)
    running = [
        window
        for project_id in dict.fromkeys(spec.project_id for spec in shown)
        for window in tools.windows.of_project(project_id)
        if occurrences(window, moment)
    ]
    return frozenset(spec.monitor_id for spec in shown if any(is_covered(window, spec) for window in running))


def _has_words(spec: Spec, folded: str) -> bool:
    return any(folded in text.casefold() for text in (spec.name, spec.slug, spec.tags))
