import re
from datetime import timedelta

import pytest

from chalicelib.core.status import Verdict
from hooklistener.asking import DOCUMENTED, MONITORS, ask, hear, invalid, rows, seen, watched

MINUTE = timedelta(minutes=1)
THREE = ("us-east-1", "eu-west-1", "ap-south-1")


def looked_at(person, times, **found):
    """Return a new monitor that was probed so many times, a minute apart."""
    monitor = watched(person)
    for _ in range(times):
        person.house.clock.now += MINUTE
        hear(person, monitor, **found)
    return monitor


def test_the_document_s_checks(alice):
    """A good round has the example's keys and values, its id and time apart (R242, R246)."""
    monitor = looked_at(alice, 1)
    answer = ask(alice, "checks", monitor["id"])
    checked_at = alice.house.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    [row] = answer.json()["data"]
    assert re.fullmatch("chk_[a-z2-7]{26}", row["id"])
    documented = DOCUMENTED["checks"]
    [example] = documented["data"]
    own = {"id": row["id"], "checked_at": checked_at}
    assert (answer.status, answer.json()) == (200, documented | {"data": [example | own], "total": 1})
    assert list(row) == list(example)
    assert seen(alice, monitor)["last_checked_at"] == checked_at


def test_nothing_was_found_yet(alice):
    """A new monitor has an empty page (R242)."""
    monitor = watched(alice)
    empty = {"data": [], "page": 1, "page_size": 50, "total": 0}
    assert ask(alice, "checks", monitor["id"]).json() == empty


def test_the_newest_come_first_and_keep_their_ids(alice):
    """An id is the round's, whenever it is asked for, and no other round has it (R243, R246)."""
    monitor = looked_at(alice, 3)
    first = rows(alice, monitor)
    assert [row["checked_at"] for row in first] == sorted((row["checked_at"] for row in first), reverse=True)
    assert len({row["id"] for row in first}) == 3
    hear_later(alice, monitor)
    assert rows(alice, monitor)[1:] == first


def hear_later(person, monitor):
    """Let a minute pass, and one more round."""
    person.house.clock.now += MINUTE
    hear(person, monitor)


def test_pages_are_cut_as_asked(alice):
    """`page` and `page_size` are honoured, and stand in the answer; past the end is nothing (R243)."""
    monitor = looked_at(alice, 5)
    everything = rows(alice, monitor)
    answers = [
        alice.get(f"{MONITORS}/{monitor['id']}/checks?page={page}&page_size=2").json()
        for page in (1, 2, 3, 4)
    ]
    assert [answer["data"] for answer in answers] == [everything[:2], everything[2:4], everything[4:], []]
    assert [(answer["page"], answer["page_size"], answer["total"]) for answer in answers] == [
        (1, 2, 5),
        (2, 2, 5),
        (3, 2, 5),
        (4, 2, 5),
    ]


def test_the_document_s_page(alice):
    """The document's own query; a page begins where the one before it ends (R242, R243)."""
    monitor = looked_at(alice, 61)
    first = alice.get(f"{MONITORS}/{monitor['id']}/checks?page=1&page_size=50").json()
    second = alice.get(f"{MONITORS}/{monitor['id']}/checks?page=2&page_size=50").json()
    assert (len(first["data"]), len(second["data"]), first["total"], second["total"]) == (50, 11, 61, 61)
    assert len({row["id"] for row in first["data"] + second["data"]}) == 61
    assert first == ask(alice, "checks", monitor["id"]).json()


@pytest.mark.parametrize(("asked", "given"), [("1", 1), ("100", 100), ("101", 100), ("999999999", 100)])
def test_a_page_has_a_hundred_rows_at_most(alice, asked, given):
    """More than that is as much as there is (R243)."""
    monitor = watched(alice)
    answer = alice.get(f"{MONITORS}/{monitor['id']}/checks?page_size={asked}")
    assert (answer.status, answer.json()["page_size"]) == (200, given)


@pytest.mark.parametrize("name", ["page", "page_size"])
@pytest.mark.parametrize(
    "value", ["0", "-1", "", "x", "1.5", "1e3", "%F0%9D%9F%9B", "9" * 10, "9" * 5000, "+1", "%00"]
)
def test_what_is_no_number_of_a_page_is_refused(alice, name, value):
    """422 with the field and the reason (R243)."""
    monitor = watched(alice)
    assert invalid(alice.get(f"{MONITORS}/{monitor['id']}/checks?{name}={value}")) == (422, name)


# --- what a row says ----------------------------------------------------------------------------------------

FAILED = [
    ({"code": None, "ms": 30000.0, "error": "timeout"}, (None, None, "timeout")),
    ({"code": None, "ms": None, "error": "connection refused"}, (None, None, "connection refused")),
    ({"code": 503, "ms": 12.6, "error": "expected 200, got 503"}, (503, 13, "expected 200, got 503")),
    ({"error": "body does not contain ok"}, (200, 145, "body does not contain ok")),
    ({"error": ""}, (200, 145, None)),
]


@pytest.mark.parametrize(("found", "told"), FAILED)
def test_a_failed_round_says_why(alice, found, told):
    """`down`, what was answered if anything was, and a short reason (R244)."""
    monitor = looked_at(alice, 1, verdict=Verdict.DOWN, **found)
    [row] = rows(alice, monitor)
    assert (row["status"], row["response_status"], row["response_time_ms"], row["error"]) == ("down", *told)


def test_a_slow_answer_is_an_answer(alice):
    """What is degraded is up, and has no error (R242)."""
    monitor = looked_at(alice, 1, verdict=Verdict.DEGRADED, ms=4000.4, error="slow")
    [row] = rows(alice, monitor)
    assert (row["status"], row["response_time_ms"], row["error"]) == ("up", 4000, None)


def test_a_row_speaks_for_the_majority(alice):
    """Where regions disagree, a row has the words of the first that was right (R242, R244)."""
    monitor = watched(alice)
    hear(alice, monitor, Verdict.DOWN, regions=THREE[:1], jury=THREE, code=None, error="timeout")
    assert rows(alice, monitor) == []  # nobody has a majority yet
    hear(alice, monitor, regions=THREE[1:], jury=THREE, ms=50.0, code=204)
    [row] = rows(alice, monitor)
    assert (row["status"], row["response_status"], row["response_time_ms"], row["error"]) == (
        "up",
        204,
        50,
        None,
    )
    alice.house.clock.now += MINUTE
    hear(alice, monitor, regions=THREE[:1], jury=THREE)
    hear(
        alice,
        monitor,
        Verdict.DOWN,
        regions=THREE[1:],
        jury=THREE,
        code=500,
        ms=9.0,
        error="expected 200, got 500",
    )
    assert rows(alice, monitor)[0]["error"] == "expected 200, got 500"


def test_checks_stay_whatever_is_asked_later(alice):
    """A change of the monitor leaves what was found before it (R240, R242)."""
    monitor = looked_at(alice, 2)
    before = rows(alice, monitor)
    ask(alice, "change", monitor["id"], {"check_interval": 60, "timeout_ms": 1000})
    assert rows(alice, monitor) == before
