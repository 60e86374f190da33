from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from lives import BIRTH, DAY, HOUR, LOOK, MINUTE, PAUSE, SECOND, a_spec, fail, lived, start, success

from chalicelib.core.monitors import State, create, unique_key
from chalicelib.core.schedules import Cron, Every, OnCalendar
from chalicelib.core.status import Status
from chalicelib.core.summaries import iso_seconds, rhythm, summarize, target, whole_seconds
from chalicelib.core.targets import DnsTarget, DomainTarget, HttpTarget, TcpTarget, TlsTarget, Watch

KEYS = (
    "name slug tags desc grace n_pings status started last_ping next_ping manual_resume methods subject"
    " subject_fail start_kw success_kw failure_kw filter_subject filter_body filter_http_body"
    " filter_default_fail"
)
AT_ONCE = timedelta()


def summary(*story, spec=None):
    """Return what is shown at the end of *story*."""
    life = lived(list(story), spec)
    return summarize(life.spec, life.state, life.now)


def test_a_new_check_is_summed_up_in_the_documented_order():
    """The keys come as the document lists them, each with its default (R265, R284, R285)."""
    facts = summarize(a_spec(), create(a_spec()).state, BIRTH)
    assert " ".join(facts) == KEYS
    assert list(facts.values()) == [
        *("", "", "", "", 300, 0, "new", False, None, None, False, "", "", "", "", "", ""),
        *(False, False, False, False),
    ]


@pytest.mark.parametrize(
    ("story", "shown"),
    [
        ([(AT_ONCE, success())], ("up", "21:00:00")),
        ([(AT_ONCE, success()), (HOUR, LOOK)], ("grace", "21:00:00")),
        ([(AT_ONCE, success()), (2 * HOUR, LOOK)], ("down", None)),
        ([(AT_ONCE, fail())], ("down", None)),
        ([(AT_ONCE, success()), (SECOND, PAUSE)], ("paused", None)),
        ([], ("new", None)),
        ([(AT_ONCE, start())], ("new", None)),
        ([(AT_ONCE, success()), (MINUTE, start())], ("up", "21:00:00")),
    ],
)
def test_the_next_ping_is_when_a_success_is_due(story, shown):
    """It is told while one is awaited, and never lies at the start of a run (R269, R274)."""
    facts = summary(*story)
    due = facts["next_ping"] and facts["next_ping"].removeprefix("2026-03-27T").removesuffix("+00:00")
    assert (facts["status"], due) == shown


@pytest.mark.parametrize(
    ("story", "started"), [([(AT_ONCE, start())], True), ([(AT_ONCE, success())], False)]
)
def test_a_run_in_progress_is_told_beside_the_status(story, started):
    """`started` is true while a start awaits its end, and never a status (R274, R275)."""
    facts = summary(*story)
    assert facts["started"] is started
    assert facts["status"] in ("new", "up")


def test_how_long_the_last_run_took_is_told_when_known():
    """`last_duration` has whole seconds, and is left out where the last beat ended no run."""
    run = [(AT_ONCE, start()), (timedelta(seconds=2.9), success())]
    assert summary(*run)["last_duration"] == 2
    assert "last_duration" not in summary(*run, (SECOND, success()))


@pytest.mark.parametrize(("filtering", "mirrored"), [(True, ("OK", "ERROR")), (False, ("", ""))])
def test_the_deprecated_names_mirror_the_keywords_while_subjects_are_filtered(filtering, mirrored):
    """`subject` and `subject_fail` are other names of the keywords (R317, R318)."""
    spec = a_spec(success_kw="OK", failure_kw="ERROR", filter_subject=filtering)
    facts = summarize(spec, State(), BIRTH)
    assert (facts["subject"], facts["subject_fail"]) == mirrored


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        (Every(DAY), {"timeout": 86_400}),
        (Cron("15 5 * * *", "Europe/Riga"), {"schedule": "15 5 * * *", "tz": "Europe/Riga"}),
        (OnCalendar("*-*~1 12:00", "UTC"), {"schedule": "*-*~1 12:00", "tz": "UTC"}),
    ],
)
def test_a_rhythm_is_a_timeout_or_a_schedule_with_its_zone(schedule, told):
    """Never both (R266, R286, R287)."""
    assert rhythm(a_spec(schedule=schedule)) == told


