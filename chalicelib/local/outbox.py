"""What would have left: every e-mail and text message that AWS was asked to send, and took."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any

from chalicelib import aws
from chalicelib.settings import Settings

NEWEST = 1000
ASKED, TOOK = "provide-client-params", "after-call"
SENDING = {"sesv2": "SendEmail", "sns": "Publish"}
LETTER = "wakeful_letter"
TAKEN = 200


class Outbox:
    """The newest messages. moto keeps only one of a mail's two bodies, so we listen to our own clients."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._messages: deque[dict[str, Any]] = deque(maxlen=NEWEST)

    def messages(self) -> list[dict[str, Any]]:
        """Return the messages, newest first."""
        return list(reversed(self._messages))

    @contextmanager
    def listening(self, settings: Settings) -> Iterator[None]:
        """Note what is sent while the block runs."""
        with ExitStack() as stack:
            for service, deed in SENDING.items():
                events = aws.client(service, settings.region, settings.endpoint_url).meta.events
                for moment, listener in ((ASKED, self._asked), (TOOK, self._took)):
                    events.register(f"{moment}.{service}.{deed}", listener)
                    stack.callback(events.unregister, f"{moment}.{service}.{deed}", listener)
            yield

    def _asked(self, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context[LETTER] = params

    def _took(self, http_response: Any, context: dict[str, Any], **_: Any) -> None:
        letter = context[LETTER]
        if http_response.status_code != TAKEN or "TopicArn" in letter:  # what goes to a topic arrives there
            return
        shown = text_message(letter) if "PhoneNumber" in letter else mail(letter)
        self._messages.append({**shown, "at": self._clock().isoformat()})


def mail(letter: dict[str, Any]) -> dict[str, Any]:
    """Return what is shown of a mail, as SES was handed it."""
    simple = letter["Content"]["Simple"]
    return {
        "to": letter["Destination"]["ToAddresses"],
        "from": letter["FromEmailAddress"],
        "subject": simple["Subject"]["Data"],
        "text": simple["Body"]["Text"]["Data"],
        "html": simple["Body"]["Html"]["Data"],
    }


def text_message(letter: dict[str, Any]) -> dict[str, Any]:
    """Return what is shown of a text message, as SNS was handed it."""
    return {"to": [letter["PhoneNumber"]], "text": letter["Message"]}
