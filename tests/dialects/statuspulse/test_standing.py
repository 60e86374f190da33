from datetime import timedelta

import pytest
from haspulse.checking import counting

from chalicelib.core.status import Verdict
from chalicelib.dialects import ids
from statuspulse.asking import (
    INCIDENTS,
    MONITORS,
    NOBODY,
    STATUS,
    changed,
    created,
    hear,
    refusal,
    site,
    status_of,
    stored,
)
from tests.dialects.regions import REGIONS

FIELDS = [
    *("monitor_id", "name", "type", "state", "last_probe_at", "last_result", "metrics", "regions"),
    *("active_incident", "sla"),
]
METRICS = [
    *("p50_latency_ms", "p95_latency_ms", "p99_latency_ms", "avg_latency_ms", "uptime_pct"),
    *("uptime_24h_pct", "uptime_7d_pct", "uptime_30d_pct", "probe_count", "samples", "window"),
]
DAY = timedelta(days=1)


def spelled(moment):
    """Return *moment* as the answers spell it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_what_was_never_probed_is_pending(carol):
    """200, and null for all that nobody knows yet: nothing that a script reads is missing (R105, R107)."""
    shown = status_of(carol, site(carol))
    assert (list(shown), list(shown["metrics"])) == (FIELDS, METRICS)
    unknown = ("last_probe_at", "last_result", "active_incident", "sla")
    assert (shown["state"], shown["regions"]) == ("pending", [])
    assert {name: shown[name] for name in unknown} == dict.fromkeys(unknown)
    figures = {"probe_count": 0, "samples": 0, "window": "24h"}
    assert shown["metrics"] == dict.fromkeys(METRICS) | figures


def test_what_was_probed_shows_at_once(carol):
    """State, last probe, what each region found, and the figures of the day (R103, R104, R105, R109)."""
    monitor_id = site(carol)
    for ms in (100, 100, 2000):
        hear(carol, monitor_id, ms=ms)
    shown = status_of(carol, monitor_id)
    now = spelled(carol.house.clock.now)
    assert (shown["monitor_id"], shown["type"], shown["state"]) == (monitor_id, "http", "up")
    assert shown["last_probe_at"] == now
    assert shown["last_result"] == {
        "status_code": 200,
        "latency_ms": 2000,
        "region": REGIONS[0],
        "error": None,
    }
    assert shown["regions"] == [
        {"region": region, "state": "up", "latency_ms": 2000, "checked_at": now, "error": None}
        for region in REGIONS
    ]
    metrics = shown["metrics"]
    assert (metrics["probe_count"], metrics["samples"]) == (3, 9)
    assert metrics["p50_latency_ms"] == pytest.approx(100, rel=0.14)
    assert metrics["p95_latency_ms"] == pytest.approx(2000, rel=0.14)
    assert metrics["avg_latency_ms"] == pytest.approx(733.3)
    assert {metrics[name] for name in METRICS if name.startswith("uptime")} == {100.0}


def test_uptime_is_of_a_day_a_week_and_a_month(carol):
    """`uptime_pct` is the 24 hours' and no ratio; what was not always up reads less (R106, R129, R385)."""
    monitor_id = site(carol)
    clock = carol.house.clock
    hear(carol, monitor_id)
    clock.now += 3 * DAY
    for verdict in (Verdict.DOWN, Verdict.DOWN, Verdict.UP, Verdict.UP):
        hear(carol, monitor_id, verdict)
    day = status_of(carol, monitor_id)["metrics"]["uptime_24h_pct"]
    other = carol.get(f"/api/v1/monitors/{ids.read('mon', monitor_id)}").json()["data"]
    assert other["stats_24h"]["uptime_percent"] == day < 100
    clock.now += timedelta(hours=30)
    figures = status_of(carol, monitor_id)["metrics"]
    assert figures["uptime_pct"] == figures["uptime_24h_pct"] == 100
    week = figures["uptime_7d_pct"]
    assert 99.9 < week < 100
    assert round(week, 3) == week
    assert figures["uptime_30d_pct"] == week  # it is younger than that


def test_each_state_has_its_word(carol):
    """By the table that all dialects agree on (R103, R380)."""
    monitor_id = site(carol)
    told = []

    def tell(verdict):
        hear(carol, monitor_id, verdict, error="" if verdict is not Verdict.DOWN else "timeout")
        told.append(status_of(carol, monitor_id)["state"])

    for verdict in (Verdict.UP, Verdict.DEGRADED, Verdict.DOWN, Verdict.DOWN, Verdict.UP, Verdict.UP):
        tell(verdict)
    assert told == ["up", "degraded", "investigating", "down", "recovering", "up"]
    uuid = ids.read("mon", monitor_id)
    carol.post(f"/api/v3/checks/{uuid}/pause")
    assert status_of(carol, monitor_id)["state"] == "paused"


