from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from people import Person, new_key

from chalicelib.core.routes import Quiet, Rule, Topic
from chalicelib.core.service_levels import Period, Sla
from chalicelib.core.status import Impact, Status, Verdict
from chalicelib.dialects import ids
from chalicelib.services.keys import KeyWish
from statuspulse.asking import (
    HOOK,
    MONITORS,
    NIGHT,
    NOBODY,
    SLACK,
    changed,
    channels,
    config_of,
    hear,
    invalid,
    ladder,
    put,
    refusal,
    site,
    status_of,
    stored,
    windows_of,
)


def test_what_is_given_changes_and_the_rest_stays(carol):
    """Although it is a PUT; 404 for a monitor that there is not (R116, R120)."""
    monitor_id = site(carol, tags=["a"], timeout_ms=5000)
    before = config_of(carol, monitor_id)
    after = changed(carol, monitor_id, timeout_seconds=7)
    assert {name for name in after if after[name] != before[name]} == {"timeout_ms", "version"}
    assert config_of(carol, monitor_id) == after
    assert refusal(put(carol, NOBODY, {}))[:2] == (404, "not_found")
    assert refusal(carol.get(f"{MONITORS}/{NOBODY}/config"))[:2] == (404, "not_found")


def test_nothing_is_interrupted(carol):
    """State, history and the open incident stay, and so does its place on the wheel (R116)."""
    monitor_id = site(carol)
    for verdict in (Verdict.UP, Verdict.DOWN, Verdict.DOWN):
        hear(carol, monitor_id, verdict)
    before, seen = stored(carol, monitor_id), status_of(carol, monitor_id)
    assert before.state.status is Status.DOWN
    changed(carol, monitor_id, name="Renamed", degraded_threshold_ms=900, sla={"target_pct": 99.9})
    after, then = stored(carol, monitor_id), status_of(carol, monitor_id)
    assert replace(after.state, rev=before.state.rev) == before.state
    assert (then["state"], then["active_incident"]) == ("down", seen["active_incident"])
    assert then["metrics"]["probe_count"] == seen["metrics"]["probe_count"] == 3
    assert after.spec.watch.interval == before.spec.watch.interval


def test_the_next_probe_is_asked_in_the_new_way(carol):
    """The question that is sent out from then on has the new timeout and threshold (R117)."""
    monitor_id = site(carol)
    changed(carol, monitor_id, timeout_ms=2500, degraded_threshold_ms=90)
    watch = stored(carol, monitor_id).spec.watch
    assert (watch.timeout, watch.slow_ms, watch.version) == (timedelta(milliseconds=2500), 90, 1)
    assert changed(carol, monitor_id, degraded_threshold_ms=None)["degraded_threshold_ms"] is None


def test_who_hears_of_what_is_routed(carol):
    """Rules by severity and event, quiet hours, a policy, a target: each way there and back (R119)."""
    ladder(carol)
    monitor_id = site(carol)
    wish = {
        "notifications": ["mailto:ops@example.org"],
        "escalation_policy": "oncall_senior",
        "notification_routing": [
            {"when": {"severity": "critical", "event": ["down", "up"]}, "channels": [SLACK]},
            {"channels": ["mailto:ops@example.org"]},
        ],
        "quiet_hours": {"start": "22:00", "end": "07:00", "timezone": "Europe/Berlin", "spares": "major"},
        "sla": {"target_pct": 99.95, "period": "week"},
        "severity": "minor",
        "reminder_interval_hours": 2,
    }
    shown = changed(carol, monitor_id, **wish)
    spec = stored(carol, monitor_id).spec
    slack, mail = ({one.kind: one.channel_id for one in channels(carol)}[kind] for kind in ("SLACK", "EMAIL"))
    assert spec.rules == (Rule((slack,), (Topic.DOWN, Topic.UP), (Impact.CRITICAL,)), Rule((mail,)))
    assert spec.quiet == Quiet(spec.quiet.begins, spec.quiet.ends, "Europe/Berlin", Impact.MAJOR)
    assert (spec.quiet.begins.hour, spec.quiet.ends.hour) == (22, 7)
    assert (spec.sla, spec.channels) == (Sla(99.95, Period.WEEK), (mail,))
    assert shown["notification_routing"] == [
        {
            "when": {"severity": ["critical"], "event": ["down", "up"]},
            "channels": ["slack://hooks/T0A1B2C3D/B0X9Y8Z7W/********"],
        },
        {"when": {}, "channels": ["mailto:ops@example.org"]},
    ]
    cleared = dict.fromkeys(("escalation_policy", "quiet_hours", "sla", "reminder_interval_hours"))
    again = changed(carol, monitor_id, **cleared, notification_routing=[])
    assert {name: again[name] for name in cleared} == cleared
    spec = stored(carol, monitor_id).spec
    assert (spec.policy_id, spec.quiet, spec.sla, spec.remind_every, spec.rules) == ("", None, None, None, ())


def test_a_config_that_was_read_may_be_sent_back(carol):
    """Masks and all: it changes nothing but the version (R120)."""
    monitor_id = site(
        carol,
        url="https://user:pass@example.org/",
        headers={"X-Token": "secret"},
        body="secret",
        notifications=[SLACK, HOOK],
        regions=["us-east-1"],
        degraded_threshold_ms={"us-east-1": 5},
    )
    changed(carol, monitor_id, maintenance_windows=[NIGHT])
    before, seen = stored(carol, monitor_id).spec, config_of(carol, monitor_id)
    assert "secret" not in str(seen)
    assert "pass" not in str(seen)
    answer = put(carol, monitor_id, seen)
    assert answer.json() | {"version": ""} == seen | {"version": ""}
    assert replace(stored(carol, monitor_id).spec, updated=before.updated) == before


