"""ntfy, on ntfy.sh or a server of one's own."""

import re
from typing import Any

from chalicelib.channels import wording
from chalicelib.channels.addresses import server
from chalicelib.channels.base import MASK, Outlet
from chalicelib.channels.fields import shaped, unmasked
from chalicelib.channels.letters import fit, json_bytes, letter
from chalicelib.channels.posting import GONE, in_json, post
from chalicelib.channels.sentences import AMBER, GREEN, RED, SLATE
from chalicelib.core.alerts import Alert
from chalicelib.core.errors import Invalid

SERVER = "https://ntfy.sh"
TOPIC = re.compile(r"[A-Za-z0-9_-]{1,64}")
TOKEN = re.compile(r"[!-~]*")
TOKEN_LIMIT = 200
PRIORITIES = range(1, 6)
NORMAL, HIGH = 3, 4

# Bytes: a longer text would become a file to download; the title may have 1 KB.
MESSAGE_LIMIT = 4000

TAGS = {
    RED: "rotating_light",
    AMBER: "warning",
    GREEN: "white_check_mark",
    SLATE: "information_source",
}
FORBIDDEN = 403  # the topic is somebody else's


class Ntfy:
    """The transport of kind NTFY."""

    def __init__(self, config: dict[str, Any], outlet: Outlet) -> None:
        self._config = config
        self._outlet = outlet

    @staticmethod
    def check(config: dict[str, Any], *, allow_private: bool) -> dict[str, Any]:
        """Return {topic, server, token, priority}: only the first need be given (R44).

        *priority* is that of what needs somebody at once; of other news it is no higher than normal.
        """
        must = "must have 1 to 64 letters, digits, hyphens and underscores"
        return {
            "topic": shaped(config, "topic", TOPIC, must),
            "server": server("server", config.get("server") or SERVER, SERVER, allow_private=allow_private),
            "token": _token(config.get("token") or ""),
            "priority": _priority(config.get("priority")),
        }

    @staticmethod
    def mask(config: dict[str, Any]) -> dict[str, Any]:
        """Return neither the token nor the topic: where anybody may write, its name is the password."""
        return {**config, "topic": MASK, "token": MASK if config["token"] else ""}

    def send(self, alert: Alert) -> None:
        """Send *alert*; raises SendError."""
        topic, token = self._config["topic"], self._config["token"]
        credentials = {"Authorization": f"Bearer {token}"} if token else {}
        document = {"topic": topic, **message(alert, self._config["priority"])}
        call = in_json(f"{self._config['server']}/", document, alert, credentials)
        post(call, self._outlet, (topic, token), gone=(*GONE, FORBIDDEN))


def message(alert: Alert, priority: int) -> dict[str, Any]:
    """Return *alert* as ntfy's message, without its topic; *priority* is that of what is urgent."""
    colour = wording.colour(alert)
    return {
        "title": wording.subject(alert),
        "message": fit(letter(alert), MESSAGE_LIMIT, size=json_bytes),
        "priority": priority if colour == RED else min(priority, NORMAL),
        "tags": [TAGS[colour]],
    }


def _token(value: object) -> str:
    token = unmasked("token", value, TOKEN_LIMIT)
    if not TOKEN.fullmatch(token):
        raise Invalid("token", "must be an access token: letters without spaces")
    return token


def _priority(value: object) -> int:
    if value is None:
        return HIGH
    if not isinstance(value, int) or isinstance(value, bool) or value not in PRIORITIES:
        raise Invalid("priority", f"must be a number from {PRIORITIES[0]} to {PRIORITIES[-1]}")
    return value
