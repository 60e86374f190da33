import pytest

from chalicelib.channels.base import MASK
from chalicelib.channels.opsgenie import Opsgenie, creation
from chalicelib.core.alerts import Reason
from chalicelib.core.errors import Invalid
from chalicelib.guard.headers import AGENT
from tests.channels.sending import fault

KEY = "eb243592-faa2-4ba2-a551-1afdf565c889"
CREATE, CLOSE = "/v2/alerts", "/v2/alerts/i-7/close?identifierType=alias"


@pytest.fixture
def genie(outlet, receiver):
    """Return a function that makes a channel whose Opsgenie is the receiver, each region at its own path."""

    class Here(Opsgenie):
        addresses = {region: f"{receiver.url}/{region}" for region in Opsgenie.addresses}  # noqa: RUF012

    return lambda **config: Here(Here.check({"apiKey": KEY, **config}, allow_private=False), outlet)


def test_an_api_key_is_enough():
    """`{apiKey}` is all that an integration needs, and `region` where it is in Europe (R44, R45)."""
    stored = Opsgenie.check({"apiKey": KEY}, allow_private=False)
    assert stored == {"apiKey": KEY, "region": "us"}
    assert Opsgenie.check({**stored, "region": "EU"}, allow_private=False) == {"apiKey": KEY, "region": "eu"}


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"region": "us"}, "apiKey is required"),
        ({"apiKey": ["x"]}, "apiKey must be text"),
        ({"apiKey": "GenieKey " + KEY}, "apiKey must be the key of an API integration"),
        ({"apiKey": MASK}, "apiKey is masked; leave it out"),
        ({"apiKey": KEY, "region": "uk"}, "region must be one of us, eu"),
    ],
)
def test_what_cannot_work_is_refused(config, reason):
    """What is no key, a masked one, and a region that there is not are refused by name (R44, R45)."""
    with pytest.raises(Invalid, match=reason):
        Opsgenie.check(config, allow_private=False)


def test_the_key_is_masked():
    """The region is shown, the key is not (R44, R392)."""
    assert Opsgenie.mask({"apiKey": KEY, "region": "eu"}) == {"apiKey": MASK, "region": "eu"}


def test_both_regions_have_their_address():
    """Alerts go to the address that Opsgenie documents for the account's region, by TLS."""
    assert dict(Opsgenie.addresses) == {"us": "https://api.opsgenie.com", "eu": "https://api.eu.opsgenie.com"}


def test_an_outage_creates_an_alert(genie, receiver, probed):
    """An outage is one alert under the outage's own alias, with what is down, why, and since when."""
    genie(region="eu").send(probed(incident_id="i-7", body=b"disk full"))
    [heard] = receiver.heard
    assert (heard.method, heard.path) == ("POST", f"/eu{CREATE}")
    assert heard.headers["Authorization"] == f"GenieKey {KEY}"
    assert heard.headers["User-Agent"] == AGENT
    assert heard.json == {
        "message": "Down: Shop",
        "alias": "i-7",
        "description": (
            "Shop is down. The probes failed: expected 200, got 503 (eu-west-1).\n\n"
            "The last signal carried:\ndisk full"
        ),
        "details": {
            "Target": "https://shop.example/health",
            "Down since": "2026-11-22 12:00:05 UTC",
            "Tags": "prod db",
            "Project": "Alice's servers",
        },
        "entity": "Shop",
        "tags": ["prod", "db"],
        "priority": "P1",
        "source": "Wakeful",
    }


def test_the_end_closes_that_alert(genie, receiver, probed):
    """The recovery closes the alert of the same outage, and notes how long it lasted."""
    genie().send(probed(Reason.RECOVERED, incident_id="i-7"))
    [heard] = receiver.heard
    assert (heard.method, heard.path) == ("POST", f"/us{CLOSE}")
    assert heard.json == {"source": "Wakeful", "note": "Shop is up again; it was down for 1 h 3 min."}


