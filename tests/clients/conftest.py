import pytest

from chalicelib.local.stack import running
from chalicelib.settings import Settings
from tests.local.clients import Client


@pytest.fixture(scope="module")
def client():
    """Somebody who speaks to a stack that runs in this process."""
    with running(Settings(allow_private_targets=True, mail_from="wakeful@example.org"), 0) as stack:
        yield Client(stack)
