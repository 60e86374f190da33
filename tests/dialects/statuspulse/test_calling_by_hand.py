from chalicelib.core.incidents import Stage
from chalicelib.dialects import ids
from statuspulse.asking import INCIDENTS, changed, created, ladder


def test_its_channels_hear_of_it_and_it_escalates(house, alice, receiver):
    """At once, and when nobody takes it on in time; whoever does stops that (R99, R110-R112)."""
    steps = [{"after_minutes": minutes, "channels": [receiver.url]} for minutes in (1, 3)]
    ladder(alice, steps=steps)
    monitor_id = ids.spell("mon", alice.check(name="Nightly")["uuid"])
    changed(alice, monitor_id, notifications=[receiver.url], escalation_policy="oncall_senior")
    wish = {"state": "triggered", "monitor_id": monitor_id}
    incident_id = created(alice, INCIDENTS, **wish)["incident_id"]

    def told():
        return [event["type"].removeprefix("incident.") for event in receiver.heard]

    house.advance(minutes=2)
    assert told() == ["triggered", "escalated"]
    for state in ("acknowledged", "resolved"):
        assert alice.post(INCIDENTS, {"state": state, "incident_id": incident_id}).status == 200
        house.advance(minutes=3)
    assert told() == ["triggered", "escalated", "acknowledged", "resolved"]


def test_a_resolved_one_escalates_no_further(house, alice, receiver):
    """Though nobody took it on (R99, R112)."""
    ladder(alice, "second", steps=[{"after_minutes": 1, "channels": [receiver.url]}])
    monitor_id = ids.spell("mon", alice.check(name="Weekly")["uuid"])
    changed(alice, monitor_id, escalation_policy="second")
    incident_id = created(alice, INCIDENTS, state="triggered", monitor_id=monitor_id)["incident_id"]
    assert alice.post(INCIDENTS, {"state": "resolved", "incident_id": incident_id}).status == 200
    house.advance(minutes=2)
    assert receiver.heard == []
    assert house.tools.incidents.find(ids.read("inc", incident_id)).stage is Stage.RESOLVED
