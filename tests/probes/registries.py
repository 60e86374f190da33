"""A tiny registry, and IANA who knows where it is, on loopback."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.probes.base import Limits
from tests.guard.peers import identity

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HERE = Limits("eu-west-1", NOW, timeout=2)
BOOTSTRAP = {
    "version": "1.0",
    "services": [
        [["example", "xn--p1ai"], ["http://rdap.test/plain", "https://rdap.test/v1/"]],
        [["co.example"], ["https://rdap.test/co"]],
    ],
}


def record(days=100, **more):
    """Return what a registry says of shop.example."""
    return {
        "objectClassName": "domain",
        "ldhName": "SHOP.EXAMPLE",
        "status": ["active", "client transfer prohibited"],
        "events": [
            {"eventAction": "registration", "eventDate": "2001-01-01T00:00:00Z"},
            {
                "eventAction": "expiration",
                "eventDate": (NOW + timedelta(days=days)).isoformat().replace("+00:00", "Z"),
            },
        ],
        "entities": [
            {"roles": ["abuse"], "vcardArray": ["vcard", [["fn", {}, "text", "Nobody"]]]},
            {
                "roles": ["registrar"],
                "vcardArray": ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Names & Co"]]],
            },
        ],
        **more,
    }


def answer(document, status=200):
    """Return the answer that carries *document*, which is JSON unless it is bytes."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return b"HTTP/1.1 %d So\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Return the Identity of IANA and of the registry."""
    return identity(tmp_path_factory.mktemp("tls"), "data.iana.org", "rdap.test")


@pytest.fixture
def registry(town, serve, shown):
    """Return a function that has the registry answer so, and returns (limits, what it was asked)."""

    def start(reply, bootstrap=BOOTSTRAP):
        def talk(sock, request):
            is_iana = b"Host: data.iana.org" in request
            with suppress(OSError):
                chosen = answer(bootstrap) if is_iana else reply
                chosen(sock, request) if callable(chosen) else sock.sendall(chosen)

        peer = serve(talk, context=shown.server)
        town.trusts = shown
        town.build("data.iana.org", peer)
        town.build("rdap.test", peer)
        return replace(HERE, net=town.net), peer.asked

    return start
