from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.maintenance import Window
from chalicelib.core.status import Verdict
from haspulse.asking import refusal
from haspulse.checking import (
    CHECKS,
    ONE,
    ask,
    changed,
    counting,
    crowd,
    listed,
    names,
    new,
    probed,
    seen,
    spelled,
    stored,
)

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NOT_FOUND = (404, "NOT_FOUND", "Check not found")


# --- creating and seeing ------------------------------------------------------------------------------------


def test_a_name_is_enough(carol):
    """POST answers 201 with the check, its defaults and its id; GET shows the same (R23, R25-R27, R395)."""
    made = ask(carol, "create", fields={"name": "Nightly backup of Carol's"})
    check, now = made.json(), carol.house.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert made.status == 201
    assert check == {
        "id": check["id"],
        "projectId": stored(carol, check).spec.project_id,
        "name": "Nightly backup of Carol's",
        "slug": "nightly-backup-of-carols",
        "type": "HEARTBEAT",
        "status": "NEW",
        "statusSince": now,
        "scheduleType": "PERIOD",
        "scheduleValue": "86400",
        "timezone": "UTC",
        "graceSeconds": 300,
        "alertOnRecovery": True,
        "reminderIntervalHours": None,
        "channelIds": [],
        "tags": [],
        "description": None,
        "pingUrl": f"http://wakeful.test/ping/{check['id']}",
        **dict.fromkeys(["lastPingAt", "lastStartedAt", "lastDurationMs", "nextExpectedAt"]),
        "started": False,
        **dict.fromkeys(["target", "intervalSeconds", "timeoutSeconds", "regions"]),
        **dict.fromkeys(["failureThreshold", "recoveryThreshold", "slowMs", "lastCheckedAt", "lastVerdict"]),
        "inMaintenance": False,
        "createdAt": now,
        "updatedAt": now,
    }
    assert seen(carol, check) == check
    assert listed(carol) == [check]


def test_the_ping_url_works_as_it_is_given(alice, anyone):
    """What a check says is its URL takes its pings (R9, R10)."""
    check = new(alice)
    assert anyone.get(check["pingUrl"].removeprefix("http://wakeful.test")).text == "OK"
    assert seen(alice, check)["status"] == "UP"


@pytest.mark.parametrize("kind", ["HTTP", "TCP", "DNS", "TLS", "DOMAIN"])
def test_what_is_probed_is_a_check_as_well(alice, kind):
    """Active checks say how they are watched, and nothing of pings."""
    check = probed(alice, kind)
    assert (check["type"], check["status"]) == (kind, "NEW")
    silent = ["pingUrl", "scheduleType", "scheduleValue", "graceSeconds", "timezone", "nextExpectedAt"]
    assert [check[name] for name in silent] == [None] * len(silent)
    watch = ["intervalSeconds", "timeoutSeconds", "regions", "failureThreshold", "recoveryThreshold"]
    assert [check[name] for name in watch] == [300, 10, [], 2, 2]
    assert seen(alice, check) == check


def test_a_round_is_told(alice):
    """When a target was last probed, and what came of it, stands in its check."""
    check = probed(alice)
    house, monitor = alice.house, stored(alice, check)
    state = replace(monitor.state, judged_at=house.clock.now, verdict=Verdict.DEGRADED)
    house.tools.commits.touch(check["id"], monitor.state, state)
    now = seen(alice, check)
    assert now["lastCheckedAt"] == house.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert now["lastVerdict"] == "DEGRADED"


def test_every_dialects_form_of_an_id_is_taken(alice):
    """What other dialects call it is the same check here (R246)."""
    check = new(alice)
    assert ask(alice, "show", spelled(check)).json() == check


# --- a life -------------------------------------------------------------------------------------------------


def test_a_status_follows_the_pings_and_the_clock(alice, anyone):
    """NEW, then UP; LATE when it is due, DOWN when the grace is over; the times tell why (R10, R27)."""
    check = new(alice, scheduleValue=3600, graceSeconds=600)
    clock = alice.house.clock
    lived = [seen(alice, check)]
    anyone.get(f"/ping/{check['id']}")
    pinged = clock.now.replace(microsecond=0)
    for minutes in (59, 61, 71):
        clock.now = pinged + timedelta(minutes=minutes)
        lived.append(seen(alice, check))
    assert [told["status"] for told in lived] == ["NEW", "UP", "LATE", "DOWN"]
    assert [told["lastPingAt"] for told in lived[1:]] == [f"{pinged:%Y-%m-%dT%H:%M:%SZ}"] * 3
    due = f"{pinged + HOUR:%Y-%m-%dT%H:%M:%SZ}"
    assert [told["nextExpectedAt"] for told in lived] == [None, due, due, None]
    down = f"{pinged + HOUR + timedelta(minutes=10):%Y-%m-%dT%H:%M:%SZ}"
    assert [told["statusSince"] for told in lived[1:]] == [lived[1]["lastPingAt"], due, down]


