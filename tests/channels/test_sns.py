import json
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from hypothesis import given
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends

from chalicelib.channels import sms
from chalicelib.channels.base import MASK
from chalicelib.channels.sentences import SUBJECTS
from chalicelib.channels.sms import Sms
from chalicelib.channels.sns import SnsTopic, subject
from chalicelib.core.alerts import Reason
from chalicelib.core.errors import Invalid
from chalicelib.settings import queue_name
from tests.channels.crowded import ALERTS, UNHURRIED
from tests.channels.sending import fault

HOME, AWAY = "us-east-1", "eu-west-1"
NUMBER = "+4712345678"
ARN = f"arn:aws:sns:{AWAY}:{DEFAULT_ACCOUNT_ID}:alarms"
TEMPLATE = Path(__file__).parents[2] / "infra" / "resources.json"


@pytest.fixture
def region(amazon):
    """Return a function from a region to its SNS, in which nothing is left over from other tests."""
    return lambda name: amazon("sns", name)


@pytest.fixture
def phone(outlet):
    """Return the channel of a telephone."""
    return Sms({"phoneNumber": NUMBER}, outlet)


@pytest.fixture
def topic(region, outlet):
    """Return the channel of a topic that is not in our own region."""
    region(AWAY).create_topic(Name="alarms")
    return SnsTopic({"topicArn": ARN}, outlet)


def refused(client, transport, alert, code, text):
    """Return what becomes of an alert where SNS answers *code*."""
    with Stubber(client) as stub:
        stub.add_client_error("publish", code, text, http_status_code=403)
        return fault(transport, alert)


# --- telephones ---------------------------------------------------------------------------------------------


def test_a_number_is_enough():
    """`{phoneNumber}` is a number as E.164 writes it, which is shown (R44)."""
    stored = Sms.check({"phoneNumber": NUMBER}, allow_private=False)
    assert stored == Sms.mask(stored) == {"phoneNumber": NUMBER}


@pytest.mark.parametrize(
    "number",
    [None, "", 4712345678, "4712345678", "+0712345678", "+47123", "+47 12345678", "+" + "1" * 16, MASK],
)
def test_what_is_no_number_is_refused(number):
    """Anything but a number with its country code is refused as `phoneNumber` (R44)."""
    with pytest.raises(Invalid) as refusal:
        Sms.check({"phoneNumber": number}, allow_private=False)
    assert refusal.value.field == "phoneNumber"


@pytest.mark.usefixtures("region")
def test_a_text_message_leaves_by_sns(phone, probed):
    """The number is sent what is down, and why, from our own region."""
    phone.send(probed())
    told = sns_backends[DEFAULT_ACCOUNT_ID][HOME].sms_messages
    assert list(told.values()) == [
        (NUMBER, "Down: Shop. The probes failed: expected 200, got 503 (eu-west-1).")
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Übergrößen — “été” ê", 'Down: Übergrößen - "été" e. '),
        ("日本のサイト", "Down: 日本のサイト. "),
        ("a" * 200, f"Down: {'a' * 131}..."),
        ("`[x]`", "Down: '[x]'. "),
    ],
)
def test_a_text_message_is_spelled_to_be_cheap(alert, name, told):
    """Accents that telephones lack are left out where they cost half the message, and kept where not."""
    assert sms.text(alert(name=name)).startswith(told)


