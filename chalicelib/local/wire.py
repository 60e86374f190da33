"""HTTP/1.1 as it lies on the wire: requests are read, answers written; what is broken gets a status."""

import io
import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from time import monotonic
from typing import BinaryIO

LONGEST_LINE = 16_384
LONGEST_HEAD = 65_536
LONGEST_BODY = 10 * 2**20  # API Gateway's own
BLANK_LINES = 4  # that old clients may leave between two requests
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([^ \t]+) HTTP/1\.([0-9])")
HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", re.DOTALL)
FORBIDDEN = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
ABSOLUTE = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
HEX = re.compile(rb"[0-9A-Fa-f]{1,8}")


class Broken(Exception):
    """What came is no request that can be answered in earnest; *status* and the message say why."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class HungUp(Exception):
    """The client is gone in the middle of its request."""


@dataclass(frozen=True, slots=True)
class Head:
    """A request without its body; *headers* are as they came, duplicates included."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    minor: int  # of HTTP/1.x

    def values(self, name: str) -> list[str]:
        """Return the comma-separated parts of every header *name*, in lower case."""
        lines = (value for key, value in self.headers if key.lower() == name)
        return [part.strip().lower() for line in lines for part in line.split(",")]

    @property
    def keeps_alive(self) -> bool:
        """Whether the client wants to ask again over the same connection."""
        wishes = self.values("connection")
        return "close" not in wishes and (self.minor > 0 or "keep-alive" in wishes)


class Stream(io.RawIOBase):
    """What a client sends; nothing of it is waited for beyond the moment *until*."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.until = 0.0

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # Buffer is 3.12's
        """Fill *buffer* with what comes next; raises TimeoutError when the time is over."""
        self._connection.settimeout(max(0.001, self.until - monotonic()))
        return self._connection.recv_into(buffer)


def read_head(stream: BinaryIO) -> Head:
    """Return the next request's head; raises Broken, and HungUp where there is none."""
    lines = (_line(stream) for _ in range(BLANK_LINES + 1))
    line = next((line for line in lines if line), b"")
    request = REQUEST_LINE.fullmatch(line)
    if not request:
        raise Broken(HTTPStatus.BAD_REQUEST, "the request line is malformed")
    headers = tuple(_headers(stream))
    method, target, minor = request.groups()
    return Head(method.decode(), _target(target), headers, int(minor))


def _target(raw: bytes) -> str:
    """Return a request's target as a path; bytes that must not stand in a URL become percent-encoded."""
    text = "".join(chr(byte) if 0x20 < byte < 0x7F else f"%{byte:02X}" for byte in raw)  # noqa: PLR2004  ASCII
    path = ABSOLUTE.sub("", text, count=1) if text[:4].lower() == "http" else text
    return path or "/"


def _line(stream: BinaryIO) -> bytes:
    """Return the next line without its end; a lone LF will do. Raises HungUp where there is none."""
    line = stream.readline(LONGEST_LINE + 1)
    if len(line) > LONGEST_LINE:
        raise Broken(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "a line of the request is too long")
    if not line.endswith(b"\n"):
        raise HungUp
    return line[:-2] if line.endswith(b"\r\n") else line[:-1]


def _headers(stream: BinaryIO) -> Iterator[tuple[str, str]]:
    name, value, size = "", "", 0
    while line := _line(stream):
        size += len(line)
        if size > LONGEST_HEAD:
            raise Broken(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the request has too many headers")
        folded = name and line[:1] in b" \t"  # over several lines, as mail does it
        header = HEADER.fullmatch(b"Folded:" + line if folded else line)
        if not header or FORBIDDEN.search(line):
            raise Broken(HTTPStatus.BAD_REQUEST, "a header is malformed")
        said = header[2].decode("latin-1")
        if folded:
            value += f" {said}"
            continue
        if name:
            yield name, value
        name, value = header[1].decode(), said
    if name:
        yield name, value


def length_of(head: Head) -> int | None:
    """Return how long the body will be, None where it comes in chunks; raises Broken.

    What one reader could take for one length and another for another is refused: on a shared connection
    the rest of it would be read as somebody's request.
    """
    codings, lengths = head.values("transfer-encoding"), set(head.values("content-length"))
    if codings:
        if codings != ["chunked"]:
            raise Broken(HTTPStatus.NOT_IMPLEMENTED, "no transfer encoding but chunked is known here")
        if lengths:
            raise Broken(HTTPStatus.BAD_REQUEST, "the body has both a length and chunks")
        return None
    if not lengths:
        return 0
    text = lengths.pop()
    if lengths or not (text.isascii() and text.isdigit()):
        raise Broken(HTTPStatus.BAD_REQUEST, "the length of the body is malformed")
    digits = text.lstrip("0") or "0"
    if len(digits) > len(str(LONGEST_BODY)) or int(digits) > LONGEST_BODY:
        raise Broken(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large")
    return int(digits)


def waits(head: Head) -> bool:
    """Whether the client holds its body back until it is asked to continue; raises Broken."""
    expected = head.values("expect") if head.minor > 0 else []
    if expected not in ([], ["100-continue"]):
        raise Broken(HTTPStatus.EXPECTATION_FAILED, "no expectation but 100-continue is known here")
    return bool(expected)


def read_body(stream: BinaryIO, length: int | None) -> bytes:
    """Return the body, of *length* or in chunks; raises Broken, and HungUp where it ends too early."""
    if length is not None:
        return _exactly(stream, length)
    body = bytearray()
    while size := _chunk_size(stream):
        if len(body) + size > LONGEST_BODY:
            raise Broken(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large")
        body += _exactly(stream, size)
        if _line(stream):
            raise Broken(HTTPStatus.BAD_REQUEST, "a chunk of the body is malformed")
    for _ in _headers(stream):
        """Trailers are allowed, and nobody's business."""
    return bytes(body)


def _chunk_size(stream: BinaryIO) -> int:
    digits = _line(stream).partition(b";")[0].strip()
    if not HEX.fullmatch(digits):
        raise Broken(HTTPStatus.BAD_REQUEST, "a chunk of the body is malformed")
    return int(digits, 16)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    content = stream.read(size) if size else b""
    if len(content) < size:
        raise HungUp
    return content


def written(status: int, headers: Mapping[str, str], body: bytes, head: Head | None, *, keep: bool) -> bytes:
    """Return an answer as it goes out: in one piece, because two would wait for each other (Nagle).

    HEAD is told the length of what it does not get (R15).
    """
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
    lines = [f"HTTP/1.1 {status} {phrase}", f"Date: {formatdate(usegmt=True)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if status >= HTTPStatus.OK and status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        lines.append(f"Content-Length: {len(body)}")
    else:
        body = b""
    if head is None or not keep:
        lines.append("Connection: close")
    elif head.minor == 0:
        lines.append("Connection: keep-alive")
    top = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
    return top if head is not None and head.method == "HEAD" else top + body