def test_a_run_is_told_while_it_goes_on_and_afterwards(alice, anyone):
    """A start is no success; when the run ends it says how long it took (R11, R20)."""
    check = new(alice)
    begun = alice.house.clock.now.replace(microsecond=0)
    anyone.get(f"/ping/{check['id']}/start")
    running = seen(alice, check)
    assert (running["status"], running["started"], running["lastPingAt"]) == ("NEW", True, None)
    assert running["lastStartedAt"] == f"{begun:%Y-%m-%dT%H:%M:%SZ}"
    alice.house.clock.now += timedelta(seconds=3)
    anyone.get(f"/ping/{check['id']}")
    ended = seen(alice, check)
    assert (ended["status"], ended["started"], ended["lastDurationMs"]) == ("UP", False, 3000)
    assert ended["lastStartedAt"] == running["lastStartedAt"]


def test_a_pause_is_quiet_and_ends_as_new(alice, anyone):
    """PAUSED however late, again and again; resumed it waits, and once more is a conflict (R32, R33)."""
    check = new(alice, scheduleValue=60, graceSeconds=0)
    anyone.get(f"/ping/{check['id']}")
    for _ in range(2):
        paused = ask(alice, "pause", check["id"])
        assert (paused.status, paused.json()["status"]) == (200, "PAUSED")
    alice.house.clock.now += DAY
    assert seen(alice, check)["status"] == "PAUSED"
    resumed = ask(alice, "resume", check["id"])
    assert (resumed.status, resumed.json()["status"]) == (200, "NEW")
    assert refusal(ask(alice, "resume", check["id"]))[:2] == (409, "CONFLICT")
    assert (
        alice.house.tools.flips.between(check["id"], alice.house.clock.now - HOUR, alice.house.clock.now)
        == []
    )


def test_a_deleted_check_is_gone_everywhere(alice, anyone):
    """204 without a body; then its id is no check's, and its ping URL takes nothing (R31)."""
    check = new(alice)
    answer = ask(alice, "delete", check["id"])
    assert (answer.status, answer.body) == (204, b"")
    assert {refusal(ask(alice, name, check["id"])) for name in ONE} == {NOT_FOUND}
    assert anyone.get(f"/ping/{check['id']}").status == 404
    assert anyone.get(f"/v1/ping/{check['id']}").status == 404
    assert check["id"] not in [one["id"] for one in listed(alice, "?limit=100")]


# --- changing -----------------------------------------------------------------------------------------------


def test_what_is_not_given_stays(alice):
    """A new name changes the name, and when it was changed; an empty change not even that (R30)."""
    check = new(alice, tags=["db"], scheduleType="CRON", scheduleValue="0 3 * * *", description="why")
    alice.house.clock.now += timedelta(seconds=5)
    renamed = changed(alice, check, name="x")
    later = f"{alice.house.clock.now:%Y-%m-%dT%H:%M:%SZ}"
    assert renamed == check | {"name": "x", "updatedAt": later}
    alice.house.clock.now += timedelta(seconds=5)
    assert changed(alice, check) == renamed == seen(alice, check)


def test_another_schedule_moves_what_is_expected(alice, anyone):
    """The next ping is expected by the new schedule from the last ping on (R30)."""
    check = new(alice)
    alice.house.clock.now = alice.house.clock.now.replace(hour=8) + DAY
    anyone.get(f"/ping/{check['id']}")
    tomorrow = alice.house.clock.now + DAY
    assert seen(alice, check)["nextExpectedAt"] == f"{tomorrow:%Y-%m-%dT%H:%M:%SZ}"
    cron = changed(alice, check, scheduleType="CRON", scheduleValue="30 3 * * *", timezone="Asia/Tokyo")
    assert cron["nextExpectedAt"] == f"{tomorrow - DAY:%Y-%m-%d}T18:30:00Z"
    moved = changed(alice, check, timezone="UTC")
    assert (moved["scheduleValue"], moved["timezone"]) == ("30 3 * * *", "UTC")
    assert moved["nextExpectedAt"] == f"{tomorrow:%Y-%m-%d}T03:30:00Z"


