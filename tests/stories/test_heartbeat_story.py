"""The first walk: a job pings, falls silent, and comes back; and who hears of it, when."""

import json
import random
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.local.house import FIRST_MORNING
from chalicelib.storage.flips import FlipItem
from chalicelib.storage.pings import PingItem
from tests.stories.neighbours import (
    deliveries,
    fates,
    mails,
    new_channel,
    new_check,
    queue_of,
    wrap_handlers,
)

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
NOON = FIRST_MORNING + timedelta(hours=4)


def let_run(house, until):
    """Let time pass until *until*."""
    house.advance(seconds=(until - house.clock()).total_seconds())


@pytest.mark.usefixtures("alices_mail")
def test_silence_becomes_grace_then_down(house, receiver):
    """A check of 60 + 60 s that falls silent is in grace after 60 s and down after 120 s, with a flip that
    says so and a message to each channel within a second (R376, R389).
    """
    check = new_check(house, name="Backup")
    assert check.status == "new"
    assert check.ping() == 200
    pinged = house.clock()
    shown = [check.status]
    for seconds in (59.999999, 0.000001, 59.999999, 0.000001):
        house.advance(seconds=seconds)
        shown.append(check.status)
    assert shown == ["up", "up", "grace", "grace", "down"]
    house.advance(seconds=1)
    went_down = check.flips[-1]
    assert (went_down.at, check.turns) == (
        pinged + 2 * MINUTE,
        ["pending to up by success", "up to down by timeout"],
    )
    [heard] = receiver.heard
    assert heard.story["reason"] == "went_down"
    assert heard.story["at"] == (pinged + 2 * MINUTE).isoformat()
    assert heard.at - went_down.at <= SECOND
    assert [mail.subject for mail in mails(house)] == ["Down: Backup"]


def test_the_flip_is_of_the_deadline_whoever_looks_late(house, receiver):
    """When nobody could look in time, the flip still carries the deadline's own microsecond."""
    house.advance(microseconds=123_457)
    check = new_check(house)
    check.ping()
    pinged = house.clock()
    house.advance(seconds=61)
    house.sleep(seconds=90)  # the wake comes half a minute late
    house.advance(seconds=1)
    assert check.flips[-1].at == pinged + 2 * MINUTE
    assert receiver.reasons() == ["went_down"]


@pytest.mark.usefixtures("alices_mail")
def test_a_new_ping_brings_everybody_the_good_news(house, receiver):
    """A success after an outage is told to every channel, with how long it was (R376)."""
    check = new_check(house, name="Backup")
    check.ping()
    house.advance(minutes=5)
    check.ping()
    house.advance(seconds=1)
    assert check.status == "up"
    assert receiver.reasons() == ["went_down", "recovered"]
    recovered = receiver.heard[-1].story
    assert (recovered["status"], recovered["lasted"]) == ("up", 180)
    assert [mail.subject for mail in mails(house)] == ["Down: Backup", "Up: Backup (was down 3 min)"]


def test_a_success_is_logged_without_any_key(house):
    """GET, HEAD and POST of a ping URL need no key; each is logged with its method, address and agent,
    its body kept, and answered OK (R10, R13, R15, R17, R372).
    """
    check = new_check(house)
    road = f"/ping/{check.check_id}"
    answers = [
        house.ask("GET", road, user_agent="curl/8.5"),
        house.ask("HEAD", road),
        house.ask("POST", road, b"dumped 12 tables"),
    ]
    assert [(answer.status, answer.text) for answer in answers] == [(200, "OK")] * 3
    assert {answer.headers["Ping-Body-Limit"] for answer in answers} == {"10000"}
    assert {answer.headers["Access-Control-Allow-Origin"] for answer in answers} == {"*"}
    assert [(ping.n, ping.action, ping.arrival.method) for ping in check.log] == [
        (1, "success", "GET"),
        (2, "success", "HEAD"),
        (3, "success", "POST"),
    ]
    assert {ping.arrival.remote_addr for ping in check.log} == {"127.0.0.1"}
    assert check.log[0].arrival.agent == "curl/8.5"
    assert check.log[2].arrival.body == b"dumped 12 tables"
    shown = check.shown
    assert (shown["n_pings"], shown["status"]) == (3, "up")
    assert shown["last_ping"] == house.clock().isoformat()
    assert shown["next_ping"] == (house.clock() + MINUTE).isoformat()


