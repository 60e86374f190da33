from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from people import Person

from chalicelib.core.targets import Assertion, HttpTarget
from hooklistener.asking import SITE, WISHES, ask, invalid, listed, seen, stored, watched

# --- what each field may be ---------------------------------------------------------------------------------


def test_a_name_and_a_url_are_enough(alice):
    """All other fields have the defaults of the document (R247)."""
    monitor = watched(alice, name="Site", url=SITE)
    shown = {
        "method": "GET",
        "interval_seconds": 300,
        "timeout_ms": 30000,
        "expected_status_code": 200,
        "body_contains": None,
        "failure_threshold": 2,
        "email_enabled": True,
        "slack_enabled": False,
    }
    assert {key: monitor[key] for key in shown} == shown
    spec = stored(alice, monitor).spec
    assert spec.watch.target == HttpTarget(SITE, expected_status="200")
    assert spec.channel_kinds == ("EMAIL",)


GOOD = {
    "name": ["x", "x" * 255, "\N{BEETLE}" * 255, "a b", "Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}"],
    "url": ["http://127.0.0.1:9", "https://example.com/a?b=c#d", "http://example.com/" + "x" * 2029],
    "method": ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"],
    "timeout_ms": [1000, 30000, 60000],
    "expected_status_code": [100, 200, 404, 599],
    "body_contains": ["o", "ok " * 333, "\n", None],
    "failure_threshold": [1, 2, 10],
    "email_enabled": [True, False],
    "slack_enabled": [True, False],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field in GOOD for value in GOOD[field]])
def test_what_is_allowed_is_taken_and_shown(alice, field, value):
    """A good value comes back as it was given (R225-R227, R230-R233, R236, R237)."""
    monitor = watched(alice, **{field: value})
    assert monitor[field] == value
    assert seen(alice, monitor) == monitor


@pytest.mark.parametrize(("minutes", "seconds"), [(1, 60), (5, 300), (10, 600), (30, 1800), (60, 3600)])
def test_minutes_come_in_and_seconds_go_out(alice, minutes, seconds):
    """The request says `check_interval`, the response `interval_seconds` and nothing else (R228, R229)."""
    monitor = watched(alice, check_interval=minutes)
    assert monitor["interval_seconds"] == seconds
    assert "check_interval" not in monitor
    assert stored(alice, monitor).spec.watch.interval == timedelta(minutes=minutes)


def test_a_probe_is_told_all_that_was_asked(alice):
    """Method, headers, body, status, words and timeout are the probe's (R227, R230-R232, R234, R235)."""
    monitor = watched(
        alice,
        method="POST",
        timeout_ms=2500,
        expected_status_code=201,
        body_contains="ok",
        headers={"X-Token": "secret", "User-Agent": "ours", "X-Empty": ""},
        body='{"deep": "\N{BEETLE}"}',
    )
    watch = stored(alice, monitor).spec.watch
    assert watch.timeout == timedelta(milliseconds=2500)
    assert watch.target == HttpTarget(
        SITE,
        method="POST",
        headers=(("X-Token", "secret"), ("User-Agent", "ours"), ("X-Empty", "")),
        body='{"deep": "\N{BEETLE}"}',
        expected_status="201",
        assertions=(Assertion("body", "contains", "ok"),),
    )


# --- what it may not be -------------------------------------------------------------------------------------

