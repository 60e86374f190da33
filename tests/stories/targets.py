"""What stands in the world to be watched: a server on loopback that fails when, and for whom, we say."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from chalicelib.core.probing import phase
from chalicelib.core.status import Kind
from chalicelib.core.targets import HttpTarget, Watch
from chalicelib.local.house import House
from chalicelib.services import access, watching
from chalicelib.storage.keys import Lane
from tests.stories.neighbours import Check

TEN_SECONDS = timedelta(seconds=10)
Script = Callable[[str, int], int]  # (region, how often it asked before) -> status


class Target:
    """Somebody's web site."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[str] = []  # the regions, in the order of their requests
        self._counts: Counter[str] = Counter()
        self._lock = Lock()
        self.script: Script = always(200)

    def is_up(self) -> None:
        """Answer well from now on."""
        self.script = always(200)

    def is_down(self) -> None:
        """Answer 503 from now on."""
        self.script = always(503)

    def is_down_in(self, *regions: str) -> None:
        """Answer 503 to those who ask from *regions*, and well to the others."""
        self.script = lambda region, _: 503 if region in regions else 200

    def answer(self, agent: str) -> int:
        """Return the status for one request; probes say in their agent from where they ask."""
        found = re.search(r"\((\S+)\)", agent)
        region = found[1] if found else ""
        with self._lock:
            self.asked.append(region)
            self._counts[region] += 1
            return self.script(region, self._counts[region] - 1)


def always(status: int) -> Script:
    """Return a script that answers everybody alike."""
    return lambda _region, _number: status


@contextmanager
def serving() -> Iterator[Target]:
    """Run a Target on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(target.answer(self.headers.get("User-Agent", "")))
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        target = Target(f"http://127.0.0.1:{server.server_port}/")
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield target
        finally:
            server.shutdown()


class Probe(Check):
    """A probed monitor in the house, as its owner sees it."""

    @property
    def phase(self) -> str:
        """Where it stands between up and down."""
        return str(phase(self.monitor.state))

    @property
    def rounds(self) -> list[Any]:
        """Its rounds, the oldest first."""
        now = self.house.clock()
        return self.house.tools.rounds.between(
            self.check_id, now - timedelta(days=1), now + timedelta(days=1)
        )

    def amend(self, **wish: Any) -> None:
        """Change fields of its spec, as a dialect would."""
        watching.amend(self.house.tools, owner(self.house), self.check_id, wish, self.house.clock())

    def watch(self, **changes: Any) -> None:
        """Change how it is watched."""
        self.amend(watch=lambda spec: replace(spec.watch, **changes))


def owner(house: House) -> Any:
    """Return Alice, let in with her project's key."""
    return access.enter(house.tools, house.foundation.api_key, Lane.V3, house.clock())


def new_probe(house: House, target: Any, kind: Kind = Kind.HTTP, **watch: Any) -> Probe:
    """Watch *target*, a URL or a Target, every ten seconds, told to every channel."""
    if isinstance(target, str):
        target = HttpTarget(target)
    wish = {
        "kind": kind,
        "name": "Shop",
        "channels": ("*",),
        "watch": Watch(target, **{"interval": TEN_SECONDS, **watch}),
    }
    made = watching.create(house.tools, owner(house), wish, house.clock())
    return Probe(house, made.spec.monitor_id)


def cut_off(house: House, region: str) -> None:
    """Let no message reach the prober in *region* any more."""
    house.pump.lines = [
        line for line in house.pump.lines if not (line.name == "probe" and line.region == region)
    ]
