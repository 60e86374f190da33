from datetime import timedelta
from uuid import UUID

from chalicelib.core.status import Verdict
from indiepulse.asking import HEARTBEAT, MONITORS, beating, data, hear, watched
from tests.dialects.regions import REGIONS


def rows(person, monitor_id, query=""):
    """Return a page of a monitor's history, whole."""
    reply = person.get(f"{MONITORS}/{monitor_id}/checks{query}")
    assert reply.status == 200, reply.text
    return reply.json()


def test_a_row_for_each_region_and_round(carol):
    """The newest round first, with what each region found (R169, R172, R218)."""
    site = watched(carol)
    hear(carol, site)
    hear(carol, site, Verdict.DOWN, code=503, error="it answered 503")
    page = rows(carol, site)
    now = carol.house.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    newest = page["data"][0]
    assert str(UUID(newest.pop("id")))
    assert newest == {
        "status": "DOWN",
        "response_time": 142,
        "status_code": 503,
        "checked_at": now,
        "region": newest["region"],
        "error": "it answered 503",
    }
    assert [row["status"] for row in page["data"]] == ["DOWN"] * 3 + ["UP"] * 3
    assert {row["region"] for row in page["data"][:3]} == set(REGIONS)
    assert page["meta"] == {"page": 1, "per_page": 50, "total": 6, "total_pages": 1, "retention_days": 30}


def test_pages_are_parts_of_the_whole(carol):
    """However it is cut, and whatever is rolled up by then, no row is lost or shown twice (R171)."""
    site = watched(carol)
    for _ in range(70):  # into the next hour, so that a part of it is rolled up
        hear(carol, site)
    whole = [row for page in range(1, 4) for row in rows(carol, site, f"?page={page}&per_page=100")["data"]]
    assert len({row["id"] for row in whole}) == 210
    cut = [row for page in range(1, 32) for row in rows(carol, site, f"?page={page}&per_page=7")["data"]]
    assert cut == whole
    assert rows(carol, site, "?page=31&per_page=7")["meta"]["total_pages"] == 30
    assert rows(carol, site, "?page=31&per_page=7")["data"] == []


def test_a_heartbeats_pings(carol):
    """Its history is its pings, the newest first, and says so (R170)."""
    backup = beating(carol)
    carol.get(f"{HEARTBEAT}/{backup}")
    carol.house.clock.now += timedelta(minutes=1)
    carol.post(f"{HEARTBEAT}/{backup}/fail", b"disk full")
    page = rows(carol, backup)
    assert [row["ping_type"] for row in page["data"]] == ["fail", "success"]
    assert page["data"][0]["pinged_at"] == carol.house.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert page["data"][0]["source_ip"] == "127.0.0.1"
    expected = {"page": 1, "per_page": 50, "total": 2, "total_pages": 1, "data_type": "heartbeat_pings"}
    assert page["meta"] == expected
    assert [row["id"] for row in page["data"]] == [row["id"] for row in rows(carol, backup)["data"]]


def test_nothing_was_found_yet(carol):
    """A new monitor has an empty page."""
    for monitor in (watched(carol), beating(carol)):
        assert data(carol.get(f"{MONITORS}/{monitor}/checks")) == []
