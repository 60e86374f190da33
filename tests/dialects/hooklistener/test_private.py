from dataclasses import replace

import pytest

from chalicelib.local.house import FURNISHED, built
from hooklistener.asking import ask, invalid, listed, seen, watched


@pytest.fixture(scope="module")
def house():
    """Return a deployment that lets nobody reach private addresses."""
    with built(replace(FURNISHED, allow_private_targets=False)) as strict:
        yield strict


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost:8080/",
        "http://10.0.0.1/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:192.168.0.1]/",
        "http://somebody@192.168.0.1/",
    ],
)
def test_a_private_address_is_refused_where_the_deployment_refuses_it(alice, url):
    """Addresses of one's own network are no targets, however they are spelled (R226, R391)."""
    kept = watched(alice, url="http://example.com/")
    for name in ("create", "change"):
        refused = ask(alice, name, kept["id"], {"name": "x", "url": url})
        assert invalid(refused) == (422, "url")
        assert "may not be reached" in refused.json()["reason"]
    assert seen(alice, kept) == kept
    assert url not in [one["url"] for one in listed(alice)]
