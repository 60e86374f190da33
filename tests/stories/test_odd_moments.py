"""People and clocks meet at odd moments: nothing is lost between them, and nothing goes on for ever."""

import pytest

from chalicelib.services.incidents import MOST_UPDATES
from chalicelib.storage.incidents import IncidentItem
from tests.stories.faults import DEAD, on_the_wire
from tests.stories.neighbours import new_channel, new_check, speak
from tests.stories.telling import INCIDENTS, MINUTE, asked, incidents, pass_to
from tests.stories.test_escalation_story import POLICIES, a_policy, act, configure, forget_wakes
from tests.stories.test_no_incident_is_lost import at_the_first


@pytest.fixture
def follower(house, receiver):
    """Return a channel of a program that follows incidents."""
    return new_channel(house, "STATUSPULSE", url=receiver.url + "/program")


@pytest.fixture
def pager(house, receiver):
    """Return a channel that no check names: only steps lead to it."""
    return new_channel(house, "WEBHOOK", url=receiver.url + "/pager")


def followed(receiver):
    """Return the types of the events that the program heard of."""
    return [heard.story["type"] for heard in receiver.at("/program")]


def the_incident(house):
    """Return the only incident, as it is stored."""
    [shown] = incidents(house)
    return house.tools.incidents.find(shown["id"])


def down(house, **wish):
    """Return a check that is down, and tells every channel unless *wish* says otherwise."""
    check = new_check(house, timeout=86_400, **wish)
    check.ping("fail")
    house.advance(seconds=1)
    return check


def during(call_of, operation="TransactWriteItems"):
    """Return what picks the writes of a room to incidents, for `Wire.spoil`."""
    return lambda call: (
        call.room == call_of and call.operation == operation and "-incidents" in str(call.arguments)
    )


def test_what_is_owed_of_a_deleted_check_is_not_looked_at_for_ever(house, receiver):
    """Resolved by a person, and deleted before that was told: time moves it no more (R112)."""
    check = down(house)
    act(house, incident_id=incidents(house)[0]["id"], state="resolved")
    forget_wakes(house)
    speak(house, "DELETE", f"/v1/checks/{check.check_id}")
    house.advance(minutes=3)
    assert the_incident(house).look_at is None
    assert receiver.reasons() == ["went_down"]


@pytest.mark.usefixtures("follower")
def test_whoever_takes_it_on_at_once_is_heard_of(house, receiver):
    """A program that was told of the beginning alone would go on calling people (R111, R115)."""
    made = act(house, state="triggered", title="Users report errors").json()
    act(house, incident_id=made["incident_id"], state="acknowledged")
    house.advance(minutes=2)
    assert followed(receiver) == ["incident.triggered", "incident.acknowledged"]
    assert the_incident(house).look_at is None


def test_an_acknowledgement_that_comes_after_the_end_is_none(house, receiver, follower):
    """Held back by quiet hours it would open again what is resolved (R112, R119)."""
    check = down(house, channels=follower)
    configure(check, quiet_hours={"start": "08:00", "end": "08:30"})
    for state in ("acknowledged", "resolved"):
        act(house, incident_id=incidents(house)[0]["id"], state=state)
        house.advance(seconds=5)
    house.advance(minutes=30)
    assert followed(receiver) == ["monitor.state_changed", "incident.resolved"]


def test_a_reminder_that_waits_is_not_told_once_somebody_took_it_on(house, receiver):
    """Neither is a step (R26, R111)."""
    check = down(house)
    configure(check, reminder_interval_hours=1)
    house.advance(minutes=59)
    receiver.answers(503)
    house.advance(minutes=1, seconds=2)
    act(house, incident_id=incidents(house)[0]["id"], state="acknowledged")
    receiver.answers(200)
    tries = len(receiver.heard)
    house.advance(minutes=20)
    assert len(receiver.heard) == tries > 1


@pytest.mark.parametrize("other", [None, "other"])
def test_who_was_called_hears_the_end_though_the_policy_is_another_by_then(house, receiver, pager, other):
    """What a step opened elsewhere must not stay open (R99, R119)."""
    root = new_channel(house, "WEBHOOK", url=receiver.url + "/root")
    a_policy(house, (5, pager))
    steps = [{"after_minutes": 60, "channels": [root]}]
    assert asked(house, "POST", POLICIES, name="other", steps=steps).status == 201
    check = new_check(house, channels=root, timeout=86_400)
    configure(check, escalation_policy="oncall")
    check.ping("fail")
    house.advance(minutes=6)
    configure(check, escalation_policy=other)
    check.ping()
    house.advance(seconds=2)
    assert receiver.reasons("/pager") == ["escalated", "recovered"]


