"""Clients of a running stack, which say exactly what a test wants said; and the stack as a process."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from chalicelib.local.stack import Stack
from chalicelib.toolbox import current

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0  # seconds, for a machine that is busy with other tests


class Client:
    """Somebody who speaks to a running stack."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.address = urlsplit(stack.base_url).hostname, urlsplit(stack.base_url).port
        self.key = stack.foundation.api_key
        self.ping_key = stack.foundation.project.ping_key

    def connect(self) -> http.client.HTTPConnection:
        """Open a connection that stays open."""
        return http.client.HTTPConnection(*self.address, timeout=PATIENCE)

    def ask(self, method, path, body=None, **headers):
        """Ask once; return the status, the headers and the body."""
        connection = self.connect()
        try:
            connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def json(self, method, path, document=None):
        """Ask one of the management APIs; return the document that it answers."""
        body = None if document is None else json.dumps(document)
        status, _, answer = self.ask(method, path, body, X_Api_Key=self.key)
        assert status < 300, answer
        return json.loads(answer)

    def check(self, slug, **fields):
        """Create a check; return its id."""
        made = self.json(
            "POST", "/api/v3/checks/", {"name": slug, "slug": slug, "unique": ["name"], **fields}
        )
        return made["ping_url"].rpartition("/")[2]

    def ping(self, code):
        """Return the last ping of a check as it is stored, body and all."""
        tools = current()
        return tools.pings.find(code, tools.monitors.load(code, fresh=True).state.n_pings)

    def raw(self, request, *, whole=True):
        """Send bytes as they are; return all that comes back until the server closes."""
        with socket.create_connection(self.address, timeout=PATIENCE) as connection:
            connection.sendall(request)
            if whole:
                connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65_536), b""))


@contextmanager
def process(folder: Path, **environment: str) -> Iterator[subprocess.Popen]:
    """Run `python -m chalicelib.local` in *folder*, as `make run` does."""
    started = subprocess.Popen(
        [sys.executable, "-m", "chalicelib.local"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PORT": "0"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with started:
        try:
            yield started
        finally:
            if started.poll() is None:
                started.kill()


def ready(folder: Path, started: subprocess.Popen) -> dict[str, str]:
    """Return what the stack in *folder* says of itself, once it does."""
    end = time.monotonic() + 3 * PATIENCE
    while started.poll() is None and time.monotonic() < end:
        with suppress(FileNotFoundError):
            return json.loads((folder / ".local" / "ready.json").read_text())
        time.sleep(0.05)
    raise AssertionError(f"the stack did not start: {started.communicate()}")


def eventually(look):
    """Return what *look* returns once it is true."""
    end = time.monotonic() + PATIENCE
    while not (seen := look()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)
    return seen