def test_a_large_body_is_cut_not_refused(house):
    """Of a body of 200 kB the first 10,000 bytes are kept (R18)."""
    check = new_check(house)
    assert check.ping(body=b"x" * 200_000) == 200
    assert check.log[0].arrival.body == b"x" * 10_000


def test_a_start_times_the_run(house):
    """A start changes neither status nor last ping; the success 3 s later records the duration.

    R11, R20, R373.
    """
    check = new_check(house)
    check.ping()
    first = check.shown["last_ping"]
    house.advance(seconds=10)
    check.ping("start", body=b"begin")
    running = check.shown
    assert (running["status"], running["started"], running["last_ping"]) == ("up", True, first)
    house.advance(seconds=3)
    check.ping()
    done = check.shown
    assert (done["started"], done["last_duration"]) == (False, 3)
    assert [ping.action for ping in check.log] == ["success", "start", "success"]
    assert check.log[1].arrival.body == b"begin"  # R14


def test_an_unknown_address_says_nothing(house):
    """A ping to an id that does not exist is 404, whatever its form (R16)."""
    nobody = "00000000-0000-4000-8000-000000000000"
    roads = (f"/ping/{nobody}", f"/ping/{nobody}/fail", f"/ping/{nobody}/7", "/ping/nonsense")
    assert {house.ask("GET", road).status for road in roads} == {404}


@pytest.mark.usefixtures("alices_mail")
def test_a_failure_alarms_at_once(house, receiver):
    """`/fail` takes a check down at once, without grace, and everybody hears of it (R12, R14, R374)."""
    check = new_check(house, name="Backup")
    check.ping()
    house.advance(seconds=1)
    assert check.ping("fail", body=b"disk full") == 200
    house.advance(seconds=1)
    assert check.status == "down"
    assert check.flips[-1].at == FIRST_MORNING + SECOND
    assert receiver.reasons() == ["went_down"]
    assert "disk full" in mails(house)[0].body


@pytest.mark.parametrize(("word", "status"), [("0", "up"), ("1", "down"), ("255", "down"), ("log", "new")])
def test_numbers_and_log(house, word, status):
    """Exit status 0 is a success and any other a failure; `log` only logs (R374)."""
    check = new_check(house)
    assert check.ping(word) == 200
    assert (check.status, check.shown["n_pings"]) == (status, 1)


@pytest.mark.usefixtures("alices_mail")
def test_a_second_failure_tells_nobody(house, receiver):
    """Who is down already is not announced again, however often the job fails."""
    check = new_check(house)
    for _ in range(3):
        check.ping("fail")
        house.advance(minutes=1)
    assert (receiver.reasons(), len(mails(house))) == (["went_down"], 1)
    assert check.turns == ["pending to down by fail"]


def test_a_run_without_an_end_goes_down(house, receiver):
    """A start that is not followed by a success or failure within the grace time is an alarm (R11)."""
    check = new_check(house, timeout=3600)
    check.ping()
    house.advance(seconds=7)
    check.ping("start")
    started = house.clock()
    house.advance(seconds=59)
    assert check.status == "up"
    house.advance(seconds=2)
    assert check.turns[-1] == "up to down by overrun"
    assert check.flips[-1].at == started + MINUTE
    assert receiver.reasons() == ["went_down"]
    assert receiver.heard[0].at - check.flips[-1].at <= SECOND


