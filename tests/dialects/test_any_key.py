import pytest
from people import Person, new_key

from chalicelib.core.tenancy import Level, Permission
from chalicelib.services.keys import KeyWish

PATHS = {
    "healthchecks": "/api/v3/checks/",
    "haspulse": "/v1/channels",
    "hooklistener": "/api/v1/uptime-monitors",
    "indiepulse": "/api/v1/monitors",
}
KINDS = {
    "haspulse's": KeyWish("ci", "hp_"),
    "healthchecks'": KeyWish("rw", "hcw_"),
    "an organization's": KeyWish("admin", "hp_", Level.ORGANIZATION),
    "a reader's": KeyWish("ro", "hcr_", permission=Permission.READ),
    "somebody else's": KeyWish("live", "sk_live_"),
    "hooklistener's": KeyWish("hook", "hklst_"),
}


@pytest.fixture(scope="module")
def keys(house):
    """Return a key of each kind."""
    return {name: new_key(house, wish) for name, wish in KINDS.items()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dialect", PATHS)
def test_any_key_opens_any_dialect_in_either_form(anyone, keys, dialect, kind):
    """Keys are not bound to the dialect that they were made for, nor to its header (R1, R249, R382)."""
    key = keys[kind]
    assert anyone.get(PATHS[dialect], X_Api_Key=key).status == 200
    assert anyone.get(PATHS[dialect], Authorization=f"Bearer {key}").status == 200


@pytest.mark.parametrize("dialect", PATHS)
def test_our_own_header_wins(anyone, keys, dialect):
    """What a proxy puts into Authorization does not hide the key in X-Api-Key."""
    key = keys["haspulse's"]
    assert anyone.get(PATHS[dialect], X_Api_Key=key, Authorization="Bearer of-the-proxy").status == 200
    assert anyone.get(PATHS[dialect], X_Api_Key="x" * 32, Authorization=f"Bearer {key}").status == 401


@pytest.mark.parametrize("dialect", PATHS)
def test_a_reader_may_write_in_no_form(anyone, keys, dialect):
    """What a key may do does not depend on how it comes (R74, R258)."""
    wish = {"type": "WEBHOOK", "name": "x", "config": {"url": "http://127.0.0.1:9/"}}
    reader = keys["a reader's"]
    refused = (401, 403, 405)
    assert anyone.post(PATHS[dialect], wish, X_Api_Key=reader).status in refused
    assert anyone.post(PATHS[dialect], wish, Authorization=f"Bearer {reader}").status in refused


def test_what_one_dialect_makes_the_other_assigns(house):
    """One project, two dialects: a channel made under /v1 hangs on a check under /api/v3 (R270, R306)."""
    alice = Person(house, house.foundation.api_key)
    channel = alice.channel("Shared by all")
    assert alice.check(channels="Shared by all")["channels"] == channel["id"]


def test_the_two_rates_are_counted_apart(anyone, keys):
    """A call under /v1 does not use up what is left under /api/v3 (R79)."""
    key = keys["healthchecks'"]
    first = anyone.get(PATHS["healthchecks"], X_Api_Key=key).headers["X-RateLimit-Remaining"]
    other = anyone.get(PATHS["haspulse"], X_Api_Key=key).headers["X-RateLimit-Remaining"]
    assert (first, other) == ("999", "99")
