import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field

import pytest


@dataclass
class Peer:
    """A tiny server on loopback: it keeps what it was asked and answers by its script."""

    listener: socket.socket
    answer: object  # (socket, request) -> None
    asked: list[bytes] = field(default_factory=list)
    connected: int = 0

    @property
    def port(self):
        """Where it listens."""
        return self.listener.getsockname()[1]

    def url(self, path="/", host="127.0.0.1"):
        """Return the URL of *path* here, under any name."""
        return f"http://{host}:{self.port}{path}"

    def run(self):
        """Take connections until the listener closes."""
        with suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                self.connected += 1
                threading.Thread(target=self.talk, args=(sock,), daemon=True).start()

    def talk(self, sock):
        """Read one request and answer it."""
        with suppress(OSError), sock:
            request = b""
            while b"\r\n\r\n" not in request:
                if not (more := sock.recv(65_536)):
                    return
                request += more
            self.asked.append(request)
            self.answer(sock, request)


@pytest.fixture
def serve():
    """Return a function that starts a Peer whose *answer* is a function, or the bytes to send."""
    listeners = []

    def start(answer, address=("127.0.0.1", 0)):
        script = answer if callable(answer) else lambda sock, _: sock.sendall(answer)
        listener = socket.create_server(address)
        listeners.append(listener)
        peer = Peer(listener, script)
        threading.Thread(target=peer.run, daemon=True).start()
        return peer

    yield start
    for listener in listeners:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
