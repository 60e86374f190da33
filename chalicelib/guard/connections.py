"""What requests sends its requests over: a connection for each, which goes where its road lets it."""

import socket
from typing import TYPE_CHECKING, Any, cast

import requests
from requests.adapters import BaseAdapter
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar
from urllib3.connection import HTTPConnection
from urllib3.response import BaseHTTPResponse

from chalicelib.guard.addresses import PORTS, parse
from chalicelib.guard.roads import Road, dial

if TYPE_CHECKING:
    from requests.structures import CaseInsensitiveDict


class Connection(HTTPConnection):
    """A connection to *host*, which is looked up and judged when it connects."""

    def __init__(self, host: str, port: int, road: Road) -> None:
        super().__init__(host, port, timeout=road.deadline.wait())
        self.certificate = b""  # of the server, in DER; none in the clear
        self._road = road

    def _new_conn(self) -> socket.socket:
        return dial(self._dns_host, self.port, self._road)


class TlsConnection(Connection):
    """The same under TLS: Host, SNI and the certificate are the name's, whatever its address."""

    default_port = PORTS["https"]  # type: ignore[misc]  # urllib3's own subclass does the same

    def connect(self) -> None:
        """Connect and shake hands; whom to trust is the road's to say."""
        super().connect()
        secure = self._road.net.trust().wrap_socket(self.sock, server_hostname=self.host)
        self._road.watch.stop("tls")
        self.certificate = secure.getpeercert(binary_form=True) or b""
        self.sock = secure


CONNECTIONS = {"http": Connection, "https": TlsConnection}


class Adapter(BaseAdapter):
    """Sends requests over connections of one road; proxies and other certificates it knows none.

    urllib3's own pools are passed by: they would keep connections, load all roots anew past the shared
    context, and cost more than the rest of a request.
    """

    def __init__(self, road: Road) -> None:
        super().__init__()
        self.road = road
        self.cookies: RequestsCookieJar | None = None  # once there are any
        self._connections: list[Connection] = []

    @property
    def certificate(self) -> bytes:
        """The certificate of the server that was asked last, in DER; none where it was asked in the clear."""
        return self._connections[-1].certificate

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Return the answer to *request*, its body unread; raises whatever the network raises."""
        parts = parse(request.url or "")
        port = parts.port or PORTS[parts.scheme]
        connection = CONNECTIONS[parts.scheme](parts.hostname or "", port, self.road)
        self._connections.append(connection)
        connection.connect()
        self.road.watch.start()
        connection.request(
            request.method or "GET",
            request.path_url,
            cast("bytes | None", request.body),
            request.headers,
            preload_content=False,
            decode_content=False,
        )
        raw = connection.getresponse()
        self.road.watch.stop("first_byte")
        if "set-cookie" in raw.headers:
            self.cookies = self.cookies or RequestsCookieJar()
            extract_cookies_to_jar(self.cookies, request, raw)  # type: ignore[no-untyped-call]
        return _response(request, raw)

    def close(self) -> None:
        """Close every connection."""
        for connection in self._connections:
            connection.close()


def _response(request: requests.PreparedRequest, raw: BaseHTTPResponse) -> requests.Response:
    response = requests.Response()
    response.status_code = raw.status
    response.headers = cast("CaseInsensitiveDict[str]", raw.headers)  # which mind no case either
    response.raw = raw
    response.reason = raw.reason or ""
    response.request = request
    response.url = request.url or ""
    return response
