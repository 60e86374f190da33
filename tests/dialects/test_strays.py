"""Paths that nobody has are refused in the words of the dialect that they come nearest (R394)."""

import json

import pytest

from chalicelib.dialects.paths import captured, likeness

HASPULSE = {"error": "NOT_FOUND", "message": "Not found"}
STATUSPULSE = {
    "error": {"code": "not_found", "message": "Not found", "details": []},
    "message": "Not found",
}


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/", HASPULSE),
        ("/wp-login.php", HASPULSE),
        ("/v1", HASPULSE),
        ("/v1/nothing", HASPULSE),
        ("/v1/checks/abc/nothing/more", HASPULSE),
        ("/v1/monitors/abc/nothing", STATUSPULSE),
        ("/v1/escalation-policies/a/b", STATUSPULSE),
        ("/v1/ping", {"error": "NOT_FOUND", "message": "Check not found"}),
        ("/api/v1/nothing", {"error": "Not found"}),
        ("/api/v1/monitors/a/b/c", {"error": "Not found"}),
        ("/api/v1/uptime-monitors/a/b/c", {"error": "Not found"}),
        ("/api/v3/nothing", {"error": "not found"}),
        ("/api/v3/checks/a/b/c/d", {"error": "not found"}),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_path_that_nobody_has_is_refused_in_its_dialect(house, method, path, told):
    """Whatever the method, and without a key, the answer is a 404 of the nearest dialect (R394)."""
    reply = house.ask(method, path, b"whatever")
    assert (reply.status, reply.json()) == (404, told)
    assert reply.headers["Access-Control-Allow-Origin"] == "*"


def test_a_ping_that_leads_nowhere_hears_it_in_plain_words(house):
    """Jobs print what they are told: under /ping it is two words (R16)."""
    reply = house.ask("GET", "/ping/a/b/c/d")
    assert (reply.status, reply.text, reply.headers["Content-Type"]) == (
        404,
        "not found",
        "text/plain; charset=utf-8",
    )


def test_a_page_that_nobody_has_is_a_page(house):
    """A person who followed a broken link to a page sees one."""
    reply = house.ask("GET", "/monitors/abc/more")
    assert (reply.status, "Not found" in reply.text, reply.headers["Content-Type"]) == (
        404,
        True,
        "text/html; charset=utf-8",
    )


def test_an_unknown_path_tells_nothing_of_what_was_asked(house):
    """What stands in the path does not come back: it may be a secret, or a trap for whoever reads it."""
    reply = house.ask("GET", "/api/v3/<script>alert(1)</script>/hcw_secret")
    assert "script" not in reply.text
    assert "secret" not in json.dumps(dict(reply.headers)) + reply.text


@pytest.mark.parametrize(
    ("route", "path", "found"),
    [
        ("/ping/{code}", "/ping/abc", {"code": "abc"}),
        ("/ping/{code}", "/ping/abc/", {"code": "abc"}),
        ("/ping/{code}", "/ping/a%2Fb", {"code": "a%2Fb"}),
        ("/ping/{code}", "/ping/", None),
        ("/ping/{code}", "/ping//", None),
        ("/ping/{code}", "/pong/abc", None),
        ("/ping/{code}/{tail}", "/ping//fail", None),
        ("/ping/{code}/{tail}", "/ping/abc", None),
        ("/ack", "/ack", {}),
    ],
)
def test_a_path_fits_part_by_part(route, path, found):
    """A variable takes one part that is not empty; one slash at the end is no matter."""
    assert captured(route, path) == found


def test_likeness_counts_what_comes_first():
    """Two paths are as like as the parts that they begin with, up to the first that differs."""
    assert likeness("/v1/checks/{id}", "/v1/checks/abc/more") == 4
    assert likeness("/v1/checks", "/v2/checks") == 1
