"""HTTP by requests, on roads that are guarded: pinned addresses, one deadline, a cap on what is read."""

import logging
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import SplitResult, urljoin

import requests
from requests.adapters import HTTPAdapter
from requests.utils import requote_uri
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from chalicelib.guard.addresses import PORTS, Refused, Unreachable, parse
from chalicelib.guard.roads import INTERNET, Deadline, Net, Road, dial

# Its warnings name the whole URL, which may be a secret, whenever a receiver answers oddly.
logging.getLogger("urllib3").setLevel(logging.ERROR)

CHUNK = 16_384
SEE_OTHER = 303
REDIRECTS = (301, 302, SEE_OTHER, 307, 308)


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


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; *body* ends at max_bytes."""

    status: int
    headers: Mapping[str, str]  # whatever their case
    body: bytes
    url: str  # that answered, after all redirects


class _Connection(HTTPConnection):
    """Connects where its road lets it."""

    def __init__(self, *args: Any, road: Road, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._road = road

    def _new_conn(self) -> Any:
        return dial(self._dns_host, self.port or self.default_port, self._road)


class _TlsConnection(_Connection, HTTPSConnection):
    """The same under TLS: Host, SNI and the certificate stay the name's."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    """Hands its road to every connection, and one shared TLS context to every pool."""

    def __init__(self, road: Road) -> None:
        self._road = road
        super().__init__()
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, *_: Any, **__: Any
    ) -> HTTPConnectionPool:
        """Return the pool of *request*'s host; of proxies and other certificates nothing is heard."""
        parts = parse(request.url or "")
        secure = {"ssl_context": self._road.net.trust()} if parts.scheme == "https" else {}
        pool: HTTPConnectionPool = self.poolmanager.connection_from_host(
            parts.hostname, parts.port, parts.scheme, secure
        )
        pool.conn_kw["road"] = self._road
        return pool

    def cert_verify(self, *_: Any) -> None:
        """Leave the pool alone: requests would load all roots anew, past the shared context."""


class _Session(requests.Session):
    """Knows no proxies and no .netrc, and follows nothing by itself."""

    def __init__(self, road: Road) -> None:
        super().__init__()
        self.trust_env = False
        self.adapters.clear()
        for scheme in PORTS:
            self.mount(f"{scheme}://", _Adapter(road))

    def get_redirect_target(self, _: requests.Response) -> None:
        """Return nothing: who follows a redirect must look at it first."""


def guarded_session(road: Road) -> requests.Session:
    """Return a session whose every connection obeys *road*."""
    return _Session(road)


def fetch(call: Call, limits: Limits, net: Net = INTERNET) -> Reply:
    """Return what answers *call* in the end.

    Raises Refused where the target or a redirect leads to where we do not go, Unreachable where the
    network, TLS or time failed. Both messages are sentences, without the URL: it may be a secret.
    """
    deadline = Deadline(limits.timeout)
    with deadline, guarded_session(Road(deadline, limits.allow_private, net)) as session:
        for _ in range(limits.redirects + 1):
            reply = _ask(session, call, limits, deadline)
            if reply.status not in REDIRECTS or "location" not in reply.headers or not limits.redirects:
                return reply
            call = _redirected(call, reply)
            session.close()  # forgets connections, not cookies: the next hop is looked up and judged anew
    raise Unreachable(f"{parse(call.url).hostname} redirects more than {limits.redirects} times.")


def _ask(session: requests.Session, call: Call, limits: Limits, deadline: Deadline) -> Reply:
    host = parse(call.url).hostname
    try:
        with session.request(
            call.method,
            call.url,
            headers={**call.headers, **call.credentials},
            data=call.body,
            timeout=deadline.wait(),
            stream=True,
        ) as response:
            body = _body(response, limits.max_bytes)
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader, UnicodeError):
        raise Refused(f"The request to {host} cannot be written as HTTP.") from None
    except (requests.RequestException, HTTPError, OSError) as error:
        raise Unreachable(_sentence(host, error, deadline)) from None  # the cause would show the URL
    if not deadline.left():  # a body without a length looks whole when its connection was cut
        raise Unreachable(_too_slow(host, deadline))
    return Reply(response.status_code, response.headers, body, call.url)


def _body(response: requests.Response, max_bytes: int) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(CHUNK):
        body += chunk
        if len(body) >= max_bytes:
            break
    return bytes(body[:max_bytes])


def _redirected(call: Call, reply: Reply) -> Call:
    """Return *call* as it must be asked again.

    The method and the body stay, since they are the message; only 303 asks for a GET, as RFC 9110 has it.
    """
    location = reply.headers["location"].encode("latin-1", "replace").decode("utf-8", "replace")
    old = parse(call.url)
    try:
        url = requote_uri(urljoin(call.url, location))
    except ValueError:
        raise Unreachable(f"{old.hostname} redirects to what is no address.") from None
    new = parse(url)
    if (old.scheme, new.scheme) == ("https", "http"):
        raise Refused(f"{old.hostname} redirects from https to http.")
    if not _same_origin(old, new):
        call = replace(call, credentials={})
    if reply.status == SEE_OTHER and call.method != "HEAD":
        call = replace(call, method="GET", body=None)
    return replace(call, url=url)


def _same_origin(old: SplitResult, new: SplitResult) -> bool:
    """Whether *new* is *old*'s host and port, or the same host by https instead of http."""
    ports = [parts.port or PORTS[parts.scheme] for parts in (old, new)]
    upgraded = ports == [PORTS["http"], PORTS["https"]]
    return old.hostname == new.hostname and (ports[0] == ports[1] or upgraded)


def _sentence(host: str | None, error: BaseException, deadline: Deadline) -> str:
    if not deadline.left() or isinstance(error, requests.Timeout):
        return _too_slow(host, deadline)
    if isinstance(error, requests.exceptions.SSLError):
        return f"TLS with {host} failed: {_tls_reason(error)}."
    return f"{host} closed the connection without a whole answer."


def _too_slow(host: str | None, deadline: Deadline) -> str:
    return f"{host} did not answer within {deadline.seconds:g} s."


def _tls_reason(error: BaseException) -> str:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message.rstrip(".")
        if isinstance(cause, ssl.SSLError) and cause.reason:
            return cause.reason.replace("_", " ").lower()
    return "the handshake was not finished"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield *error* and all that led to it: requests and urllib3 each wrap what went wrong."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
