"""The $PLACEHOLDERS of a webhook, with the meanings that Healthchecks gave them."""

import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

from chalicelib.channels.wording import called
from chalicelib.core.alerts import Alert
from chalicelib.core.signals import BODY_LIMIT
from chalicelib.core.summaries import iso_seconds

# Longer names stand before those they begin with.
PATTERN = re.compile(
    r"\$(?:TAG[0-9]+|NAME_JSON|BODY_JSON|EXITSTATUS|STATUS|NAME|BODY|SLUG|TAGS|JSON|CODE|NOW)"
)


def in_url(template: str, alert: Alert, status: str) -> str:
    """Return *template* with what it names, percent-encoded: a name can change no URL's structure."""
    return _expand(template, _values(alert, status), lambda value: quote(value, safe="", errors="replace"))


def in_header(template: str, alert: Alert, status: str) -> str:
    """Return *template* with what it names, as one line of Latin-1; other letters become &#NNNN;."""
    text = _expand(template, _values(alert, status))
    # A line break would begin a header of somebody else's choosing.
    line = "".join(" " if letter < " " or letter == "\x7f" else letter for letter in text)
    return line.encode("latin-1", "xmlcharrefreplace").decode("latin-1").strip()


def in_body(template: str, alert: Alert, status: str) -> bytes:
    """Return *template* with what it names as UTF-8; $BODY and $BODY_JSON are known here alone."""
    said = alert.body[:BODY_LIMIT].decode("utf-8", "replace")
    values = {**_values(alert, status), "$BODY": said, "$BODY_JSON": json.dumps(said)}
    return _expand(template, values).encode("utf-8", "replace")


def _expand(
    template: str, values: Mapping[str, str], spell: Callable[[str], str] = lambda value: value
) -> str:
    """Return *template* after one pass: what was put in is not read again, what is unknown stays."""
    return PATTERN.sub(lambda found: spell(values[found[0]]) if found[0] in values else found[0], template)


def _values(alert: Alert, status: str) -> dict[str, str]:
    name = called(alert)
    tags = {f"$TAG{n}": tag for n, tag in enumerate(alert.tags.split(), start=1)}
    return {
        "$CODE": alert.monitor_id,
        "$STATUS": status,
        "$NOW": iso_seconds(alert.at) or "",
        "$NAME": name,
        "$NAME_JSON": json.dumps(name),
        "$SLUG": alert.slug,
        "$TAGS": alert.tags,
        "$JSON": json.dumps(alert.summary),
        "$EXITSTATUS": "-1" if alert.exit_status is None else str(alert.exit_status),
        **tags,
    }
