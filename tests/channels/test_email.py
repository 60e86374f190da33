from html.parser import HTMLParser

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from chalicelib.channels.base import Outlet, SendError
from chalicelib.channels.email import Email, message
from chalicelib.core.alerts import CLOSERS, Reason
from chalicelib.core.errors import Invalid
from chalicelib.settings import Settings

ALICE = {"email": "alice@example.org", "up": True, "down": True}


@pytest.fixture
def ses(amazon):
    """Return a client of an SES that knows our sender, with nothing left over from other tests."""
    client = amazon("sesv2", "us-east-1")
    client.create_email_identity(EmailIdentity="wakeful.example")
    return client


def sent():
    return ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages


class Visible(HTMLParser):
    """Gathers the text of a mail and the names of its tags."""

    def __init__(self, html):
        super().__init__()
        self.text, self.tags = "", []
        self.feed(html)

    def handle_data(self, data):
        """Keep the text."""
        self.text += data

    def handle_starttag(self, tag, _):
        """Keep the tag."""
        self.tags.append(tag)


def bodies(alert):
    body = message(alert)["Body"]
    return body["Text"]["Data"], body["Html"]["Data"]


@pytest.mark.parametrize(
    "address", ["a@example.org", "o'neil+ops@mail.example.co.uk", "x@xn--bcher-kva.example"]
)
def test_an_address_is_enough(address):
    """`{email}` hears of down and of up (R44)."""
    assert Email.check({"email": address}, allow_private=False) == {
        "email": address,
        "up": True,
        "down": True,
    }


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        7,
        ["a@example.org"],
        "alice",
        "alice@",
        "@example.org",
        "alice@localhost",
        "a@b@example.org",
        "a@example.org, b@example.org",
        "a@example.org\nBcc: b@example.org",
        "Alice <a@example.org>",
        "a..b@example.org",
        "a b@example.org",
        "é@example.org",
        "a@" + "x" * 64 + ".org",
        "a" * 65 + "@example.org",
        "a@" + "x." * 130 + "org",
    ],
)
def test_what_is_no_address_is_refused(address):
    """Anything but one plain address is refused as `email` (R44)."""
    with pytest.raises(Invalid) as refusal:
        Email.check({"email": address}, allow_private=False)
    assert refusal.value.field == "email"


def test_a_switch_is_true_or_false():
    """`up` and `down` take booleans and nothing like them, and keep what they were (R45)."""
    stored = Email.check({"email": "a@example.org", "up": False}, allow_private=False)
    assert Email.check({**stored, "email": "b@example.org"}, allow_private=False)["up"] is False
    with pytest.raises(Invalid, match="down must be true or false"):
        Email.check({"email": "a@example.org", "down": "no"}, allow_private=False)


def test_an_address_is_shown():
    """There is no secret in it to mask."""
    assert Email.mask(ALICE) == ALICE


@pytest.mark.usefixtures("ses")
def test_an_alert_leaves_by_ses(outlet, alert):
    """The mail goes from our sender to the one address, with its subject."""
    Email(ALICE, outlet).send(alert())
    [mail] = sent()
    assert mail.source == "Wakeful <alerts@wakeful.example>"
    assert mail.destinations["ToAddresses"] == ["alice@example.org"]
    assert mail.subject == "Down: Nightly backup"
    assert "Nightly backup is down." in mail.body


@pytest.mark.usefixtures("ses")
@pytest.mark.parametrize(
    ("switches", "reasons"),
    [
        ({"up": True, "down": True}, set(Reason)),
        ({"up": False, "down": True}, (set(Reason) - CLOSERS) | {Reason.WAS_DOWN}),
        ({"up": True, "down": False}, CLOSERS | {Reason.DIGEST, Reason.TEST, Reason.CHANNEL_BROKE}),
        ({"up": False, "down": False}, {Reason.TEST, Reason.CHANNEL_BROKE}),
    ],
)
def test_only_what_is_wanted_is_sent(outlet, alert, switches, reasons):
    """What is switched off is not sent; tests and broken channels are no status and always are (R47)."""
    wanted = set()
    for reason in Reason:
        sent().clear()
        Email({**ALICE, **switches}, outlet).send(alert(reason))
        wanted |= {reason} if sent() else set()
    assert wanted == reasons


def test_headers_tell_machines_what_it_is(alert):
    """No holiday answer comes back, and a repetition can be told by the delivery's id."""
    headers = {header["Name"]: header["Value"] for header in message(alert())["Headers"]}
    assert headers == {"Auto-Submitted": "auto-generated", "X-Wakeful-Delivery": "d-1"}


def test_both_bodies_say_the_same(alert):
    """Plain text and HTML carry the sentence, every fact, the last body and the delivery's id."""
    plain, html = bodies(alert(body=b"disk full"))
    for text in (plain, Visible(html).text):
        for part in (
            "Nightly backup is down.",
            "No signal came within the expected time and its grace.",
            "2026-11-22 12:00:05 UTC",
            "every 1 d, with 1 h 5 min of grace",
            "prod db",
            "Alice's servers",
            "disk full",
            "Delivery d-1",
        ):
            assert part in text


