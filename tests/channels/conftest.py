import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from moto import mock_aws

from chalicelib import aws
from chalicelib.channels.base import Outlet
from chalicelib.core.alerts import Alert, Reason
from chalicelib.core.consensus import Result
from chalicelib.core.status import Verdict
from chalicelib.core.steps import Cause
from chalicelib.settings import Settings

NOON = datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Heard:
    """One request as a receiver got it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass
class Receiver:
    """Somebody's server on loopback: it keeps what it hears and answers as it is told."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"thanks"
    heard: list[Heard] = field(default_factory=list)


@pytest.fixture
def receiver():
    """Return a running Receiver."""
    peer = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            """Keep what was asked, and answer as told."""
            length = int(self.headers.get("Content-Length", 0))
            peer.heard.append(Heard(self.command, self.path, dict(self.headers), self.rfile.read(length)))
            self.send_response(peer.status)
            for name, value in {"Content-Length": str(len(peer.body)), **peer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(peer.body)

        def log_message(self, *_):
            """Say nothing."""

    for method in ("GET", "POST", "PUT"):
        setattr(Handler, f"do_{method}", Handler.answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    peer.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield peer
    server.shutdown()
    server.server_close()


@pytest.fixture
def outlet():
    """Return an outlet that may reach loopback, at noon."""
    settings = Settings(allow_private_targets=True, mail_from="Wakeful <alerts@wakeful.example>")
    return Outlet(settings, clock=lambda: NOON)


@pytest.fixture
def alert():
    """Return a function that makes an alert of Alice's nightly backup; a recovery ends 63 minutes."""

    def make(reason=Reason.WENT_DOWN, **changes):
        over = reason in (Reason.RECOVERED, Reason.WAS_DOWN)
        facts = {
            "delivery_id": "d-1",
            "at": NOON,
            "monitor_id": "7c2f",
            "name": "Nightly backup",
            "project": "Alice's servers",
            "slug": "nightly-backup",
            "tags": "prod db",
            "cause": Cause.SUCCESS if over else Cause.TIMEOUT,
            "began": NOON - timedelta(minutes=63) if over else None,
            "summary": {"name": "Nightly backup", "grace": 3900, "timeout": 86400, "n_pings": 7},
        }
        return Alert(reason=reason, **{**facts, **changes})

    return make


@pytest.fixture
def probed(alert):
    """Return a function that makes an alert of Alice's shop, which is probed from three regions."""

    def make(reason=Reason.WENT_DOWN, **changes):
        over = reason in (Reason.RECOVERED, Reason.WAS_DOWN)
        good, bad = Result("ap-southeast-1", Verdict.UP, 310.4, 200), "expected 200, got 503"
        evidence = (good,) if over else (Result("eu-west-1", Verdict.DOWN, 87.6, 503, bad), good)
        facts = {
            "name": "Shop",
            "cause": Cause.PROBES_PASSED if over else Cause.PROBES_FAILED,
            "summary": {"name": "Shop", "grace": 0, "timeout": 60},
            "target": "https://shop.example/health",
            "evidence": evidence,
        }
        return alert(reason, **{**facts, **changes})

    return make


@pytest.fixture
def amazon(monkeypatch):
    """Return a function from a service and a region to its client, of an AWS that no other test has used."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    aws.client.cache_clear()
    aws.session.cache_clear()
    with mock_aws():
        yield lambda service, region: aws.client(service, region, None)
    aws.client.cache_clear()
    aws.session.cache_clear()
