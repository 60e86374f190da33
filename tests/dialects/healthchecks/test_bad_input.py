"""Whatever is sent: no answer is a fault of ours, and what is stored reads back as it was given."""

import json
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from people import Person

CHECKS = "/api/v3/checks/"
YEAR = 31_536_000  # seconds
TEXTS = ("name", "slug", "tags", "desc", "start_kw", "success_kw", "failure_kw", "methods")
FLAGS = ("manual_resume", "filter_subject", "filter_body", "filter_http_body", "filter_default_fail")
NUMBERS = ("timeout", "grace")
DEPRECATED = ("subject", "subject_fail")
FIELDS = (*TEXTS, *FLAGS, *NUMBERS, *DEPRECATED, "schedule", "tz", "channels", "unique", "api_key")

patiently = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

texts = st.text(st.characters(), max_size=30)  # lone surrogates and NUL included
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**40), 10**40),
    st.floats(),
    texts,
    st.sampled_from([59, 60, YEAR, YEAR + 1, "* * * * *", "UTC", "POST", "*", 10**30, "a" * 101]),
)
documents = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=8,
)
wishes = st.dictionaries(st.one_of(st.sampled_from(FIELDS), texts), documents, max_size=6)
likely = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(
            ("name", "desc", "tags", "start_kw", "success_kw", "failure_kw"), st.text(max_size=40)
        ),
        **dict.fromkeys(FLAGS, st.booleans()),
        **dict.fromkeys(NUMBERS, st.integers(60, YEAR)),
        "slug": st.from_regex(r"[a-z0-9_-]{0,20}", fullmatch=True),
        "methods": st.sampled_from(["", "POST"]),
    },
)


@pytest.fixture
def check(alice: Person):
    """Return a new check of Alice's."""
    return alice.check(name="as it was", timeout=YEAR, grace=YEAR)


def stays(alice, check):
    """Whether *check* is as it was."""
    return alice.see(check) == check


# --- anything at all ----------------------------------------------------------------------------------------


@patiently
@given(wish=st.one_of(wishes, likely, documents))
def test_any_json_creates_a_check_or_is_refused(alice, wish):
    """A create is answered 201 or 400; what was created reads back as it was told (R263, R320)."""
    made = alice.post(CHECKS, json.dumps(wish).encode())
    assert made.status in (200, 201, 400)
    if made.status != 400:
        assert alice.see(made.json()) == made.json()


@patiently
@given(wish=st.one_of(wishes, documents))
def test_any_json_updates_a_check_or_leaves_it(alice, check, wish):
    """An update is answered 200 or 400, and a refused one changes nothing (R263, R324)."""
    before = alice.see(check)
    changed = alice.post(CHECKS + check["uuid"], json.dumps(wish).encode())
    assert changed.status in (200, 400)
    assert alice.see(check) == (changed.json() if changed.status == 200 else before)


@patiently
@given(wish=likely)
def test_what_is_stored_reads_back_equal(alice, wish):
    """Valid fields come back as they were given, letter for letter (R291, R324)."""
    made = alice.post(CHECKS, wish)
    if made.status == 201:
        assert {field: made.json()[field] for field in wish} == wish
        assert alice.see(made.json()) == made.json()
    else:
        assert "\0" in "".join(value for value in wish.values() if isinstance(value, str))


@patiently
@given(body=st.binary(max_size=60))
@pytest.mark.parametrize("path", ["", "{}", "{}/pause", "{}/resume"])
def test_any_bytes_are_a_request_or_refused(anyone, check, path, body):
    """Without a key every body is a 400 or a 401, never a fault (R252, R259)."""
    assert anyone.post(CHECKS + path.format(check["uuid"]), body).status in (400, 401)


@patiently
@given(body=st.binary(max_size=200), tail=st.sampled_from(["", "/start", "/fail", "/log", "/0", "/7"]))
def test_any_bytes_are_a_ping(alice, anyone, check, tail, body):
    """No body loses a ping, and each is kept as it came (R13)."""
    assert anyone.post(f"/ping/{check['uuid']}{tail}", body).status == 200
    assert alice.last_ping(check).arrival.body == body


@patiently
@given(path=st.lists(st.text(st.characters(exclude_characters="/?")), max_size=4), query=texts)
def test_any_path_is_answered(anyone, path, query):
    """Under /ping and /api/v3 there is no path that breaks anything (R16, R283)."""
    tail = "/".join(quote(part, errors="surrogatepass") for part in path)
    for target in (f"/ping/{tail}", CHECKS + tail):
        for method in ("GET", "POST", "DELETE"):
            query_text = quote(query, errors="surrogatepass")
            answer = anyone.ask(method, f"{target}?rid={query_text}&tag={query_text}")
            assert answer.status in (400, 401, 403, 404, 405)


@patiently
@given(query=st.dictionaries(st.sampled_from(["slug", "tag", "x"]), texts, max_size=3))
def test_any_query_lists_what_fits(hapless, query):
    """A list is asked for by any text, and finds nothing where nothing fits (R271, R272)."""
    tail = "&".join(f"{name}={quote(value, errors='surrogatepass')}" for name, value in query.items())
    assert hapless.get(f"{CHECKS}?{tail}").json() == {"checks": []}


@patiently
@given(key=texts)
def test_any_key_is_refused(house, key):
    """What is no key of ours opens nothing and breaks nothing (R252, R253)."""
    assert house.front.ask("GET", CHECKS, {"X-Api-Key": key}).status == 401
    assert house.front.ask("POST", CHECKS, {}, json.dumps({"api_key": key}).encode()).status in (400, 401)


# --- known traps --------------------------------------------------------------------------------------------

