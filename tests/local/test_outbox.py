from datetime import UTC, datetime

import pytest

from chalicelib import aws
from chalicelib.channels.base import Outlet, SendError
from chalicelib.channels.sms import Sms
from chalicelib.channels.sns import SnsTopic
from chalicelib.core.alerts import Alert, Reason
from chalicelib.local.emulation import emulated_aws
from chalicelib.local.outbox import Outbox
from chalicelib.settings import Settings

NOON = datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)
NUMBER = "+4712345678"
ALERT = Alert("d-1", Reason.WENT_DOWN, NOON, "7c2f", "Nightly backup", "Alice's servers")
OUTLET = Outlet(Settings(), lambda: NOON)


@pytest.fixture
def outbox():
    """Return the outbox of an emulated AWS; a mail in it is in test_server."""
    outbox = Outbox(lambda: NOON)
    with emulated_aws(), outbox.listening(OUTLET.settings):
        yield outbox


def test_text_messages_are_shown(outbox):
    """What a telephone would have been sent is shown with its number, the newest first (R47)."""
    Sms({"phoneNumber": NUMBER}, OUTLET).send(ALERT)
    Sms({"phoneNumber": "+4787654321"}, OUTLET).send(ALERT.told_as(Reason.RECOVERED))
    at = NOON.isoformat()
    assert outbox.messages() == [
        {"to": ["+4787654321"], "text": "Up: Nightly backup", "at": at},
        {"to": [NUMBER], "text": "Down: Nightly backup", "at": at},
    ]


def test_what_was_refused_did_not_leave(outbox):
    """A number that SNS does not take is not shown."""
    with pytest.raises(SendError):
        Sms({"phoneNumber": "nobody"}, OUTLET).send(ALERT)
    assert outbox.messages() == []


def test_what_reaches_a_topic_is_not_shown(outbox):
    """Topics are there in the emulated AWS: what goes to one arrives, and our own messages are no letters."""
    topic = aws.client("sns", OUTLET.settings.region, None).create_topic(Name="alarms")
    SnsTopic({"topicArn": topic["TopicArn"]}, OUTLET).send(ALERT)
    assert outbox.messages() == []
