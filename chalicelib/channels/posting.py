"""One HTTP request to a provider, and what its answer means for the delivery."""

import re
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, unquote, urlsplit

from chalicelib.channels.base import MASK, Outlet, SendError
from chalicelib.channels.wording import excerpt
from chalicelib.guard.addresses import Refused, Unreachable
from chalicelib.guard.fetching import Call, Limits, Reply, fetch

TIMEOUT = 10.0
MAX_BYTES = 4_096  # far more than is quoted of an answer
REDIRECTS = 3
SUCCESS = range(200, 300)
GONE = (401, 404, 410)  # a key that was taken back, or an address that is no more
LONGEST_WAIT = 6 * 3600.0  # as long as our own longest pause, whatever the provider asks for
TOKEN = re.compile(r"(?=.*[0-9A-Z])[^$]{16,}")  # a part of a path that looks drawn by lot
LONG_WORD = 6  # shorter ones are no secrets, and taking them out would leave nothing to read


def post(call: Call, outlet: Outlet, secrets: Iterable[str] = (), gone: Collection[int] = GONE) -> None:
    """Ask *call*; return when any 2xx came back, else raise SendError with *secrets* taken out.

    *gone* are the statuses by which this provider says that no repetition will help.
    """
    limits = Limits(TIMEOUT, MAX_BYTES, REDIRECTS, outlet.settings.allow_private_targets)
    try:
        reply = fetch(call, limits)
    except Refused as refusal:
        raise SendError(str(refusal), permanent=True) from None
    except Unreachable as fault:
        raise SendError(str(fault)) from None
    if reply.status not in SUCCESS:
        raise SendError(
            _answer(reply, secrets),
            permanent=reply.status in gone,
            retry_after=retry_after(reply.headers.get("retry-after", ""), outlet.clock()),
        )


def retry_after(text: str, now: datetime) -> float | None:
    """Return the seconds to wait that a Retry-After header asks for, or None where it asks nothing."""
    if text.strip().isdecimal():
        return min(float(text), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    return min(max(0.0, seconds), LONGEST_WAIT)


def secrets_in(url: str) -> Iterator[str]:
    """Yield what must not come back of *url*: its password, long parameters, and tokens in its path."""
    parts = urlsplit(url)
    if parts.password:
        yield parts.password
        # requests makes this of it, and some receivers show the headers that they refuse
        yield b64encode(unquote(f"{parts.username}:{parts.password}").encode()).decode()
    yield from (value for _, value in parse_qsl(parts.query) if len(value) >= LONG_WORD)
    yield from (pair for pair in parts.query.split("&") if "=" not in pair and len(pair) >= LONG_WORD)
    yield from filter(TOKEN.fullmatch, parts.path.split("/"))


def _answer(reply: Reply, secrets: Iterable[str]) -> str:
    text = reply.body.decode("utf-8", "replace")
    # Some receivers repeat what they were sent; longer secrets go first, for one may begin another.
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    quoted = excerpt(text)
    return f"The receiver answered {reply.status}" + (f": {quoted}" if quoted else ".")
