"""Five dialects as mirrors of one world: what each must show of what the others show at the same instant."""

from collections import defaultdict
from datetime import timedelta
from typing import Any, NamedTuple

from chalicelib.core.heartbeats import view
from chalicelib.core.monitors import Monitor
from chalicelib.core.probing import phase
from chalicelib.core.rollups import Grain
from chalicelib.core.spans import Span
from chalicelib.core.status import Status, Verdict
from chalicelib.dialects import ids
from chalicelib.services import history
from tests.stories.neighbours import Check
from tests.stories.small_world import World

DAY = timedelta(days=1)
LAST = "what the last round said"  # None before the first
LISTS = (  # the dialect, the road, and what it calls a monitor's id if not that
    ("haspulse", "/v1/checks", ""),
    ("statuspulse", "/v1/monitors", "monitor_id"),
    ("indiepulse", "/api/v1/monitors", ""),
    ("healthchecks", "/api/v3/checks", "uuid"),
    ("hooklistener", "/api/v1/uptime-monitors", ""),
)
BEGINNINGS = {"went_down": "INCIDENT", "slowed": "PERFORMANCE"}
ENDS = {
    "INCIDENT": {"recovered", "called_off", "resolved"},
    "PERFORMANCE": {"sped_up", "resolved"},
}


class Words(NamedTuple):
    """What each dialect calls a monitor; IndiePulse has two words, Hooklistener none for heartbeats."""

    haspulse: str
    statuspulse: str
    latest: str | None
    state: str
    healthchecks: str
    hooklistener: str | None
    in_maintenance: bool = False


HEARTBEATS = {
    "new": Words("NEW", "pending", None, "PENDING", "new", None),
    "up": Words("UP", "up", "UP", "UP", "up", None),
    "grace": Words("LATE", "late", "UP", "INVESTIGATING", "grace", None),
    "down": Words("DOWN", "down", "DOWN", "DOWN", "down", None),
    "paused": Words("PAUSED", "paused", None, "PAUSED", "paused", None),
}
PROBES = {
    "pending": Words("NEW", "pending", LAST, "PENDING", "new", "pending"),
    "up": Words("UP", "up", "UP", "UP", "up", "up"),
    "degraded": Words("UP", "degraded", "DEGRADED", "UP", "up", "up"),
    "investigating": Words("UP", "investigating", "DOWN", "INVESTIGATING", "up", "up"),
    "down": Words("DOWN", "down", "DOWN", "DOWN", "down", "down"),
    "recovering": Words("DOWN", "recovering", LAST, "RECOVERING", "down", "down"),
    "paused": Words("PAUSED", "paused", LAST, "PAUSED", "paused", "paused"),
}


def canonical(monitor: Monitor, now: Any) -> str:
    """Return what the core says of a monitor: the row of the table that holds."""
    if monitor.spec.watch is None:
        return view(monitor.spec, monitor.state, now)
    told = str(phase(monitor.state))
    return "degraded" if told == "up" and monitor.state.verdict is Verdict.DEGRADED else told


def expected(world: World, one: Check) -> Words:
    """Return what the dialects must call *one*; maintenance lies over all but a pause, in two of them."""
    monitor, is_worked_on = one.monitor, world.is_worked_on(one)
    words = (PROBES if monitor.spec.watch else HEARTBEATS)[canonical(monitor, world.now)]
    words = words._replace(in_maintenance=is_worked_on)
    if words.latest == LAST:
        words = words._replace(latest=monitor.state.verdict and monitor.state.verdict.value)
    if is_worked_on and monitor.state.status is not Status.PAUSED:
        words = words._replace(statuspulse="maintenance", state="MAINTENANCE")
    return words


def everything_agrees(world: World) -> None:
    """Look into all mirrors at once."""
    alone = {one.check_id: _alone(world, one) for one in world.both}
    states_agree(world, alone)
    uptimes_agree(world, alone)
    incidents_agree(world, alone)


