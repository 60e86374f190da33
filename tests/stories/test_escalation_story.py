"""Nobody takes it on: steps are climbed to the second; and what people do to an incident is told once."""

import json
from datetime import timedelta

import boto3
import pytest

from chalicelib.messages import FlipNotice, Timer, to_text
from tests.stories.neighbours import deliveries, new_channel, new_check, speak
from tests.stories.telling import INCIDENTS, MINUTE, SECOND, WINDOWS, asked, incidents, spelled

POLICIES = "/v1/escalation-policies"


@pytest.fixture
def pager(house, receiver):
    """Return a channel that no check names: only steps lead to it."""
    return new_channel(house, "WEBHOOK", url=receiver.url + "/pager")


@pytest.fixture
def boss(house, receiver):
    """Return another such channel."""
    return new_channel(house, "WEBHOOK", url=receiver.url + "/boss")


def a_policy(house, *steps, repeat=0):
    """Let there be a policy named oncall: pairs of minutes and a channel."""
    wanted = [{"after_minutes": minutes, "channels": [channel]} for minutes, channel in steps]
    made = asked(house, "POST", POLICIES, name="oncall", steps=wanted, repeat=repeat)
    assert made.status == 201, made.text
    return made.json()["policy_id"]


def configure(check, **wish):
    """Change how a check is told of."""
    road = f"/v1/monitors/{check.check_id}/config"
    changed = asked(check.house, "PUT", road, **wish)
    assert changed.status == 200, changed.text


def own(house, **wish):
    """Return a check that tells the receiver's root alone."""
    channels = speak(house, "GET", "/v1/channels").json()["channels"]
    [root] = [one["id"] for one in channels if not one["config"]["url"].endswith(("/pager", "/boss"))]
    check = new_check(house, name="Backup", channels=root, timeout=86_400)
    house.clock.now = house.clock.now.replace(microsecond=0) + SECOND
    if wish:
        configure(check, **wish)
    return check


def act(house, **wish):
    """Do something to an incident as StatusPulse's clients do."""
    return asked(house, "POST", INCIDENTS, **wish)


def forget_wakes(house):
    """Let the queue of wakes lose all that it holds."""
    sqs = boto3.client("sqs", region_name=house.tools.settings.region)
    sqs.purge_queue(QueueUrl=house.tools.settings.wakes_queue_url)


def moments(receiver, path):
    """Return in which second a path was called, and why."""
    return [(heard.at.replace(microsecond=0), heard.story["reason"]) for heard in receiver.at(path)]


def test_steps_are_climbed_to_the_second_until_it_is_over(house, receiver, pager, boss):
    """Whoever heard of it only then hears of its end as well, and each once (R99, R207)."""
    a_policy(house, (5, pager), (15, boss))
    check = own(house, escalation_policy="oncall")
    check.ping("fail")
    began = house.clock()
    house.advance(minutes=20)
    check.ping()
    ended = house.clock()
    house.advance(minutes=2)
    assert receiver.reasons() == ["went_down", "recovered"]
    assert moments(receiver, "/pager") == [(began + 5 * MINUTE, "escalated"), (ended, "recovered")]
    assert moments(receiver, "/boss") == [(began + 15 * MINUTE, "escalated"), (ended, "recovered")]
    [incident] = incidents(house)
    told = asked(house, "GET", f"{INCIDENTS}/{incident['id']}").json()["updates"]
    assert [line["message"] for line in told if "Escalated" in line["message"]] == [
        "Escalated: step 1 of oncall.",
        "Escalated: step 2 of oncall.",
    ]


def test_whoever_takes_it_on_stops_the_climb(house, receiver, pager, boss):
    """From then on nobody else is called (R111)."""
    a_policy(house, (5, pager), (15, boss), repeat=2)
    check = own(house, escalation_policy="oncall")
    check.ping("fail")
    house.advance(minutes=6)
    [incident] = incidents(house)
    assert act(house, incident_id=incident["id"], state="acknowledged").status == 200
    house.advance(minutes=60)
    assert receiver.reasons("/pager") == ["escalated"]
    assert receiver.reasons("/boss") == []


def test_a_step_that_waits_to_be_sent_is_not_told_any_more(house, receiver, pager):
    """When somebody takes the incident on before it leaves (R111)."""
    a_policy(house, (5, pager))
    check = own(house, escalation_policy="oncall")
    check.ping("fail")
    house.advance(minutes=4)
    receiver.answers(503)
    house.advance(minutes=1, seconds=2)
    [incident] = incidents(house)
    act(house, incident_id=incident["id"], state="acknowledged")
    receiver.answers(200)
    house.advance(minutes=10)
    assert [line["status"] for line in deliveries(house, pager)] == ["needless"]


