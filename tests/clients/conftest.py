import socket

import pytest

from chalicelib.local.stack import running
from chalicelib.settings import Settings
from tests.local.clients import Client

HERE = ("127.0.0.1", "localhost", "::1")


@pytest.fixture(scope="module")
def _no_way_out():
    """Let no name be looked up: what the documents watch is somebody else's."""
    look_up = socket.getaddrinfo

    def fenced(host, *rest, **more):
        if host not in HERE:
            raise socket.gaierror(socket.EAI_NONAME, "there is no network here")
        return look_up(host, *rest, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", fenced)
        yield


@pytest.fixture(scope="module")
def client(_no_way_out):
    """Somebody who speaks to a stack that runs in this process."""
    with running(Settings(allow_private_targets=True, mail_from="wakeful@example.org"), 0) as stack:
        yield Client(stack)
