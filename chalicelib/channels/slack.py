"""Slack, and servers that speak as it does, by an incoming webhook."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from chalicelib.channels import wording
from chalicelib.channels.base import MASK, Outlet
from chalicelib.channels.posting import GONE, LONG_WORD, post, secrets_in
from chalicelib.core.alerts import Alert
from chalicelib.core.errors import Invalid
from chalicelib.guard.addresses import Refused, refuse_literal
from chalicelib.guard.fetching import Call
from chalicelib.guard.headers import AGENT

URL_LIMIT = 1000
FORBIDDEN = 403  # Slack's answer when a hook was taken back or its channel was closed to it

# Half of what Slack allows: it does not say whether an emoji counts as one character or as two, and refuses
# the whole message where a text is too long.
TEXT_LIMIT = 1500
FIELD_LIMIT = 1000
FIELDS = 10  # of one section

ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}
HALF_ESCAPE = re.compile(r"&[a-z]*\Z")
# Mattermost reads @all and [text](link) where Slack wants <!channel> and <link|text>: a space of no width
# parts them.
CALLS = re.compile(r"(?<!\w)@(?=\w)|\](?=\()")
PARTED = "\\g<0>\N{ZERO WIDTH SPACE}"


class Slack:
    """The transport of kind SLACK."""

    def __init__(self, config: dict[str, Any], outlet: Outlet) -> None:
        self._config = config
        self._outlet = outlet

    @staticmethod
    def check(config: dict[str, Any], *, allow_private: bool) -> dict[str, Any]:
        """Return {url}: by https, or by http where *allow_private* opens our own network (R44)."""
        url = config.get("url")
        if url is None or url == "":
            raise Invalid("url", "is required")
        if not isinstance(url, str):
            raise Invalid("url", "must be text")
        if len(url) > URL_LIMIT:
            raise Invalid("url", f"must not be longer than {URL_LIMIT} characters")
        if MASK in url:
            raise Invalid("url", "is masked; leave it out to keep what is stored")
        try:
            refuse_literal(url, allow_private=allow_private)
        except Refused as refusal:
            raise Invalid("url", f"is refused: {refusal}") from None
        if urlsplit(url).scheme != "https" and not allow_private:
            raise Invalid("url", "must begin with https://")
        return {"url": url}

    @staticmethod
    def mask(config: dict[str, Any]) -> dict[str, Any]:
        """Return the host alone: whoever knows the rest may write in our name."""
        parts = urlsplit(config["url"])
        return {"url": f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/{MASK}"}

    def send(self, alert: Alert) -> None:
        """Send *alert*; raises SendError."""
        url = self._config["url"]
        headers = {
            "User-Agent": AGENT,
            "Content-Type": "application/json",
            "X-Wakeful-Delivery": alert.delivery_id,
        }
        call = Call("POST", url, headers, body=json.dumps(message(alert)).encode())
        post(call, self._outlet, _secrets(url), gone=(*GONE, FORBIDDEN))


def message(alert: Alert) -> dict[str, Any]:
    """Return *alert* as Slack's message: a sentence, and under it the facts with the status's colour beside.

    The sentence stands alone in notifications, and on servers that know no blocks.
    """
    return {
        "text": fit(f"{wording.headline(alert)} {wording.why(alert)}".strip(), TEXT_LIMIT),
        "mrkdwn": False,
        "unfurl_links": False,  # nobody asked Slack to visit what is down
        "unfurl_media": False,
        "attachments": [{"color": wording.COLOURS[alert.reason], "blocks": list(_blocks(alert))}],
    }


def fit(text: str, limit: int) -> str:
    """Return *text* as Slack shows it letter by letter, in at most *limit* characters once it is escaped.

    No part of it is a mention or a link any more.
    """
    escaped = CALLS.sub(PARTED, text).translate(ESCAPES)
    if len(escaped) <= limit:
        return escaped
    return HALF_ESCAPE.sub("", escaped[: limit - 1]) + "…"


def _blocks(alert: Alert) -> Iterator[dict[str, Any]]:
    rows = [(label, text) for label, text in wording.facts(alert) if label != "Why"]  # the sentence says it
    fields = [_marked(f"*{label}*\n{fit(text, FIELD_LIMIT)}") for label, text in rows[:FIELDS]]
    yield {"type": "section", "fields": fields}
    said = wording.said(alert)
    if said:
        yield {"type": "section", "text": _plain(f"The last signal carried:\n{fit(said, TEXT_LIMIT)}")}
    yield {"type": "context", "elements": [_plain(f"Delivery {alert.delivery_id}")]}


def _marked(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}  # host names are no links, #ops is no channel


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _secrets(url: str) -> Iterator[str]:
    yield from secrets_in(url)
    yield from (part for part in urlsplit(url).path.split("/") if len(part) >= LONG_WORD)