def test_a_step_that_was_put_off_waits(house, receiver, pager):
    """A changed policy holds from the next look on (R99)."""
    policy = a_policy(house, (5, pager))
    check = new_check(house, channels="", timeout=86_400)
    configure(check, escalation_policy="oncall")
    check.ping("fail")
    began = house.clock()
    house.advance(minutes=1)
    later = [{"after_minutes": 20, "channels": [pager]}]
    assert asked(house, "PUT", f"{POLICIES}/{policy}", steps=later).status == 200
    house.advance(minutes=30)
    assert [(heard.at - began) // MINUTE for heard in receiver.at("/pager")] == [20]


def test_a_ladder_whose_set_up_was_interrupted_is_set_up_by_asking_again(house, receiver, pager):
    """The config is stored already, and its timers are not wound (R119, R388)."""
    a_policy(house, (5, pager))
    check = down(house, channels="")
    road = f"/v1/monitors/{check.check_id}/config"
    with on_the_wire(house) as wire:
        wire.spoil(DEAD, during("api"))
        answers = [asked(house, "PUT", road, escalation_policy="oncall").status for _ in range(2)]
    assert answers == [502, 200]
    house.advance(minutes=5)
    assert receiver.reasons("/pager") == ["escalated"]


@pytest.mark.parametrize("recovers", [True, False])
def test_a_level_missed_just_before_midnight_is_told_after_it(house, receiver, recovers):
    """Whoever comes late looks at the period in which it was missed (R123)."""
    check = new_check(house, timeout=86_400)
    configure(check, sla={"target_pct": 99.0, "period": "day"})
    midnight = house.clock().replace(hour=0) + 1440 * MINUTE
    pass_to(house, midnight - 15 * MINUTE)
    check.ping("fail")
    house.advance(minutes=14)
    with on_the_wire(house) as wire:
        wire.spoil(DEAD, during("wake"))
        house.advance(minutes=2)
        if recovers:
            check.ping()
        house.advance(minutes=10)
    assert wire.spoiled
    assert receiver.reasons().count("sla_missed") == 1


def test_a_ticket_is_free_again_once_its_incident_is_deleted(house):
    """Though whoever deleted it died over its timeline (R54, R114)."""
    act(house, state="triggered", title="Users report errors", pagerduty_id="P1", notes="Many")
    road = f"{INCIDENTS}/{the_incident(house).incident_id}"
    with on_the_wire(house) as wire:
        wire.spoil(DEAD, lambda call: call.operation in ("BatchWriteItem", "DeleteItem"))
        assert [asked(house, "DELETE", road).status for _ in range(2)] == [502, 404]
    assert wire.spoiled
    assert act(house, state="triggered", title="Again", pagerduty_id="P1").status == 201


def test_of_two_who_take_it_on_neither_is_unheard(house):
    """The second is told that it was; what else that one said holds (R111, R114)."""
    made = act(house, state="triggered", title="Users report errors").json()
    wish = {"incident_id": made["incident_id"], "state": "acknowledged"}
    with at_the_first("TransactWriteItems", "-incidents", lambda: act(house, **wish)):
        second = act(house, **wish, pagerduty_id="P9").json()
    assert second["message"] == "Incident already acknowledged"
    assert second["external_ids"] == {"pagerduty": "P9"}


def test_nobody_adds_notes_without_end(house):
    """Every message reads the timeline; but whatever was said, it can be resolved (R111)."""
    made = act(house, state="triggered", title="Users report errors").json()
    incident_id, now = the_incident(house).incident_id, house.clock()
    with IncidentItem.batch_write() as batch:
        for number in range(MOST_UPDATES):
            batch.save(IncidentItem(incident_id, f"update#{number}", at=now, stage="INVESTIGATING"))
    wish = {"incident_id": made["incident_id"], "state": "acknowledged"}
    assert act(house, **wish).status == 200
    assert act(house, **wish, notes="again").status == 403
    assert act(house, **wish | {"state": "resolved"}, notes="over").status == 200
