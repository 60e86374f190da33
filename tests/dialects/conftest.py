"""One house a module: Alice's project, Bob's beside it, and a stranger at the door."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from people import Person

from chalicelib.local.house import House, built
from chalicelib.services.tenancy import Foundation, found


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """Return a deployment that the tests of a module share; each brings what it looks at."""
    with built() as alices:
        yield alices


@pytest.fixture(autouse=True)
def _a_new_minute(house: House) -> None:
    """Let every test begin in a minute of its own: limits are counted by the minute."""
    house.clock.now = house.clock.now.replace(second=0, microsecond=0) + timedelta(minutes=1)


@pytest.fixture
def alice(house: House) -> Person:
    """Return Alice, with the read-write key of her project."""
    return Person(house, house.foundation.api_key)


@pytest.fixture
def reader(house: House) -> Person:
    """Return somebody with the read-only key of Alice's project."""
    return Person(house, house.foundation.read_only_key)


@pytest.fixture(scope="module")
def bobs_project(house: House) -> Foundation:
    """Return what Bob has: a project of his own, and its keys."""
    return found(house.tools, "Bob's project", house.clock.now)


@pytest.fixture
def bob(house: House, bobs_project: Foundation) -> Person:
    """Return Bob, with the read-write key of his own project."""
    return Person(house, bobs_project.api_key)


@pytest.fixture
def carol(house: House) -> Person:
    """Return Carol, with the read-write key of a project in which there is nothing yet."""
    return Person(house, found(house.tools, "Carol's project", house.clock.now).api_key)


@pytest.fixture(scope="module")
def hapless(house: House) -> Person:
    """Return somebody all of whose wishes are refused, so that there is never anything in the project."""
    return Person(house, found(house.tools, "Hapless", house.clock.now).api_key)


@pytest.fixture
def anyone(house: House) -> Person:
    """Return somebody without a key: a job that pings, or a stranger."""
    return Person(house)


@dataclass
class Receiver:
    """A webhook's server on loopback: it keeps what it hears and answers as it is told."""

    url: str = ""
    status: int = 204
    answer: bytes = b""
    heard: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return a running Receiver."""
    peer = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            peer.heard.append(json.loads(body))
            peer.headers.append(dict(self.headers))
            self.send_response(peer.status)
            self.send_header("Content-Length", str(len(peer.answer)))
            self.end_headers()
            self.wfile.write(peer.answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    peer.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield peer
    server.shutdown()
    server.server_close()