def test_what_cannot_change_does_not(carol):
    """Its type, its id; nor does a mask take the place of a secret (R88, R120)."""
    monitor_id = site(carol, headers={"X-Token": "secret"})
    wish = {"type": "tcp", "monitor_id": NOBODY, "headers": {"X-Other": "********"}, "port": 5}
    assert invalid(put(carol, monitor_id, wish)).keys() == wish.keys()


def test_what_only_other_dialects_know_stays(carol):
    """How many redirects are followed, and what the answer must hold (R120)."""
    wanted = [{"source": "body", "comparison": "contains", "value": "ok"}]
    target = {"url": "https://example.org/", "maxRedirects": 3, "assertions": wanted}
    made = carol.post("/v1/checks", {"name": "x", "type": "HTTP", "target": target}).json()
    monitor_id = ids.spell("mon", made["id"])
    changed(carol, monitor_id, follow_redirects=True, url="https://example.com/")
    shown = carol.get(f"/v1/checks/{made['id']}").json()["target"]
    assert (shown["maxRedirects"], shown["assertions"]) == (3, made["target"]["assertions"])
    assert shown["url"] == "https://example.com/"
    changed(carol, monitor_id, follow_redirects=False)
    assert carol.get(f"/v1/checks/{made['id']}").json()["target"]["maxRedirects"] == 0


def test_a_heartbeat_has_a_config_too(carol):
    """Without what only probes know (R120)."""
    monitor_id = ids.spell("mon", carol.check(name="Nightly")["uuid"])
    shown = changed(carol, monitor_id, name="Weekly", tags=["db"], maintenance_windows=[NIGHT])
    assert (shown["type"], shown["name"], shown["tags"]) == ("heartbeat", "Weekly", ["db"])
    assert "interval_seconds" not in shown
    assert invalid(
        put(carol, monitor_id, {"interval_seconds": 60, "url": "https://example.org/"})
    ) == dict.fromkeys(("interval_seconds", "url"), "means nothing to a monitor of type heartbeat")


# --- who is first -------------------------------------------------------------------------------------------


def test_of_two_who_read_the_same_one_is_told(carol):
    """By If-Match or by the version in the body; what is in force then stays (R121)."""
    monitor_id = site(carol)
    read = carol.get(f"{MONITORS}/{monitor_id}/config")
    assert read.headers["ETag"] == f'"{read.json()["version"]}"'
    first = put(carol, monitor_id, {"timeout_ms": 2000}, If_Match=read.headers["ETag"])
    assert (first.status, first.json()["timeout_ms"]) == (200, 2000)
    for late in (
        put(carol, monitor_id, {"timeout_ms": 3000}, If_Match=read.headers["ETag"]),
        put(carol, monitor_id, {"timeout_ms": 3000, "version": read.json()["version"]}),
    ):
        assert refusal(late)[:2] == (412, "precondition_failed")
    assert config_of(carol, monitor_id)["timeout_ms"] == 2000
    assert put(carol, monitor_id, {"timeout_ms": 3000}, If_Match=first.headers["ETag"]).status == 200
    assert put(carol, monitor_id, {"timeout_ms": 4000}, If_Match="*").status == 200


def test_a_change_of_a_secret_is_a_change(carol):
    """Though the config looks the same (R121)."""
    monitor_id = site(carol, headers={"X-A": "1"})
    before = config_of(carol, monitor_id)
    after = changed(carol, monitor_id, headers={"X-A": "2"})
    assert after | {"version": ""} == before | {"version": ""}
    assert after["version"] != before["version"]


def test_of_those_who_write_at_once_one_has_the_whole_say(carol):
    """The result is one of the complete wishes, windows and all (R121)."""
    monitor_id = site(carol)
    wishes = [
        {
            "name": f"site {n}",
            "timeout_ms": 2000 + n,
            "maintenance_windows": [NIGHT | {"title": f"window {n}"}] * (n + 1),
        }
        for n in range(3)
    ]
    with ThreadPoolExecutor(len(wishes)) as crew:
        answers = list(crew.map(lambda wish: put(carol, monitor_id, wish), wishes))
    assert {answer.status for answer in answers} == {200}
    shown = config_of(carol, monitor_id)
    said = shown["name"], shown["timeout_ms"], [one["title"] for one in shown["maintenance_windows"]]
    assert said in [
        (wish["name"], wish["timeout_ms"], [one["title"] for one in wish["maintenance_windows"]])
        for wish in wishes
    ]


def test_of_those_who_presume_the_same_version_one_is_first(carol):
    """However they meet, one is heard (R121)."""
    monitor_id = site(carol)
    tag = f'"{config_of(carol, monitor_id)["version"]}"'
    with ThreadPoolExecutor(4) as crew:
        answers = list(
            crew.map(lambda n: put(carol, monitor_id, {"timeout_ms": 2000 + n}, If_Match=tag), range(4))
        )
    assert sorted(answer.status for answer in answers) == [200, 412, 412, 412]


def test_a_wide_key_changes_what_is_in_any_of_its_projects(house):
    """Channels and windows are then made in the monitor's own project (R85)."""
    admin = Person(house, house.foundation.admin_key)
    project = admin.post("/v1/projects", {"name": "Sibling of Alice's"}).json()["id"]
    sibling = Person(house, new_key(house, KeyWish("sibling"), project))
    monitor_id = site(sibling)
    wish = {"notifications": ["mailto:wide@example.org"], "maintenance_windows": [NIGHT]}
    assert put(admin, monitor_id, wish).status == 200
    assert [window["projectId"] for window in windows_of(sibling)] == [project]
    assert [channel.project_id for channel in channels(sibling)] == [project]
