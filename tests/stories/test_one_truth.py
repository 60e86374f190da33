"""Whatever happens, five dialects tell it in five ways and are never at odds: one state, one uptime."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from chalicelib.local.house import FURNISHED, House, built
from tests.stories.mirrors import as_active, everything_agrees, lists_agree
from tests.stories.neighbours import Receiver, empty_queues_answer_at_once, receiving
from tests.stories.small_world import ADDRESS, World, new_world, nobody_is_asked
from tests.stories.telling import INCIDENTS, asked, spelled

BEAT, SHOP = 0, 1
which = st.sampled_from((BEAT, SHOP))
person = st.sampled_from(("haspulse", "statuspulse"))
LETTERS = ("uuu", "ddd", "sss", "udd", "duu", "ssd", "dd?", "?us", "u?d", "???")


def step(name, *choices):
    """Return the steps of a name: it, and what it is given."""
    return st.tuples(st.just(name), *choices)


steps = st.one_of(
    step("ping", st.sampled_from(("success", "fail", "beat", "start"))),
    step("probe", st.sampled_from(LETTERS), st.integers(1, 3)),
    step("probe", st.sampled_from(("ddd", "uuu", "sss")), st.integers(2, 3)),
    step("wait", st.sampled_from((1, 45, 90, 150, 450))),
    step("wait_long", st.sampled_from((1, 7, 30))),
    step("be_away", st.integers(1, 9)),
    step("pause", which, st.booleans()),
    step("resume", which, st.booleans()),
    step("begin_work", st.sampled_from((2, 6, 90)), which),
    step("begin_work", st.sampled_from((2, 6, 90)), st.just(BEAT), st.just(SHOP)),
    step("end_work", st.booleans()),
    step("take_on", st.sampled_from(("haspulse", "statuspulse", "link")), st.integers(0, 3)),
    step("resolve", person, st.integers(0, 3)),
    step("escalate", which),
    step("repeat"),
)


@pytest.fixture(scope="module")
def town() -> Iterator[tuple[House, Receiver]]:
    """Build one house for all stories of this file, and a webhook for them; each has a world of its own."""
    with (
        built(replace(FURNISHED, public_url=ADDRESS)) as house,
        receiving(house.clock) as receiver,
        empty_queues_answer_at_once(),
    ):
        nobody_is_asked(house)
        yield house, receiver


def live(world: World, *story) -> World:
    """Let one thing happen after the other; after each everybody looks."""
    for name, *given_to_it in story:
        getattr(world, name)(*given_to_it)
        if name != "be_away":  # then nothing moves
            world.wait(1)
        everything_agrees(world)
    return world


# A story that fails is told as it is: to make it shorter would take many minutes.
@settings(max_examples=5, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(story=st.lists(steps, min_size=5, max_size=10))
def test_all_dialects_tell_one_truth(town, story):
    """Pings, rounds, pauses, maintenance, people and time in any order: after each step the five dialects
    have the table's words for both monitors, one uptime for one period and the same incidents, of each of
    which the webhook heard one beginning and, when it was over, one end (R380, R381, R384, R385, R387).
    """
    lists_agree(live(new_world(*town), *story))


@pytest.fixture
def world(town):
    """Return a world of its own, its shop seen to be well."""
    new = new_world(*town)
    new.probe("uuu")
    return new


def titles(world):
    """Return what the project's incidents are called, the newest first, and which of them go on."""
    return [(one["title"], not one["resolvedAt"]) for one in world.incidents()]


def reasons(world):
    """Return what the webhook heard, and of which monitor."""
    return [(heard.story["monitor"]["name"], heard.story["reason"]) for heard in world.receiver.at("/")]


def test_what_fails_in_a_window_begins_with_its_end_everywhere(world):
    """Until then it is down in the dialects that know no maintenance, and nobody's incident or downtime; the
    window is one and the same in all three that show windows (R380, R384, R385, R387).
    """
    live(world, ("wait", 45), ("begin_work", 6, BEAT, SHOP), ("ping", "fail"), ("probe", "ddd", 3))
    [work] = world.works
    [event] = world.read("indiepulse", "/api/v1/events")["data"]
    [window] = world.read("haspulse", "/v1/maintenance")["maintenance"]
    assert {work.window_id} == {event["id"], window["id"]}
    assert (event["type"], event["status"], window["active"]) == ("MAINTENANCE", "Active", True)
    for one in world.both:
        config = world.read("statuspulse", f"/v1/monitors/{one.check_id}/config")
        assert [shared["window_id"] for shared in config["shared_maintenance_windows"]] == [work.window_id]
    for one, percent in zip(world.both, (None, 100), strict=True):
        assert world.read("haspulse", f"/v1/checks/{one.check_id}/stats")["uptimePercent"] == percent
    assert titles(world) == reasons(world) == []
    live(world, ("wait", 180), ("resolve", "statuspulse", 0), ("probe", "uuu", 2), ("ping", "beat"))
    assert {one["startedAt"] for one in world.incidents()} == {spelled(work.ends)}
    assert len(reasons(world)) == 4


