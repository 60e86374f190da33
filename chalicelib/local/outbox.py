"""What would have left: every e-mail that SES was asked to send, and took."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from chalicelib import aws
from chalicelib.settings import Settings

NEWEST = 1000
ASKED, TOOK = "provide-client-params.sesv2.SendEmail", "after-call.sesv2.SendEmail"
LETTER = "wakeful_letter"
TAKEN = 200


class Outbox:
    """The newest messages. moto keeps only one of a mail's two bodies, so we listen to our own client."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._messages: deque[dict[str, Any]] = deque(maxlen=NEWEST)

    def messages(self) -> list[dict[str, Any]]:
        """Return the messages, newest first."""
        return list(reversed(self._messages))

    @contextmanager
    def listening(self, settings: Settings) -> Iterator[None]:
        """Note what is sent while the block runs."""
        events = aws.client("sesv2", settings.region, settings.endpoint_url).meta.events
        events.register(ASKED, self._asked)
        events.register(TOOK, self._took)
        try:
            yield
        finally:
            events.unregister(ASKED, self._asked)
            events.unregister(TOOK, self._took)

    def _asked(self, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context[LETTER] = params

    def _took(self, http_response: Any, context: dict[str, Any], **_: Any) -> None:
        if http_response.status_code != TAKEN:
            return
        letter = context[LETTER]
        simple = letter["Content"]["Simple"]
        self._messages.append(
            {
                "to": letter["Destination"]["ToAddresses"],
                "from": letter["FromEmailAddress"],
                "subject": simple["Subject"]["Data"],
                "text": simple["Body"]["Text"]["Data"],
                "html": simple["Body"]["Html"]["Data"],
                "at": self._clock().isoformat(),
            }
        )
