"""An HTTP answer, unpacked as far as somebody asks, and within bounds."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from time import monotonic  # measures how long patterns take
from typing import Any

from chalicelib.guard.fetching import Reply

LONGEST_PATTERN = 1_000  # characters
PATIENCE = 0.25  # seconds for all regular expressions together
# Other codecs of Python's are no encodings of pages, and some of them need time without measure.
ENCODINGS = re.compile(r"(utf|iso-?8859|latin|windows|cp\d|koi8|gb|big5|s(hift)?_?jis|euc|(us-)?ascii)[\w-]*")
CHARSET = re.compile(r"charset=[\"']?([\w-]+)")


class Untold(Exception):
    """It cannot be told what an assertion asks; the message is the reason, in a few words."""


class Evidence:
    """What came back, and when it was asked for."""

    def __init__(self, reply: Reply, now: datetime) -> None:
        self.reply = reply
        self.now = now
        self._patience = PATIENCE
        self._places: Iterator[int] | None = None

    @cached_property
    def text(self) -> str:
        """The body, in the encoding that it says it has, else in UTF-8."""
        found = CHARSET.search(self.reply.headers.get("content-type", "").lower())
        encoding = found[1] if found and ENCODINGS.fullmatch(found[1]) else "utf-8"
        try:
            return self.reply.body.decode(encoding, "replace")
        except LookupError:
            return self.reply.body.decode("utf-8", "replace")

    @cached_property
    def document(self) -> Any:
        """The body as JSON; raises Untold where it is none."""
        self.must_be_whole()
        try:
            return json.loads(self.reply.body, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise Untold("body is not JSON") from None

    def must_be_whole(self) -> None:
        """Raise Untold where the body went on after what was read of it."""
        if not self.reply.is_whole:
            raise Untold(f"body is longer than the {len(self.reply.body)} bytes that are looked at")

    def values_at(self, path: str) -> Iterator[Any]:
        """Yield the values that a JSONPath leads to; raises Untold."""
        from chalicelib.probes import json_paths  # only who looks into JSON pays for it

        self._places = self._places or json_paths.places()  # for all paths together
        try:
            yield from json_paths.find(path, self.document, self._places)
        except json_paths.Unreadable as reason:
            raise Untold(f"JSON path {path[:50]} {reason}") from None

    def matches(self, pattern: str, text: str) -> bool:
        """Whether *pattern* is found in *text*; raises Untold where it is none or takes too long."""
        import regex  # type: ignore[import-untyped]  # only who matches pays for it

        if len(pattern) > LONGEST_PATTERN:
            raise Untold(f"pattern is longer than {LONGEST_PATTERN} characters")
        begun = monotonic()
        try:
            # Other probes go on meanwhile: it lets go of Python's lock.
            found = regex.search(pattern, text, timeout=max(0.001, self._patience), concurrent=True)
        except TimeoutError:
            raise Untold("pattern takes too long") from None
        except regex.error:
            raise Untold("pattern is not a regular expression") from None
        finally:
            self._patience -= monotonic() - begun
        return found is not None


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