@UNHURRIED
@given(ALERTS)
def test_a_text_message_is_one_segment(alert):
    """No alert takes more than 140 letters of GSM, or 70 where there is any other among them."""
    text = sms.text(alert)
    gsm = set(text) <= sms.GSM
    length = len(text) + sum(text.count(letter) for letter in "^{}\\[~]|€")
    assert 0 < (length if gsm else len(text.encode("utf-16-le", "replace")) // 2) <= (140 if gsm else 70)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_told_to_a_telephone(alert, reason):
    """A text message begins with what happened, a test included (R47)."""
    first_word = SUBJECTS[reason][0].split()[0]
    assert sms.text(alert(reason)).startswith(first_word)


@pytest.mark.parametrize(
    ("code", "text", "permanent"),
    [
        ("OptedOut", "Phone number is opted out", True),
        ("InvalidParameter", "Invalid parameter: PhoneNumber Reason: +47 is not valid to publish to", True),
        ("InvalidParameter", "Invalid parameter: Message Reason: too long", False),
        ("AuthorizationError", "not authorized to perform: SNS:Publish", False),
        ("Throttling", "Rate exceeded", False),
    ],
)
def test_a_number_that_sns_turns_down_is_given_up(region, phone, alert, code, text, permanent):
    """What is the number's own fault ends the channel; what the operator or time can mend does not (R48)."""
    error = refused(region(HOME), phone, alert(), code, text)
    assert error.permanent is permanent
    assert str(error) == f"SNS answered 403 {code}: {text}"


# --- topics -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arn", [ARN, "arn:aws-cn:sns:cn-north-1:123456789012:a_b-C"])
def test_a_topic_is_enough(arn):
    """`{topicArn}` names a topic in any account and region, and is shown (R44)."""
    stored = SnsTopic.check({"topicArn": arn}, allow_private=False)
    assert stored == SnsTopic.mask(stored) == {"topicArn": arn}


@pytest.mark.parametrize(
    ("arn", "reason"),
    [
        (None, "is required"),
        (7, "must be text"),
        ("alarms", "must be the ARN"),
        ("arn:aws:sqs:eu-west-1:123456789012:alarms", "must be the ARN"),
        ("arn:aws:sns:eu-west-1:1234:alarms", "must be the ARN"),
        (f"{ARN}.fifo", "must be the ARN"),
        (f"{ARN}:6b0e71bd-7e97-4d97-80ce-4a0994e55286", "must be the ARN"),
        ("arn:aws:sns:eu-wset-1:123456789012:alarms", "a region that there is not: eu-wset-1"),
        ("arn:aws-cn:sns:eu-west-1:123456789012:alarms", "a region that there is not"),
    ],
)
def test_what_is_no_topic_is_refused(arn, reason):
    """Anything but a standard topic's ARN is refused as `topicArn` (R44)."""
    with pytest.raises(Invalid, match=reason) as refusal:
        SnsTopic.check({"topicArn": arn}, allow_private=False)
    assert refusal.value.field == "topicArn"


def test_our_own_topics_are_nobodys_channel():
    """What our handlers believe cannot be said by a customer: each topic of the template is refused."""
    resources = json.loads(TEMPLATE.read_text())["Resources"].values()
    topics = [made["Properties"]["TopicName"] for made in resources if made.get("Type") == "AWS::SNS::Topic"]
    assert queue_name("flips") in topics
    for name in topics:
        with pytest.raises(Invalid, match="topicArn is a topic of Wakeful's own"):
            SnsTopic.check({"topicArn": ARN.replace("alarms", name)}, allow_private=False)


def test_an_alert_is_published(topic, probed):
    """The topic's own region is sent a subject, the whole letter, and words that subscriptions filter by."""
    topic.send(probed())
    [published] = sns_backends[DEFAULT_ACCOUNT_ID][AWAY].topics[ARN].sent_notifications
    _, message, title, attributes, *_ = published
    assert title == "Down: Shop"
    assert message.startswith(
        "Shop is down. The probes failed: expected 200, got 503 (eu-west-1).\n\nTarget: "
    )
    assert message.endswith("Delivery d-1")
    assert {name: attribute["Value"] for name, attribute in attributes.items()} == {
        "event": "check.down",
        "status": "down",
    }


@UNHURRIED
@given(ALERTS)
def test_a_subject_is_what_sns_takes(alert):
    """A subject is printable ASCII of fewer than a hundred letters, and begins with a letter."""
    title = subject(alert)
    assert title.isascii()
    assert title.isprintable()
    assert title[0].isalpha()
    assert len(title) < 100


@pytest.mark.parametrize(
    ("code", "text", "permanent"),
    [
        ("NotFound", "Topic does not exist", True),
        ("NotFoundException", "Topic does not exist", True),
        ("AuthorizationError", "not authorized to perform: SNS:Publish", True),
        ("InvalidParameter", "Invalid parameter: TopicArn", True),
        ("InvalidParameter", "Invalid parameter: Subject", False),
        ("KMSDisabled", "the key is disabled", False),
        ("Throttled", "Rate exceeded", False),
        ("InternalError", "", False),
    ],
)
def test_a_topic_that_is_gone_is_given_up(region, topic, alert, code, text, permanent):
    """A topic that is deleted or closed to us ends the channel, in SNS's words; all else may pass (R48)."""
    error = refused(region(AWAY), topic, alert(), code, text)
    assert error.permanent is permanent
    assert str(error) == f"SNS answered 403 {code}" + (f": {text}" if text else ".")


def test_a_deleted_topic_is_given_up(region, topic, alert):
    """What an emulated SNS answers of a topic that was deleted is read as SNS's own answer (R48)."""
    region(AWAY).delete_topic(TopicArn=ARN)
    assert fault(topic, alert()).permanent


def test_an_unreachable_sns_is_tried_again(region, topic, alert):
    """A fault of the network is told in a sentence, and is not for good (R48)."""

    def cut(**_):
        raise EndpointConnectionError(endpoint_url="https://sns.example")

    region(AWAY).meta.events.register_first("before-send.sns.Publish", cut)
    error = fault(topic, alert())
    assert (str(error), error.permanent) == ("SNS could not be reached: EndpointConnectionError.", False)
