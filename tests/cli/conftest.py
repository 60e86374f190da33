from typing import NamedTuple

import pytest

from chalicelib.cli.__main__ import main
from chalicelib.local.stack import running
from chalicelib.settings import Settings


class Said(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str


@pytest.fixture(scope="module")
def stack():
    """Return a stack that runs in this process."""
    with running(Settings(allow_private_targets=True, mail_from="wakeful@example.org"), 0) as made:
        yield made


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """Let a command be given in an empty folder, by a shell that knows of no deployment."""
    monkeypatch.chdir(tmp_path)
    for name in ("WAKEFUL_URL", "WAKEFUL_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def say(elsewhere, capsys):  # noqa: ARG001  where the command is given
    """Return what gives a command and returns what it left behind."""

    def given(*arguments):
        try:
            status = main(arguments)
        except SystemExit as end:
            status = end.code
        return Said(status, *capsys.readouterr())

    return given


@pytest.fixture
def key(stack, say, monkeypatch):
    """Return what gives a command about keys to the running stack, with the key that manages them."""
    monkeypatch.setenv("WAKEFUL_URL", stack.base_url)
    monkeypatch.setenv("WAKEFUL_KEY", stack.foundation.admin_key)
    return lambda *arguments: say("key", *arguments)


@pytest.fixture
def monitor(stack, say, monkeypatch):
    """Return what gives a command about monitors to the running stack."""
    monkeypatch.setenv("WAKEFUL_URL", stack.base_url)
    monkeypatch.setenv("WAKEFUL_KEY", stack.foundation.api_key)
    return lambda *arguments: say("monitor", *arguments)
