from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lives import MINUTE, SECOND, a_spec

from chalicelib.core.errors import Invalid, TooMany
from chalicelib.core.monitors import Monitor, State
from chalicelib.core.signals import (
    Action,
    Arrival,
    by_keywords,
    classify,
    minute_of,
    next_minute,
    pace,
    parse_rid,
    split_keywords,
)
from chalicelib.core.status import Status

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RID = "123e4567-e89b-12d3-a456-426614174000"

often = settings(max_examples=20, deadline=None)


def meaning(arrival, spec=None, status=Status.UP):
    """Return what *arrival* means to a monitor of *spec*."""
    return classify(Monitor(spec or a_spec(), State(status)), arrival).action


def arriving(action=Action.SUCCESS, **facts):
    """Return a ping as it came in."""
    return Arrival("a-1", action, **facts)


# --- run ids ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [RID, RID.upper()])
def test_a_run_id_is_a_canonical_uuid_in_any_case(text):
    """A run id is kept in lower case (R345)."""
    assert parse_rid(text) == RID


def test_no_run_id_is_none():
    """A ping need not name a run."""
    assert parse_rid(None) == ""


@pytest.mark.parametrize(
    "text", ["", "1", RID.replace("-", ""), f"{{{RID}}}", RID + " ", RID + "\n", RID[:-1] + "g"]
)
def test_any_other_run_id_is_refused(text):
    """An empty id, one without dashes, or one with anything around it is no run id."""
    with pytest.raises(Invalid, match="invalid uuid format"):
        parse_rid(text)


@often
@given(st.text())
def test_any_text_is_a_run_id_or_refused(text):
    """No text does worse than being refused."""
    with suppress(Invalid):
        assert parse_rid(text) in ("", text.lower())


# --- what an arrival means ----------------------------------------------------------------------------------


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("method", ["HEAD", "GET", "POST"])
def test_without_rules_an_arrival_means_what_it_says(action, method):
    """HEAD, GET and POST pings count as their URL says (R302)."""
    assert meaning(arriving(action, method=method)) is action


@pytest.mark.parametrize(
    ("method", "means"), [("POST", Action.FAIL), ("GET", Action.IGNORED), ("HEAD", Action.IGNORED)]
)
def test_a_check_may_insist_on_post(method, means):
    """With methods POST anything else is logged as ignored (R303)."""
    assert meaning(arriving(Action.FAIL, method=method), a_spec(methods="POST")) is means


@pytest.mark.parametrize("action", Action)
def test_a_paused_check_may_insist_on_being_resumed_by_hand(action):
    """Paused with manual resume, a check ignores every signal (R301); else it listens (R300)."""
    assert meaning(arriving(action), a_spec(manual_resume=True), Status.PAUSED) is Action.IGNORED
    assert meaning(arriving(action), a_spec(), Status.PAUSED) is action


@pytest.mark.parametrize("status", [Status.PENDING, Status.UP, Status.DOWN])
def test_manual_resume_means_nothing_while_not_paused(status):
    """Only a pause has to be resumed by hand (R301)."""
    assert meaning(arriving(), a_spec(manual_resume=True), status) is Action.SUCCESS


def test_the_signal_keeps_whose_it_is():
    """Run id and arrival id pass through, so that runs end and repeated writes recognise themselves."""
    signal = classify(Monitor(a_spec(), State()), arriving(rid=RID))
    assert (signal.rid, signal.arrival_id) == (RID, "a-1")


FILTERED = a_spec(
    start_kw="START", success_kw="SUCCESS,COMPLETED", failure_kw="FAILED, ERROR", filter_http_body=True
)


@pytest.mark.parametrize(
    ("body", "means"),
    [
        (b"backup FAILED", Action.FAIL),
        (b"ERROR: SUCCESS", Action.FAIL),
        (b"all SUCCESS at last, START over", Action.SUCCESS),
        (b"xCOMPLETEDx", Action.SUCCESS),
        (b"START", Action.START),
        (b"success", Action.IGNORED),
        (b"", Action.IGNORED),
    ],
)
@pytest.mark.parametrize("said", [Action.SUCCESS, Action.FAIL, Action.START, Action.LOG])
def test_keywords_decide_what_a_body_means(body, means, said):
    """Failure, success, start in this order, case counting, whatever the URL says (R313, R315)."""
    assert meaning(arriving(said, body=body), FILTERED) is means


def test_unknown_bodies_may_count_as_failures():
    """Where nothing matches the check may ask for a failure (R315)."""
    assert by_keywords(a_spec(success_kw="OK", filter_default_fail=True), "nothing") is Action.FAIL


def test_a_body_that_is_no_text_loses_no_ping():
    """Bytes that are no UTF-8, or cut inside a letter, are searched as far as they can be read."""
    assert meaning(arriving(body=b"\xff\xfe SUCCESS \xc3"), FILTERED) is Action.SUCCESS


@often
@given(st.binary(), st.text(max_size=20), st.text(max_size=20))
def test_any_body_means_something(body, success_kw, failure_kw):
    """No body and no keyword does worse than being ignored."""
    spec = a_spec(success_kw=success_kw, failure_kw=failure_kw, filter_http_body=True)
    assert meaning(arriving(body=body), spec) in Action


@pytest.mark.parametrize(
    ("keywords", "words"),
    [("", []), (" , ,", []), ("FAILED, ERROR", ["FAILED", "ERROR"]), ("two words ,x", ["two words", "x"])],
)
def test_keywords_are_trimmed_and_empty_ones_match_nothing(keywords, words):
    """A stray comma must not match every body (R313)."""
    assert split_keywords(keywords) == words


# --- the limit ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("in_minute", "second"), [(0, 0), (998, 59), (999, 59)])
def test_a_thousand_signals_fit_in_a_minute(in_minute, second):
    """Up to 1,000 are counted, one by one (R80)."""
    state = State(minute=minute_of(NOON), in_minute=in_minute)
    assert pace(state, NOON + second * SECOND) == (minute_of(NOON), in_minute + 1)


def test_one_more_is_told_when_the_next_minute_begins():
    """The 1,001st is told the limit, and when to come again (R80)."""
    with pytest.raises(TooMany) as refusal:
        pace(State(minute=minute_of(NOON), in_minute=1000), NOON + 30 * SECOND)
    assert (refusal.value.limit, refusal.value.retry_at) == (1000, NOON + MINUTE)


def test_a_new_minute_counts_from_one():
    """What was used up before is forgotten."""
    assert pace(State(minute=minute_of(NOON), in_minute=1000), NOON + MINUTE) == (minute_of(NOON) + 1, 1)


@often
@given(st.timedeltas(timedelta(), timedelta(days=80_000)).map(EPOCH.__add__))
def test_every_moment_lies_in_its_minute(moment):
    """The minute's number and its end agree."""
    end = next_minute(moment)
    assert moment < end <= moment + MINUTE
    assert minute_of(end) == minute_of(moment) + 1
    assert minute_of(end - timedelta(microseconds=1)) == minute_of(moment)
