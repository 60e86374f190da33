import re
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.signals import BODY_LIMIT, Action, Arrival, Ping
from chalicelib.core.tenancy import PLANS
from chalicelib.storage.monitors import state_item
from chalicelib.storage.pings import PingItem, items_of
from healthchecks.asking import CHECKS, NOBODY, newcomer
from healthchecks.pinging import RID, YEAR, ping

OTHER_RID = "123e4567-e89b-12d3-a456-426614174001"
HTTP_KEYS = ["type", "date", "n", "scheme", "remote_addr", "method", "ua", "rid"]


@pytest.fixture
def check(alice):
    """Return a new check of Alice's, with nothing due while these tests run."""
    return alice.check(timeout=YEAR, grace=YEAR)


def log(person, check):
    """Return the ping log as it is listed."""
    reply = person.get(f"{CHECKS}{check['uuid']}/pings/")
    assert reply.status == 200, reply.text
    assert list(reply.json()) == ["pings"]
    return reply.json()["pings"]


# --- the log of pings ---------------------------------------------------------------------------------------


def test_a_check_that_was_never_pinged_has_an_empty_log(alice, check):
    """No pings are an empty list (R340)."""
    assert log(alice, check) == []


def test_the_newest_ping_comes_first(alice, check):
    """The log begins with the most recent ping (R340)."""
    for _ in range(3):
        ping(alice, check)
    assert [line["n"] for line in log(alice, check)] == [3, 2, 1]


def test_a_line_has_the_documented_keys_in_their_order(alice, check):
    """A line tells kind, moment, number, how and whence it came, its run and where its body is (R342)."""
    ping(alice, check, f"?rid={RID}", b"what it said", User_Agent="curl/8", X_Forwarded_Proto="https")
    line = log(alice, check)[0]
    assert list(line) == [*HTTP_KEYS, "body_url"]
    assert line == {
        "type": "success",
        "date": alice.house.clock.now.isoformat(timespec="microseconds"),
        "n": 1,
        "scheme": "https",
        "remote_addr": "127.0.0.1",
        "method": "POST",
        "ua": "curl/8",
        "rid": RID,
        "body_url": f"http://wakeful.test/api/v3/checks/{check['uuid']}/pings/1/body",
    }


def test_what_a_ping_did_not_bring_is_null(alice, check):
    """Without a run id and without a body, `rid` and `body_url` are null (R342)."""
    ping(alice, check)
    line = log(alice, check)[0]
    assert (line["rid"], line["body_url"], line["ua"]) == (None, None, "")


def test_moments_have_microseconds_even_where_there_are_none(alice, check):
    """`date` always has six digits and the offset of UTC (R342)."""
    ping(alice, check)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", log(alice, check)[0]["date"])


@pytest.mark.parametrize(
    ("tail", "kind"),
    [
        ("", "success"),
        ("/start", "start"),
        ("/fail", "fail"),
        ("/log", "log"),
        ("/0", "success"),
        ("/3", "fail"),
    ],
)
def test_a_line_tells_its_kind(alice, check, tail, kind):
    """Success, start, fail, log and exit statuses have their kinds (R342, R346)."""
    ping(alice, check, tail)
    assert log(alice, check)[0]["type"] == kind


def test_an_ignored_ping_is_logged_as_such(alice):
    """A GET to a check that takes only POST is logged as `ign` (R346)."""
    check = alice.check(methods="POST")
    ping(alice, check)
    assert log(alice, check)[0]["type"] == "ign"


# --- how long runs took -------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["", "/fail", "/0", "/1"])
def test_a_run_took_exactly_as_long_as_it_took(alice, check, end):
    """The end of a run tells its duration to the microsecond; its start has no such key (R343)."""
    ping(alice, check, "/start")
    alice.house.clock.now += timedelta(seconds=1, microseconds=896_736)  # and ping() adds a second
    ping(alice, check, end)
    ended, started = log(alice, check)
    assert ended["duration"] == 2.896736
    assert list(ended) == [*HTTP_KEYS, "duration", "body_url"]
    assert list(started) == [*HTTP_KEYS, "body_url"]


def test_runs_are_paired_by_their_ids(alice, check):
    """Two runs at once have each their own duration (R344)."""
    for tail in (
        f"/start?rid={RID}",
        f"/start?rid={OTHER_RID}",
        f"?rid={RID.upper()}",
        f"?rid={OTHER_RID}",
        "",
    ):
        ping(alice, check, tail)
    assert [line.get("duration") for line in log(alice, check)] == [None, 2.0, 2.0, None, None]
    assert [line["rid"] for line in log(alice, check)] == [None, OTHER_RID, RID, OTHER_RID, RID]


def test_a_bad_run_id_is_refused_and_leaves_no_line(alice, check):
    """A run id is a UUID; anything else is 400 (R345)."""
    reply = alice.house.ask("GET", f"/ping/{check['uuid']}?rid=xyz")
    assert (reply.status, reply.text) == (400, "invalid uuid format")
    assert log(alice, check) == []


