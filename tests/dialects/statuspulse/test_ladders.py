from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.escalation import Rung
from chalicelib.core.routes import Topic
from chalicelib.dialects import ids
from chalicelib.services.policies import MOST
from statuspulse.asking import (
    CHANNELS,
    HOOK,
    MONITORS,
    NOBODY,
    POLICIES,
    SLACK,
    changed,
    channels,
    config_of,
    invalid,
    ladder,
    refusal,
    site,
    stored,
)

MAIL = "mailto:boss@example.org"
STEPS = [{"after_minutes": 5, "channels": [SLACK]}, {"after_minutes": 30, "channels": [SLACK, MAIL]}]


def rungs(person, policy):
    """Return the steps of a policy as they are stored."""
    policy_id = ids.read("pol", policy["policy_id"])
    return person.house.tools.policies.find(
        person.house.tools.policies.project_of(policy_id), policy_id
    ).rungs


def by_kind(person):
    """Return the channel of Slack and the one by mail."""
    found = {channel.kind: channel for channel in channels(person)}
    return found["SLACK"], found["EMAIL"]


def test_a_policy_is_made_and_seen(carol):
    """Channels by URL, id and name; minutes and repetitions (R99)."""
    answer = carol.post(POLICIES, {"name": "oncall_senior", "steps": STEPS, "repeat": 2})
    made = answer.json()
    assert answer.status == 201
    assert made["policy_id"].startswith("pol_")
    slack, mail = by_kind(carol)
    assert rungs(carol, made) == (
        Rung(timedelta(minutes=5), (slack.channel_id,)),
        Rung(timedelta(minutes=30), (slack.channel_id, mail.channel_id)),
    )
    shown = "slack://hooks/T0A1B2C3D/B0X9Y8Z7W/********"
    assert made["steps"] == [
        {"after_minutes": 5, "channels": [shown]},
        {"after_minutes": 30, "channels": [shown, MAIL]},
    ]
    assert (made["name"], made["repeat"]) == ("oncall_senior", 2)
    assert carol.get(f"{POLICIES}/{made['policy_id']}").json() == made
    assert carol.get(POLICIES).json() == {"policies": [made], "total": 1}
    by_name = ladder(carol, "b", steps=[{"after_minutes": 1, "channels": [slack.channel_id, mail.name]}])
    assert rungs(carol, by_name) == (Rung(timedelta(minutes=1), (slack.channel_id, mail.channel_id)),)


def test_a_policy_changes_in_part(carol):
    """What is not given stays; a monitor that follows it follows what it is then (R99)."""
    made = ladder(carol)
    monitor_id = site(carol, escalation_policy="oncall_senior")
    answer = carol.ask("PUT", f"{POLICIES}/{made['policy_id']}", {"name": "oncall", "repeat": 1})
    assert (answer.status, answer.json()["name"], answer.json()["repeat"]) == (200, "oncall", 1)
    assert answer.json()["steps"] == made["steps"]
    assert config_of(carol, monitor_id)["escalation_policy"] == "oncall"


def test_a_name_is_taken_once(carol):
    """Also where several ask for it at once, and by renaming; a name that became free is free (R99)."""
    wish = {"name": "a", "steps": STEPS}
    with ThreadPoolExecutor(3) as crew:
        answers = list(crew.map(lambda _: carol.post(POLICIES, wish), range(3)))
    assert sorted(answer.status for answer in answers) == [201, 409, 409]
    (made,) = carol.get(POLICIES).json()["policies"]
    other = ladder(carol, "b")
    renamed = carol.ask("PUT", f"{POLICIES}/{other['policy_id']}", {"name": "a"})
    assert refusal(renamed)[:2] == (409, "conflict")
    assert carol.ask("PUT", f"{POLICIES}/{made['policy_id']}", {"name": "c"}).status == 200
    assert carol.post(POLICIES, wish).status == 201
    assert [one["name"] for one in carol.get(POLICIES).json()["policies"]] == ["a", "b", "c"]


def test_a_project_has_so_many_and_no_more(carol):
    """403 for one more (R99, R126)."""
    first = ladder(carol)
    policy_id = ids.read("pol", first["policy_id"])
    policies = carol.house.tools.policies
    alike = policies.find(policies.project_of(policy_id), policy_id)
    for n in range(MOST - 1):
        policies.add(replace(alike, policy_id=carol.house.tools.new_id(), name=str(n)))
    refused = carol.post(POLICIES, {"name": "one more", "steps": STEPS})
    assert refusal(refused)[:2] == (403, "limit_reached")
    assert carol.get(POLICIES).json()["total"] == MOST


