import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis.strategies import binary, builds, one_of, sampled_from, text
from requests.structures import CaseInsensitiveDict

from chalicelib.core.targets import Assertion
from chalicelib.guard.fetching import Reply
from chalicelib.probes.assertions import QUESTIONS, SOURCES, WHAT_IS_WRONG, fault
from chalicelib.probes.evidence import PATIENCE, Evidence
from tests.guard.peers import identity

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DOCUMENT = {
    "status": "up",
    "queue": 912,
    "load": 0.25,
    "ready": True,
    "gone": None,
    "tags": ["a", "b", 5],
    "parts": [{"name": "db", "status": "up", "ms": 5}, {"name": "mail", "status": "up", "ms": 70}],
    "text": "5",
    "deep": {"a.b": 1},
}


def evidence(body=b"", content_type="text/html", is_whole=True, certificate=b"", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named = CaseInsensitiveDict({"Content-Type": content_type, **named})
    return Evidence(Reply(200, named, body, "https://a.example/", is_whole, certificate=certificate), NOW)


def of_json(path, comparison, value="", document=DOCUMENT):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return fault(Assertion("json", comparison, value, path), evidence(body, "application/json"))


@pytest.mark.parametrize(
    ("comparison", "value", "reason"),
    [
        ("contains", "is open", ""),
        ("contains", "is closed", 'body does not contain "is closed"'),
        ("not_contains", "is closed", ""),
        ("not_contains", "is open", 'body contains "is open"'),
        ("matches", r"^The shop\s+is (open|ajar)", ""),
        ("matches", r"(?i)CLOSED$", 'body does not match "(?i)CLOSED$"'),
        ("not_matches", "closed", ""),
        ("not_matches", "o.en", 'body matches "o.en"'),
        ("equals", "The shop is open — täglich", ""),
        ("not_equals", "The shop is open — täglich", 'body is "The shop is open — täglich"'),
        ("equals", "x" * 60, f'body is not "{"x" * 50}…"'),
    ],
)
def test_bodies(comparison, value, reason):
    """A body contains, is or matches a text, or does not; the reason says what is wrong (R232, R244)."""
    shop = evidence("The shop is open — täglich".encode())
    assert fault(Assertion("body", comparison, value), shop) == reason


@pytest.mark.parametrize(
    ("comparison", "value", "reason"),
    [
        ("equals", "max-age=60", ""),
        ("equals", "no-store", 'header cache-control is not "no-store"'),
        ("contains", "60", ""),
        ("not_contains", "private", ""),
        ("matches", r"max-age=\d+", ""),
        ("exists", "", ""),
        ("not_exists", "", "header cache-control is there"),
    ],
)
def test_headers(comparison, value, reason):
    """A header is named whatever its case."""
    assert (
        fault(Assertion("header", comparison, value, "cache-control"), evidence(Cache_Control="max-age=60"))
        == reason
    )


@pytest.mark.parametrize(
    ("path", "comparison", "value", "reason"),
    [
        ("$.status", "equals", "up", ""),
        ("$.status", "equals", "down", '$.status is not "down" (it is "up")'),
        ("$.status", "not_equals", "down", ""),
        ("$.status", "matches", "^u", ""),
        ("$.queue", "less", "1000", ""),
        ("$.queue", "less", "912", '$.queue is not less than "912" (it is "912")'),
        ("$.queue", "at_most", "912", ""),
        ("$.queue", "greater", "911.5", ""),
        ("$.queue", "at_least", "1e3", '$.queue is less than "1e3" (it is "912")'),
        ("$.queue", "equals", "912", ""),
        ("$.queue", "equals", "912.0", ""),
        ("$.ready", "equals", "true", ""),
        ("$.ready", "equals", "1", '$.ready is not "1" (it is "true")'),
        ("$.gone", "equals", "null", ""),
        ("$.gone", "exists", "", ""),
        ("$.nothing", "not_exists", "", ""),
        ("$.nothing", "exists", "", "$.nothing is missing"),
        ("$.status", "not_exists", "", "$.status is there"),
        ("$.tags", "contains", "b", ""),
        ("$.tags", "contains", "5", ""),
        ("$.tags", "not_contains", "c", ""),
        ("$.tags", "equals", '["a", "b", 5]', ""),
        ("$.tags", "contains", "c", '$.tags does not contain "c" (it is "["a", "b", 5]")'),
        ("$.deep", "contains", "a.b", ""),
        ("$.deep['a.b']", "equals", "1", ""),
        ("$.text", "equals", "5", ""),
        ("$.text", "less", "6", ""),
        ("$.parts[*].status", "equals", "up", ""),
        ("$.parts[*].ms", "less", "50", '$.parts[*].ms is not less than "50" (it is "70")'),
        ("$..name", "matches", "^[a-z]+$", ""),
        ("$.parts[?@.name == 'db'].ms", "equals", "5", ""),
        ("$.parts[?count(@.*) > 2].ms", "at_least", "5", ""),
    ],
)
def test_json(path, comparison, value, reason):
    """Every value that a JSONPath leads to must satisfy; numbers are compared as numbers."""
    assert of_json(path, comparison, value) == reason


@pytest.mark.parametrize(
    ("assertion", "reason"),
    [
        (Assertion("cookie", "equals", "x"), 'assertion about "cookie" is unknown'),
        (Assertion("", ""), 'assertion about "" is unknown'),
        (Assertion("body", "sounds_like", "x"), 'assertion "sounds_like" is unknown for body'),
        (Assertion("body", "not_sounds_like", "x"), 'assertion "not_sounds_like" is unknown for body'),
        (Assertion("body", "greater", "5"), "body is no number"),
        (Assertion("body", "exists"), 'assertion "exists" is unknown for body'),
        (Assertion("body", "matches", "("), "pattern is not a regular expression"),
        (Assertion("body", "not_matches", "["), "pattern is not a regular expression"),
        (Assertion("body", "matches", "x" * 1001), "pattern is longer than 1000 characters"),
        (Assertion("header", "not_equals", "x", "X-Missing"), "header X-Missing is missing"),
        (Assertion("header", "not_contains", "x", "X-Missing"), "header X-Missing is missing"),
        (Assertion("header", "less", "5", "Content-Type"), "header Content-Type is no number"),
        (Assertion("json", "less", "300", "$.latency"), "$.latency is not in the body"),
        (Assertion("json", "not_equals", "down", "$.missing"), "$.missing is not in the body"),
        (Assertion("json", "less", "300", "$.gone"), "$.gone is no number"),
        (Assertion("json", "less", "300", "$.status"), "$.status is no number"),
        (Assertion("json", "less", "300", "$.ready"), "$.ready is no number"),
        (Assertion("json", "less", "many", "$.queue"), "what is wanted is no number"),
        (Assertion("json", "less", "NaN", "$.queue"), "what is wanted is no number"),
        (Assertion("json", "less", "1_0", "$.queue"), "what is wanted is no number"),
        (Assertion("json", "equals", "x", "$["), "JSON path $[ cannot be followed"),
        (Assertion("json", "equals", "x", ""), "JSON path  cannot be followed"),
        (Assertion("json", "equals", "x", "status"), "JSON path status cannot be followed"),
        (Assertion("json", "exists", "", "$[?search(@.a, '(a+)+$')]"), None),
        (Assertion("json", "exists", "", "$" + ".a" * 200), None),
        (Assertion("json", "resembles", "x", "$.status"), 'assertion "resembles" is unknown for $.status'),
        (Assertion("certificate", "at_least", "14"), "there is no certificate"),
        (Assertion("certificate", "equals", "14"), 'assertion "equals" is unknown for a certificate'),
    ],
)
def test_what_cannot_be_told_fails_closed(assertion, reason):
    """An assertion that is unknown or cannot be evaluated is not satisfied, and a sentence says why."""
    found = fault(assertion, evidence(json.dumps(DOCUMENT).encode()))
    assert found == reason if reason else found


@pytest.mark.parametrize(
    "body", [b"", b"{", b"<html>", b"\xff\xfe", b"NaN", b'{"a": Infinity}', b"[" * 50_000]
)
def test_what_is_no_json_fails_closed(body):
    """Whatever is asserted about a body that is no JSON, also that it is not so, is not satisfied."""
    for comparison in ("exists", "not_exists", "equals", "not_equals", "less"):
        assert of_json("$.a", comparison, "5", body) == "body is not JSON"


def test_numbers_of_any_size_are_compared():
    """A number of JSON that no machine word holds is still greater than another."""
    assert of_json("$", "greater", "1e99", b"9" * 400) == ""
    assert of_json("$", "less", "1e99", b"9" * 400) != ""
    assert of_json("$", "greater", "5", b"9" * 5000) == "body is not JSON"


@pytest.mark.parametrize(
    ("comparison", "value", "is_told"),
    [
        ("contains", "begin", True),
        ("contains", "end", False),
        ("not_contains", "x", False),
        ("matches", "b", False),
    ],
)
def test_of_a_body_that_goes_on_only_what_is_seen_counts(comparison, value, is_told):
    """What was read may contain the text; all else would need the rest, and fails closed."""
    found = fault(Assertion("body", comparison, value), evidence(b"begin", is_whole=False))
    assert found == ("" if is_told else "body is longer than the 5 bytes that are looked at")


def test_json_that_goes_on_is_not_judged():
    """A document that was cut may look whole, and is not."""
    cut = evidence(b"{}", is_whole=False)
    assert fault(Assertion("json", "not_exists", "", "$.a"), cut).startswith("body is longer than")


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){25}$"])
def test_a_pattern_that_takes_for_ever_is_given_up(pattern):
    """Catastrophic patterns end after a moment, and several share that moment."""
    held = evidence(b"a" * 5_000 + b"!")
    begun = time.monotonic()
    for _ in range(5):
        assert fault(Assertion("body", "matches", pattern), held) in (
            "pattern takes too long",
            f'body does not match "{pattern}"',
        )
    assert time.monotonic() - begun < 8 * PATIENCE


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html; charset=ISO-8859-1", "täglich".encode("latin-1")),
        ("text/html; charset='utf-8'", "täglich".encode()),
        ("text/html; charset=UTF-16", "täglich".encode("utf-16")),
        ("text/html; charset=windows-1252", "täglich".encode("cp1252")),
        ("text/html; charset=nonsense", "täglich".encode()),
        ("text/html; charset=utf-99", "täglich".encode()),
        ("text/html; charset=idna", "täglich".encode()),
        ("text/html; charset=zip", "täglich".encode()),
        ("", "täglich".encode()),
    ],
)
def test_bodies_are_read_in_their_own_encoding(content_type, body):
    """The encoding is the one that the header names, if it is one for pages, else UTF-8."""
    assert fault(Assertion("body", "contains", "täglich"), evidence(body, content_type)) == ""


