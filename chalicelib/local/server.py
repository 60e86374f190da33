"""The HTTP front in real time: one thread a connection, on the loopback alone."""

import io
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from socketserver import BaseRequestHandler, TCPServer, ThreadingMixIn
from time import monotonic
from typing import Any, Protocol

from chalicelib.local.front import Reply
from chalicelib.local.wire import (
    CONTINUE,
    LONGEST_BODY,
    Broken,
    Head,
    HungUp,
    Stream,
    length_of,
    read_body,
    read_head,
    waits,
    written,
)

HOST = "127.0.0.1"
BUFFER = 65_536
IDLE = 65.0  # seconds between two requests of a connection
PATIENCE = 30.0  # seconds for a whole request to come, and for an answer to be taken
LINGER = 2.0  # seconds in which we read on from a client that we have refused
GRACE = 1.0  # seconds for what is being answered when the server stops

log = logging.getLogger(__name__)


class Desk(Protocol):
    """Who answers."""

    def answer(self, head: Head, body: bytes, source_ip: str) -> Reply:
        """Return the answer to a request."""

    def refuse(self, status: int, sentence: str) -> Reply:
        """Return the answer to what is no request."""


class Conversation(BaseRequestHandler):
    """One connection: request by request until one side has had enough."""

    server: "Server"
    request: socket.socket

    def handle(self) -> None:
        """Answer until the client closes, breaks a rule or keeps us waiting."""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = Stream(self.request)
        buffered = io.BufferedReader(stream, BUFFER)
        with suppress(OSError, HungUp):  # who hangs up, or sits in silence, is owed nothing
            while self._comes(stream, buffered):
                stream.until = monotonic() + PATIENCE
                try:
                    head, body = self._read(buffered)
                except Broken as broken:
                    self._refuse(broken.status, str(broken))
                    return
                except TimeoutError:
                    self._refuse(HTTPStatus.REQUEST_TIMEOUT, "the request took too long to come")
                    return
                if not self._answer(head, body):
                    return

    def _comes(self, stream: Stream, buffered: "io.BufferedReader[Stream]") -> bool:
        """Wait for the first byte of another request."""
        stream.until = monotonic() + IDLE
        return bool(buffered.peek(1))

    def _read(self, buffered: "io.BufferedReader[Stream]") -> tuple[Head, bytes]:
        """Return the next request; raises Broken, HungUp and TimeoutError."""
        head = read_head(buffered)
        length = length_of(head)
        if waits(head) and length != 0:
            self._send(CONTINUE)
        return head, read_body(buffered, length)

    def _answer(self, head: Head, body: bytes) -> bool:
        """Answer one request; return whether another may follow."""
        reply = self.server.desk.answer(head, body, self.client_address[0])
        keep = head.keeps_alive and not self.server.stopping
        self._send(written(reply.status, reply.headers, reply.body, head, keep=keep))
        return keep

    def _refuse(self, status: int, sentence: str) -> None:
        """Say what is wrong and close, but hear the client out a little.

        Closing on bytes that nobody read resets the connection, and the client may lose our answer.
        """
        reply = self.server.desk.refuse(status, sentence)
        self._send(written(reply.status, reply.headers, reply.body, None, keep=False))
        self.request.shutdown(socket.SHUT_WR)
        end, left = monotonic() + LINGER, 4 * LONGEST_BODY
        while left > 0 and (wait := end - monotonic()) > 0:
            self.request.settimeout(wait)
            dropped = len(self.request.recv(BUFFER))
            left -= dropped or left

    def _send(self, content: bytes) -> None:
        self.request.settimeout(PATIENCE)
        self.request.sendall(content)


class Server(ThreadingMixIn, TCPServer):
    """Listens from its making on, and answers while it is `serving`."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False  # it would wait for clients that only keep a connection open
    request_queue_size = 128
    desk: Desk

    def __init__(self, port: int) -> None:
        super().__init__((HOST, port), Conversation)
        self.stopping = False
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()

    @property
    def host(self) -> str:
        """The server's name as a Host header gives it."""
        return f"{HOST}:{self.server_address[1]}"

    @contextmanager
    def serving(self, desk: Desk) -> Iterator[None]:
        """Let *desk* answer while the block runs; then finish what was begun, if it takes no long time."""
        self.desk = desk
        thread = threading.Thread(target=self.serve_forever, args=(0.1,), name="http", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.stopping = True
            self.shutdown()
            self.server_close()
            self._say_goodbye()

    def _say_goodbye(self) -> None:
        """Let idle connections see their end, and the busy ones send their last answer."""
        with self._changed:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)
            self._changed.wait_for(lambda: not self._open, GRACE)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take in one connection."""
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Let go of one connection."""
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  socketserver's
        """Log what went wrong with one connection; the others go on."""
        log.exception("a connection broke")  # noqa: LOG004  socketserver calls this while it handles one
