import json

import pytest

from chalicelib.channels.webhook import Webhook, document
from chalicelib.core.alerts import Reason
from tests.channels.stories import FIGURES, INCIDENT, bare, story


def test_what_people_tell_is_told_with_its_incident():
    """A webhook is told the incident, its tickets, and that it is about no monitor (R114, R124)."""
    told = document(story(Reason.ACKNOWLEDGED), "down")
    assert (told["event"], told["monitor"]) == ("incident.acknowledged", None)
    assert told["incident"] == {
        "id": INCIDENT,
        "title": "Checkout loses orders",
        "status": "INVESTIGATING",
        "assignee": "Bob",
        "external_ids": {"jira": "OPS-123", "pagerduty": "PD-9"},
    }


def test_an_incident_that_was_not_looked_up_has_its_id():
    """Where only the id of an outage's incident is known, it is told: all its messages have it."""
    assert document(story(Reason.WENT_DOWN, incident=None), "down")["incident"] == {"id": INCIDENT}


def test_figures_are_told_as_they_are():
    """A missed service level, a registration and a digest bring their figures; other news has none."""
    assert document(story(Reason.SLA_MISSED), "down")["figures"] == FIGURES[Reason.SLA_MISSED]
    assert document(story(Reason.WENT_DOWN), "down")["figures"] is None


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_goes_where_its_status_goes(outlet, receiver, reason):
    """What closes a story, and a digest, go to `up`, all else to `down`; $NAME is never empty."""
    ways = {"urlDown": f"{receiver.url}/down", "urlUp": f"{receiver.url}/up", "body": '{"name": $NAME_JSON}'}
    Webhook(Webhook.check(ways, allow_private=True), outlet).send(bare(reason))
    [heard] = receiver.heard
    is_good = reason.closes or reason is Reason.DIGEST
    assert heard.path == ("/up" if is_good else "/down")
    assert json.loads(heard.body)["name"]
