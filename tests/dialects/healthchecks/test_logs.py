import re
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from people import CHECKS

from chalicelib import aws
from chalicelib.core.monitors import unique_key
from chalicelib.core.signals import BODY_LIMIT, Action, Arrival, Ping
from chalicelib.core.tenancy import PLANS, Organization, Project
from chalicelib.services.tenancy import ApiKeyWish, issue_key
from chalicelib.storage.monitors import state_item
from chalicelib.storage.pings import PingItem, items_of

YEAR = 31_536_000  # seconds
NOBODY = "00000000-0000-4000-8000-000000000000"
RID = "123e4567-e89b-12d3-a456-426614174000"
OTHER_RID = "123e4567-e89b-12d3-a456-426614174001"
HTTP_KEYS = ["type", "date", "n", "scheme", "remote_addr", "method", "ua", "rid"]


@pytest.fixture
def check(alice):
    """Return a new check of Alice's, with nothing due while these tests run."""
    return alice.check(timeout=YEAR, grace=YEAR)


def ping(person, check, tail="", body=b"", **headers):
    """Ping a check, a second after whatever was last."""
    person.house.clock.now += timedelta(seconds=1)
    method = "POST" if body else "GET"
    assert person.house.ask(method, f"/ping/{check['uuid']}{tail}", body, **headers).status == 200


def log(person, check):
    """Return the ping log as it is listed."""
    reply = person.get(f"{CHECKS}{check['uuid']}/pings/")
    assert reply.status == 200, reply.text
    assert list(reply.json()) == ["pings"]
    return reply.json()["pings"]


def flips(person, check, query=""):
    """Return the flips as they are listed."""
    reply = person.get(f"{CHECKS}{check['uuid']}/flips/{query}")
    assert reply.status == 200, reply.text
    return reply.json()


def on_plan(house, person, plan):
    """Return somebody with the read-write key of a new project on *plan*."""
    tools, now = house.tools, house.clock.now
    organization = Organization(tools.new_id(), plan, plan, plan, now, tools.new_id())
    secrets = {"ping_key": tools.new_id(), "badge_key": tools.new_id(), "badge_secret": tools.new_secret(32)}
    ids = organization.default_project_id, organization.organization_id
    project = Project(*ids, plan, plan, created=now, plan=plan, **secrets)
    tools.projects.add(organization, project)
    return replace(person, key=issue_key(tools, project, ApiKeyWish("rw", "hcw_"), now))


def fill(house, check, n_pings, **facts):
    """Let a check have had *n_pings* pings."""
    monitor = house.tools.monitors.load(check["uuid"])
    with PingItem.batch_write() as batch:
        for n in range(max(1, n_pings - 999), n_pings + 1):
            arrival = Arrival(f"a-{n}", Action.SUCCESS, **facts)
            for item in items_of(Ping(check["uuid"], n, house.clock.now, Action.SUCCESS, arrival)):
                batch.save(item)
    state_item(check["uuid"], replace(monitor.state, n_pings=n_pings), 1).save()


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


# --- how many are kept --------------------------------------------------------------------------------------


@pytest.mark.parametrize("plan", ["free", "maker"])
def test_the_plan_says_how_many_pings_are_shown(house, alice, plan):
    """100 pings are listed on the free plan, 1,000 on the others, and the bodies of as many (R341)."""
    kept = PLANS[plan].pings_kept
    somebody = on_plan(house, alice, plan)
    check = somebody.check()
    fill(house, check, 1003, body=b"x", body_size=1)
    shown = log(somebody, check)
    assert [line["n"] for line in shown] == list(range(1003, 1003 - kept, -1))
    oldest = shown[-1]["n"]
    statuses = [somebody.get(f"{CHECKS}{check['uuid']}/pings/{n}/body").status for n in (oldest, oldest - 1)]
    assert statuses == [200, 404]


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


# --- flips --------------------------------------------------------------------------------------------------


@pytest.fixture
def story(alice, check):
    """Return a check that came up, fell, and came up again, an hour apart each; and when it did."""
    moments = []
    for tail in ("", "/fail", ""):
        alice.house.clock.now += timedelta(hours=1)
        ping(alice, check, tail)
        moments.append(alice.house.clock.now)
    return check, moments


def unix(moment):
    """Return a moment in whole seconds."""
    return int(moment.timestamp())


def told(moments, ups):
    """Return flips as they are to be listed, the newest first."""
    return [
        {"timestamp": at.isoformat(timespec="seconds"), "up": up} for at, up in zip(moments, ups, strict=True)
    ][::-1]


def test_flips_are_a_bare_array_newest_first(alice, story):
    """Each change of status is told with its moment and where it led (R351)."""
    check, moments = story
    assert flips(alice, check) == told(moments, [1, 0, 1])
    assert [list(flip) for flip in flips(alice, check)] == [["timestamp", "up"]] * 3


def test_no_flips_are_an_empty_array(alice, check):
    """What never changed has nothing to tell (R351)."""
    assert flips(alice, check) == []