@pytest.mark.parametrize(
    ("status", "shown"),
    [(Status.PENDING, "new"), (Status.UP, "up"), (Status.DOWN, "down"), (Status.PAUSED, "paused")],
)
def test_a_probed_monitor_is_summed_up_like_a_check(status, shown):
    """It has the same keys, its interval for a timeout, no grace, and never a ping that is due."""
    spec = a_spec(watch=Watch(HttpTarget("https://shop.example/"), 30 * SECOND))
    state = replace(create(spec).state, status=status)
    facts = summarize(spec, state, BIRTH + DAY)
    assert " ".join(facts) == KEYS
    assert (facts["status"], facts["grace"], facts["next_ping"], facts["started"]) == (shown, 0, None, False)
    assert rhythm(spec) == {"timeout": 30}


@pytest.mark.parametrize(
    ("watched", "told"),
    [
        (HttpTarget("https://shop.example/health"), "https://shop.example/health"),
        (HttpTarget("http://shop.example:8080"), "http://shop.example:8080"),
        (HttpTarget("https://me:hush@shop.example/a?key=hush#hush"), "https://shop.example/a?…"),
        (HttpTarget("https://me@[2001:db8::1]:8443/"), "https://[2001:db8::1]:8443/"),
        (TcpTarget("db.example", 5432), "db.example:5432"),
        (TcpTarget("2001:db8::1", 5432), "[2001:db8::1]:5432"),
        (TlsTarget("shop.example"), "shop.example:443"),
        (DnsTarget("shop.example", "MX"), "shop.example (MX)"),
        (DomainTarget("shop.example"), "shop.example"),
    ],
)
def test_what_is_probed_is_told_without_secrets(watched, told):
    """Neither a password nor a parameter of a URL is shown to those who are told of an outage (R392)."""
    assert target(a_spec(watch=Watch(watched))) == told


def test_a_heartbeat_has_no_target():
    """Nothing is asked of whoever signals by itself."""
    assert target(a_spec()) == ""


def test_moments_are_told_in_utc_and_whole_seconds():
    """ISO 8601 with +00:00, fractions cut off (R268, R395)."""
    moment = datetime(2020, 3, 24, 16, 2, 3, 999_999, timezone(2 * HOUR))
    assert iso_seconds(moment) == "2020-03-24T14:02:03+00:00"
    assert iso_seconds(datetime(2020, 3, 24, tzinfo=UTC)) == "2020-03-24T00:00:00+00:00"
    assert iso_seconds(None) is None
    assert whole_seconds(59.999) == 59


@pytest.mark.parametrize(
    ("monitor_id", "key"),
    [
        ("803f680d-e89b-492b-82ef-2be7b774a92d", "124f983e0e3dcaeba921cfcef46efd084576e783"),
        ("31365bce-8da9-4729-8ff3-aaa71d56b712", "a6c7b0a8a66bed0df66abfdab3c77736861703ee"),
    ],
)
def test_the_unique_key_is_the_documents_own(monitor_id, key):
    """SHA-1 of the first 16 hex digits gives the very values of the document's example (R279)."""
    assert unique_key(monitor_id) == key


@pytest.mark.parametrize(
    ("wanted", "found"),
    [((), True), (("prod",), True), (("prod", "db"), True), (("pro",), False), (("PROD",), False)],
)
def test_tags_are_compared_whole(wanted, found):
    """All tags asked for must be there, not as parts of others (R272, R273)."""
    assert a_spec(tags=" prod  db ").has_tags(frozenset(wanted)) is found
