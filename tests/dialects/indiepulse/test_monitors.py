from datetime import timedelta
from uuid import UUID

import pytest

from chalicelib.core.status import Verdict
from chalicelib.core.tenancy import PLANS, hash_secret
from chalicelib.storage.keys import KeyItem
from indiepulse.asking import (
    DOCUMENTED,
    EVENTS,
    HEARTBEAT,
    MONITORS,
    NOBODY,
    STATUS,
    beating,
    data,
    hear,
    keyed,
    new,
    refusal,
    see,
    watched,
)

MINUTE = timedelta(minutes=1)


def spelled(moment):
    """Return *moment* as the document spells it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_the_documents_monitors(carol):
    """Both examples have their keys in their order, and their values but for times and ids (R160-R162)."""
    site = watched(carol, intervalSeconds=300)
    backup = beating(carol)
    created = carol.house.clock.now
    hear(carol, site)
    carol.get(f"{HEARTBEAT}/{backup}")
    now = spelled(carol.house.clock.now)
    answer = carol.get(MONITORS)
    own = {"id": site, "created_at": spelled(created), "last_checked_at": now}
    heard = {
        "id": backup,
        "heartbeat_token": backup,
        "created_at": spelled(created),
        "last_heartbeat_at": now,
    }
    assert answer.json() == {
        "data": [DOCUMENTED["http"] | own, DOCUMENTED["heartbeat"] | heard],
        "meta": {"page": 1, "per_page": 50, "total": 2, "total_pages": 1},
    }
    for shown, documented in zip(answer.json()["data"], DOCUMENTED.values(), strict=True):
        assert list(shown) == list(documented)
        assert str(UUID(shown["id"])) == shown["id"]


def test_a_new_monitor_is_pending(carol):
    """Before anything was seen there is no status, and the machine waits (R149)."""
    for monitor in (watched(carol), beating(carol)):
        assert (see(carol, monitor)["status"], see(carol, monitor)["monitor_state"]) == (None, "PENDING")


def test_status_tells_the_round_and_state_the_machine(carol):
    """One bad round is investigated, confirmed it is down; one good round recovers (R144-R147, R152)."""
    site = watched(carol)
    seen = []
    for verdict in (Verdict.UP, Verdict.DOWN, Verdict.DOWN, Verdict.UP, Verdict.UP, Verdict.DEGRADED):
        hear(carol, site, verdict)
        seen.append((see(carol, site)["status"], see(carol, site)["monitor_state"]))
    assert seen == [
        ("UP", "UP"),
        ("DOWN", "INVESTIGATING"),
        ("DOWN", "DOWN"),
        ("UP", "RECOVERING"),
        ("UP", "UP"),
        ("DEGRADED", "UP"),
    ]


def test_one_region_is_no_verdict(carol):
    """What a minority of the regions finds changes neither field (R147, R390)."""
    site = watched(carol)
    hear(carol, site)
    hear(carol, site, Verdict.DOWN, regions=("eu-west-1",))
    assert (see(carol, site)["status"], see(carol, site)["monitor_state"]) == ("UP", "UP")


def test_results_that_alternate_never_turn_it(carol):
    """Up and down by turns is no outage, and opens no event (R148)."""
    site = watched(carol)
    hear(carol, site)
    for verdict in (Verdict.DOWN, Verdict.UP) * 3:
        hear(carol, site, verdict)
        assert see(carol, site)["monitor_state"] in ("UP", "INVESTIGATING")
    assert data(carol.get(EVENTS)) == []


def test_a_pause_and_a_window_lie_over_it(carol):
    """Paused is PAUSED; in a window it is MAINTENANCE, whatever it was before (R150, R151, R384)."""
    site, backup = watched(carol), beating(carol)
    now = carol.house.clock.now
    window = {"title": "Night", "startsAt": spelled(now - MINUTE), "endsAt": spelled(now + 5 * MINUTE)}
    assert carol.post("/v1/maintenance", window).status == 201
    assert [see(carol, one)["monitor_state"] for one in (site, backup)] == ["MAINTENANCE"] * 2
    assert carol.post(f"/v1/checks/{site}/pause").status == 200
    assert see(carol, site)["monitor_state"] == "PAUSED"


def test_a_late_heartbeat_is_investigated_and_then_down(carol):
    """In its grace it is not down yet; after it, it is, and counted as missed (R183)."""
    backup = beating(carol, scheduleValue="60", graceSeconds=60)
    carol.get(f"{HEARTBEAT}/{backup}")
    states = []
    for _ in range(3):
        states.append((see(carol, backup)["status"], see(carol, backup)["monitor_state"]))
        carol.house.clock.now += MINUTE
    assert states == [("UP", "UP"), ("UP", "INVESTIGATING"), ("DOWN", "DOWN")]
    assert data(carol.get(STATUS))["heartbeats"] == {"total": 1, "healthy": 0, "missed": 1}


def test_the_last_day_of_a_site(carol):
    """Rows are counted by region; what is slow is up; the outage costs its time (R153, R154, R165, R166)."""
    site = watched(carol)
    for verdict in (Verdict.UP, Verdict.UP, Verdict.DEGRADED, Verdict.DEGRADED):
        hear(carol, site, verdict)
    slow = see(carol, site)["stats_24h"]
    assert slow == {"total_checks": 12, "down_count": 0, "degraded_count": 6, "uptime_percent": 100.0}
    for verdict in (Verdict.DOWN, Verdict.DOWN, Verdict.UP, Verdict.UP, Verdict.UP, Verdict.UP, Verdict.UP):
        hear(carol, site, verdict)
    stats = see(carol, site)["stats_24h"]
    assert (stats["total_checks"], stats["down_count"], stats["degraded_count"]) == (33, 6, 6)
    assert stats["uptime_percent"] == 80.0  # of ten minutes two were down


def test_the_last_day_of_a_heartbeat(carol):
    """Successes and failures are counted, and nothing of the day before (R167)."""
    backup = beating(carol)
    carol.get(f"{HEARTBEAT}/{backup}")
    carol.house.clock.now += timedelta(hours=25)
    for road in ("", "", "/fail"):
        carol.post(f"{HEARTBEAT}/{backup}{road}")
    carol.house.ask("GET", f"/ping/{backup}/start")
    assert see(carol, backup)["stats_24h"] == {"total_pings": 3, "successful": 2, "failed": 1}


def test_nothing_measured_is_no_figure(carol):
    """Without a check there is no uptime, which is not 0 or 100 percent (R156)."""
    assert see(carol, watched(carol))["stats_24h"]["uptime_percent"] is None


def test_pages_of_monitors(carol):
    """Pages are cut as asked, a larger one at a hundred; past the end there is nothing (R163)."""
    ids = [new(carol, name=f"check {n}") for n in range(5)]
    pages = [carol.get(f"{MONITORS}?page={page}&per_page=2").json() for page in (1, 2, 3, 4)]
    assert [[one["id"] for one in page["data"]] for page in pages] == [ids[:2], ids[2:4], ids[4:], []]
    assert pages[3]["meta"] == {"page": 4, "per_page": 2, "total": 5, "total_pages": 3}
    assert carol.get(f"{MONITORS}?per_page=101").json()["meta"]["per_page"] == 100


@pytest.mark.parametrize(
    "query", ["page=0", "page=x", "page=-1", "page=", "per_page=0", "per_page=-1", "page=1.5", "page=%D9%A1"]
)
def test_odd_pages_are_refused(hapless, query):
    """What is no page is 400, and names the parameter; an empty workspace has one page (R164, R217)."""
    status, sentence = refusal(hapless.get(f"{MONITORS}?{query}"))
    assert (status, sentence.partition(" ")[0]) == (400, query.partition("=")[0])
    assert hapless.get(MONITORS).json()["meta"]["total_pages"] == 1


@pytest.mark.parametrize("monitor_id", [NOBODY, "nope", "mon_x", "%20", "x" * 500])
@pytest.mark.parametrize("tail", ["", "/checks"])
def test_an_unknown_monitor_is_not_found(alice, monitor_id, tail):
    """The document's own words, whatever the id (R168)."""
    assert refusal(alice.get(f"{MONITORS}/{monitor_id}{tail}")) == (404, "Monitor not found")