def test_what_is_paused_while_it_is_down_is_over_everywhere(world):
    """And begins anew, as if nothing had been, when it is watched again (R380, R381, R385, R387)."""
    world.ping("fail")
    live(world, ("probe", "ddd", 2), ("pause", BEAT), ("pause", SHOP, True))
    assert titles(world) == [("Shop is down", False), ("Backup is down", False)]
    live(world, ("probe", "uuu"), ("wait_long", 7))
    assert reasons(world) == [
        ("Backup", "went_down"),
        ("Shop", "went_down"),
        ("Backup", "called_off"),
        ("Shop", "called_off"),
    ]
    world.resume(BEAT)
    world.resume(SHOP, is_v3=True)
    live(world, ("probe", "d?d"), ("ping", "start"), ("wait", 150))
    assert titles(world)[0] == ("Backup is down", True)


def test_what_is_slow_for_long_is_up_everywhere(world):
    """Until it is down, which ends the story of its slowness and begins another (R380, R381, R385, R387)."""
    live(world, ("probe", "ssd", 3), ("wait_long", 1), ("probe", "sss", 2))
    assert titles(world) == [("Shop degraded performance", True)]
    shown = world.read("indiepulse", f"/api/v1/monitors/{world.shop.check_id}")["data"]
    assert (shown["status"], shown["stats_24h"]["uptime_percent"]) == ("DEGRADED", 100)
    live(world, ("probe", "ddd", 2), ("probe", "sss", 4), ("probe", "uuu", 3))
    assert titles(world) == [
        ("Shop degraded performance", False),
        ("Shop is down", False),
        ("Shop degraded performance", False),
    ]
    assert len(reasons(world)) == 6


def test_a_late_job_is_down_for_as_long_as_its_incident(world):
    """It is late first; its incident's length is what its uptime lacks; each receiver is told of it once, the
    pager because nobody took it on (R380, R381, R385, R387, R389).
    """
    live(world, ("ping", "success"), ("escalate", BEAT), ("wait", 300))
    assert world.beat.status == "grace"
    live(world, ("wait", 120), ("repeat",), ("wait", 450), ("ping", "success"))
    [incident] = world.incidents()
    began, ended = (datetime.fromisoformat(incident[name]) for name in ("startedAt", "resolvedAt"))
    first_success = world.beat.flips[0].at
    assert began == first_success + timedelta(seconds=300 + 120)
    shown = world.read("statuspulse", f"/v1/status/{world.beat.check_id}")["metrics"]["uptime_7d_pct"]
    up = 1 - (ended - began) / (world.now - first_success)
    assert shown == pytest.approx(100 * up, abs=0.001)
    assert [heard.story["reason"] for heard in world.receiver.at("/pager")] == ["escalated", "recovered"]


def test_an_incident_is_taken_on_in_any_dialect_and_told_the_same_in_all(world):
    """StatusPulse's answers are the incident that the others list, and it has one timeline (R381)."""
    world.ping("fail")
    live(world, ("probe", "ddd", 2), ("take_on", "link", 0), ("take_on", "haspulse", 1))
    for told in world.incidents():
        wish = {"incident_id": told["id"], "state": "acknowledged"}
        answer = asked(world.house, "POST", INCIDENTS, **wish).json()
        assert answer["message"] == "Incident already acknowledged"
        assert answer.items() >= as_active(told).items()
    live(world, ("resolve", "statuspulse", 0), ("probe", "uuu", 2), ("ping", "beat"))
    for told in world.incidents():
        ours = world.read("haspulse", f"{INCIDENTS}/{told['id']}")["updates"]
        theirs = world.read("indiepulse", f"/api/v1/events/{told['id']}")["data"]["updates"]
        assert [line["status"] for line in ours] == ["INVESTIGATING", "INVESTIGATING", "RESOLVED"]
        for line, event in zip(ours, theirs, strict=True):
            assert event["status"] == line["status"].capitalize()
            assert (event["id"], event["message"]) == (line["id"], line["message"])
            assert event["created_at"] == line["createdAt"]