@pytest.mark.parametrize(
    ("days", "wanted", "reason"),
    [
        (100, "14", ""),
        (14, "14", ""),
        (13.9, "14", "certificate ends in 13 days, less than 14"),
        (-1, "0", "certificate has expired"),
        (5, "soon", "days is no number"),
    ],
)
def test_certificates(tmp_path, days, wanted, reason):
    """A certificate must be good for so many days more, to the second."""
    shown = identity(tmp_path, "a.example", ends=NOW + timedelta(days=days))
    found = fault(Assertion("certificate", "at_least", wanted), evidence(certificate=shown.der))
    assert found == reason


def test_a_certificate_that_cannot_be_read_fails_closed():
    """What is no certificate is good for no day."""
    for der in (b"x", b"\x30\x82", bytes(100)):
        found = fault(Assertion("certificate", "at_least", "1"), evidence(certificate=der))
        assert found == "certificate cannot be read"


words = one_of(text(), sampled_from([*SOURCES, *WHAT_IS_WRONG, *QUESTIONS, "exists", "$.a", "$..*", "5"]))


@given(builds(Assertion, words, words, words, words), binary())
def test_any_assertion_over_any_body_is_a_short_sentence_or_none(assertion, body):
    """No assertion raises; and only one whose source and comparison are known is ever satisfied."""
    found = fault(assertion, evidence(body))
    assert isinstance(found, str)
    if not found:
        assert assertion.source in SOURCES
        assert assertion.comparison in {*WHAT_IS_WRONG, "exists", "not_exists"}
