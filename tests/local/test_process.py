import signal
import socket
import time

import pytest

from tests.local.clients import process, ready

FACTS = {"base_url", "organization_id", "project_id", "admin_key", "api_key", "read_only_key", "ping_key"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_stack(tmp_path, number):
    """It says where it is and what opens it; a signal ends it within 5 seconds, without complaint.

    Somebody who keeps a connection open does not hold it up.
    """
    with process(tmp_path) as stack:
        facts = ready(tmp_path, stack)
        assert set(facts) == FACTS
        port = int(facts["base_url"].removeprefix("http://127.0.0.1:"))
        with socket.create_connection(("127.0.0.1", port)) as idler:
            idler.sendall(b"GET /local HTTP/1.1\r\n\r\n")
            assert idler.recv(100)
            start = time.monotonic()
            stack.send_signal(number)
            said, complaints = stack.communicate(timeout=10)
            took = time.monotonic() - start
    assert (stack.returncode, complaints) == (0, "")
    assert took < 5
    assert f"Ready: {facts['base_url']}\n" in said
    assert "probing from us-east-1, eu-west-1, ap-southeast-1" in said
    assert all(facts[name] in said for name in FACTS if name.endswith("_key"))
    assert list((tmp_path / ".local").iterdir()) == []


def test_a_signal_stops_it_while_it_starts(tmp_path):
    """Nobody has to wait for the end of a start."""
    with process(tmp_path) as stack:
        assert stack.stdout.readline()
        stack.send_signal(signal.SIGTERM)
        assert stack.communicate(timeout=5)[1] == ""
    assert stack.returncode == 0


def test_a_taken_port_is_told_in_one_sentence(tmp_path):
    """Where the port is in use, one sentence says so and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with process(tmp_path, PORT=str(port)) as stack:
            said, complaints = stack.communicate(timeout=60)
    assert (stack.returncode, said) == (1, "")
    assert complaints == (
        f"wakeful: port {port} is in use. Stop what listens there, or choose another: "
        f"make run PORT={port + 1}, or PORT=0 for a free one.\n"
    )


@pytest.mark.parametrize("port", ["many", "-1", "70000"])
def test_a_port_must_be_a_number(tmp_path, port):
    """What is no port is refused before anything starts."""
    with process(tmp_path, PORT=port) as stack:
        assert f"'{port}' is no port" in stack.communicate(timeout=60)[1]
    assert stack.returncode == 2