def test_pauses_are_no_flips(alice, story):
    """Pausing and resuming say nothing of the thing watched."""
    check, moments = story
    for deed in ("pause", "resume"):
        alice.house.clock.now += timedelta(minutes=1)
        assert alice.post(f"{CHECKS}{check['uuid']}/{deed}").status == 200
    assert flips(alice, check) == told(moments, [1, 0, 1])


def test_silence_is_a_flip_at_the_very_deadline(alice):
    """A check that falls silent went down at its deadline, whenever that was noticed (R351, R376)."""
    check = alice.check(timeout=60, grace=60)
    ping(alice, check)
    deadline = alice.house.clock.now + timedelta(minutes=2)
    alice.house.advance(minutes=5)
    assert flips(alice, check)[0] == told([deadline], [0])[0]


def test_a_reader_finds_flips_by_unique_key(alice, reader, story):
    """The unique key leads to the same flips, with either key; so does the id (R352)."""
    check, moments = story
    by_key = {"uuid": unique_key(check["uuid"])}
    seen = [flips(person, code) for person in (alice, reader) for code in (check, by_key)]
    assert seen == [told(moments, [1, 0, 1])] * 4


def test_a_unique_key_is_known_in_its_own_project_only(bob, story):
    """To another project the unique key means nothing: 404 (R358)."""
    assert bob.get(f"{CHECKS}{unique_key(story[0]['uuid'])}/flips/").status == 404


def test_seconds_look_back(alice, story):
    """`seconds` leaves out what is older (R353)."""
    check, moments = story
    whole = told(moments, [1, 0, 1])
    assert flips(alice, check, "?seconds=1800") == whole[:1]
    assert flips(alice, check, "?seconds=3601") == whole[:2]
    assert flips(alice, check, f"?seconds={YEAR}") == whole
    assert [flips(alice, check, query) for query in ("?seconds=0", "?seconds=")] == [whole] * 2


def test_start_and_end_cut_out_a_span(alice, story):
    """`start` is inclusive, `end` is not, and they combine (R354, R355)."""
    check, moments = story
    whole = told(moments, [1, 0, 1])
    first, second, third = map(unix, moments)
    assert flips(alice, check, f"?start={second}") == whole[:2]
    assert flips(alice, check, f"?start={second + 1}") == whole[:1]
    assert flips(alice, check, f"?end={second}") == whole[2:]
    assert flips(alice, check, f"?end={second + 1}") == whole[1:]
    assert flips(alice, check, f"?start={first + 1}&end={third}") == whole[1:2]
    assert flips(alice, check, f"?start={first}&seconds=1800") == whole[:1]


@contextmanager
def questions(house):
    """Yield a list of what DynamoDB is asked for inside the block."""
    asked = []
    settings = house.tools.settings
    events = aws.client("dynamodb", settings.region, settings.endpoint_url).meta.events

    def note(params, **_):
        asked.append(params["body"])

    events.register("before-call.dynamodb.Query", note)
    try:
        yield asked
    finally:
        events.unregister("before-call.dynamodb.Query", note)


@pytest.mark.parametrize(
    "query", ["?start=2000000000&end=1000000000", "?start=1000&end=1000", "?end=0", "?start=10000000000"]
)
def test_a_span_without_time_in_it_is_empty(alice, story, query):
    """A span that ends before it begins, that is long over or far ahead has no flips (R354, R355).

    DynamoDB would refuse to look for them, so that it is not asked.
    """
    with questions(alice.house) as asked:
        assert flips(alice, story[0], query) == []
    assert not [body for body in asked if b"wakeful-flips" in body]


@pytest.mark.parametrize("name", ["seconds", "start", "end"])
@pytest.mark.parametrize("value", ["abc", "-1", "1.5", "-1x", "+1", "1e3", "%20", "²", "9" * 12, "9" * 5000])
def test_what_is_no_number_is_refused(alice, check, name, value):
    """A filter that is no whole number within reason is 400 (R356)."""
    reply = alice.get(f"{CHECKS}{check['uuid']}/flips/?{name}={value}")
    assert reply.status == 400
    assert name in reply.json()["error"]


@pytest.mark.parametrize(("name", "highest"), [("seconds", YEAR), ("start", 10**10), ("end", 10**10)])
def test_filters_have_a_highest_value(alice, check, name, highest):
    """A year back, and ten thousand million seconds, are as far as one may ask (R356)."""
    target = f"{CHECKS}{check['uuid']}/flips/?{name}="
    assert [alice.get(f"{target}{value}").status for value in (highest, highest + 1)] == [200, 400]


def test_three_months_are_remembered(alice, story):
    """After 93 days every flip is there; after half a year none is, though its row may be (R357)."""
    check, moments = story
    before: datetime = alice.house.clock.now
    try:
        alice.house.clock.now = moments[0] + timedelta(days=93)
        assert len(flips(alice, check)) == 3
        alice.house.clock.now = moments[-1] + timedelta(days=180)
        assert flips(alice, check) == []
        assert flips(alice, check, "?start=0") == []
    finally:
        alice.house.clock.now = before