def test_an_alias_is_no_path(genie, receiver, alert):
    """Whatever an outage is called, it stays one part of the path that closes it."""
    genie().send(alert(Reason.RECOVERED, incident_id="a/b?c"))
    assert receiver.heard[0].path == "/us/v2/alerts/a%2Fb%3Fc/close?identifierType=alias"


@pytest.mark.parametrize(
    ("reason", "paths"),
    [
        (Reason.WENT_DOWN, [CREATE]),
        (Reason.STILL_DOWN, [CREATE]),
        (Reason.CHANNEL_BROKE, [CREATE]),
        (Reason.RECOVERED, [CLOSE]),
        (Reason.CALLED_OFF, [CLOSE]),
        (Reason.WAS_DOWN, [CREATE, CLOSE]),
        (Reason.TEST, [CREATE, CLOSE]),
        (Reason.ESCALATED, [CREATE]),
        (Reason.SLOWED, [CREATE]),
        (Reason.SPED_UP, [CLOSE]),
        (Reason.TRIGGERED, [CREATE]),
        (Reason.ACKNOWLEDGED, ["/v2/alerts/i-7/acknowledge?identifierType=alias"]),
        (Reason.RESOLVED, [CLOSE]),
        (Reason.SLA_MISSED, []),
        (Reason.DIGEST, []),
    ],
)
def test_every_reason_leaves_the_alert_as_it_should_be(genie, receiver, alert, reason, paths):
    """What goes on stays open, what is taken on is quiet, what is over is closed (R47)."""
    genie().send(alert(reason, incident_id="i-7"))
    assert [heard.path for heard in receiver.heard] == [f"/us{path}" for path in paths]


def test_a_test_wakes_nobody(alert):
    """A test has the lowest priority, and an alias of its own; slowness can wait."""
    told = creation(alert(Reason.TEST))
    assert (told["priority"], told["alias"]) == ("P5", "d-1")
    assert creation(alert(Reason.SLOWED))["priority"] == "P3"


def test_an_alert_keeps_to_opsgenies_limits(alert):
    """No field is longer than Opsgenie takes it, whatever the names and the body are."""
    long, many = "long name " * 1000, " ".join(f"tag{n}-{'x' * 60}" for n in range(30))
    told = creation(
        alert(name=long, project=long, tags=many, body=b"x" * 20_000, summary={"desc": long}, target=long)
    )
    assert len(told["message"]) <= 130
    assert len(told["entity"]) <= 512
    assert len(told["description"]) <= 15_000
    assert sum(len(label) + len(text) for label, text in told["details"].items()) <= 8000
    assert len(told["tags"]) == 20
    assert all(len(tag) <= 50 for tag in told["tags"])


@pytest.mark.parametrize("reason", [Reason.WENT_DOWN, Reason.RECOVERED])
@pytest.mark.parametrize(
    ("status", "permanent"), [(401, True), (403, True), (422, True), (400, False), (429, False), (500, False)]
)
def test_a_key_that_is_gone_is_given_up(genie, receiver, alert, reason, status, permanent):
    """A key that may not do what is asked ends the channel, in its words; being busy does not (R48)."""
    receiver.status, receiver.body = status, b'{"message":"Key format is not valid!"}'
    error = fault(genie(), alert(reason))
    assert error.permanent is permanent
    assert str(error) == f'The receiver answered {status}: {{"message":"Key format is not valid!"}}'


def test_an_alert_that_is_not_there_needs_no_closing(genie, receiver, alert):
    """Who cleared the alert away by hand is not bothered; but nothing can be created at such an address."""
    receiver.status = 404
    genie().send(alert(Reason.RECOVERED))
    assert not fault(genie(), alert()).permanent


def test_an_answer_that_repeats_the_key_is_cleaned(genie, receiver, alert):
    """The key does not come back in an error (R392)."""
    receiver.status, receiver.body = 403, f"no GenieKey {KEY}".encode()
    assert str(fault(genie(), alert())) == f"The receiver answered 403: no GenieKey {MASK}"
