"""Telegram, by a bot that the customer made."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import msgspec

from chalicelib.channels.base import MASK, Outlet
from chalicelib.channels.fields import present, shaped
from chalicelib.channels.letters import PARTED, fit, letter
from chalicelib.channels.posting import GONE, SUCCESS, ask, in_json, refusal
from chalicelib.core.alerts import Alert
from chalicelib.core.errors import Invalid
from chalicelib.guard.fetching import Reply

TOKEN = re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{20,100}")
CHAT = re.compile(r"-?[1-9][0-9]{0,19}|@[A-Za-z][A-Za-z0-9_]{3,31}")
LARGEST = 2**31 - 1  # number of a thread
TEXT_LIMIT = 4096

FORBIDDEN = 403  # the bot was blocked, or thrown out
BAD_REQUEST = 400
# What a bad request says of the chat; all else that it says may be about one message.
HOPELESS = re.compile(
    r"(?i)chat not found|thread not found|group chat was deactivated|not enough rights|no rights"
)

# A name must not call anybody; addresses of e-mail stay as they are.
MENTION = re.compile(r"(?<!\w)@(?=\w)")


class Parameters(msgspec.Struct):
    """What Telegram says for programs to act on."""

    retry_after: int | None = None
    migrate_to_chat_id: int | None = None


class Answer(msgspec.Struct):
    """Telegram's answer to what it refused."""

    description: str = ""
    parameters: Parameters = msgspec.field(default_factory=Parameters)


class Telegram:
    """The transport of kind TELEGRAM."""

    address: ClassVar[str] = "https://api.telegram.org"

    def __init__(self, config: dict[str, Any], outlet: Outlet) -> None:
        self._config = config
        self._outlet = outlet

    @staticmethod
    def check(config: dict[str, Any], *, allow_private: bool) -> dict[str, Any]:
        """Return {botToken, chatId, messageThreadId}; the last, a topic of a group, may be None (R44)."""
        del allow_private  # Telegram's address is ours to know
        must = "must be a bot's token, as BotFather gives it: digits, a colon, letters"
        return {
            "botToken": shaped(config, "botToken", TOKEN, must),
            "chatId": _chat(config.get("chatId")),
            "messageThreadId": _thread(config.get("messageThreadId")),
        }

    @staticmethod
    def mask(config: dict[str, Any]) -> dict[str, Any]:
        """Return all but the token: whoever knows it is the bot."""
        return {**config, "botToken": MASK}

    def send(self, alert: Alert) -> None:
        """Send *alert*; raises SendError."""
        reply = self._ask(alert, self._config["chatId"])
        answer = understood(reply)
        if answer.parameters.migrate_to_chat_id:  # the group has become a supergroup, under another id
            reply = self._ask(alert, str(answer.parameters.migrate_to_chat_id))
            answer = understood(reply)
        if reply.status in SUCCESS:
            return
        wait = answer.parameters.retry_after
        raise refusal(
            replace(reply, body=answer.description.encode()),
            self._outlet,
            self._secrets(),
            permanent=is_hopeless(reply.status, answer),
            wait="" if wait is None else str(wait),
        )

    def _ask(self, alert: Alert, chat: str) -> Reply:
        url = f"{self.address}/bot{self._config['botToken']}/sendMessage"
        return ask(in_json(url, message(alert, chat, self._config["messageThreadId"]), alert), self._outlet)

    def _secrets(self) -> tuple[str, ...]:
        token = self._config["botToken"]
        return token, token.partition(":")[2]


def message(alert: Alert, chat: str, thread: int | None) -> Mapping[str, Any]:
    """Return *alert* as a message of plain text to *chat*, or to one *thread* of it."""
    text = fit(letter(alert), TEXT_LIMIT, spell=lambda text: MENTION.sub(PARTED, text))
    told = {"chat_id": chat, "text": text, "link_preview_options": {"is_disabled": True}}
    return told if thread is None else {**told, "message_thread_id": thread}


def understood(reply: Reply) -> Answer:
    """Return what *reply* says, as far as it is Telegram's."""
    try:
        return msgspec.json.decode(reply.body, type=Answer)
    except msgspec.DecodeError:
        return Answer(reply.body.decode("utf-8", "replace"))


def is_hopeless(status: int, answer: Answer) -> bool:
    """Whether no repetition will help."""
    if status == BAD_REQUEST:
        return HOPELESS.search(answer.description) is not None
    return status in (*GONE, FORBIDDEN)


def _chat(value: object) -> str:
    present("chatId", value)
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not CHAT.fullmatch(text):
        raise Invalid("chatId", "must be the number of a chat, or the @name of a channel")
    return text


def _thread(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LARGEST:
        raise Invalid("messageThreadId", "must be the number of a topic")
    return value
