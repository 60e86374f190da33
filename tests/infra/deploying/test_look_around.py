"""The look around a deployment, over real HTTP, at a local stack."""

import pytest

from chalicelib.local.stack import running
from chalicelib.settings import Settings
from infra.deploying.reach import Answer, Operator, ask
from infra.deploying.smoke import Visitor
from infra.halting import Halt
from tests.local.clients import Client


@pytest.fixture(scope="module")
def stack():
    with running(Settings(), 0) as made:
        yield made


def patiently(**more):
    """Return an operator whose time passes at once."""
    return Operator(say=lambda _: None, rest=lambda _: None, **more)


def test_a_stack_that_works_is_found_well(stack):
    """A check is made, pinged, seen up and deleted."""
    Visitor(patiently(), stack.base_url, stack.foundation.api_key).look_around()
    assert Client(stack).json("GET", "/api/v3/checks/") == {"checks": []}


def test_a_hiccup_is_outlasted(stack):
    """A new API that is not everywhere yet is asked again, and still only one check is made."""
    hiccups = [403, 0, 500, 429]

    def stuttering(*question):
        return Answer(hiccups.pop(), "not yet") if hiccups and len(hiccups) % 2 else swallowed(question)

    def swallowed(question):
        answer = ask(*question)
        return Answer(hiccups.pop(), "lost on its way") if hiccups else answer

    Visitor(patiently(ask=stuttering), stack.base_url, stack.foundation.api_key).look_around()
    assert hiccups == []
    assert Client(stack).json("GET", "/api/v3/checks/") == {"checks": []}


def test_a_wrong_key_is_told(stack):
    """Whoever is not let in says so, and what to read."""
    with pytest.raises(Halt, match=r"POST /api/v3/checks/ was answered with 401: .* read the log"):
        Visitor(patiently(), stack.base_url, "hcw_nobody").look_around()


def test_silence_is_told():
    """Where nobody listens the reason is told."""
    with pytest.raises(Halt, match=r"was answered not at all \("):
        Visitor(patiently(), "http://127.0.0.1:9", "hcw_nobody").look_around()


def test_a_ping_that_changes_nothing_is_told(stack):
    """A check that is pinged and does not come up is a failure, and is deleted all the same."""

    def deaf(method, url, headers, body=""):
        return Answer(200, "OK") if "/ping/" in url else ask(method, url, headers, body)

    with pytest.raises(Halt, match="A check that was pinged is new, not up"):
        Visitor(patiently(ask=deaf), stack.base_url, stack.foundation.api_key).look_around()
    assert Client(stack).json("GET", "/api/v3/checks/") == {"checks": []}