# --- bodies -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"disk is fine",
        b"\xff\xfe\x00\x01 no text",
        b"\x00",
        "Grüße".encode(),
        b" \r\n\t",
        b'{"a": 1}',
        bytes(range(256)),
        b"<html><script>",
    ],
)
def test_a_body_comes_back_byte_for_byte(alice, check, body):
    """Text or not, the body is what was sent, and is called plain text (R348)."""
    ping(alice, check, "", body)
    reply = alice.get(log(alice, check)[0]["body_url"].removeprefix("http://wakeful.test"))
    assert (reply.status, reply.body) == (200, body)
    assert reply.headers["Content-Type"].partition(";")[0] == "text/plain"


def test_a_long_body_comes_back_as_far_as_it_was_kept(alice, check):
    """Of a body that is too long its beginning is kept (R348)."""
    ping(alice, check, "", b"x" * (BODY_LIMIT + 1))
    assert alice.get(f"{CHECKS}{check['uuid']}/pings/1/body").body == b"x" * BODY_LIMIT


@pytest.mark.parametrize(
    "n", ["0", "2", "3", "1000", "1001", "-1", "x", "1.0", "9" * 400, "%31%31", "²", "१"]
)
def test_what_has_no_body_is_not_found(alice, check, n):
    """A ping without a body, one that never was, and what is no number are 404 (R349)."""
    ping(alice, check, "", b"x")
    ping(alice, check)
    assert alice.get(f"{CHECKS}{check['uuid']}/pings/{n}/body").status == 404


# --- who may read the log -----------------------------------------------------------------------------------

OF_PINGS = ("pings/", "pings/1/body")
EVERYTHING = (*OF_PINGS, "flips/")


@pytest.mark.parametrize("what", EVERYTHING)
def test_a_log_is_not_for_everybody(alice, bob, anyone, check, what):
    """No key is 401, a wrong one is 401, another project's is 403 (R347, R350, R358)."""
    ping(alice, check, "", b"x")
    target = f"{CHECKS}{check['uuid']}/{what}"
    assert anyone.get(target).status == 401
    assert anyone.get(target, X_Api_Key="x" * 32).status == 401
    assert (bob.get(target).status, bob.get(target).body) == (403, b"")
    assert alice.get(target).status == 200


@pytest.mark.parametrize("what", OF_PINGS)
def test_a_reader_sees_no_pings(alice, reader, check, what):
    """Pings and their bodies are not for a read-only key: 401 (R347)."""
    ping(alice, check, "", b"x")
    assert reader.get(f"{CHECKS}{check['uuid']}/{what}").status == 401


@pytest.mark.parametrize("what", EVERYTHING)
@pytest.mark.parametrize("code", [NOBODY, "x", "f" * 40])
def test_what_is_not_there_is_not_found(alice, what, code):
    """An unknown id, and an unknown unique key, are 404 (R347, R349, R358)."""
    reply = alice.get(f"{CHECKS}{code}/{what}")
    assert (reply.status, reply.json()) == (404, {"error": "not found"})


@pytest.mark.parametrize("what", EVERYTHING)
def test_a_log_is_only_read(alice, check, what):
    """Other methods are 405, and everything may be asked from a browser."""
    reply = alice.post(f"{CHECKS}{check['uuid']}/{what}")
    assert reply.status == 405
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert reply.headers["Access-Control-Allow-Methods"] == "GET, OPTIONS"


# --- how many are kept; last, for so many pings make moto slow ----------------------------------------------


def fill(house, check, n_pings, **facts):
    """Let a check have had *n_pings* pings."""
    monitor = house.tools.monitors.load(check["uuid"])
    with PingItem.batch_write() as batch:
        for n in range(max(1, n_pings - 999), n_pings + 1):
            arrival = Arrival(f"a-{n}", Action.SUCCESS, **facts)
            for item in items_of(Ping(check["uuid"], n, house.clock.now, Action.SUCCESS, arrival)):
                batch.save(item)
    state_item(check["uuid"], replace(monitor.state, n_pings=n_pings), 1).save()


@pytest.mark.parametrize("plan", ["free", "maker"])
def test_the_plan_says_how_many_pings_are_shown(house, alice, plan):
    """100 pings are listed on the free plan, 1,000 on the others, and the bodies of as many (R341)."""
    kept = PLANS[plan].pings_kept
    somebody, _ = newcomer(house, alice, plan)
    check = somebody.check()
    fill(house, check, 1003, body=b"x", body_size=1)
    shown = log(somebody, check)
    assert [line["n"] for line in shown] == list(range(1003, 1003 - kept, -1))
    oldest = shown[-1]["n"]
    statuses = [somebody.get(f"{CHECKS}{check['uuid']}/pings/{n}/body").status for n in (oldest, oldest - 1)]
    assert statuses == [200, 404]
