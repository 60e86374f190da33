"""Discord, by a webhook of one of its channels."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from chalicelib.channels import wording
from chalicelib.channels.addresses import host_alone, web_address
from chalicelib.channels.base import Outlet
from chalicelib.channels.letters import CARRIED, PARTED, fit, rows, sentence
from chalicelib.channels.posting import in_json, post, secrets_in
from chalicelib.core.alerts import Alert
from chalicelib.core.errors import Invalid
from chalicelib.core.summaries import iso_seconds

HOOK = re.compile(r"/api(?:/v[0-9]+)?(/webhooks/[0-9]+/[A-Za-z0-9_-]+)/?")

# The version says in which unit Retry-After is: without one in the path it is milliseconds.
API = "/api/v10"

# Of 6,000 letters that an embed may have in all; of nine rows, the most there are, four may be long.
TITLE_LIMIT = 256
SENTENCE_LIMIT = 1200
SAID_LIMIT = 900
FIELD_LIMIT = 700
FOOTER_LIMIT = 200
FIELDS = 9
SHORT = 40  # letters, of which two or three stand side by side

# With these begin emphasis, quotations, headings, lists, links and mentions; URLs are no links without ://.
MARKUP = re.compile(r"[\\*_~`|\[\]()<>#@]|:(?=//)|^[-+]")
FENCE = re.compile(r"`(?=`)")


class Discord:
    """The transport of kind DISCORD."""

    def __init__(self, config: dict[str, Any], outlet: Outlet) -> None:
        self._config = config
        self._outlet = outlet

    @staticmethod
    def check(config: dict[str, Any], *, allow_private: bool) -> dict[str, Any]:
        """Return {webhookUrl}: as Discord shows it, `?thread_id=` included where there is one (R44)."""
        url = web_address("webhookUrl", config.get("webhookUrl"), allow_private=allow_private)
        if not HOOK.fullmatch(urlsplit(url).path):
            raise Invalid("webhookUrl", "must be of the form https://discord.com/api/webhooks/<id>/<token>")
        return {"webhookUrl": url}

    @staticmethod
    def mask(config: dict[str, Any]) -> dict[str, Any]:
        """Return the host alone: whoever knows the rest may write in our name."""
        return {"webhookUrl": host_alone(config["webhookUrl"])}

    def send(self, alert: Alert) -> None:
        """Send *alert*; raises SendError."""
        url = self._config["webhookUrl"]
        post(in_json(address(url), message(alert), alert), self._outlet, _secrets(url))


def address(url: str) -> str:
    """Return where the webhook of *url* is posted to: by our version, and to be told when it fails."""
    parts = urlsplit(url)
    query = "&".join([*filter(None, parts.query.split("&")), "wait=true"])
    return parts._replace(path=HOOK.sub(rf"{API}\1", parts.path), query=query, fragment="").geturl()


def message(alert: Alert) -> dict[str, Any]:
    """Return *alert* as Discord's message: one embed in the status's colour, which mentions nobody."""
    embed = {
        "title": fit(wording.subject(alert), TITLE_LIMIT, spell=escape),
        "description": "\n\n".join(_paragraphs(alert)),
        "color": int(wording.colour(alert).removeprefix("#"), 16),
        "fields": [_field(label, text) for label, text in rows(alert)[:FIELDS]],
        "footer": {"text": fit(f"Delivery {alert.delivery_id}", FOOTER_LIMIT)},
        "timestamp": iso_seconds(alert.at),
    }
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def escape(text: str) -> str:
    """Return *text* as Discord shows it letter by letter."""
    return MARKUP.sub(r"\\\g<0>", text)


def _paragraphs(alert: Alert) -> Iterator[str]:
    yield fit(sentence(alert), SENTENCE_LIMIT, spell=escape)
    said = wording.said(alert)
    if said:
        code = fit(said, SAID_LIMIT, spell=lambda text: FENCE.sub(PARTED, text))
        yield f"{CARRIED}\n```\n{code}\n```"


def _field(label: str, text: str) -> dict[str, Any]:
    return {"name": label, "value": fit(text, FIELD_LIMIT, spell=escape), "inline": len(text) <= SHORT}


def _secrets(url: str) -> Iterator[str]:
    yield from secrets_in(url)
    yield urlsplit(url).path.rstrip("/").rpartition("/")[2]