def test_a_heartbeat_stands_too(carol):
    """Pending, up, late, down; it has no latencies (R103, R380)."""
    check = carol.check(name="Nightly", timeout=60, grace=60)
    monitor_id = ids.spell("mon", check["uuid"])
    told = [status_of(carol, monitor_id)["state"]]
    carol.house.ask("GET", f"/ping/{check['uuid']}")
    for _ in range(3):
        shown = status_of(carol, monitor_id)
        told.append(shown["state"])
        carol.house.clock.now += timedelta(seconds=61)
    assert told == ["pending", "up", "late", "down"]
    assert (shown["last_result"], shown["metrics"]["p50_latency_ms"]) == (None, None)


def test_where_nobody_can_tell_it_shows_why(carol):
    """A round without a verdict changes no state, but says who could not tell and why (R103, R105, R107)."""
    monitor_id = site(carol)
    hear(carol, monitor_id, None, error="registry: timed out", code=None, ms=None)
    shown = status_of(carol, monitor_id)
    assert (shown["state"], shown["metrics"]["probe_count"]) == ("pending", 0)
    assert shown["last_probe_at"] == spelled(carol.house.clock.now)
    assert shown["last_result"]["error"] == "registry: timed out"
    assert {(one["state"], one["error"]) for one in shown["regions"]} == {("unknown", "registry: timed out")}
    hear(carol, monitor_id)
    hear(carol, monitor_id, None, regions=REGIONS[:2], error="registry: timed out")  # a third may still tell
    shown = status_of(carol, monitor_id)
    assert (shown["state"], shown["last_result"]["error"]) == ("up", None)


def test_an_outage_names_its_incident(carol):
    """With who took it on; and what failed where (R103, R105, R111)."""
    monitor_id = site(carol)
    hear(carol, monitor_id)
    for _ in range(2):
        hear(carol, monitor_id, Verdict.DOWN, regions=REGIONS[:2], error="timeout", code=None, ms=None)
    shown = status_of(carol, monitor_id)
    assert shown["last_result"]["error"] == "timeout"
    assert [one["state"] for one in shown["regions"]] == ["down", "down"]
    active = shown["active_incident"]
    assert (active["state"], active["severity"]) == ("triggered", "major")
    assert active["title"] == "Checkout Service Gateway is down"
    wish = {"incident_id": active["incident_id"], "state": "acknowledged", "assignee": "maya"}
    assert carol.post(INCIDENTS, wish).status == 200
    again = status_of(carol, monitor_id)["active_incident"]
    assert (again["state"], again["assignee"]) == ("acknowledged", "maya")
    assert again["acknowledged_at"] == spelled(carol.house.clock.now)


def test_a_target_shows_how_much_is_left_of_it(carol):
    """The period, what it allows, and what was used of it (R123, R129)."""
    monitor_id = site(carol)
    hear(carol, monitor_id)
    changed(carol, monitor_id, sla={"target_pct": 99, "period": "day"})
    for _ in range(2):
        hear(carol, monitor_id, Verdict.DOWN)
    carol.house.clock.now += timedelta(minutes=9)
    shown = status_of(carol, monitor_id)["sla"]
    midnight = carol.house.clock.now.replace(hour=0, minute=0, second=0, microsecond=0)
    assert (shown["target_pct"], shown["period"]) == (99, "day")
    assert (shown["period_start"], shown["period_end"]) == (spelled(midnight), spelled(midnight + DAY))
    assert (shown["error_budget_seconds"], shown["error_budget_used_seconds"]) == (864, 600)
    assert (shown["error_budget_remaining_seconds"], shown["breached"]) == (264, False)
    assert 0 < shown["actual_pct"] < 99
    carol.house.clock.now += timedelta(minutes=10)
    broken = status_of(carol, monitor_id)["sla"]
    assert (broken["error_budget_remaining_seconds"], broken["breached"]) == (0, True)


def test_what_a_status_costs(carol, house):
    """However much was probed, so many calls to the database and no more (R103)."""
    monitor_id = site(carol)
    changed(carol, monitor_id, sla={"target_pct": 99.9})
    for _ in range(5):
        hear(carol, monitor_id)
    with counting(house) as calls:
        status_of(carol, monitor_id)
    assert calls == {"UpdateItem": 1, "Query": 12}
    assert stored(carol, monitor_id).spec.sla


@pytest.mark.parametrize("code", [NOBODY, "mon_missing", "x", "%00", "y" * 3000, "inc_" + "a" * 26])
def test_a_missing_monitor_has_no_status(carol, code):
    """404 in the form of every refusal, whatever is asked of it (R108)."""
    assert refusal(carol.get(f"{STATUS}/{code}"))[:2] == (404, "not_found")
    for method in ("GET", "DELETE"):
        assert refusal(carol.ask(method, f"{MONITORS}/{code}"))[:2] == (404, "not_found")
    assert created(carol, name="x", type="dns", host="example.org")["state"] == "pending"