def test_a_run_of_a_new_check_goes_down_too(house, receiver):
    """A check that never succeeded is down when its first run does not end in time (R11)."""
    check = new_check(house)
    check.ping("start")
    house.advance(seconds=61)
    assert check.turns == ["pending to down by overrun"]
    assert receiver.reasons() == ["went_down"]


def test_a_late_ping_tells_of_the_outage_that_nobody_saw(house, receiver):
    """A ping after the deadline, before anybody looked, finds the check down since the deadline: both
    changes are recorded, and told.
    """
    check = new_check(house)
    check.ping()
    pinged = house.clock()
    house.advance(seconds=61)
    house.sleep(seconds=70)  # past the deadline; the wake is still on its way
    check.ping()
    assert check.turns == [
        "pending to up by success",
        "up to down by timeout",
        "down to up by success",
    ]
    assert [flip.at for flip in check.flips[1:]] == [pinged + 2 * MINUTE, house.clock()]
    house.advance(minutes=1)
    assert receiver.reasons() in (["went_down", "recovered"], ["was_down"])
    assert receiver.heard[-1].story["lasted"] == 11


@pytest.mark.usefixtures("alices_mail")
def test_what_is_no_news_is_not_told(house, receiver):
    """The first success, a pause, a resumption, and a ping that ends a pause tell nobody.

    R19, R331, R332, R335.
    """
    check = new_check(house)
    check.ping()
    check.ask("POST", "pause")
    check.ping()
    assert check.status == "up"
    check.ask("POST", "pause")
    assert (check.ask("POST", "resume").status, check.status) == (200, "new")
    house.advance(minutes=30)
    assert [flip.new for flip in check.flips] == ["up", "paused", "up", "paused", "pending"]
    assert (receiver.heard, mails(house), queue_of(house, "deliveries").bodies) == ([], [], [])


def test_a_paused_check_never_alarms(house, receiver):
    """A paused check past its deadline stays paused, also when a run was started meanwhile.

    R331, R334.
    """
    silent, started = new_check(house), new_check(house)
    for check in (silent, started):
        check.ping()
        check.ping("start")
        shown = check.ask("POST", "pause").json()
        assert (shown["status"], shown["started"], shown["next_ping"]) == ("paused", False, None)
    started.ping("start")
    house.advance(minutes=10)
    assert (silent.status, started.status, receiver.heard) == ("paused", "paused", [])
    assert "down" not in [flip.new for check in (silent, started) for flip in check.flips]


def test_only_a_person_ends_a_pause_where_that_was_asked(house, receiver):
    """With manual resume a ping is logged and the check stays paused (R19)."""
    check = new_check(house, manual_resume=True)
    check.ask("POST", "pause")
    assert check.ping("fail") == 200
    house.advance(minutes=5)
    assert (check.status, [ping.action for ping in check.log], receiver.heard) == ("paused", ["ign"], [])


def test_a_failure_ends_a_pause_with_an_alarm(house, receiver):
    """A failing job wakes a paused check, and that is news."""
    check = new_check(house)
    check.ping()
    check.ask("POST", "pause")
    check.ping("fail")
    house.advance(seconds=1)
    assert (check.status, receiver.reasons()) == ("down", ["went_down"])


def test_pausing_and_resuming_have_rules(house):
    """Only a paused check can be resumed; keys are asked for; other ids are unknown (R333, R336, R337)."""
    check = new_check(house)
    assert check.ask("POST", "resume").status == 409
    road = f"/api/v3/checks/{check.check_id}"
    nobody = "/api/v3/checks/00000000-0000-4000-8000-000000000000"
    key = house.foundation.api_key
    for verb in ("/pause", "/resume"):
        assert house.ask("POST", road + verb).status == 401
        assert house.ask("POST", nobody + verb, x_api_key=key).status == 404


