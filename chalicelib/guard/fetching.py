"""HTTP by requests, on roads that are guarded: pinned addresses, one deadline, a cap on what is read."""

import logging
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import lru_cache
from urllib.parse import SplitResult, urljoin

import requests
from requests.cookies import RequestsCookieJar
from requests.utils import DEFAULT_ACCEPT_ENCODING, requote_uri

from chalicelib.guard.addresses import PORTS, Refused, Unreachable, parse
from chalicelib.guard.connections import Adapter
from chalicelib.guard.deadlines import Deadline
from chalicelib.guard.faults import NETWORK, fault, too_slow
from chalicelib.guard.roads import INTERNET, Net, Road

# Its warnings name the whole URL, which may be a secret, whenever a receiver answers oddly.
logging.getLogger("urllib3").setLevel(logging.ERROR)

CHUNK = 16_384
SEE_OTHER = 303
REDIRECTS = (301, 302, SEE_OTHER, 307, 308)
# Each connection is for one request: to say so lets the other side be the one that closes it.
MANNERS = {"Accept": "*/*", "Accept-Encoding": DEFAULT_ACCEPT_ENCODING, "Connection": "close"}


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked; *credentials* are headers that go before the others, to the origin of *url* alone."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how far; *timeout* is for the whole, redirects included."""

    timeout: float = 10.0
    max_bytes: int = 65_536
    redirects: int = 3  # 0 hands a redirect back as it came
    allow_private: bool = False
    may_downgrade: bool = False  # a redirect may lead from https to http
    endless: int = 0  # bytes after which a body that never said how long it is has no end; 0: whatever it is


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, and how long it took; the times are of all hops together."""

    status: int
    headers: Mapping[str, str]  # whatever their case
    body: bytes  # ends at max_bytes
    url: str  # that answered, after all redirects
    is_whole: bool = True  # *body* is all that there was
    phases: Mapping[str, float] = field(default_factory=dict)  # ms: dns, connect, tls, first_byte
    ms: float = 0.0  # from the first lookup to the end of the body
    certificate: bytes = b""  # of the server that answered, in DER


def fetch(call: Call, limits: Limits, net: Net = INTERNET) -> Reply:
    """Return what answers *call* in the end.

    Raises Refused where the target or a redirect leads to where we do not go, Unreachable where the
    network, TLS or time failed. Both messages are sentences, without the URL: it may be a secret.
    """
    with Deadline(limits.timeout) as deadline:
        adapter = Adapter(Road(deadline, limits.allow_private, net))
        with closing(adapter):
            for _ in range(limits.redirects + 1):
                reply = _ask(adapter, call, limits)
                if reply.status not in REDIRECTS or "location" not in reply.headers or not limits.redirects:
                    return reply
                call = _redirected(call, reply, limits)
    times = f"redirects more than {limits.redirects} times"
    raise Unreachable(f"{parse(call.url).hostname} {times}.", times)


def _ask(adapter: Adapter, call: Call, limits: Limits) -> Reply:
    host, deadline = parse(call.url).hostname, adapter.road.deadline
    try:
        request = _written(call, adapter.cookies)
        with adapter.send(request) as response:
            body, is_whole = _body(host, response, limits)
    except NETWORK as error:
        raise fault(host, error, deadline) from None  # the cause would show the URL
    if not deadline.left():  # a body without a length looks whole when its connection was cut
        raise too_slow(host, deadline)
    return Reply(
        response.status_code,
        response.headers,
        body,
        call.url,
        is_whole,
        adapter.road.watch.phases,
        adapter.road.watch.total,
        adapter.certificate,
    )


def _written(call: Call, cookies: RequestsCookieJar | None) -> requests.PreparedRequest:
    """Return *call* as requests writes it, without the parts of `prepare` that would find nothing to do."""
    request = requests.PreparedRequest()
    request.prepare_method(call.method)
    request.url = _quoted(call.url)
    request.prepare_headers({**MANNERS, **call.headers, **call.credentials})
    if cookies is not None:
        request.prepare_cookies(cookies)
    request.prepare_body(call.body, None)
    if "@" in parse(call.url).netloc:
        request.prepare_auth(None, call.url)
    return request


@lru_cache(1024)  # a target is asked again and again
def _quoted(url: str) -> str | None:
    request = requests.PreparedRequest()
    request.prepare_url(url, None)
    return request.url


def _body(host: str | None, response: requests.Response, limits: Limits) -> tuple[bytes, bool]:
    """Return the body up to the cap, and whether that was all.

    A body that says how long it is is read no further. One that does not is followed, and thrown away,
    until it ends: only so is it known that it does.
    """
    kept, n_read = bytearray(), 0
    is_counted = "content-length" in response.headers and "content-encoding" not in response.headers
    most = limits.max_bytes if is_counted else max(limits.max_bytes, limits.endless)
    for chunk in response.raw.stream(CHUNK, decode_content=True):
        n_read += len(chunk)
        kept += chunk[: limits.max_bytes - len(kept)]
        if n_read > most:
            break
    if limits.endless and n_read > limits.endless:
        reason = f"sent a body without end: more than {limits.endless >> 20} MiB"
        raise Unreachable(f"{host} {reason}.", reason)
    return bytes(kept), n_read <= limits.max_bytes


def _redirected(call: Call, reply: Reply, limits: Limits) -> Call:
    """Return *call* as it must be asked again.

    The method and the body stay, since they are the message; only 303 asks for a GET, as RFC 9110 has it.
    But neither credentials nor a body that came under TLS are told to anybody in the clear.
    """
    location = reply.headers["location"].encode("latin-1", "replace").decode("utf-8", "replace")
    old = parse(call.url)
    try:
        url = requote_uri(urljoin(call.url, location))
    except ValueError:
        reason = "redirects to what is no address"
        raise Unreachable(f"{old.hostname} {reason}.", reason) from None
    new = parse(url)
    if (old.scheme, new.scheme) == ("https", "http") and (call.body or not limits.may_downgrade):
        raise Refused(f"{old.hostname} redirects from https to http.")
    if not _same_origin(old, new):
        call = replace(call, credentials={})
    if reply.status == SEE_OTHER and call.method != "HEAD":
        call = replace(call, method="GET", body=None)
    return replace(call, url=url)


def _same_origin(old: SplitResult, new: SplitResult) -> bool:
    """Whether *new* is *old*'s host and port, or the same host by https after http, but not the reverse."""
    if (old.scheme, new.scheme) == ("https", "http"):
        return False
    ports = [parts.port or PORTS[parts.scheme] for parts in (old, new)]
    upgraded = ports == [PORTS["http"], PORTS["https"]]
    return old.hostname == new.hostname and (ports[0] == ports[1] or upgraded)
