"""Microsoft Teams, by a webhook of its Workflows app."""

import re
from typing import Any

from chalicelib.channels import wording
from chalicelib.channels.addresses import host_alone, web_address
from chalicelib.channels.base import Outlet
from chalicelib.channels.letters import CARRIED, fit, json_bytes, rows
from chalicelib.channels.posting import in_json, post, secrets_in
from chalicelib.channels.sentences import AMBER, GREEN, RED, SLATE
from chalicelib.core.alerts import Alert

CARD = "application/vnd.microsoft.card.adaptive"
SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"
VERSION = "1.4"  # the newest that Teams draws everywhere

STYLES = {RED: "Attention", AMBER: "Warning", GREEN: "Good", SLATE: "Default"}

# Bytes, of the 28 KB that a message may have in all; of nine rows, the most there are, four may be long.
HEADLINE_LIMIT = 1_000
WHY_LIMIT = 4_000
FACT_LIMIT = 2_000
FACTS = 9
SAID_LIMIT = 8_000

# With these begin emphasis, links, headings, quotations, entities, and lists at the start of a line.
MARKUP = re.compile(r"(?m)[\\*_`~\[\]<>#&]|^[-+]|(?<=\d)[.)](?=\s)")


class Teams:
    """The transport of kind TEAMS."""

    def __init__(self, config: dict[str, Any], outlet: Outlet) -> None:
        self._config = config
        self._outlet = outlet

    @staticmethod
    def check(config: dict[str, Any], *, allow_private: bool) -> dict[str, Any]:
        """Return {webhookUrl}: that of the trigger "When a Teams webhook request is received" (R44)."""
        return {
            "webhookUrl": web_address("webhookUrl", config.get("webhookUrl"), allow_private=allow_private)
        }

    @staticmethod
    def mask(config: dict[str, Any]) -> dict[str, Any]:
        """Return the host alone: whoever knows the rest may write in our name."""
        return {"webhookUrl": host_alone(config["webhookUrl"])}

    def send(self, alert: Alert) -> None:
        """Send *alert*; raises SendError."""
        url = self._config["webhookUrl"]
        post(in_json(url, message(alert), alert), self._outlet, secrets_in(url))


def message(alert: Alert) -> dict[str, Any]:
    """Return *alert* as a message with one Adaptive Card."""
    card = {
        "$schema": SCHEMA,
        "type": "AdaptiveCard",
        "version": VERSION,
        "msteams": {"width": "Full"},
        "body": _body(alert),
    }
    return {"type": "message", "attachments": [{"contentType": CARD, "content": card}]}


def escape(text: str) -> str:
    """Return *text* as a card shows it letter by letter."""
    return MARKUP.sub(r"\\\g<0>", text)


def _body(alert: Alert) -> list[dict[str, Any]]:
    style = STYLES[wording.colour(alert)]
    headline = _block(wording.headline(alert), HEADLINE_LIMIT, weight="Bolder", size="Medium", color=style)
    facts = [{"title": label, "value": _fitted(text, FACT_LIMIT)} for label, text in rows(alert)[:FACTS]]
    why, said = wording.why(alert), wording.said(alert)
    blocks = [headline]
    if why:
        blocks.append(_block(why, WHY_LIMIT))
    blocks.append({"type": "FactSet", "facts": facts})
    if said:
        lines = said.replace("\n", "\n\n")  # one break alone is none in Markdown
        blocks += [_block(CARRIED, WHY_LIMIT), _block(lines, SAID_LIMIT, fontType="Monospace")]
    delivery = f"Delivery {alert.delivery_id}"
    return [*blocks, _block(delivery, HEADLINE_LIMIT, size="Small", isSubtle=True)]


def _block(text: str, limit: int, **looks: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": _fitted(text, limit), "wrap": True, **looks}


def _fitted(text: str, limit: int) -> str:
    return fit(text, limit, size=json_bytes, spell=escape)
