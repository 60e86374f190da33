import json
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis.strategies import text

from chalicelib.channels.placeholders import in_body, in_header, in_url
from chalicelib.core.alerts import Alert, Reason

ALERT = Alert(
    delivery_id="d-1",
    reason=Reason.WENT_DOWN,
    at=datetime(2026, 11, 22, 12, 0, 5, 123456, UTC),
    monitor_id="7c2f",
    name='Über "x" & y',
    project="Alice's",
    slug="uber-x",
    tags="prod db-1",
    summary={"name": "x", "n_pings": 7},
    exit_status=3,
    body=b"disk /dev/sda1\nis full",
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("$CODE", "7c2f"),
        ("$STATUS", "down"),
        ("$NOW", "2026-11-22T12:00:05+00:00"),
        ("$NAME", 'Über "x" & y'),
        ("$NAME_JSON", '"\\u00dcber \\"x\\" & y"'),
        ("$SLUG", "uber-x"),
        ("$TAGS", "prod db-1"),
        ("$TAG1", "prod"),
        ("$TAG2", "db-1"),
        ("$EXITSTATUS", "3"),
        ("$JSON", '{"name": "x", "n_pings": 7}'),
        ("$BODY", "disk /dev/sda1\nis full"),
        ("$BODY_JSON", '"disk /dev/sda1\\nis full"'),
    ],
)
def test_each_placeholder_has_its_meaning(name, value):
    """In a body every placeholder of Healthchecks is filled in."""
    assert in_body(f"<{name}>", ALERT, "down") == f"<{value}>".encode()


@pytest.mark.parametrize("template", ["$TAG3", "$TAG0", "$TAG10", "$TAG", "$UNKNOWN", "$", "$$", "$name"])
def test_what_is_not_known_stays(template):
    """A tag that is not there, and a word that is no placeholder, stay as they were written."""
    assert in_body(template, ALERT, "down") == template.encode()
    assert in_url(template, ALERT, "down") == template


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("$NAME_JSONX", '"a"X'),
        ("$NAMEX", "aX"),
        ("$TAGS1", "t1"),
        ("$BODY_JSON$BODY", '"b"b'),
        ("$NAME$NAME", "aa"),
    ],
)
def test_the_longest_name_is_meant(template, text):
    """Where one placeholder begins another, the longer one is read."""
    alert = replace(ALERT, name="a", tags="t", body=b"b")
    assert in_body(template, alert, "down") == text.encode()


@given(text())
def test_what_was_filled_in_is_not_read_again(name):
    """Whatever a name contains, placeholders too, it comes out as it is."""
    template = "$NAME|$STATUS"
    filled = in_body(template, replace(ALERT, name=f"$BODY$TAG1{name}"), "up").decode()
    assert filled == f"$BODY$TAG1{name}|up"


def test_a_body_belongs_into_a_body():
    """In URLs and headers $BODY and $BODY_JSON stay as they were written."""
    assert in_url("/$BODY/$BODY_JSON", ALERT, "down") == "/$BODY/$BODY_JSON"
    assert in_header("$BODY $BODY_JSON", ALERT, "down") == "$BODY $BODY_JSON"


@given(text())
def test_a_value_cannot_change_a_url(name):
    """In a URL values are percent-encoded whole, so no name adds a host, a path or a parameter."""
    url = in_url("https://a.example/$NAME?x=$NAME", replace(ALERT, name=f"/../?&#@{name}"), "down")
    assert url.count("/") == 3
    assert not set(url.partition("?")[2]) & set("?&#@/")
    assert unquote(url.partition("x=")[2]) == f"/../?&#@{name}"


@given(text())
def test_a_value_cannot_split_a_header(name):
    """No name breaks a header's line, and all of it is Latin-1."""
    value = in_header("to: $NAME", replace(ALERT, name=f"a\r\nEvil: 1{name}"), "down")
    assert not any(letter < " " for letter in value)
    assert value.encode("latin-1")


def test_letters_beyond_latin_1_become_references():
    """In a header letters that HTTP cannot carry become &#NNNN;, as at Healthchecks."""
    assert in_header("é $NAME", replace(ALERT, name="日本"), "down") == "é &#26085;&#26412;"


def test_without_an_exit_status_it_is_minus_one():
    """$EXITSTATUS is -1 where the last ping had none; $NAME is the id where there is no name."""
    alert = replace(ALERT, exit_status=None, name="")
    assert in_body("$EXITSTATUS $NAME", alert, "down") == b"-1 7c2f"


def test_a_body_is_text_and_bounded():
    """Bytes that are no text are replaced, and ten thousand of them are enough."""
    assert in_body("$BODY", replace(ALERT, body=b"a\xff"), "down") == "a�".encode()
    assert json.loads(in_body("$BODY_JSON", replace(ALERT, body=b"x" * 20_000), "down")) == "x" * 10_000


def test_half_a_letter_stops_nothing():
    """A name with a lone surrogate, which JSON can carry, is sent with a question mark in its place."""
    alert = replace(ALERT, name="a\ud800")
    assert in_body("$NAME", alert, "down") == b"a?"
    assert in_url("/$NAME", alert, "down") == "/a%3F"
    assert in_header("$NAME", alert, "down") == "a&#55296;"