def test_a_ladder_is_climbed_again_as_often_as_it_says(house, receiver, pager, boss):
    """Each repetition counts from the last step (R99)."""
    a_policy(house, (5, pager), (10, boss), repeat=1)
    check = own(house, escalation_policy="oncall")
    check.ping("fail")
    began = house.clock()
    house.advance(minutes=60)
    assert [(at - began) / MINUTE for at, _ in moments(receiver, "/pager")] == [5, 15]
    assert [(at - began) / MINUTE for at, _ in moments(receiver, "/boss")] == [10, 20]


def test_one_outage_is_told_once_whatever_comes_twice(house, receiver, pager):
    """Flips, timers and deliveries may be repeated at any time (R387)."""
    a_policy(house, (5, pager))
    check = own(house, escalation_policy="oncall")
    check.ping("fail")
    for _ in range(8):
        house.advance(minutes=1)
        [incident] = incidents(house)
        for flip in check.flips:
            house.tools.queues.flip(FlipNotice.of(flip))
        house.tools.queues.wake([Timer(incident["id"], to_text(house.clock()))], house.clock())
    check.ping()
    house.advance(minutes=1)
    assert len(incidents(house)) == 1
    assert receiver.reasons() == ["went_down", "recovered"]
    assert receiver.reasons("/pager") == ["escalated", "recovered"]


def test_what_people_tell_of_escalates_like_an_outage(house, receiver, pager):
    """Its channels hear that it was triggered, acknowledged and resolved, each once (R110, R112, R124)."""
    a_policy(house, (5, pager))
    check = own(house, escalation_policy="oncall")
    made = act(house, monitor_id=check.check_id, state="triggered", title="Users report errors")
    assert made.status == 201
    house.advance(minutes=6)
    assert act(house, incident_id=made.json()["incident_id"], state="resolved").status == 200
    house.advance(minutes=1)
    assert receiver.reasons() == ["triggered", "resolved"]
    assert receiver.reasons("/pager") == ["escalated", "resolved"]


def test_what_concerns_no_check_is_told_to_all(house, receiver):
    """There is nobody else to ask who must hear of it (R110)."""
    made = act(house, state="triggered", title="The office burns", severity="critical")
    house.advance(seconds=1)
    act(house, incident_id=made.json()["incident_id"], state="resolved")
    house.advance(seconds=1)
    assert receiver.reasons() == ["triggered", "resolved"]


def test_a_crash_between_the_change_and_the_message_loses_nothing(house, receiver):
    """The incident itself remembers what its channels are to hear (R388)."""
    check = own(house)
    check.ping("fail")
    house.advance(seconds=1)
    [incident] = incidents(house)
    act(house, incident_id=incident["id"], state="resolved")
    forget_wakes(house)
    house.advance(minutes=3)
    assert receiver.reasons() == ["went_down", "resolved"]


def test_quiet_hours_hold_back_what_is_not_bad_enough(house, receiver):
    """It is told when they end, together with its end if that came meanwhile; a critical one at once."""
    night = {"start": "08:00", "end": "09:00", "timezone": "UTC"}
    check = own(house, quiet_hours=night)
    worse = own(house, quiet_hours=night, severity="critical")
    over = house.clock().replace(hour=9, minute=0, second=0, microsecond=0)
    check.ping("fail")
    worse.ping("fail")
    house.advance(minutes=10)
    assert [heard.story["monitor"]["id"] for heard in receiver.at("/")] == [worse.check_id]
    check.ping()
    house.advance(seconds=1)
    channel = next(one["id"] for one in speak(house, "GET", "/v1/channels").json()["channels"])
    waiting = [one["nextAttemptAt"] for one in deliveries(house, channel) if one["status"] == "queued"]
    assert waiting == [spelled(over), spelled(over + timedelta(seconds=5))]
    house.advance(seconds=(over - house.clock()).total_seconds() - 1)
    assert len(receiver.heard) == 1
    house.advance(seconds=9)
    assert receiver.reasons() == ["went_down", "was_down"]


def test_rules_send_each_message_where_it_belongs(house, receiver, pager):
    """By what it is about and how bad it is; what no rule fits goes to the check's own channels (R119)."""
    rules = [{"when": {"event": "down", "severity": "critical"}, "channels": [pager]}]
    check = own(house, notification_routing=rules, severity="critical")
    other = own(house, notification_routing=rules)
    for one in (check, other):
        one.ping("fail")
    house.advance(seconds=1)
    assert receiver.reasons("/pager") == receiver.reasons() == ["went_down"]
    assert json.loads(receiver.at("/pager")[0].body)["monitor"]["id"] == check.check_id


def test_a_ladder_may_be_set_up_while_it_is_needed(house, receiver, pager):
    """Its steps count from the beginning of the outage: past ones are climbed at once (R99, R119)."""
    check = own(house)
    check.ping("fail")
    began = house.clock()
    house.advance(minutes=10)
    a_policy(house, (5, pager), (12, pager))
    configure(check, escalation_policy="oncall")
    changed = house.clock()
    house.advance(minutes=5)
    assert [at for at, _ in moments(receiver, "/pager")] == [changed, began + timedelta(minutes=12)]


