from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis.strategies import text

from chalicelib.channels import wording
from chalicelib.channels.sentences import COLOURS, EVENTS, RED
from chalicelib.core.alerts import Alert, Reason
from chalicelib.core.consensus import Result
from chalicelib.core.status import Verdict
from chalicelib.core.steps import Cause

DOWN = Alert("d", Reason.WENT_DOWN, datetime(2026, 1, 1, tzinfo=UTC), "7c2f", "", "Alice's")


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
        (Reason.STILL_DOWN, "Still down: Nightly backup", "Nightly backup is still down."),
        (Reason.CALLED_OFF, "Paused: Nightly backup", "Nightly backup was paused while it was down."),
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
    ("reason", "subject", "headline", "until"),
    [
        (
            Reason.STILL_DOWN,
            "Still down: Nightly backup (for 1 h 3 min)",
            "Nightly backup is still down, for 1 h 3 min now.",
            "Told again",
        ),
        (
            Reason.CALLED_OFF,
            "Paused: Nightly backup (was down 1 h 3 min)",
            "Nightly backup was paused; it had been down for 1 h 3 min.",
            "Paused",
        ),
    ],
)
def test_an_outage_that_did_not_end_is_told_with_its_length(alert, reason, subject, headline, until):
    """A reminder and a pause say how long it has been down, and neither says that it is up."""
    told = alert(reason, began=alert().at - timedelta(minutes=63), cause=None)
    assert (wording.subject(told), wording.headline(told)) == (subject, headline)
    assert wording.facts(told)[:3] == [
        ("Down from", "2026-11-22 10:57:05 UTC"),
        (until, "2026-11-22 12:00:05 UTC"),
        ("Down for", "1 h 3 min"),
    ]


def test_every_reason_is_an_event_of_its_colour():
    """Programs tell a reminder and a pause from a new outage; what needs somebody at once, alone, is red."""
    assert EVENTS.keys() == COLOURS.keys() == set(Reason)
    assert (EVENTS[Reason.STILL_DOWN], EVENTS[Reason.CALLED_OFF]) == (
        "check.still_down",
        "check.paused",
    )
    red = {reason for reason, colour in COLOURS.items() if colour == RED}
    assert red == {
        Reason.WENT_DOWN,
        Reason.STILL_DOWN,
        Reason.ESCALATED,
        Reason.TRIGGERED,
        Reason.CHANNEL_BROKE,
    }


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
    """Where there is no name the id stands in, but in a test and a digest, which are about no monitor."""
    told = wording.subject(alert(reason, name=""))
    assert "7c2f" in told or reason in (Reason.TEST, Reason.DIGEST)


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


def down(region, error):
    """Return what a region says that found a fault."""
    return Result(region, Verdict.DOWN, error=error)


@pytest.mark.parametrize(
    ("evidence", "sentence"),
    [
        ((), "The probes failed."),
        (
            (Result("eu-west-1", Verdict.UP, 12), Result("us-east-1", None, error="crashed")),
            "The probes failed.",
        ),
        ((down("eu-west-1", "timeout"),), "The probes failed: timeout (eu-west-1)."),
        ((down("eu-west-1", ""),), "The probes failed: no reason was given (eu-west-1)."),
        (
            (
                down("us-east-1", "expected 200, got 503"),
                down("ap-southeast-1", "timeout."),
                down("eu-west-1", "expected 200, got 503"),
                Result("sa-east-1", Verdict.UP, 12, 200),
            ),
            "The probes failed: expected 200, got 503 (eu-west-1, us-east-1); timeout (ap-southeast-1).",
        ),
        ((down("eu-west-1", "a\nb" + "c" * 999),), f"The probes failed: a b{'c' * 196}… (eu-west-1)."),
    ],
)
def test_a_fault_is_told_with_the_regions_that_found_it(probed, evidence, sentence):
    """Each reason is told once, short and on one line, with its regions; the others are not named."""
    assert wording.why(probed(evidence=evidence)) == sentence


def test_what_is_probed_is_told_instead_of_signals(probed):
    """A probed monitor has a target and figures of its past, but neither a last signal nor a rhythm."""
    figures = {"uptime_percent": 99.95, "latency": (118.9, 313.0)}
    assert wording.facts(probed(**figures)) == [
        ("Why", "The probes failed: expected 200, got 503 (eu-west-1)."),
        ("Target", "https://shop.example/health"),
        ("Down since", "2026-11-22 12:00:05 UTC"),
        ("Uptime", "99.95 % in 30 days"),
        ("Response", "p50 120 ms, p95 310 ms in 24 hours"),
        ("Tags", "prod db"),
        ("Project", "Alice's servers"),
    ]
    assert [label for label, _ in wording.facts(probed(Reason.RECOVERED, **figures))] == [
        *("Why", "Target", "Down from", "Up since", "Down for", "Uptime", "Response", "Tags", "Project"),
    ]
    assert wording.why(probed(Reason.RECOVERED)) == "The probes pass again."


def test_figures_that_are_not_known_are_left_out(probed):
    """Neither uptime nor response times are made up."""
    assert not {"Uptime", "Response"} & dict(wording.facts(probed())).keys()


@pytest.mark.parametrize(
    ("percent", "words"),
    [
        (100.0, "100.00"),
        (99.999999, "99.99"),
        (99.99, "99.99"),
        (0.0, "0.00"),
        (1e-9, "0.00"),
        (57.0, "57.00"),
    ],
)
def test_an_uptime_is_never_overstated(probed, percent, words):
    """Only what was always up reads as 100 %."""
    assert ("Uptime", f"{words} % in 30 days") in wording.facts(probed(uptime_percent=percent))


@pytest.mark.parametrize(
    ("latency", "words"),
    [
        ((0.4, 1.3), "p50 0 ms, p95 1 ms"),
        ((9.6, 99.7), "p50 10 ms, p95 100 ms"),
        ((1249.0, 58_999.0), "p50 1200 ms, p95 59000 ms"),
    ],
)
def test_response_times_are_told_as_far_as_they_are_known(probed, latency, words):
    """Two figures are told of a time, for it is known no better than that."""
    assert ("Response", f"{words} in 24 hours") in wording.facts(probed(latency=latency))


def test_a_body_is_shown_as_text(alert):
    """Bytes that are no text are replaced, control characters are left out, and 10 kB are enough."""
    assert wording.said(alert(body=b"\x00ok\xff\r\n\x1b[31mred\tdone\n\n")) == "ok�\n[31mred\tdone"
    assert len(wording.said(alert(body=b"x" * 20_000))) == 10_000
    assert wording.said(alert(Reason.CHANNEL_BROKE, body=b"no ping's body")) == ""
