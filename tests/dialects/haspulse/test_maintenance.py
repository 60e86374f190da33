from datetime import timedelta

import pytest

from chalicelib.dialects import ids
from haspulse.asking import refusal
from haspulse.tenants import MAINTENANCE, NIGHT, SECOND, change, invalid, made

FIELDS = [
    *("id", "projectId", "title", "description", "startsAt", "endsAt", "checkIds", "tags", "recurrence"),
    *("timezone", "active", "nextStartAt", "createdAt", "updatedAt"),
]
WISH = {"title": "changed"}  # suits every method
ONE = ("GET", "PATCH", "DELETE")


def road(window):
    """Return a window's path."""
    return f"{MAINTENANCE}/{window['id']}"


def spelled(moment):
    """Return *moment* as answers spell it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def around(house, before, after):
    """Return when something starts and ends, so many minutes *before* and *after* the present moment."""
    now, minute = house.clock.now, timedelta(minutes=1)
    return {"startsAt": spelled(now - before * minute), "endsAt": spelled(now + after * minute)}


# --- creating and seeing ------------------------------------------------------------------------------------


def test_a_window_is_created_and_seen(ours):
    """A title and two moments are enough: it covers the whole project, once (R57, R58)."""
    answer = ours.writer.post(MAINTENANCE, {"title": "Move", **NIGHT})
    window = answer.json()
    assert (answer.status, list(window)) == (201, FIELDS)
    assert {name: window[name] for name in NIGHT} == NIGHT
    assert (window["title"], window["description"], window["checkIds"], window["tags"]) == (
        "Move",
        "",
        [],
        [],
    )
    assert (window["recurrence"], window["timezone"], window["active"]) == (None, "UTC", False)
    assert window["nextStartAt"] == NIGHT["startsAt"]
    assert ours.reader.get(road(window)).json() == window


def test_everything_may_be_said_of_it(ours):
    """Checks by either spelling of their ids, tags, and a rule by which it recurs (R57, R58)."""
    first, second = ours.writer.check(name="a")["uuid"], ours.writer.check(name="b")["uuid"]
    wish = {
        "title": "Patches",
        "description": "Every Sunday.\nBe patient.",
        "startsAt": "2026-03-01T02:30:00",
        "endsAt": "2026-03-01T03:30:00",
        "timezone": "Europe/Berlin",
        "checkIds": [first, ids.spell("mon", second), first],
        "tags": ["prod", "db", "prod"],
        "recurrence": " FREQ=WEEKLY;BYDAY=SU ",
    }
    window = made(ours.writer, MAINTENANCE, **wish)
    assert (window["checkIds"], window["tags"]) == ([first, second], ["prod", "db"])
    assert (window["startsAt"], window["endsAt"]) == ("2026-03-01T01:30:00Z", "2026-03-01T02:30:00Z")
    assert (window["recurrence"], window["timezone"]) == ("FREQ=WEEKLY;BYDAY=SU", "Europe/Berlin")
    assert window["nextStartAt"] == "2026-03-08T01:30:00Z"
    assert window["description"] == wish["description"]


@pytest.mark.parametrize(
    ("wish", "starts"),
    [
        ({"startsAt": "2026-06-01T22:00:00+02:00"}, "2026-06-01T20:00:00Z"),
        ({"startsAt": "2026-06-01T22:00Z"}, "2026-06-01T22:00:00Z"),
        ({"startsAt": "2026-06-01T22:00:00.5-00:30"}, "2026-06-01T22:30:00Z"),
        ({"startsAt": "2026-06-01T22:00:00", "timezone": "America/New_York"}, "2026-06-02T02:00:00Z"),
        # An offset says more than a zone, which then is that of the recurrence alone.
        ({"startsAt": "2026-06-01T22:00:00Z", "timezone": "America/New_York"}, "2026-06-01T22:00:00Z"),
    ],
    ids=str,
)
def test_a_moment_is_told_with_its_offset_or_with_a_zone(ours, wish, starts):
    """ISO 8601; what names neither is refused, for nobody knows when it is (R58)."""
    ends = "2026-06-03T00:00:00Z"
    assert made(ours.writer, MAINTENANCE, title="x", endsAt=ends, **wish)["startsAt"] == starts


def test_a_list_is_in_pages(ours, house):
    """What begins latest first; with ?upcoming=true without what is over for good (R56)."""
    over = around(house, 90, -30)
    wishes = {"over": over, "running": around(house, 30, 30), "later": NIGHT}
    for title, wish in wishes.items():
        made(ours.writer, MAINTENANCE, title=title, **wish)
    made(ours.writer, MAINTENANCE, title="daily", **around(house, 92, -31), recurrence="FREQ=DAILY")

    def listed(query=""):
        return [one["title"] for one in ours.reader.get(MAINTENANCE + query).json()["maintenance"]]

    whole = ours.reader.get(MAINTENANCE + "?limit=3").json()
    assert [list(one) for one in whole.pop("maintenance")] == [FIELDS] * 3
    assert whole == {"total": 4, "page": 1, "limit": 3, "totalPages": 2}
    assert listed() == listed("?upcoming=false") == ["later", "running", "over", "daily"]
    assert listed("?limit=3&page=2") == ["daily"]
    assert listed("?upcoming=true") == ["later", "running", "daily"]
    assert "upcoming" in invalid(ours.reader.get(MAINTENANCE + "?upcoming=maybe"))


def test_what_is_running_is_active(ours, house):
    """From its start up to its end, not including it (R57, R59)."""
    path = road(made(ours.writer, MAINTENANCE, title="x", **around(house, 0, 10)))
    start = house.clock.now.replace(second=0, microsecond=0)
    seen = []
    for seconds in (1, 599, 600):
        house.clock.now = start + seconds * SECOND
        window = ours.reader.get(path).json()
        seen.append((window["active"], window["nextStartAt"]))
    assert seen == [(True, spelled(start)), (True, spelled(start)), (False, None)]


# --- changing and deleting ----------------------------------------------------------------------------------


def test_what_is_given_is_changed(ours):
    """The rest stays; null takes away what may be absent, and means nothing elsewhere (R60)."""
    check = ours.writer.check(name="a")["uuid"]
    wish = {"description": "Words.", "recurrence": "FREQ=DAILY", "checkIds": [check], "tags": ["db"], **NIGHT}
    window = made(ours.writer, MAINTENANCE, title="x", **wish)
    changed = change(ours.writer, road(window), title="Renamed", checkIds=None)
    touched = {"updatedAt": spelled(ours.writer.house.clock.now)}
    assert changed == window | {"title": "Renamed"} | touched
    changed = change(ours.writer, road(window), description=None, recurrence=None, checkIds=[], tags=[])
    emptied = {"description": "", "recurrence": None, "checkIds": [], "tags": []}
    assert {name: changed[name] for name in emptied} == emptied
    later = change(
        ours.writer,
        road(window),
        startsAt="2026-06-02T00:00:00",
        timezone="UTC",
        endsAt="2026-06-02T01:00:00Z",
    )
    assert (later["startsAt"], later["nextStartAt"]) == ("2026-06-02T00:00:00Z",) * 2
    assert ours.reader.get(road(window)).json() == later


def test_a_window_outlives_what_it_names(ours):
    """A check that was deleted meanwhile keeps nobody from changing the window (R60)."""
    check = ours.writer.check(name="a")["uuid"]
    window = made(ours.writer, MAINTENANCE, title="x", checkIds=[check], **NIGHT)
    assert ours.writer.ask("DELETE", f"/api/v3/checks/{check}").status == 200
    assert change(ours.writer, road(window), title="y")["checkIds"] == [check]


def test_an_end_in_the_past_is_the_present(ours, house):
    """An active window ends now, and shows it (R60)."""
    window = made(ours.writer, MAINTENANCE, title="x", **around(house, 30, 30))
    ended = change(ours.writer, road(window), endsAt=spelled(house.clock.now - 60 * SECOND))
    assert (ended["endsAt"], ended["active"]) == (spelled(house.clock.now), False)
    assert ended["nextStartAt"] is None


def test_a_deleted_window_is_gone(ours, house):
    """Also one that is active, of which the past is kept: nobody is shown that (R61)."""
    for times in (NIGHT, around(house, 30, 30)):
        path = road(made(ours.writer, MAINTENANCE, title="x", **times))
        answer = ours.writer.ask("DELETE", path)
        assert (answer.status, answer.body) == (204, b"")
        for method in ONE:
            missing = refusal(ours.writer.ask(method, path, WISH))
            assert missing == (404, "NOT_FOUND", "Maintenance window not found")
    assert ours.writer.get(MAINTENANCE).json()["total"] == 0
    kept = house.tools.windows.of_project(ours.project_id)
    assert [window.until for window in kept] == [house.clock.now]