def test_a_monitor_of_others_is_not_found(alice, bob):
    """Another workspace's ids do not exist (R135)."""
    site = watched(alice)
    assert refusal(bob.get(f"{MONITORS}/{site}")) == (404, "Monitor not found")
    assert site not in bob.get(MONITORS).text


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_written_here(alice, method):
    """The API only reads: 405, and nothing is changed (R133)."""
    site = watched(alice)
    for path in (MONITORS, f"{MONITORS}/{site}", EVENTS, STATUS):
        assert refusal(alice.ask(method, path, {"name": "changed"})) == (405, "Method not allowed")
    assert see(alice, site)["name"] == "Site"


def test_who_has_no_key_is_told_so(anyone):
    """Missing or wrong: the document's own words (R130, R131)."""
    for headers in ({}, {"Authorization": "Bearer ip_live_wrong"}, {"Authorization": "Basic x"}):
        assert refusal(anyone.get(MONITORS, **headers)) == (401, "Invalid API key")


def test_a_suspended_key_and_a_plan_without_the_api(alice):
    """Both are 403 and begin with the document's words (R132, R134)."""
    suspended = keyed(alice, "maker")
    KeyItem(hash_secret(suspended.key)).update([KeyItem.suspended.set(True)])
    for person in (suspended, keyed(alice, "free")):
        status, sentence = refusal(person.get(MONITORS))
        assert (status, sentence.startswith("API key is suspended")) == (403, True)


@pytest.mark.parametrize("plan", ["hacker", "maker", "founder"])
def test_each_plan_has_its_limits(alice, plan):
    """Headers tell the plan's figures; past them it is 429, and each key counts alone (R137-R142)."""
    limits, person = PLANS[plan], keyed(alice, plan)
    for n in range(limits.per_minute):
        headers = person.get(STATUS if n == 0 else f"{MONITORS}/x").headers
        assert headers["X-RateLimit-Limit-Minute"] == str(limits.per_minute)
        assert headers["X-RateLimit-Limit-Day"] == str(limits.per_day)
    refused = person.get(MONITORS)
    assert (refused.status, refused.json()["error"].startswith("Rate limit exceeded")) == (429, True)
    assert int(refused.headers["Retry-After"]) <= 60
    assert keyed(alice, plan).get(MONITORS).status == 200


def test_a_day_has_an_end(alice):
    """Past the day's figure it is 429 until midnight (R137)."""
    person = keyed(alice, "hacker")
    today = int(alice.house.clock.now.timestamp()) // 86_400
    spent = [KeyItem.day.set(today), KeyItem.day_count.set(PLANS["hacker"].per_day)]
    KeyItem(hash_secret(person.key)).update(spent)
    assert person.get(MONITORS).status == 429
    alice.house.clock.now += timedelta(days=1)
    assert person.get(MONITORS).status == 200
