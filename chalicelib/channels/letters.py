"""An alert in plain text, and texts cut to what a provider takes, by whatever it counts."""

import json
from bisect import bisect_right
from collections.abc import Callable

from chalicelib.channels import wording
from chalicelib.core.alerts import Alert

CARRIED = "The last signal carried:"
PARTED = "\\g<0>\N{ZERO WIDTH SPACE}"  # what a pattern found, kept from what follows without being seen


def sentence(alert: Alert) -> str:
    """Return what happened and why, on one line."""
    return f"{wording.headline(alert)} {wording.why(alert)}".strip()


def rows(alert: Alert) -> list[tuple[str, str]]:
    """Return what there is to tell besides the sentence, (label, text) in reading order."""
    return [(label, text) for label, text in wording.facts(alert) if label != "Why"]


def carried(alert: Alert) -> str:
    """Return what the last signal carried, in words that say so, or "" where it carried nothing."""
    said = wording.said(alert)
    return f"{CARRIED}\n{said}" if said else ""


def letter(alert: Alert) -> str:
    """Return all of *alert* in lines of plain text, what matters most at the top."""
    parts = (
        sentence(alert),
        "\n".join(f"{label}: {text}" for label, text in rows(alert)),
        carried(alert),
        f"Delivery {alert.delivery_id}",
    )
    return "\n\n".join(filter(None, parts))


def units(text: str) -> int:
    """Return how many letters *text* has in UTF-16: no provider counts more."""
    return len(text.encode("utf-16-le", "replace")) // 2


def json_bytes(text: str) -> int:
    """Return how many bytes *text* takes between the quotation marks of a JSON document in UTF-8."""
    return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace")) - 2


def fit(
    text: str,
    limit: int,
    size: Callable[[str], int] = units,
    spell: Callable[[str], str] = str,
    mark: str = "…",
) -> str:
    """Return *text* as *spell* writes it, in at most *limit* by *size*; where it was cut it ends in *mark*.

    It is cut before it is spelled, so that no escape is ever torn apart. *spell* may only lengthen.
    """
    whole = spell(text)
    if size(whole) <= limit:
        return whole
    too_long = bisect_right(range(limit), limit, key=lambda n: size(spell(text[:n]) + mark))
    return spell(text[: too_long - 1]) + mark