def test_a_longer_schedule_moves_the_deadline_away(house, receiver):
    """A check that is given more time is not blamed at the moment that was promised before."""
    check = new_check(house)
    check.ping()
    pinged = house.clock()
    house.advance(seconds=100)
    check.ask("POST", timeout=600)
    house.advance(seconds=559)
    assert receiver.heard == []
    house.advance(seconds=2)
    assert check.flips[-1].at == pinged + timedelta(seconds=660)
    assert receiver.reasons() == ["went_down"]


@pytest.mark.parametrize("after", [5, 63, 118], ids=lambda after: f"{after}s")
def test_a_shorter_schedule_moves_the_deadline_near(house, receiver, after):
    """A deadline that comes nearer is met to the second, also when no tick lies before it."""
    check = new_check(house, timeout=3600)
    check.ping()
    pinged = house.clock()
    house.advance(seconds=after)
    check.ask("POST", timeout=60)
    let_run(house, pinged + 2 * MINUTE + SECOND)
    assert check.flips[-1].at == pinged + 2 * MINUTE
    assert [heard.at - check.flips[-1].at <= SECOND for heard in receiver.heard] == [True]


def test_a_deleted_check_is_gone_with_all_that_it_left(house, receiver):
    """A deleted check is shown once more, then unknown everywhere; it never alarms, and neither its pings
    nor its history are kept (R338).
    """
    check = new_check(house)
    for body in (b"one", b"two"):
        check.ping(body=body)
    check.ping("start")
    gone = check.ask("DELETE")
    assert (gone.status, gone.json()["uuid"], gone.json()["n_pings"]) == (200, check.check_id, 3)
    assert check.ask().status == check.ask("DELETE").status == check.ping() == 404
    house.advance(minutes=10)
    assert receiver.heard == []
    assert list(PingItem.query(check.check_id)) == list(FlipItem.query(check.check_id)) == []
    assert queue_of(house, "wakes").bodies == []


def test_deleting_has_rules(house):
    """To delete a check one must show a key that may write, and the check must be there (R339)."""
    check = new_check(house)
    road = f"/api/v3/checks/{check.check_id}"
    nobody = "/api/v3/checks/00000000-0000-4000-8000-000000000000"
    found = house.foundation
    assert house.ask("DELETE", road).status == 401
    assert house.ask("DELETE", road, x_api_key=found.read_only_key).status == 401
    assert house.ask("DELETE", nobody, x_api_key=found.api_key).status == 404
    assert check.status == "new"


def test_an_alarm_on_its_way_from_a_deleted_check_is_not_sent(house, receiver):
    """What a check had still to tell when it was deleted is told to nobody, and its log line says why."""
    [channel_id] = [
        c.channel_id for c in house.tools.channels.of_project(house.foundation.project.project_id)
    ]
    receiver.answers(500)
    check = new_check(house)
    check.ping("fail")
    house.advance(seconds=1)
    check.ask("DELETE")
    receiver.heard.clear()
    house.advance(hours=1)
    assert receiver.heard == []
    assert fates(house, channel_id) == ["went_down needless"]


def test_a_slug_finds_its_check_or_makes_it(house, receiver):
    """A ping by key and slug finds the check; with create=1 it makes it; two of a slug are 409 (R375)."""
    road = f"/ping/{house.foundation.project.ping_key}/nightly"
    assert house.ask("GET", road).status == 404
    made = house.ask("GET", f"{road}/fail?create=1")
    assert (made.status, made.text) == (201, "Created")
    house.advance(seconds=1)
    assert receiver.reasons() == ["went_down"]
    assert (house.ask("GET", f"{road}?create=1").status, house.ask("GET", f"{road}/5").status) == (200, 200)
    new_check(house, slug="nightly")
    assert house.ask("GET", road).status == 409