def _alone(world: World, one: Check) -> dict[str, Any]:
    """Return what those two dialects show of *one* that tell more of it than their lists do."""
    return {
        "statuspulse": world.read("statuspulse", f"/v1/status/{one.check_id}"),
        "indiepulse": world.read("indiepulse", f"/api/v1/monitors/{one.check_id}")["data"],
    }


def states_agree(world: World, alone: dict[str, Any]) -> None:
    """Every dialect has the word that the table names."""
    haspulse = {one["id"]: one for one in world.read("haspulse", "/v1/checks")["checks"]}
    healthchecks = {one["uuid"]: one for one in world.read("healthchecks", "/api/v3/checks/")["checks"]}
    hooklistener = {one["id"]: one for one in world.read("hooklistener", "/api/v1/uptime-monitors")["data"]}
    for one in world.both:
        key = one.check_id
        shown = Words(
            haspulse[key]["status"],
            alone[key]["statuspulse"]["state"],
            alone[key]["indiepulse"]["status"],
            alone[key]["indiepulse"]["monitor_state"],
            healthchecks[key]["status"],
            hooklistener.get(ids.spell(ids.MONITOR, key), {}).get("status"),
            haspulse[key]["inMaintenance"],
        )
        assert shown == expected(world, one)


def lists_agree(world: World) -> None:
    """A monitor is in a dialect's list what it is by itself; Hooklistener knows no heartbeat either way."""
    for dialect, road, name in LISTS:
        listed = {
            ids.read(ids.MONITOR, one.get("id") or one[name]): one for one in _rows(world, dialect, road)
        }
        for one in world.both:
            reply = world.ask(dialect, f"{road}/{one.check_id}")
            assert (reply.status == 200) == (one.check_id in listed)
            if reply.status == 200:
                whole = reply.json()
                assert whole.get("data", whole).items() >= listed[one.check_id].items()


def _rows(world: World, dialect: str, road: str) -> list[dict[str, Any]]:
    shown = world.read(dialect, road)
    return next(rows for rows in shown.values() if isinstance(rows, list))


def uptimes_agree(world: World, alone: dict[str, Any]) -> None:
    """One period has one uptime: rounded down to three decimals in two dialects, to four in the third."""
    now, midnight = world.now, Grain.DAY.floor(world.now)
    week = Span(midnight - 6 * DAY, now)
    for one in world.both:
        spans = [Span(now - 30 * DAY, now), Span(now - 7 * DAY, now), week, Span(now - DAY, now)]
        spans.append(Span(midnight, now))
        tallies = history.uptimes(world.house.tools, one.monitor, spans, now)
        of_30_days, of_7_days, of_week, of_24_hours, of_today = (tally.percent for tally in tallies)
        metrics = alone[one.check_id]["statuspulse"]["metrics"]
        _is_floored(metrics["uptime_30d_pct"], of_30_days)
        _is_floored(metrics["uptime_7d_pct"], of_7_days)
        _is_floored(metrics["uptime_24h_pct"], of_24_hours)
        assert metrics["uptime_pct"] == metrics["uptime_24h_pct"]
        last_day = alone[one.check_id]["indiepulse"]["stats_24h"]
        if one is world.shop:
            assert last_day["uptime_percent"] == metrics["uptime_24h_pct"]
        days = world.read("haspulse", f"/v1/checks/{one.check_id}/stats?days=7")
        _is_floored(days["uptimePercent"], of_week)
        _is_floored(days["days"][-1]["upPercent"], of_today)
        if one.monitor.spec.created > week.start:  # its whole life lies in this week, and in 30 days
            assert metrics["uptime_30d_pct"] == days["uptimePercent"]


def _is_floored(shown: float | None, true: float | None) -> None:
    """Say that *shown* is *true* without what follows its third decimal."""
    assert (shown is None) == (true is None)
    assert shown is None or -1e-8 <= true - shown < 0.001 + 1e-8, (shown, true)


