"""How the tests ping, and what they look up of a ping."""

from datetime import timedelta

YEAR = 31_536_000  # seconds
RID = "123e4567-e89b-12d3-a456-426614174000"


def url(check, tail=""):
    """Return the path under which a check is pinged."""
    return f"/ping/{check['uuid']}{tail}"


def logged(alice, check):
    """Return the newest ping in short: (kind, exit status)."""
    ping = alice.last_ping(check)
    return ping.action.value, ping.arrival.exit_status


def ping(person, check, tail="", body=b"", **headers):
    """Ping a check, a second after whatever was last."""
    person.house.clock.now += timedelta(seconds=1)
    method = "POST" if body else "GET"
    assert person.house.ask(method, url(check, tail), body, **headers).status == 200