@pytest.mark.parametrize(
    ("morning", "runs"),
    [
        # Spring: 02:30 does not exist on the 29th of March; cron runs the job when the clocks jump.
        (
            datetime(2026, 3, 28, 2, 0, tzinfo=UTC),
            [datetime(2026, 3, 29, 1, 0, tzinfo=UTC), datetime(2026, 3, 30, 0, 30, tzinfo=UTC)],
        ),
        # Autumn: 02:30 comes twice on the 25th of October; the first counts.
        (
            datetime(2026, 10, 24, 2, 0, tzinfo=UTC),
            [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 26, 1, 30, tzinfo=UTC)],
        ),
    ],
    ids=["spring", "autumn"],
)
def test_a_nightly_job_when_the_clocks_change(house, receiver, morning, runs):
    """A cron job at 02:30 in Berlin is expected by Berlin's clocks: neither alarm nor gap on the night in
    which they change, and an alarm an hour past the time of the next night, in which it stays away.
    """
    house.clock.now = morning
    check = new_check(house, schedule="30 2 * * *", tz="Europe/Berlin", grace=3600)
    check.ping()
    assert check.shown["next_ping"] == runs[0].isoformat()
    # Each night is let pass at once: a tick a minute would say nothing more.
    for moment in (runs[0] - SECOND, runs[0] + timedelta(minutes=20)):
        wake_at(house, moment)
    assert (check.status, receiver.heard) == ("grace", [])
    check.ping()
    assert check.shown["next_ping"] == runs[1].isoformat()
    wake_at(house, runs[1] + timedelta(minutes=59))
    assert (check.status, receiver.heard) == ("grace", [])
    house.advance(seconds=61)
    assert check.flips[-1].at == runs[1] + timedelta(hours=1)
    assert receiver.reasons() == ["went_down"]


def wake_at(house, moment):
    """Pass to *moment* as if every tick before it had come and found nothing to do."""
    house.tools.ticks.record(moment - MINUTE)
    house.clock.now = moment
    house.pump.tick()
    house.pump.drain()


def test_fifty_checks_each_at_its_own_moment(house):
    """Of fifty checks with deadlines of their own each is found down within a second of its moment (R389)."""
    chance = random.Random(20261122)  # noqa: S311  no secrets here, but the same figures each time
    due = {}
    for _ in range(50):
        house.advance(microseconds=chance.randrange(400_000))
        check = new_check(
            house, timeout=chance.randrange(60, 240), grace=chance.randrange(60, 240), channels=""
        )
        check.ping()
        spec = check.monitor.spec
        due[check.check_id] = house.clock() + spec.schedule.period + spec.grace
    found = {}

    def watch(name, handler):
        def watched(event, context):
            reply = handler(event, context)
            if name == "wake":
                for check_id in {json.loads(record["body"])["monitor_id"] for record in event["Records"]}:
                    if house.tools.monitors.load(check_id).state.status == "down":
                        found.setdefault(check_id, house.clock())
            return reply

        return watched

    wrap_handlers(house, watch)
    house.advance(minutes=9)
    late = {check_id: found[check_id] - moment for check_id, moment in due.items()}
    assert timedelta() <= min(late.values())
    assert max(late.values()) <= timedelta(seconds=1, milliseconds=1)
    end = house.clock()
    flips = house.tools.flips
    assert all(flips.between(c, FIRST_MORNING, end)[0].at == moment for c, moment in due.items())


def test_the_log_of_a_channel_tells_what_was_sent(house, receiver):
    """Every message is on its channel's log: what it told, how it fared, when."""
    channel_id = new_channel(house, "WEBHOOK", url=receiver.url + "/second")
    check = new_check(house)
    check.ping("fail")
    house.advance(seconds=5)
    check.ping()
    house.advance(seconds=5)
    assert fates(house, channel_id) == ["went_down sent", "recovered sent"]
    newest = deliveries(house, channel_id)[0]
    assert newest["attempts"] == 1
    assert newest["error"] is None
    assert {newest["createdAt"], newest["settledAt"]} == {"2026-03-02T08:00:05Z"}
    assert receiver.at("/second")[1].delivery == f"{newest['id']}/{channel_id}"