def test_what_is_followed_is_not_deleted(carol):
    """409 naming a monitor, until none follows it (R99)."""
    path = f"{POLICIES}/{ladder(carol)['policy_id']}"
    monitor_id = site(carol, name="Till", escalation_policy="oncall_senior")
    status, code, _ = refusal(carol.ask("DELETE", path))
    assert (status, code) == (409, "conflict")
    assert "Till" in carol.ask("DELETE", path).json()["message"]
    changed(carol, monitor_id, escalation_policy=None)
    assert carol.ask("DELETE", path).status == 204
    assert refusal(carol.get(path))[:2] == (404, "not_found")


BAD = [
    ({"name": ""}, "name"),
    ({"name": 7}, "name"),
    ({"steps": []}, "steps"),
    ({"steps": [{}]}, "steps[0].after_minutes"),
    ({"steps": [{"after_minutes": 5, "channels": []}]}, "steps[0].channels"),
    ({"steps": [{"after_minutes": 1.5, "channels": [HOOK]}]}, "steps[0].after_minutes"),
    ({"steps": [{"after_minutes": 5, "channels": ["nobody"]}]}, "steps[0].channels[0]"),
    ({"steps": [STEPS[0], STEPS[0]]}, "steps"),
    ({"steps": [{"after_minutes": 0, "channels": [HOOK]}], "repeat": 1}, "steps"),
    ({"repeat": 11}, "repeat"),
    ({"repeat": None}, "repeat"),
    ({"colour": "red"}, "colour"),
    (b"[]", "body"),
]


@pytest.mark.parametrize(("wish", "field"), BAD, ids=str)
def test_a_bad_policy_is_refused(carol, wish, field):
    """400 naming the field, whether it is new or a change; nothing is changed (R88, R99)."""
    made = ladder(carol)
    new = {"name": "x", "steps": STEPS, **wish} if isinstance(wish, dict) else wish
    assert field in invalid(carol.post(POLICIES, new))
    assert field in invalid(carol.ask("PUT", f"{POLICIES}/{made['policy_id']}", wish))
    assert carol.get(POLICIES).json()["policies"] == [made]


@pytest.mark.parametrize(
    ("method", "wish", "status"),
    [
        ("POST", {"name": "x", "steps": [STEPS[0], STEPS[0]]}, 400),
        ("POST", {"name": "oncall_senior", "steps": STEPS}, 409),
        ("PUT", {"steps": [STEPS[1], STEPS[0]]}, 400),
        ("PUT", {"name": "b", "steps": STEPS}, 409),
    ],
    ids=str,
)
def test_a_refused_policy_leaves_no_channels(carol, method, wish, status):
    """Nothing is stored, be it impossible or its name taken (R88, R99)."""
    made, before = ladder(carol), ladder(carol, "b") and channels(carol)
    path = POLICIES if method == "POST" else f"{POLICIES}/{made['policy_id']}"
    assert refusal(carol.ask(method, path, wish))[0] == status
    assert channels(carol) == before


@pytest.mark.parametrize("code", [NOBODY, "pol_" + "a" * 26, "x", "%00", "y" * 3000])
def test_an_absent_policy_is_not_found(carol, code):
    """However odd the id (R108)."""
    for method in ("GET", "PUT", "DELETE"):
        assert refusal(carol.ask(method, f"{POLICIES}/{code}", {}))[:2] == (404, "not_found")


def test_a_channel_goes_from_rules_and_policies(carol):
    """A rule that is left without goes; a step that would call nobody keeps it there (R46, R119)."""
    policy = ladder(carol, steps=STEPS)
    monitor_id = site(carol, notifications=[SLACK, MAIL])
    routing = [
        {"when": {"event": "down"}, "channels": [SLACK, MAIL]},
        {"when": {"event": "up"}, "channels": [MAIL]},
    ]
    changed(carol, monitor_id, notification_routing=routing)
    slack, mail = (channel.channel_id for channel in by_kind(carol))
    refused = carol.ask("DELETE", f"{CHANNELS}/{slack}")
    assert (refused.status, refused.json()["error"]) == (409, "CONFLICT")
    assert "oncall_senior" in refused.json()["message"]
    assert carol.ask("DELETE", f"{CHANNELS}/{mail}").status == 204
    spec = stored(carol, monitor_id).spec
    assert spec.channels == (slack,)
    assert [(rule.topics, rule.channels) for rule in spec.rules] == [((Topic.DOWN,), (slack,))]
    assert [rung.channels for rung in rungs(carol, policy)] == [(slack,), (slack,)]
    assert carol.get(f"{MONITORS}/{monitor_id}").status == 200