NUMBERS = [None, True, "5", 5.0, 5.5, [], {}, -1, 10**30]
BAD = {
    "name": [None, "", "x" * 256, "  ", 7, True, [], {}, "a\0", "a\nb", "\x1b[31m"],
    "url": [
        *(
            None,
            "",
            7,
            [],
            {},
            "example.com",
            "ftp://example.com/",
            "http://",
            "http:///x",
            "javascript:alert(1)",
        ),
        *(
            "http://exa mple.com/",
            "http://example.com:99999/",
            "http://[::1",
            "http://example.com/\n",
            "\\\\host",
        ),
        *(
            "http://169.254.169.254/latest",
            "http://0xA9FEA9FE/",
            "http://[fd00:ec2::254]/",
            "file:///etc/passwd",
        ),
        *("http://example.com/" + "x" * 2030,),
    ],
    "method": [None, "", "get", "OPTIONS", "TRACE", "CONNECT", "GET ", 1, ["GET"]],
    "check_interval": [0, 2, 15, 61, *NUMBERS],
    "timeout_ms": [0, 999, 60001, *NUMBERS],
    "expected_status_code": [0, 99, 600, "200", *NUMBERS],
    "body_contains": ["", "x" * 1001, 1, True, [], {}],
    "failure_threshold": [0, 11, *NUMBERS],
    "headers": [
        *(None, [], "A: b", 1, {"A": 1}, {"A": None}, {"A": ["b"]}, {"A": {}}, {"": "x"}, {"a b": "x"}),
        *(
            {"a:b": "x"},
            {"A": "b\r\nC: d"},
            {"A": "\0"},
            {"A": "\N{BEETLE}"},
            {"\N{BEETLE}": "x"},
            {"A": " b"},
        ),
        *({"Host": "x"}, {"content-length": "1"}, {"Transfer-Encoding": "chunked"}, {"CONNECTION": "close"}),
        *({"A": "x" * 4096}, {"A": "1", "a": "2"}),
    ],
    "body": ["x" * 10_001, 1, True, [], {}],
    "email_enabled": [None, 0, 1, "true", [], {}],
    "slack_enabled": [None, 0, 1, "false", [], {}],
}
FAULTS = [(field, value) for field in BAD for value in BAD[field]]
names = pytest.mark.parametrize(("field", "value"), FAULTS, ids=lambda value: repr(value)[:30])


@pytest.fixture(scope="module")
def kept(house):
    """Return a monitor that nobody's change changes."""
    return watched(Person(house, house.foundation.api_key), name="kept")


@names
def test_what_is_not_allowed_is_told_and_not_stored(hapless, field, value):
    """422 with the field and the reason (R225-R228, R230-R237, R391)."""
    assert invalid(ask(hapless, "create", fields=WISHES["create"] | {field: value})) == (422, field)
    assert listed(hapless) == []


@names
def test_no_change_makes_of_a_monitor_what_may_not_be(alice, kept, field, value):
    """So it is for a PUT, and the monitor stays as it was (R240)."""
    assert invalid(ask(alice, "change", kept["id"], {"name": "changed", field: value})) == (422, field)
    assert seen(alice, kept) == kept


@pytest.mark.parametrize("field", ["name", "url"])
def test_what_is_required_must_be_given(hapless, field):
    """A monitor without a name, or without a URL, is none (R225, R226)."""
    fields = {name: value for name, value in WISHES["create"].items() if name != field}
    refused = ask(hapless, "create", fields=fields)
    assert refused.status == 422
    assert refused.json() == {"error": f"{field} is required", "field": field, "reason": "is required"}
    assert listed(hapless) == []


# --- anything at all ----------------------------------------------------------------------------------------

patiently = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
texts = st.text(st.characters(), max_size=20)
documents = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts, st.just(SITE)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)
OFTEN = GOOD | {"check_interval": [1, 5], "headers": [{}, {"A": "b"}], "body": [None, "x"]}
fields = {name: st.one_of(st.sampled_from(values), documents) for name, values in OFTEN.items()}
required = {name: st.one_of(fields.pop(name), st.just(WISHES["create"][name])) for name in WISHES["create"]}
wishes = st.fixed_dictionaries(required, optional=fields)


@patiently
@given(wish=st.one_of(wishes, documents))
def test_any_json_makes_a_monitor_or_is_refused(alice, wish):
    """201, 400 or 422, and what was made can be seen again (R224, R225)."""
    made = ask(alice, "create", fields=wish)
    assert made.status in (201, 400, 422)
    if made.status == 201:
        assert seen(alice, made.json()["data"]) == made.json()["data"]


@patiently
@given(wish=st.one_of(wishes, documents))
def test_any_json_changes_a_monitor_or_leaves_it(alice, wish):
    """200, 400 or 422, and afterwards the monitor can still be seen (R240)."""
    alice.house.clock.now += timedelta(minutes=1)
    monitor = watched(alice)
    changed = ask(alice, "change", monitor["id"], wish)
    assert changed.status in (200, 400, 422)
    after = seen(alice, monitor)
    assert after == (changed.json()["data"] if changed.status == 200 else monitor)