def incidents_agree(world: World, alone: dict[str, Any]) -> None:
    """All dialects show the same incidents, and the webhook has heard of each what there is to hear."""
    told = world.incidents()
    events = world.read("indiepulse", "/api/v1/events?per_page=100")["data"]
    kinds = {event["id"]: event["type"] for event in events}
    stories = [event for event in events if event["type"] != "MAINTENANCE"]
    assert [_as_event(one, kinds.get(one["id"])) for one in told] == sorted(
        stories, key=lambda event: (event["created_at"], event["id"]), reverse=True
    )
    going_on = [one for one in told if not one["resolvedAt"]]
    for one in world.both:
        own = [incident for incident in going_on if incident["checkIds"][0] == one.check_id]
        own.sort(key=lambda incident: kinds[incident["id"]])  # outages before slowness
        active = as_active(own[0]) if own else None
        shown = alone[one.check_id]["statuspulse"]["active_incident"]
        assert shown == active
    _status_agrees(world, [(one["id"], kinds[one["id"]]) for one in going_on])
    _receiver_agrees(world, told, kinds)


def _as_event(one: dict[str, Any], kind: str | None) -> dict[str, Any]:
    """Return how IndiePulse must show an incident of Haspulse's."""
    return {
        "id": one["id"],
        "type": kind,
        "title": one["title"],
        "status": one["status"].capitalize(),
        "severity": one["impact"].lower(),
        "created_at": one["startedAt"],
        "resolved_at": one["resolvedAt"],
        "monitor_id": one["checkIds"][0],
    }


def as_active(one: dict[str, Any]) -> dict[str, Any]:
    """Return how StatusPulse must show an open incident of Haspulse's."""
    return {
        "incident_id": ids.spell(ids.INCIDENT, one["id"]),
        "state": "acknowledged" if one["acknowledgedAt"] else "triggered",
        "title": one["title"],
        "severity": one["impact"].lower(),
        "started_at": one["startedAt"],
        "acknowledged_at": one["acknowledgedAt"],
        "assignee": None,
    }


def _status_agrees(world: World, going_on: list[tuple[str, str]]) -> None:
    """What goes on, as IndiePulse sums it up."""
    status = world.read("indiepulse", "/api/v1/status")["data"]
    active = [key for key, kind in going_on if kind == "INCIDENT"]
    slow = [key for key, kind in going_on if kind == "PERFORMANCE"]
    assert [one["id"] for one in status["active_incidents"]] == active
    assert [one["id"] for one in status["active_performance_events"]] == slow
    overall = "degraded" if active else "performance_degraded" if slow else "operational"
    assert status["overall_status"] == overall


def _receiver_agrees(world: World, told: list[dict[str, Any]], kinds: dict[str, str]) -> None:
    """Of each incident its beginning is heard once, and then, once it is over, its end: or both as one."""
    heard = defaultdict(list)
    for message in world.receiver.at("/"):
        heard[message.story["incident"]["id"]].append(message.story["reason"])
    assert heard.keys() == {one["id"] for one in told}
    for one in told:
        reasons = heard[one["id"]]
        if reasons == ["was_down"]:
            assert one["resolvedAt"]
            continue
        assert BEGINNINGS.get(reasons[0]) == kinds[one["id"]], reasons
        assert len(reasons) == (2 if one["resolvedAt"] else 1), reasons
        assert set(reasons[1:]) <= ENDS[kinds[one["id"]]], reasons
    _pager_agrees(world, {one["id"]: one for one in told})


def _pager_agrees(world: World, told: dict[str, Any]) -> None:
    """Who hears of an incident as it escalates hears that once, and then of its end."""
    heard = defaultdict(list)
    for message in world.receiver.at("/pager"):
        heard[message.story["incident"]["id"]].append(message.story["reason"])
    for key, reasons in heard.items():
        assert reasons[0] == "escalated", reasons
        assert len(reasons) == (2 if told[key]["resolvedAt"] else 1), reasons
        assert set(reasons[1:]) <= ENDS["INCIDENT"], reasons
