"""Slack, and servers that speak as it does, by an incoming webhook."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from chalicelib.channels import letters, wording
from chalicelib.channels.addresses import host_alone, web_address
from chalicelib.channels.base import Outlet
from chalicelib.channels.posting import GONE, LONG_WORD, in_json, post, secrets_in
from chalicelib.core.alerts import Alert

FORBIDDEN = 403  # Slack's answer when a hook was taken back or its channel was closed to it

# Half of what Slack allows: it does not say whether an emoji counts as one character or as two, and refuses
# the whole message where a text is too long.
TEXT_LIMIT = 1500
FIELD_LIMIT = 1000
FIELDS = 10  # of one section

ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}
# Mattermost reads @all and [text](link) where Slack wants <!channel> and <link|text>: a space of no width
# parts them.
CALLS = re.compile(r"(?<!\w)@(?=\w)|\](?=\()")


class Slack:
    """The transport of kind SLACK."""

    def __init__(self, config: dict[str, Any], outlet: Outlet) -> None:
        self._config = config
        self._outlet = outlet

    @staticmethod
    def check(config: dict[str, Any], *, allow_private: bool) -> dict[str, Any]:
        """Return {url}: by https, or by http where *allow_private* opens our own network (R44)."""
        return {"url": web_address("url", config.get("url"), allow_private=allow_private)}

    @staticmethod
    def mask(config: dict[str, Any]) -> dict[str, Any]:
        """Return the host alone: whoever knows the rest may write in our name."""
        return {"url": host_alone(config["url"])}

    def send(self, alert: Alert) -> None:
        """Send *alert*; raises SendError."""
        url = self._config["url"]
        call = in_json(url, message(alert), alert)
        post(call, self._outlet, _secrets(url), gone=(*GONE, FORBIDDEN))


def message(alert: Alert) -> dict[str, Any]:
    """Return *alert* as Slack's message: a sentence, and under it the facts with the status's colour beside.

    The sentence stands alone in notifications, and on servers that know no blocks.
    """
    return {
        "text": _fitted(letters.sentence(alert), TEXT_LIMIT),
        "mrkdwn": False,
        "unfurl_links": False,  # nobody asked Slack to visit what is down
        "unfurl_media": False,
        "attachments": [{"color": wording.colour(alert), "blocks": list(_blocks(alert))}],
    }


def escape(text: str) -> str:
    """Return *text* as Slack shows it letter by letter: no part of it is a mention or a link any more."""
    return CALLS.sub(letters.PARTED, text).translate(ESCAPES)


def _blocks(alert: Alert) -> Iterator[dict[str, Any]]:
    rows = letters.rows(alert)[:FIELDS]
    fields = [_marked(f"*{label}*\n{_fitted(text, FIELD_LIMIT)}") for label, text in rows]
    yield {"type": "section", "fields": fields}
    said = wording.said(alert)
    if said:
        yield {"type": "section", "text": _plain(f"{letters.CARRIED}\n{_fitted(said, TEXT_LIMIT)}")}
    yield {"type": "context", "elements": [_plain(f"Delivery {alert.delivery_id}")]}


def _fitted(text: str, limit: int) -> str:
    return letters.fit(text, limit, size=len, spell=escape)


def _marked(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}  # host names are no links, #ops is no channel


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _secrets(url: str) -> Iterator[str]:
    yield from secrets_in(url)
    yield from (part for part in urlsplit(url).path.split("/") if len(part) >= LONG_WORD)
