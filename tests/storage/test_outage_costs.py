"""What an outage costs on DynamoDB once people are to hear of it, heard on the wire (see billing.py)."""

import json
from datetime import timedelta

import pytest

from app import app
from chalicelib.messages import FlipNotice, Timer, to_text
from chalicelib.services import access, watching
from chalicelib.storage.keys import Lane
from tests.storage.billing import READS, Bill

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
