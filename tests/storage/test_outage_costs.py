"""What an outage costs on DynamoDB once people are to hear of it, heard on the wire (see billing.py)."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from app import app
from chalicelib import aws
from chalicelib.messages import DeliveryNotice, FlipNotice, Timer, Wake, to_text
from chalicelib.services import access, watching
from chalicelib.storage.keys import Lane
from tests.storage.billing import READS, Bill
from tests.storage.roads import (
    END_MESSAGE,
    END_TOLD_TO_TWO,
    MESSAGE,
    OUTAGE_TOLD_TO_TWO,
    RECOVERY,
    TIMEOUT,
    VISIT,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def told(up):
    """Return the deployment when its monitor is up, and Alice is told of it by mail, every hour again."""
    wish = {"type": "EMAIL", "name": "Alice", "config": {"email": "alice@example.org"}}
    up.ask("POST", "/v1/channels", json.dumps(wish).encode())
    caller = access.enter(up.tools, up.foundation.api_key, Lane.V3, up.now)
    watching.amend(up.tools, caller, up.job, {"channels": ("*",), "remind_every": HOUR}, up.now)
    return up


def announce(deployment):
    """Hand the notice of the latest flip to the announcer; return what that cost."""
    notice = FlipNotice(deployment.job, to_text(deployment.state().since))
    told = {"Message": notice.to_json(), "Subject": None, "MessageAttributes": {}}
    return deployment.bill(lambda: app.handler_map["announce"]({"Records": [{"Sns": told}]}, None))


def written(deployment):
    """Return what each write of the latest bill cost: on tables, and on their indexes."""
    calls = [call for call in deployment.wire.calls if call.operation not in READS]
    return [(call.operation, call.on_tables, call.on_indexes) for call in calls]


@pytest.fixture
def both_told(told):
    """Return the deployment when Bob, too, is told of its monitor, and mail can leave."""
    wish = {"type": "EMAIL", "name": "Bob", "config": {"email": "bob@example.org"}}
    told.ask("POST", "/v1/channels", json.dumps(wish).encode())
    told.ask("POST", f"/api/v3/checks/{told.job}", b'{"channels": "*"}')
    told.tools.settings = replace(told.tools.settings, mail_from="alerts@example.org")
    return told


def look(deployment):
    """Let the moment come that the monitor promised to be looked at; return what that cost."""
    deployment.now = deployment.state().look_at
    wake = Wake(deployment.job, to_text(deployment.now))
    return deployment.bill(lambda: deployment.work("wake", wake))


def deliver(deployment):
    """Hand what waits in the queue of deliveries to the notifier; return what each message cost."""
    settings = deployment.tools.settings
    queue, sqs = settings.deliveries_queue_url, aws.client("sqs", settings.region, settings.endpoint_url)
    notices = []
    for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        notices.append(DeliveryNotice.from_json(message["Body"]))
    return [deployment.bill(lambda notice=notice: deployment.work("notify", notice)) for notice in notices]


def test_a_missed_ping_costs_this_much_from_its_deadline_until_all_have_read_that_it_is_over(both_told):
    """Told to two channels, an outage is two changes, two announcements and four messages."""
    assert (look(both_told), look(both_told)) == (VISIT, TIMEOUT)
    assert announce(both_told) == OUTAGE_TOLD_TO_TWO
    assert deliver(both_told) == [MESSAGE, MESSAGE]
    assert both_told.bill(both_told.ping) == RECOVERY
    assert announce(both_told) == END_TOLD_TO_TWO
    assert deliver(both_told) == [END_MESSAGE, END_MESSAGE]


def test_an_outage_costs_an_incident_and_a_message_to_each_channel(told):
    """An incident with its first line, which enters two indexes, a line of the log, and a flip that leaves
    the outbox; flip, monitor, and the project's windows and channels are read once (R12).
    """
    told.ping("/fail")

    bill = announce(told)

    assert bill.calls[:3] == ["GetItem", "Query", "Query"]
    assert bill.read == 3
    assert written(told) == [("TransactWriteItems", 4, 3), ("PutItem", 1, 1), ("UpdateItem", 1, 1)]


def test_a_told_outages_end_costs_as_much_and_two_reads(told):
    """The outage's own flip and its incident are read, and the incident leaves the index of timers (R53)."""
    told.ping("/fail")
    announce(told)
    told.ping()

    bill = announce(told)

    assert bill.read == 5
    assert written(told) == [("TransactWriteItems", 4, 3), ("PutItem", 1, 1), ("UpdateItem", 1, 1)]


def test_a_reminder_costs_a_message_to_each_channel_and_the_next_timer(told):
    """Incident, monitor, and the project's windows and channels are read; a line of the log, and the moment
    of the next reminder, are written (R26).
    """
    told.ping("/fail")
    announce(told)
    (due,) = told.tools.incidents.due(told.now + 2 * HOUR, 10)
    told.now = due.look_at

    bill = told.bill(lambda: told.work("wake", Timer(due.incident_id, to_text(due.look_at))))

    assert bill == Bill(
        ["GetItem", "Query", "Query", "PutItem", "TransactWriteItems"], read=3, write=1 + 2, index=1 + 3
    )


def test_a_timer_for_nobody_costs_a_read(told):
    """Of an incident that was resolved meanwhile nothing more is looked at."""
    told.ping("/fail")
    announce(told)
    (due,) = told.tools.incidents.due(told.now + 2 * HOUR, 10)
    told.ping()
    announce(told)
    told.now = due.look_at

    bill = told.bill(lambda: told.work("wake", Timer(due.incident_id, to_text(due.look_at))))

    assert bill == Bill(["GetItem"], read=1)
