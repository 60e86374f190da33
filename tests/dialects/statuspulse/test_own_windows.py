from dataclasses import replace

import pytest

from chalicelib.dialects import ids
from chalicelib.services.maintenance import MOST_RECURRING
from statuspulse.asking import (
    MAINTENANCE,
    NIGHT,
    changed,
    config_of,
    invalid,
    named,
    put,
    refusal,
    site,
    status_of,
    stored,
    windows_of,
)


def test_windows_are_those_of_the_other_dialect(carol):
    """They appear under /v1/maintenance, cover this monitor alone, and the list replaces them (R118)."""
    monitor_id, other = site(carol), site(carol)
    weekly = {
        "start": "2026-03-01T23:00:00+01:00",
        "end": "2026-03-02T23:00:00+01:00",
        "timezone": "Europe/Berlin",
        "recurrence": "FREQ=WEEKLY",
        "title": "Patches",
    }
    shown = changed(carol, monitor_id, maintenance_windows=[NIGHT, weekly])
    assert shown["maintenance_windows"] == [
        weekly | {"start": "2026-03-01T22:00:00Z", "end": "2026-03-02T22:00:00Z"},
        NIGHT | {"title": "Scheduled maintenance", "timezone": "UTC", "recurrence": None},
    ]
    uuid = ids.read("mon", monitor_id)
    assert [window["checkIds"] for window in windows_of(carol)] == [[uuid], [uuid]]
    assert (status_of(carol, monitor_id)["state"], status_of(carol, other)["state"]) == (
        "maintenance",
        "pending",
    )
    kept = next(window["id"] for window in windows_of(carol) if window["title"] == "Patches")
    changed(carol, monitor_id, maintenance_windows=[weekly])
    assert [window["id"] for window in windows_of(carol)] == [kept]
    changed(carol, monitor_id, name="x")
    assert len(windows_of(carol)) == 1
    changed(carol, monitor_id, maintenance_windows=[])
    assert windows_of(carol) == []
    assert status_of(carol, monitor_id)["state"] == "pending"


def test_a_window_of_the_project_shows_and_is_left_alone(carol):
    """What was made under /v1/maintenance is in the config, apart where it covers others, too (R384)."""
    monitor_id = site(carol)
    whole = {"title": "All", "startsAt": NIGHT["start"], "endsAt": NIGHT["end"]}
    own = whole | {"title": "Own", "checkIds": [monitor_id]}
    assert {carol.post(MAINTENANCE, wish).status for wish in (whole, own)} == {201}
    shown = config_of(carol, monitor_id)
    assert [window["title"] for window in shown["maintenance_windows"]] == ["Own"]
    assert [window["title"] for window in shown["shared_maintenance_windows"]] == ["All"]
    changed(carol, monitor_id, maintenance_windows=[])
    assert [window["title"] for window in windows_of(carol)] == ["All"]


@pytest.mark.parametrize(
    ("window", "field"),
    [
        ({}, "end"),
        (NIGHT | {"end": NIGHT["start"]}, "end"),
        (NIGHT | {"start": "2026-06-01 22:00"}, "start"),
        (NIGHT | {"start": "2026-06-01T22:00:00"}, "start"),
        (NIGHT | {"start": "2026-02-30T22:00:00Z"}, "start"),
        (NIGHT | {"start": "0001-01-01T00:00:00+23:59"}, "start"),
        (NIGHT | {"timezone": "Mars"}, "timezone"),
        (NIGHT | {"recurrence": "FREQ=NEVER"}, "recurrence"),
        (NIGHT | {"recurrence": "x" * 301}, "recurrence"),
        (NIGHT | {"monitors": []}, "monitors"),
    ],
    ids=named,
)
def test_a_bad_window_changes_nothing(carol, window, field):
    """400 naming it, though the rest of the request is good (R118, R120)."""
    monitor_id = site(carol)
    before = config_of(carol, monitor_id)
    faults = invalid(put(carol, monitor_id, {"name": "x", "maintenance_windows": [NIGHT, window]}))
    assert f"maintenance_windows[1].{field}" in faults
    assert config_of(carol, monitor_id) == before


def test_without_room_for_all_no_window_is_made(carol):
    """403, and the rest of the request is not done either (R118, R120)."""
    monitor_id = site(carol)
    weekly = {"recurrence": "FREQ=WEEKLY"}
    carol.post(MAINTENANCE, {"title": "All", "startsAt": NIGHT["start"], "endsAt": NIGHT["end"], **weekly})
    windows = carol.house.tools.windows
    (one,) = windows.of_project(stored(carol, monitor_id).spec.project_id)
    for _ in range(MOST_RECURRING - 2):
        windows.add(replace(one, window_id=carol.house.tools.new_id()))
    before = config_of(carol, monitor_id)
    refused = put(carol, monitor_id, {"name": "x", "maintenance_windows": [NIGHT | weekly] * 2})
    assert refusal(refused)[:2] == (403, "limit_reached")
    assert config_of(carol, monitor_id) == before