def test_what_people_do_under_maintenance_is_told_at_once(house, receiver, pager):
    """Nobody is called meanwhile; but programs follow who took the incident on (R59, R115)."""
    channel = new_channel(house, "STATUSPULSE", url=receiver.url + "/follower")
    a_policy(house, (10, pager))
    check = new_check(house, channels=channel, timeout=86_400)
    configure(check, escalation_policy="oncall")
    house.clock.now = house.clock.now.replace(microsecond=0) + SECOND
    check.ping("fail")
    house.advance(minutes=1)
    starts, ends = house.clock(), house.clock() + 30 * MINUTE
    window = {"title": "Disks", "startsAt": spelled(starts), "endsAt": spelled(ends)}
    asked(house, "POST", WINDOWS, **window, checkIds=[check.check_id])
    house.advance(minutes=20)
    assert receiver.at("/pager") == []
    act(house, incident_id=incidents(house)[0]["id"], state="acknowledged")
    house.advance(seconds=2)
    told = [json.loads(heard.body)["type"] for heard in receiver.at("/follower")]
    assert told == ["monitor.state_changed", "incident.acknowledged"]


def test_whoever_heard_the_beginning_hears_the_end(house, receiver, pager, boss):
    """Whatever the rules say of ends; and a rule may send these to somebody who heard nothing else (R119)."""
    rules = [
        {"when": {"event": "down"}, "channels": [pager]},
        {"when": {"event": "up"}, "channels": [boss]},
    ]
    check = own(house, notification_routing=rules)
    check.ping("fail")
    house.advance(minutes=1)
    check.ping()
    house.advance(seconds=2)
    assert receiver.reasons("/pager") == ["went_down", "recovered"]
    assert receiver.reasons("/boss") == ["recovered"]
    assert receiver.reasons() == []


def test_whoever_mirrors_a_state_hears_of_it_whoever_resolved_what(house, receiver):
    """People hear one end; a program that follows the monitor hears that it is up again, too (R122)."""
    new_channel(house, "STATUSPULSE", url=receiver.url + "/mirror")
    check = new_check(house, timeout=86_400)
    house.clock.now = house.clock.now.replace(microsecond=0) + SECOND
    check.ping("fail")
    house.advance(minutes=1)
    act(house, incident_id=incidents(house)[0]["id"], state="resolved")
    house.advance(minutes=1)
    check.ping()
    house.advance(minutes=1)
    told = [json.loads(heard.body) for heard in receiver.at("/mirror")]
    assert [one["type"] for one in told] == [
        "monitor.state_changed",
        "incident.resolved",
        "monitor.state_changed",
    ]
    assert [one["data"]["to"] for one in told[::2]] == ["down", "up"]
    assert receiver.reasons() == ["went_down", "resolved"]


def test_what_is_told_late_is_told_as_it_was(house, receiver):
    """A message that had to wait says what had happened by then, and nothing that came after (R110, R124)."""
    new_channel(house, "STATUSPULSE", url=receiver.url + "/late")
    check = new_check(house, timeout=86_400)
    receiver.answers(503)
    made = act(house, monitor_id=check.check_id, state="triggered", title="Slow pages", notes="Seen by all.")
    house.advance(seconds=1)
    incident = made.json()["incident_id"]
    act(house, incident_id=incident, state="acknowledged", notes="On it.", assignee="maya@example.org")
    receiver.answers(200)
    house.advance(minutes=2)
    told = [json.loads(heard.body) for heard in receiver.at("/late")]
    last = {one["type"]: one["data"]["incident"] for one in told}
    triggered, acknowledged = last["incident.triggered"], last["incident.acknowledged"]
    assert (triggered["state"], triggered["notes"], triggered["assignee"]) == (
        "triggered",
        "Seen by all.",
        None,
    )
    assert (acknowledged["state"], acknowledged["notes"]) == ("acknowledged", "On it.")
    assert len({json.dumps(one) for one in told if one["type"] == "incident.triggered"}) == 1
    assert asked(house, "GET", f"{INCIDENTS}/{incident}").json()["id"] == incidents(house)[0]["id"]


def test_a_repeated_step_is_told_as_such(house, receiver, pager, boss):
    """The timeline says which step it is, not how many there were (R99)."""
    a_policy(house, (1, pager), (2, boss), repeat=1)
    check = own(house, escalation_policy="oncall")
    check.ping("fail")
    house.advance(minutes=10)
    [incident] = incidents(house)
    told = asked(house, "GET", f"{INCIDENTS}/{incident['id']}").json()["updates"]
    assert [line["message"] for line in told if line["message"].startswith("Escalated")] == [
        "Escalated: step 1 of oncall.",
        "Escalated: step 2 of oncall.",
        "Escalated again: step 1 of oncall.",
        "Escalated again: step 2 of oncall.",
    ]
    assert len(receiver.at("/boss")) == 2
