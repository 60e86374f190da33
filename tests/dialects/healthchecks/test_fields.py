import pytest

from healthchecks.asking import CHECKS, NOBODY, YEAR, ask, invalid, refusal, seen

BACKUPS = b'{"name": "Backups", "tags": "prod www", "timeout": 3600, "grace": 60}'


@pytest.fixture(scope="module")
def shared(house):
    """Return the id of a check that many tests ask about and none changes."""
    made = house.ask("POST", CHECKS, b'{"name": "shared"}', X_Api_Key=house.foundation.api_key)
    return made.json()["uuid"]


# --- creating -----------------------------------------------------------------------------------------------


def test_an_empty_wish_makes_a_check_of_defaults(alice):
    """{} and an empty body alike: a day, an hour of grace, no integrations (R285, R288, R292, R293, R304)."""
    for body in (b"{}", b"", b" \n"):
        made = alice.post(CHECKS, body).json()
        assert (made["name"], made["slug"], made["tags"], made["desc"]) == ("", "", "", "")
        assert (made["timeout"], made["grace"], made["channels"]) == (86400, 3600, "")


FIELDS = {
    "name": ["", "Backups", "x" * 100, "Grüße \N{BEETLE}", "<b>&amp;", "two\nlines", " "],
    "slug": ["", "my-custom-slug", "a_0-9", "x" * 100],
    "tags": ["", "reports staging", " padded  twice ", "x" * 500],
    "desc": ["", "Runs incremental backup every hour", "x" * 10_000],
    "timeout": [60, 300, YEAR],
    "grace": [60, 300, YEAR],
    "manual_resume": [True, False],
    "methods": ["", "POST"],
    "start_kw": ["", "STARTED", "x" * 200],
    "success_kw": ["", "SUCCESS,COMPLETED", "x" * 200],
    "failure_kw": ["", "FAILED, ERROR", "x" * 200],
    "filter_subject": [True, False],
    "filter_body": [True, False],
    "filter_http_body": [True, False],
    "filter_default_fail": [True, False],
    "schedule": ["0,30 * * * *", "*-*~1 12:00", "@daily", "Mon..Fri *-*-* 09:00"],
}


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_is_taken_kept_and_changed(alice, field):
    """What the rules allow is stored as it was given, by create and by update (R286-R295, R324, R325)."""
    value, *others = FIELDS[field]
    check = alice.check(desc="kept", **({} if field == "desc" else {field: value}))
    for other in (*others, value):
        changed = ask(alice, "update", check["uuid"], {field: other}).json()
        assert changed[field] == other
        assert {**changed, field: value} == {**check, field: value}
    assert alice.see(check) == changed


FAULTS = {
    "name": [
        (None, "name is not a string"),
        (7, "name is not a string"),
        ([], "name is not a string"),
        ("x" * 101, "name is too long"),
        ("a\0b", "name contains invalid characters"),
    ],
    "slug": [
        (None, "slug is not a string"),
        ("My Slug!", "slug does not match pattern"),
        ("ÄÖ", "slug does not match pattern"),
        ("a\n", "slug does not match pattern"),
        ("x" * 101, "slug is too long"),
    ],
    "tags": [
        (None, "tags is not a string"),
        (["a"], "tags is not a string"),
        ("x" * 501, "tags is too long"),
    ],
    "desc": [
        (None, "desc is not a string"),
        ({}, "desc is not a string"),
        ("x" * 10_001, "desc is too long"),
    ],
    "timeout": [
        (None, "timeout is not a number"),
        ("300", "timeout is not a number"),
        (300.5, "timeout is not a number"),
        (300.0, "timeout is not a number"),
        (True, "timeout is not a number"),
        (59, "timeout is too small"),
        (0, "timeout is too small"),
        (-1, "timeout is too small"),
        (YEAR + 1, "timeout is too large"),
        (10**30, "timeout is too large"),
    ],
    "grace": [
        (None, "grace is not a number"),
        ("60", "grace is not a number"),
        (59, "grace is too small"),
        (YEAR + 1, "grace is too large"),
        (10**30, "grace is too large"),
    ],
    "schedule": [
        (None, "schedule is not a string"),
        (5, "schedule is not a string"),
        ("", "schedule is not a valid cron or OnCalendar expression"),
        ("bad", "schedule is not a valid cron or OnCalendar expression"),
        ("* * * *", "schedule is not a valid cron or OnCalendar expression"),
        ("0 0 31 2 *", "schedule is not a valid cron or OnCalendar expression"),
        ("0 " * 51, "schedule is too long"),
    ],
    "tz": [
        (None, "tz is not a string"),
        ("Mars/Olympus", "tz is not a valid timezone"),
        ("europe/riga", "tz is not a valid timezone"),
        ("", "tz is not a valid timezone"),
        ("../../etc/passwd", "tz is not a valid timezone"),
        ("\0", "tz is not a valid timezone"),
    ],
    "manual_resume": [(value, "manual_resume is not a boolean") for value in (None, 1, 0, "true")],
    "filter_subject": [(value, "filter_subject is not a boolean") for value in (None, 1, "yes")],
    "filter_body": [(0, "filter_body is not a boolean")],
    "filter_http_body": [([], "filter_http_body is not a boolean")],
    "filter_default_fail": [("", "filter_default_fail is not a boolean")],
    "methods": [(value, "methods has unexpected value") for value in (None, "GET", "post", 1, [], {})],
    "start_kw": [(1, "start_kw is not a string"), ("x" * 201, "start_kw is too long")],
    "success_kw": [(None, "success_kw is not a string"), ("x" * 201, "success_kw is too long")],
    "failure_kw": [([], "failure_kw is not a string"), ("x" * 201, "failure_kw is too long")],
    "subject": [(None, "subject is not a string"), ("x" * 201, "subject is too long")],
    "subject_fail": [(3, "subject_fail is not a string"), ("x" * 201, "subject_fail is too long")],
    "channels": [(None, "channels is not a string"), (["*"], "channels is not a string")],
    "unique": [
        (None, "unique is not an array"),
        ("name", "unique is not an array"),
        (["desc"], "an item in 'unique' has unexpected value"),
        (["name", "uuid"], "an item in 'unique' has unexpected value"),
        ([["name"]], "an item in 'unique' has unexpected value"),
        ([None], "an item in 'unique' has unexpected value"),
    ],
}


