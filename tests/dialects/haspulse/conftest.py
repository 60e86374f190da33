import pytest

from haspulse.tenants import settle


@pytest.fixture(scope="module")
def acme(house):
    """Return an organization that is looked at, and that nobody may change."""
    return settle(house, "Acme")


@pytest.fixture
def ours(house):
    """Return a new organization."""
    return settle(house, "Ours")
