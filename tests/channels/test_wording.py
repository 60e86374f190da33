from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis.strategies import integers, text

from chalicelib.channels import wording
from chalicelib.core.alerts import Alert, Reason
from chalicelib.core.steps import Cause

DOWN = Alert("d", Reason.WENT_DOWN, datetime(2026, 1, 1, tzinfo=UTC), "7c2f", "", "Alice's")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (-5, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (63, "1 min 3 s"),
        (3600, "1 h"),
        (3605, "1 h"),
        (3780, "1 h 3 min"),
        (86_400, "1 d"),
        (93_600, "1 d 2 h"),
        (40_000_000, "462 d 23 h"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds, words):
    """A duration is told in its largest unit and the next one below, rounded down."""
    assert wording.duration(timedelta(seconds=seconds)) == words


@given(integers(min_value=1, max_value=10**9))
def test_a_duration_is_never_overstated(seconds):
    """What is told is never longer than what it was, and misses less than the smaller of its units."""
    sizes = dict(wording.UNITS)
    words = wording.duration(timedelta(seconds=seconds)).split()
    told = sum(int(n) * sizes[unit] for n, unit in zip(words[::2], words[1::2], strict=True))
    assert told <= seconds < told + sizes[words[1]]


@pytest.mark.parametrize(
    ("reason", "subject", "headline"),
    [
        (Reason.WENT_DOWN, "Down: Nightly backup", "Nightly backup is down."),
        (
            Reason.RECOVERED,
            "Up: Nightly backup (was down 1 h 3 min)",
            "Nightly backup is up again; it was down for 1 h 3 min.",
        ),
        (
            Reason.WAS_DOWN,
            "Was down: Nightly backup (1 h 3 min)",
            "Nightly backup was down for 1 h 3 min, and is up again.",
        ),
        (
            Reason.CHANNEL_BROKE,
            "Channel not working: Nightly backup",
            "The channel Nightly backup does not work any more.",
        ),
        (
            Reason.TEST,
            "Test alert from Wakeful",
            "This is a test: alerts of Alice's servers will reach you here.",
        ),
    ],
)
def test_every_reason_has_its_words(alert, reason, subject, headline):
    """Each reason is told in its own subject and its own sentence."""
    assert wording.subject(alert(reason)) == subject
    assert wording.headline(alert(reason)) == headline


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"cause": Cause.TIMEOUT}, "No signal came within the expected time and its grace."),
        ({"cause": Cause.OVERRUN}, "A run began, but did not end within its grace."),
        ({"cause": Cause.FAIL}, "The job reported a failure."),
        ({"cause": Cause.FAIL, "exit_status": 3}, "The job ended with exit status 3."),
        ({"cause": None}, ""),
        (
            {"reason": Reason.CHANNEL_BROKE, "body": b"The receiver answered 410."},
            "The receiver answered 410.",
        ),
        ({"reason": Reason.TEST}, "Somebody asked for it; nothing is down."),
    ],
)
def test_the_cause_is_a_sentence(alert, changes, sentence):
    """The cause says what was seen, with the exit status where the job gave one."""
    assert wording.why(alert(**changes)) == sentence


@pytest.mark.parametrize("cause", Cause)
def test_no_cause_is_without_words(alert, cause):
    """Whatever changed a status can be told."""
    assert wording.why(alert(cause=cause)).endswith(".")


@pytest.mark.parametrize("reason", Reason)
def test_a_monitor_without_a_name_is_called_by_its_id(alert, reason):
    """Where there is no name the id stands in, but in a test, which is about no monitor."""
    told = wording.subject(alert(reason, name=""))
    assert "7c2f" in told or reason is Reason.TEST


@given(name=text(max_size=400))
def test_a_subject_is_one_bounded_line(name):
    """No name can break the subject into lines or make it long (no header is ever injected)."""
    subject = wording.subject(replace(DOWN, name=name))
    assert subject.isprintable()
    assert len(subject) <= wording.SUBJECT_LIMIT


def test_facts_are_told_in_order(alert):
    """A message says why, since when, what was expected, and whose it is; nothing that is unknown."""
    summary = {
        "last_ping": "2026-11-21T10:00:00+00:00",
        "timeout": 86400,
        "grace": 3900,
        "desc": "See\nrunbook",
    }
    assert wording.facts(alert(summary=summary)) == [
        ("Why", "No signal came within the expected time and its grace."),
        ("Down since", "2026-11-22 12:00:05 UTC"),
        ("Last signal", "2026-11-21 10:00:00 UTC"),
        ("Expected", "every 1 d, with 1 h 5 min of grace"),
        ("About", "See runbook"),
        ("Tags", "prod db"),
        ("Project", "Alice's servers"),
    ]
    assert ("Down for", "1 h 3 min") in wording.facts(alert(Reason.RECOVERED))
    assert wording.facts(alert(Reason.TEST, summary={}, tags="")) == [
        ("Why", "Somebody asked for it; nothing is down."),
        ("When", "2026-11-22 12:00:05 UTC"),
        ("Project", "Alice's servers"),
    ]


def test_a_schedule_is_told_as_it_was_written():
    """A cron or OnCalendar expression appears with its time zone."""
    summary = {"schedule": "0 2 * * *", "tz": "Europe/Oslo", "grace": 600}
    assert wording.rhythm(summary) == "0 2 * * * (Europe/Oslo), with 10 min of grace"


def test_moments_are_in_utc():
    """A moment of another zone is told in UTC."""
    oslo = timezone(timedelta(hours=1))
    assert wording.moment(datetime(2026, 1, 1, 0, 30, tzinfo=oslo)) == "2025-12-31 23:30:00 UTC"


def test_a_body_is_shown_as_text(alert):
    """Bytes that are no text are replaced, control characters are left out, and 10 kB are enough."""
    assert wording.said(alert(body=b"\x00ok\xff\r\n\x1b[31mred\tdone\n\n")) == "ok�\n[31mred\tdone"
    assert len(wording.said(alert(body=b"x" * 20_000))) == 10_000
    assert wording.said(alert(Reason.CHANNEL_BROKE, body=b"no ping's body")) == ""


@given(text())
def test_a_quotation_is_short_and_printable(answer):
    """Of a provider's answer at most 200 printable characters are quoted (R48)."""
    quoted = wording.excerpt(answer)
    assert len(quoted) <= 200
    assert quoted.isprintable()


def test_a_cut_is_shown():
    """What was cut ends in an ellipsis."""
    assert wording.excerpt("long " * 100).endswith("…")
