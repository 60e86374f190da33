from dataclasses import replace

import pytest

from chalicelib.local.house import FURNISHED, built
from haspulse.checking import WISHES, ask, listed, refused


@pytest.fixture(scope="module")
def house():
    """Return a deployment that lets nobody reach private addresses."""
    with built(replace(FURNISHED, allow_private_targets=False)) as strict:
        yield strict


PRIVATE = ["127.0.0.1", "localhost", "10.0.0.1", "2130706433", "169.254.169.254"]


@pytest.mark.parametrize("host", PRIVATE)
def test_a_private_address_is_refused_where_the_deployment_refuses_it(hapless, host):
    """Addresses of one's own network are no targets, nor resolvers, however they are spelled (R102, R391)."""
    for kind, target, field in (
        ("HTTP", {"url": f"http://{host}/"}, "url"),
        ("TCP", {"host": host, "port": 80}, "host"),
        ("TLS", {"host": host}, "host"),
        ("DNS", {"host": "example.org", "resolver": f"{host}:53"}, "resolver"),
    ):
        wish = WISHES["create"] | {"type": kind, "target": target}
        sentence = refused(ask(hapless, "create", fields=wish))
        assert sentence.startswith(f"target.{field} is refused")
    assert listed(hapless) == []
