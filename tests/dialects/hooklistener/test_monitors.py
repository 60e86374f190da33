import re
from datetime import timedelta

import pytest

from chalicelib.core.status import Kind
from chalicelib.core.targets import Assertion, HttpTarget, TcpTarget, Watch
from chalicelib.dialects import ids
from chalicelib.services import access, watching
from chalicelib.storage.keys import Lane
from hooklistener.asking import (
    DOCUMENTED,
    MONITORS,
    ask,
    hear,
    invalid,
    listed,
    refusal,
    seen,
    stored,
    watched,
)

EXTRA = ["failure_threshold", "body_contains", "email_enabled", "slack_enabled"]
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def caller(person):
    """Return *person* as services know it."""
    return access.enter(person.house.tools, person.key, Lane.V1, person.house.clock.now)


# --- the document's own examples ----------------------------------------------------------------------------


def test_the_document_s_create(carol):
    """The example is answered with the example's own answer, its id and times apart (R223, R229, R245)."""
    made = carol.post(MONITORS, DOCUMENTED["create"], Content_Type="application/json")
    monitor, documented = made.json()["data"], DOCUMENTED["created"]["data"]
    assert (made.status, list(made.json())) == (201, ["data"])
    now = carol.house.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    own = {"id": monitor["id"], "inserted_at": now, "updated_at": now}
    assert {key: monitor[key] for key in documented} == documented | own
    assert monitor["last_checked_at"] is None


def test_the_document_s_list(carol):
    """Listed monitors have the documented keys in the documented order, and a few more (R221, R229, R246)."""
    carol.post(MONITORS, DOCUMENTED["create"])
    made = listed(carol)[0]
    hear(carol, made)
    answer = carol.get(MONITORS).json()
    [documented] = DOCUMENTED["list"]["data"]
    [monitor] = answer["data"]
    assert (list(answer), list(monitor)) == (["data"], [*documented, *EXTRA])
    own = {key: monitor[key] for key in ("id", "last_checked_at", "inserted_at", "updated_at")}
    assert {key: monitor[key] for key in documented} == documented | own
    assert all(MOMENT.fullmatch(monitor[key]) for key in documented if key.endswith("_at"))


def test_the_document_s_update(carol):
    """A PUT changes what it gives and nothing else; minutes come in, seconds go out (R229, R240)."""
    before = carol.post(MONITORS, DOCUMENTED["create"]).json()["data"]
    carol.house.clock.now += timedelta(seconds=5)
    answer = carol.ask("PUT", f"{MONITORS}/{before['id']}", DOCUMENTED["update"])
    now = carol.house.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (answer.status, answer.json()) == (
        200,
        {"data": before | {"interval_seconds": 60, "updated_at": now}},
    )
    assert seen(carol, before) == answer.json()["data"]
    assert stored(carol, before).spec.watch.interval == timedelta(minutes=1)


def test_the_document_s_delete(alice):
    """204 with an empty body; then it is not found (R241)."""
    monitor = watched(alice)
    answer = ask(alice, "delete", monitor["id"])
    assert (answer.status, answer.body) == (204, b"")
    assert [refusal(ask(alice, name, monitor["id"])) for name in ("show", "delete", "checks")] == [
        (404, "Not found")
    ] * 3
    assert monitor["id"] not in [one["id"] for one in listed(alice)]


# --- seeing -------------------------------------------------------------------------------------------------


def test_one_monitor_is_told_as_in_the_list(carol):
    """The list, the monitor and the answer to its creation say the same (R238)."""
    monitor = watched(carol)
    answer = ask(carol, "show", monitor["id"])
    assert (answer.status, answer.json()) == (200, {"data": monitor})
    assert listed(carol) == [monitor]


def test_an_id_is_a_uuid_in_other_letters(alice):
    """`mon_` and 26 letters and digits, that may be turned back; a bare UUID leads to the same (R246)."""
    monitor = watched(alice)
    assert re.fullmatch("mon_[a-z2-7]{26}", monitor["id"])
    uuid = ids.read("mon", monitor["id"])
    assert ids.spell("mon", uuid) == monitor["id"]
    assert ask(alice, "show", uuid).json()["data"] == monitor


def test_a_list_is_in_the_order_of_creation(carol):
    """The oldest first (R221)."""
    made = [watched(carol, name=name)["id"] for name in ("b", "a", "c")]
    assert [one["id"] for one in listed(carol)] == made


def test_a_paused_monitor_says_so(alice):
    """Pausing is another dialect's, and shows here (R245)."""
    monitor = watched(alice)
    alice.post(f"/api/v3/checks/{ids.read('mon', monitor['id'])}/pause")
    assert seen(alice, monitor)["status"] == "paused"


def test_what_may_be_a_secret_is_not_shown(alice, reader):
    """Neither the headers nor the body that are sent with each probe come back (R234, R235, R392)."""
    made = watched(alice, headers={"Authorization": "Bearer s3cret"}, body="passw0rd", method="POST")
    told = ask(reader, "list").text + ask(reader, "show", made["id"]).text + str(made)
    assert "s3cret" not in told
    assert "passw0rd" not in told