def test_a_recovery_says_how_long_it_was(alert):
    """A recovery and a combined message tell the whole outage."""
    for reason in (Reason.RECOVERED, Reason.WAS_DOWN):
        plain, html = bodies(alert(reason))
        for text in (plain, Visible(html).text):
            assert "1 h 3 min" in text
            assert "2026-11-22 10:57:05 UTC" in text


def test_a_broken_channel_is_told_with_its_reason(alert):
    """Other channels hear which one broke, and in whose words (DESIGN 6)."""
    broke = alert(Reason.CHANNEL_BROKE, name="Ops hook", body=b"The receiver answered 410: Gone")
    plain, html = bodies(broke)
    for text in (plain, Visible(html).text):
        assert "The channel Ops hook does not work any more." in text
        assert "The receiver answered 410: Gone" in text


def test_nothing_in_a_mail_is_markup_but_ours(alert):
    """Names, descriptions and bodies appear as they were written, and never as HTML."""
    evil = "<img src=x><b>&amp;"
    tame = Visible(bodies(alert())[1])
    html = Visible(
        bodies(alert(name=evil, project=evil, tags=evil, summary={"desc": evil}, body=evil.encode()))[1]
    )
    assert not {"img", "b"} & set(html.tags)
    assert html.text.count(evil) == 7  # title, headline, three facts, last body, footer
    assert not {"img", "script", "link"} & set(tame.tags)


def test_plain_text_is_not_escaped(alert):
    """The plain body shows an ampersand as an ampersand."""
    assert "R&D's <job> is down." in bodies(alert(name="R&D's <job>"))[0]


def test_a_long_body_is_cut(alert):
    """Of the last body ten thousand bytes are shown."""
    plain, html = bodies(alert(body=b"\xff" + b"x" * 1_000_000))
    assert plain.count("x" * 9_999) == html.count("x" * 9_999) == 1
    assert len(plain) < 12_000


def test_a_subject_stays_one_line(alert):
    """A name with line breaks begins no header."""
    subject = message(alert(name="a\r\nBcc: b@example.org" + "x" * 500))["Subject"]["Data"]
    assert subject.isprintable()
    assert len(subject) <= 150


def test_a_missing_sender_is_the_operators_to_mend(alert):
    """Without MAIL_FROM nothing is sent, and the channel is not given up."""
    with pytest.raises(SendError, match="MAIL_FROM") as error:
        Email(ALICE, Outlet(Settings(), lambda: alert().at)).send(alert())
    assert not error.value.permanent


def refused(ses, transport, alert, code, text):
    with Stubber(ses) as stub:
        stub.add_client_error("send_email", code, text, http_status_code=400)
        with pytest.raises(SendError) as error:
            transport.send(alert)
    return error.value


def test_an_address_that_ses_turns_down_is_given_up(ses, outlet, alert):
    """Where SES names the address itself, no repetition helps (R48)."""
    text = "Email address is not verified. Identities that failed the check: Alice@Example.org"
    error = refused(ses, Email(ALICE, outlet), alert(), "MessageRejected", text)
    assert error.permanent
    assert str(error) == f"SES answered 400 MessageRejected: {text}"


@pytest.mark.parametrize(
    ("code", "text", "told"),
    [
        ("MessageRejected", "not verified: alerts@wakeful.example", "SES answered 400 MessageRejected: not"),
        ("MailFromDomainNotVerifiedException", "x", "SES has not verified the domain of MAIL_FROM."),
        ("AccountSuspendedException", "x", "SES has suspended this account's sending."),
        ("SendingPausedException", "x", "SES has paused this account's sending."),
        ("LimitExceededException", "x", "SES's sending quota is used up."),
        ("BadRequestException", "y" * 999, "SES answered 400 BadRequestException: yyy"),
        ("TooManyRequestsException", "", "SES answered 400 TooManyRequestsException."),
    ],
)
def test_what_is_not_the_addresss_fault_may_pass(ses, outlet, alert, code, text, told):
    """Whatever the operator or time can mend does not end a channel, and is told shortly (R48)."""
    error = refused(ses, Email(ALICE, outlet), alert(), code, text)
    assert not error.permanent
    assert str(error).startswith(told)
    assert len(str(error)) <= 200


def test_an_unreachable_ses_is_tried_again(ses, outlet, alert):
    """A fault of the network is told in a sentence, and is not for good."""

    def cut(**_):
        raise EndpointConnectionError(endpoint_url="https://email.example")

    ses.meta.events.register_first("before-send.sesv2.SendEmail", cut)
    with pytest.raises(SendError, match="SES could not be reached: EndpointConnectionError") as error:
        Email(ALICE, outlet).send(alert())
    assert not error.value.permanent