DEEP = 100_000
NO_JSON = {
    "nothing but brackets": b"[" * DEEP + b"]" * DEEP,
    "a deep object": b'{"name":' * DEEP + b"1" + b"}" * DEEP,
    "a deep value": b'{"name": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "an open bracket": b"[" * DEEP,
    "NaN": b'{"timeout": NaN}',
    "Infinity": b'{"timeout": Infinity}',
    "-Infinity": b'{"grace": -Infinity}',
    "digits without end": b'{"timeout": ' + b"9" * 5000 + b"}",
    "minus digits without end": b'{"timeout": -' + b"9" * 5000 + b"}",
    "a byte order mark": b'\xef\xbb\xbf{"name": "x"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "UTF-16 without a mark": '{"name": "x"}'.encode("utf-16-le"),
    "UTF-32": '{"name": "x"}'.encode("utf-32"),
    "Latin-1": '{"name": "Grüße"}'.encode("latin-1"),
    "a surrogate in UTF-8": b'{"name": "\xed\xa0\x80"}',
    "an overlong NUL": b'{"name": "\xc0\x80"}',
    "a raw NUL": b'{"name": "a\x00b"}',
    "a raw newline": b'{"name": "a\nb"}',
    "two documents": b"{}{}",
    "single quotes": b"{'name': 'x'}",
    "a comment": b'{} // "name"',
    "leading zeros": b'{"timeout": 0300}',
    "a hexadecimal number": b'{"timeout": 0x12c}',
    "half a letter": b'{"name": "\\ud83e"}',
    "the other half": b'{"desc": "x", "more": [{"\\udeb2": 1}]}',
    "half a letter in a zone": b'{"tz": "\\uD800", "schedule": "* * * * *"}',
    "a cut escape": b'{"name": "\\u12"}',
}


@pytest.mark.parametrize("trap", NO_JSON)
def test_what_is_no_json_is_refused(alice, hapless, check, trap):
    """It cannot be read: 400, and nothing is stored or changed (R259, R320)."""
    for person, path in ((hapless, CHECKS), (alice, CHECKS + check["uuid"])):
        refused = person.post(path, NO_JSON[trap])
        assert (refused.status, refused.json()) == (400, {"error": "could not parse request body"})
    assert hapless.get(CHECKS).json() == {"checks": []}
    assert stays(alice, check)


REFUSED = {
    "a megabyte of name": {"name": "x" * 10**6},
    "ten thousand tags": {"tags": " ".join(f"tag-{number}" for number in range(10_000))},
    "ten to the thirty": {"timeout": 10**30},
    "minus ten to the thirty": {"grace": -(10**30)},
    "four thousand digits": {"timeout": 10**4000},
    "half a second": {"timeout": 60.5},
    "a whole float": {"timeout": 3600.0},
    "true for a number": {"timeout": True},
    "false for a number": {"grace": False},
    "a number for a flag": {"manual_resume": 1},
    "NUL in a name": {"name": "a\0b"},
    "NUL in a description": {"desc": "\0"},
    "NUL among tags": {"tags": "a \0 b"},
    "NUL in a keyword": {"success_kw": "\0"},
    "NUL in a schedule": {"schedule": "* * * * *\0"},
    "a schedule of a megabyte": {"schedule": "* " * 500_000},
    "other digits": {"schedule": "\u0665 \u0665 * * *"},
    "a huge year": {"schedule": "99999999-01-01 00:00"},
    "ten thousand channels": {"channels": ",".join(["x"] * 10_000)},
    "an unhashable unique": {"unique": [{"name": 1}]},
    "nothing": dict.fromkeys(FIELDS[:-1]),
}


@pytest.mark.parametrize("trap", REFUSED)
def test_values_without_sense_are_refused(alice, hapless, check, trap):
    """They can be read, but break a rule: 400, and nothing is stored or changed (R320, R321)."""
    for person, path in ((hapless, CHECKS), (alice, CHECKS + check["uuid"])):
        refused = person.post(path, REFUSED[trap])
        assert (refused.status, set(refused.json())) == (400, {"error"})
    assert hapless.get(CHECKS).json() == {"checks": []}
    assert stays(alice, check)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"name": "first", "name": "last"}', "last"),
        (b'{"name": "\\u00fc\\ud83e\\udeb2"}', "ü\N{BEETLE}"),
        ('{"name": "ü\N{BEETLE}"}'.encode(), "ü\N{BEETLE}"),
        (b' \r\n\t{"name" : "spaced"} \n', "spaced"),
        (b'{"name": "\\u2028\\ufeff\\uffff"}', "\u2028\ufeff\uffff"),
        (b'{"name": "\\b\\f\\n\\/"}', "\b\f\n/"),
        (b'{"name": "x", "extra": 1e999, "more": 1.5}', "x"),
    ],
)
def test_odd_but_valid_json_is_taken(alice, body, name):
    """A repeated key means its last value; letters come in any of their spellings (R259)."""
    made = alice.post(CHECKS, body)
    assert (made.status, made.json()["name"]) == (201, name)
    assert alice.see(made.json())["name"] == name


@pytest.mark.parametrize("size", [5_000_000, 5_999_999])
def test_a_large_body_is_only_large(alice, check, size):
    """Megabytes of JSON are read, judged and refused like any other (R394)."""
    refused = alice.post(CHECKS, {"desc": "x" * size})
    assert (refused.status, refused.json()["error"]) == (400, "json validation error: desc is too long")
    assert stays(alice, check)


@pytest.mark.parametrize("length", [201, 5_000, 100_000])
def test_a_key_without_end_is_no_key(anyone, length):
    """Nobody's key is that long, in whichever place it comes (R252)."""
    assert anyone.get(CHECKS, X_Api_Key="x" * length).status == 401
    assert anyone.post(CHECKS, {"api_key": "x" * length}).status == 401