def test_what_other_dialects_watch_is_shown_as_far_as_it_can_be(alice):
    """Ranges of statuses, odd intervals and other assertions are shown or kept, not lost (R221, R240)."""
    status, header = (
        Assertion("header", "contains", "json", "Content-Type"),
        Assertion("body", "contains", "old"),
    )
    target = HttpTarget("http://127.0.0.1:9/", expected_status="200-299,404", assertions=(status, header))
    watch = Watch(target, interval=timedelta(seconds=30))
    wish = {"kind": Kind.HTTP, "name": "odd", "watch": watch, "channel_kinds": ("SMS",)}
    house = alice.house
    made = watching.create(house.tools, caller(alice), wish, house.clock.now)
    monitor = {"id": ids.spell("mon", made.spec.monitor_id)}
    shown = seen(alice, monitor)
    assert (shown["expected_status_code"], shown["interval_seconds"]) == ("200-299,404", 30)
    assert (shown["body_contains"], shown["email_enabled"]) == ("old", False)
    ask(alice, "change", monitor["id"], {"body_contains": "new", "email_enabled": True})
    spec = stored(alice, monitor).spec
    assert spec.watch.target.assertions == (status, Assertion("body", "contains", "new"))
    assert (spec.watch.target.expected_status, spec.watch.interval) == ("200-299,404", timedelta(seconds=30))
    assert spec.channel_kinds == ("EMAIL", "SMS")


def test_a_port_that_is_watched_is_none_of_this_dialect_s(alice):
    """Monitors of other kinds are not listed, and not found (R222, R239)."""
    wish = {"kind": Kind.TCP, "name": "port", "watch": Watch(TcpTarget("127.0.0.1", 9))}
    made = watching.create(alice.house.tools, caller(alice), wish, alice.house.clock.now)
    code = ids.spell("mon", made.spec.monitor_id)
    assert code not in [one["id"] for one in listed(alice)]
    assert refusal(ask(alice, "show", code)) == (404, "Not found")


# --- changing -----------------------------------------------------------------------------------------------


ALL = {
    "name": "Everything",
    "url": "http://127.0.0.1:9/all",
    "method": "POST",
    "check_interval": 10,
    "timeout_ms": 5000,
    "expected_status_code": 201,
    "body_contains": "ok",
    "failure_threshold": 3,
    "headers": {"X-One": "1"},
    "body": "hello",
    "email_enabled": False,
    "slack_enabled": True,
}
OTHERS = ALL | {
    "name": "Something",
    "url": "http://127.0.0.1:9/other",
    "method": "PUT",
    "check_interval": 60,
    "timeout_ms": 1000,
    "expected_status_code": 404,
    "body_contains": "not ok",
    "failure_threshold": 1,
    "headers": {},
    "body": None,
    "email_enabled": True,
    "slack_enabled": False,
}


@pytest.mark.parametrize("field", OTHERS)
def test_a_change_of_one_field_leaves_all_others(alice, field):
    """Each field may be given alone (R240)."""
    monitor = watched(alice, **ALL)
    ask(alice, "change", monitor["id"], {field: OTHERS[field]})
    expected = watched(alice, **ALL | {field: OTHERS[field]})
    left, right = stored(alice, monitor).spec, stored(alice, expected).spec
    assert (left.name, left.watch.target, left.channel_kinds) == (
        right.name,
        right.watch.target,
        right.channel_kinds,
    )
    assert (left.watch.interval, left.watch.timeout) == (right.watch.interval, right.watch.timeout)
    assert left.watch.failure_threshold == right.watch.failure_threshold


def test_null_clears_what_may_be_null(alice):
    """The words that are looked for and the body may be taken away (R232, R235, R240)."""
    monitor = watched(alice, **ALL)
    changed = ask(alice, "change", monitor["id"], {"body_contains": None, "body": None})
    assert (changed.status, changed.json()["data"]["body_contains"]) == (200, None)
    target = stored(alice, monitor).spec.watch.target
    assert (target.body, target.assertions) == ("", ())


@pytest.mark.parametrize("fields", [{}, {"unknown": 1}, {"interval_seconds": 60}, {"id": "mon_x"}])
def test_a_change_of_nothing_changes_nothing(alice, fields):
    """Not even when it was last changed; unknown fields are no matter (R240)."""
    monitor = watched(alice)
    alice.house.clock.now += timedelta(seconds=5)
    answer = ask(alice, "change", monitor["id"], fields)
    assert (answer.status, answer.json()["data"]) == (200, monitor)


# --- the wrapper --------------------------------------------------------------------------------------------

UNWRAPPED = {
    "the fields alone": (b'{"name": "x", "url": "http://127.0.0.1:9/"}', "uptime_monitor"),
    "nothing": (b"{}", "uptime_monitor"),
    "a list": (b"[]", "uptime_monitor"),
    "null": (b"null", "uptime_monitor"),
    "null inside": (b'{"uptime_monitor": null}', "uptime_monitor"),
    "a list inside": (b'{"uptime_monitor": []}', "uptime_monitor"),
    "another name": (b'{"monitor": {"name": "x", "url": "http://127.0.0.1:9/"}}', "uptime_monitor"),
    "no body": (b"", "body"),
    "no JSON": (b"{", "body"),
    "no UTF-8": (b"\xff", "body"),
    "brackets without end": (b"[" * 100_000, "body"),
    "NaN": (b'{"uptime_monitor": {"name": NaN}}', "body"),
    "half a letter": (b'{"uptime_monitor": {"name": "\\ud800", "url": "http://127.0.0.1:9/"}}', "body"),
}


@pytest.mark.parametrize("fault", UNWRAPPED)
def test_what_is_not_wrapped_is_refused(hapless, fault):
    """400, naming what is missing; nothing is guessed, and nothing stored (R224)."""
    body, named = UNWRAPPED[fault]
    assert invalid(hapless.post(MONITORS, body)) == (400, named)
    assert listed(hapless) == []


@pytest.mark.parametrize("fault", UNWRAPPED)
def test_a_change_that_is_not_wrapped_is_refused(alice, fault):
    """So it is for a PUT, and the monitor stays as it was (R224, R240)."""
    monitor = watched(alice)
    body, named = UNWRAPPED[fault]
    assert invalid(alice.ask("PUT", f"{MONITORS}/{monitor['id']}", body)) == (400, named)
    assert seen(alice, monitor) == monitor
