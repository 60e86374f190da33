"""One HTTP request to a provider, and what its answer means for the delivery."""

import json
import re
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, unquote, urlsplit

from chalicelib.channels.base import MASK, Outlet, SendError
from chalicelib.core.alerts import Alert
from chalicelib.core.words import excerpt
from chalicelib.guard.addresses import Refused, Unreachable
from chalicelib.guard.fetching import Call, Limits, Reply, fetch
from chalicelib.guard.headers import AGENT

TIMEOUT = 10.0
MAX_BYTES = 4_096  # far more than is quoted of an answer
REDIRECTS = 3
SUCCESS = range(200, 300)
GONE = (401, 404, 410)  # a key that was taken back, or an address that is no more
LONGEST_WAIT = 6 * 3600.0  # as long as our own longest pause, whatever the provider asks for
TOKEN = re.compile(r"(?=.*[0-9A-Z])[^$]{16,}")  # a part of a path that looks drawn by lot
LONG_WORD = 6  # shorter ones are no secrets, and taking them out would leave nothing to read


def in_json(url: str, document: object, alert: Alert, credentials: Mapping[str, str] | None = None) -> Call:
    """Return the request that posts *document* to *url*, with our name and the id of *alert*'s delivery.

    It is UTF-8, unescaped: some providers count its bytes.
    """
    headers = {
        "User-Agent": AGENT,
        "Content-Type": "application/json",
        "X-Wakeful-Delivery": alert.delivery_id,
    }
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    return Call("POST", url, headers, credentials or {}, body)


def post(
    call: Call,
    outlet: Outlet,
    secrets: Iterable[str] = (),
    *,
    gone: Collection[int] = GONE,
    done: Collection[int] = SUCCESS,
) -> None:
    """Ask *call*; return when the answer is one of *done*, else raise SendError with *secrets* taken out.

    *gone* are the statuses by which this provider says that no repetition will help.
    """
    accepted(ask(call, outlet), outlet, secrets, gone=gone, done=done)


def accepted(
    reply: Reply,
    outlet: Outlet,
    secrets: Iterable[str] = (),
    *,
    gone: Collection[int] = GONE,
    done: Collection[int] = SUCCESS,
) -> Reply:
    """Return *reply*, which is one of *done*; else raise SendError, as *post* does."""
    if reply.status in done:
        return reply
    wait = reply.headers.get("retry-after", "")
    raise refusal(reply, outlet, secrets, permanent=reply.status in gone, wait=wait)


def ask(call: Call, outlet: Outlet, max_bytes: int = MAX_BYTES) -> Reply:
    """Return what answers *call*, whatever it is; raises SendError where nothing does."""
    try:
        return fetch(call, Limits(TIMEOUT, max_bytes, REDIRECTS, outlet.settings.allow_private_targets))
    except Refused as refused:
        raise SendError(str(refused), permanent=True) from None
    except Unreachable as fault:
        raise SendError(str(fault)) from None


def refusal(
    reply: Reply, outlet: Outlet, secrets: Iterable[str], *, permanent: bool, wait: str = ""
) -> SendError:
    """Return what *reply* means for the delivery, in its own words with *secrets* taken out.

    *wait* is what it says about when to come again, as a Retry-After header has it.
    """
    seconds = retry_after(wait, outlet.clock())
    return SendError(_answer(reply, secrets), permanent=permanent, retry_after=seconds)


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
    values = [value for _, value in parse_qsl(parts.query)]
    values += [pair.rpartition("=")[2] for pair in parts.query.split("&")]  # as they are spelled there
    yield from (value for value in values if len(value) >= LONG_WORD)
    yield from filter(TOKEN.fullmatch, parts.path.split("/"))


def _answer(reply: Reply, secrets: Iterable[str]) -> str:
    text = reply.body.decode("utf-8", "replace")
    # Some receivers repeat what they were sent; longer secrets go first, for one may begin another.
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    quoted = excerpt(text)
    return f"The receiver answered {reply.status}" + (f": {quoted}" if quoted else ".")