@pytest.mark.parametrize("field", FAULTS)
def test_every_fault_has_its_sentence(alice, hapless, shared, field):
    """Wrong types and values, nulls too, are refused (R289, R292, R293, R296, R298, R303, R310, R321)."""
    before = seen(alice, shared)
    for value, sentence in FAULTS[field]:
        assert refusal(hapless.post(CHECKS, {field: value})) == invalid(sentence)
        assert refusal(ask(alice, "update", shared, {field: value})) == invalid(sentence)
    assert seen(alice, shared) == before
    assert hapless.get(CHECKS).json() == {"checks": []}


ORDER = """
    channels desc failure_kw filter_subject filter_body filter_http_body filter_default_fail grace
    manual_resume methods name schedule slug start_kw subject subject_fail success_kw tags timeout tz unique
"""


def test_the_first_fault_in_the_documented_order_is_told(alice):
    """However the request orders its fields, the fault told is the first by name (R320, R321)."""
    wish = dict.fromkeys(reversed(ORDER.split()))
    for field in ORDER.split():
        _, sentence = refusal(alice.post(CHECKS, wish))
        assert sentence.removeprefix("json validation error: ").split()[0] == field
        del wish[field]
    assert alice.post(CHECKS, wish).status == 201


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"a=b", "could not parse request body"),
        (
            b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nx\r\n--x--',
            "could not parse request body",
        ),
        (b"{", "could not parse request body"),
        (b'{"name": "a",}', "could not parse request body"),
        (b"\xff", "could not parse request body"),
        (b"[]", "json validation error: value is not an object"),
        (b'"x"', "json validation error: value is not an object"),
        (b"null", "json validation error: value is not an object"),
        (b"7", "json validation error: value is not an object"),
    ],
)
@pytest.mark.parametrize("name", ["create", "update", "pause", "resume"])
def test_a_body_is_a_json_object(alice, anyone, shared, name, body, sentence):
    """Anything else is refused, with a key or without one (R259, R261, R320)."""
    for person in (alice, anyone):
        answer = ask(person, name, shared, body, Content_Type="application/json")
        assert refusal(answer) == (400, sentence)


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/xml",
        "",
        "\N{BEETLE}",
    ],
)
def test_the_content_type_is_no_matter(alice, kind):
    """JSON is JSON, whatever its Content-Type claims (R260)."""
    assert alice.post(CHECKS, BACKUPS, Content_Type=kind).status == 201


def test_unknown_fields_are_ignored(alice):
    """A client may know more than we do."""
    made = alice.check(name="Backups", colour="blue", status="up", n_pings=7, uuid=NOBODY)
    assert (made["status"], made["n_pings"], made["uuid"] == NOBODY) == ("new", 0, False)
    assert "colour" not in made


def test_the_slug_is_not_made_from_the_name(alice):
    """In version 3 a slug is given or empty, and a new name leaves it as it is (R288, R328)."""
    made = alice.check(name="My Job")
    assert made["slug"] == ""
    named = alice.check(name="My Job", slug="own")
    assert ask(alice, "update", named["uuid"], {"name": "New"}).json()["slug"] == "own"


def test_a_schedule_beats_a_timeout(alice):
    """Given both, the schedule is saved and the timeout ignored (R297)."""
    made = alice.check(schedule="15 5 * * *", timeout=300)
    assert (made["schedule"], made["tz"], "timeout" in made) == ("15 5 * * *", "UTC", False)


def test_a_zone_means_nothing_to_a_timeout(alice):
    """`tz` with a Simple check has no effect (R299)."""
    made = alice.check(timeout=300, tz="Europe/Riga")
    assert (made["timeout"], "tz" in made) == (300, False)


@pytest.mark.parametrize(
    ("wish", "due"),
    [
        ({"schedule": "0,30 * * * *"}, "2027-05-03T09:00:00+00:00"),
        ({"schedule": "*-*~1 12:00"}, "2027-05-31T12:00:00+00:00"),
        ({"schedule": "15 5 * * *", "tz": "UTC"}, "2027-05-04T05:15:00+00:00"),
        ({"schedule": "15 5 * * *", "tz": "Europe/Riga"}, "2027-05-04T02:15:00+00:00"),
        ({"schedule": "15 5 * 11 *", "tz": "Europe/Riga"}, "2027-11-01T03:15:00+00:00"),
        ({"schedule": "Mon *-*-* 09:00", "tz": "America/New_York"}, "2027-05-03T13:00:00+00:00"),
    ],
)
def test_a_schedule_says_when_the_next_ping_is_due(alice, anyone, house, wish, due):
    """Cron and OnCalendar, each in its zone, summer and winter (R287, R294, R295, R298)."""
    check = alice.check(**wish)
    house.clock.now = house.clock.now.replace(year=2027, month=5, day=3, hour=8, minute=31)
    anyone.get(f"/ping/{check['uuid']}")
    assert alice.see(check)["next_ping"] == due