def test_null_clears_what_may_be_empty(alice):
    """A reminder and a description can be taken away."""
    check = new(alice, reminderIntervalHours=4, description="why")
    assert (check["reminderIntervalHours"], check["description"]) == (4, "why")
    cleared = changed(alice, check, reminderIntervalHours=None, description=None)
    assert (cleared["reminderIntervalHours"], cleared["description"]) == (None, None)


def test_part_of_a_target_may_change(alice):
    """A new URL leaves the headers as they are, which nobody could repeat: they are masked."""
    check = probed(alice, target={"headers": {"X-Token": "s3cret"}, "body": "x", "followRedirects": False})
    after = changed(alice, check, target={"url": SITE_B}, failureThreshold=5)
    assert after["target"] == check["target"] | {"url": SITE_B}
    assert (after["failureThreshold"], after["intervalSeconds"]) == (5, 300)
    target = stored(alice, check).spec.watch.target
    assert (target.headers, target.body, target.redirects) == ((("X-Token", "s3cret"),), "x", 0)


SITE_B = "http://127.0.0.1:9/b"


# --- the list -----------------------------------------------------------------------------------------------


def test_a_list_comes_in_pages(carol):
    """In the order of creation, twenty a page where nothing else is asked for (R21, R22)."""
    made = crowd(carol, 22)
    page = carol.get(CHECKS).json()
    assert [check["name"] for check in page["checks"]] == made[:20]
    assert {key: page[key] for key in page if key != "checks"} == {
        "total": 23,
        "page": 1,
        "limit": 20,
        "totalPages": 2,
    }
    assert names(carol, "?page=2") == made[20:]
    assert names(carol, "?page=3&limit=5") == made[10:15]
    assert names(carol, "?page=4") == []


def test_a_list_is_searched_by_words_status_and_type(carol, anyone):
    """A part of name, slug or a tag, whatever its case, and a status and a type (R22)."""
    up = new(carol, name="Backup of the shop", slug="one")
    new(carol, name="Report", slug="the-backup")
    new(carol, name="Cleaning", tags=["night", "BACKUP-hosts"])
    probed(carol, name="Shop")
    anyone.get(f"/ping/{up['id']}")
    assert names(carol, "?search=backup") == ["Backup of the shop", "Report", "Cleaning"]
    assert names(carol, "?search=SHOP&type=HTTP") == ["Shop"]
    assert names(carol, "?status=UP") == ["Backup of the shop"]
    page = carol.get(f"{CHECKS}?status=NEW&limit=2").json()
    assert ([check["name"] for check in page["checks"]], page["total"]) == (["Report", "Cleaning"], 3)
    assert names(carol, "?search=backup&status=NEW&type=HTTP") == []


@pytest.mark.parametrize(
    "query", ["page=0", "page=x", "limit=0", "limit=101", "status=down", "status=", "type=http", "page=1e2"]
)
def test_a_list_that_makes_no_sense_is_refused(alice, query):
    """400 naming the parameter (R22, R72)."""
    status, code, sentence = refusal(alice.get(f"{CHECKS}?{query}"))
    assert (status, code) == (400, "BAD_REQUEST")
    assert query.partition("=")[0] in sentence.lower()


def test_a_page_reads_the_states_of_a_page(carol):
    """A list costs the key's write, a Query for the checks, one for the windows, and a batch of states."""
    crowd(carol, 12)
    with counting(carol.house) as tally:
        assert len(listed(carol, "?limit=5&search=check")) == 5
    assert tally == {"UpdateItem": 1, "Query": 2, "BatchGetItem": 1}


# --- maintenance --------------------------------------------------------------------------------------------


def test_maintenance_is_told_and_hides_no_status(carol):
    """A check says whether a window covers it at this moment; its status stays what it is (R59)."""
    house = carol.house
    covered, other = new(carol, tags=["db"]), new(carol)
    start = house.clock.now + HOUR
    window = Window(
        house.tools.new_id(), covered["projectId"], "Move", start, start + HOUR, start, tags=("db",)
    )
    house.tools.windows.add(window)
    told = []
    for moment in (start - timedelta(seconds=1), start, start + HOUR):
        house.clock.now = moment
        told.append([check["inMaintenance"] for check in listed(carol)])
    assert told == [[False, False], [True, False], [False, False]]
    house.clock.now = start
    assert seen(carol, covered) == covered | {"inMaintenance": True}
    assert seen(carol, other) == other
