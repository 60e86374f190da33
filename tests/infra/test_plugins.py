import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

import pytest

from chalicelib.channels.through_apprise import SERVICES
from infra.packaging.slimming import PLUGINS
from tests.channels.apprise_urls import URLS
from tests.infra.test_package import ALONE, REGION

pytestmark = pytest.mark.xdist_group("package")  # it needs the same build

SEND = """
import sys
sys.path.insert(0, sys.argv[1])
from datetime import UTC, datetime
from chalicelib.channels import transport_for
from chalicelib.channels.base import SendError
from chalicelib.core.alerts import Alert, Reason

alert = Alert("d-1", Reason.TEST, datetime(2026, 1, 1, tzinfo=UTC), "7c2f", "Ops", "Alice's servers")

def send(url):
    transport = transport_for("APPRISE")
    transport(transport.check({"url": url}, allow_private=False), None).send(alert)
"""
SEND_TO_PROXY = """
for url in sys.argv[2:]:
    try:
        send(url)
    except SendError as error:
        print(error)
"""
SEND_HERE = """
from apprise.plugins.pushover import NotifyPushover
NotifyPushover.notify_url = sys.argv[2]
send(sys.argv[3])
assert not {"yaml", "markdown", "click", "oauthlib"} & set(sys.modules)
print("sent")
"""


class Gate(BaseHTTPRequestHandler):
    """A proxy that lets nobody out and keeps where they wanted to go; and a vendor who takes all."""

    def do_CONNECT(self):
        """Refuse the way to a vendor."""
        self.server.asked.append(self.path)
        self._answer(403)

    def do_POST(self):
        """Take a message."""
        self.server.told.append(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(200)

    def _answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def gate():
    """Return the only door to the world."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gate)
    server.asked, server.told = [], []
    server.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def run(gate, program, unpacked, *arguments):
    """Return what *program* prints, alone with the unpacked zip and with one way out."""
    return subprocess.run(  # noqa: S603  our own program
        [*ALONE, "-c", SEND + program, str(unpacked), *arguments],
        env={**REGION, "HTTPS_PROXY": gate.url},
        cwd="/",
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()


def test_the_plugins_in_use_travel_and_no_other(built):
    """The zip holds the plugins that channels may use, and what they stand on."""
    assert {module for module, _ in SERVICES.values()} == PLUGINS
    aboard = {
        name.removeprefix("apprise/plugins/") for name in built.names if name.startswith("apprise/plugins/")
    }
    assert aboard == {f"{plugin}.pyc" for plugin in (*PLUGINS, "__init__", "base")}


@pytest.mark.skipif(sys.platform != "linux", reason="the zip holds machine code for Linux")
def test_every_plugin_works_from_the_zip_alone(gate, unpacked):
    """With the zip and nothing else, every plugin is found, and asks for its vendor's host by TLS (R44)."""
    outcomes = run(gate, SEND_TO_PROXY, unpacked, *(url for url, _ in URLS.values()))
    assert len(outcomes) == len(gate.asked) == len(URLS)
    for asked, (_, hosts) in zip(gate.asked, URLS.values(), strict=True):
        assert asked in {f"{host}:443" for host in hosts}
    assert all("did not take the message" in outcome for outcome in outcomes)


@pytest.mark.skipif(sys.platform != "linux", reason="the zip holds machine code for Linux")
def test_a_message_leaves_from_the_zip_alone(gate, unpacked):
    """With the zip and nothing else, an alert is written and taken; what was left at home is not missed."""
    assert run(gate, SEND_HERE, unpacked, gate.url, URLS["pover"][0]) == ["sent"]
    [told] = gate.told
    assert parse_qs(told.decode())["title"] == ["Test alert from Wakeful"]
