"""What a message says is looked up once: of a probed monitor, what its regions found and how it fared."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.core.alerts import Reason
from chalicelib.core.consensus import Answer, Result
from chalicelib.core.monitors import Monitor, Spec, State
from chalicelib.core.status import Kind, Status, Verdict
from chalicelib.core.steps import Cause, turn
from chalicelib.core.targets import HttpTarget, Watch
from chalicelib.core.tenancy import UNLIMITED
from chalicelib.local.house import House
from chalicelib.services.announcing import announce
from chalicelib.services.composing import compose
from chalicelib.services.telling import flip_story
from chalicelib.storage.deliveries import Delivery
from tests.stories.neighbours import calls_through, fates, mails, new_channel, new_check, speak

SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=n) for n in (1, 60, 3600, 86_400))
JURY = ("us-east-1", "eu-west-1", "ap-southeast-1")
SAD = "expected 200, got 503"
BAD = (
    Result("us-east-1", Verdict.DOWN, 87.5, 503, SAD),
    Result("eu-west-1", Verdict.DOWN, error="timeout"),
    Result("ap-southeast-1", Verdict.UP, 310.0, 200),
)
GOOD = tuple(Result(region, Verdict.UP, 120.0, 200) for region in JURY)


@dataclass
class Shop:
    """Alice's shop: up since ten days, probed every minute."""

    house: House
    spec: Spec

    @property
    def now(self) -> datetime:
        """The present moment."""
        return self.house.clock()

    def answers(self, at: datetime, results=GOOD, version: int = 0) -> None:
        """Let every region have answered in the round at *at*."""
        for result in results:
            self.house.tools.rounds.append(Answer(self.spec.monitor_id, at, version, JURY, (), result))

    def turns(self, new: Status, at: datetime) -> None:
        """Let the rounds have made it *new* since *at*."""
        before = self.house.tools.monitors.load(self.spec.monitor_id, fresh=True).state
        cause = Cause.PROBES_FAILED if new is Status.DOWN else Cause.PROBES_PASSED
        step = turn(self.spec.monitor_id, before, new, at, cause)
        self.house.tools.commits.turn(self.spec.monitor_id, before, step)

    def told(self, at: datetime):
        """Return what a channel is told of the flip at *at*."""
        channel = mail_channel(self.house)
        delivery = Delivery(flip_story(self.spec.monitor_id, at), channel.channel_id, self.now, "went_down")
        return compose(self.house.tools, delivery, channel, self.now)


def mail_channel(house):
    """Return the channel that leads to Alice's address."""
    channels = house.tools.channels.of_project(house.foundation.project.project_id)
    return next(channel for channel in channels if channel.config.get("email") == "alice@example.org")


def a_shop(house, **changes):
    """Return a shop that was stored."""
    project, now = house.foundation.project, house.clock()
    spec = Spec(
        monitor_id=house.tools.new_id(),
        project_id=project.project_id,
        organization_id=project.organization_id,
        created=now - 10 * DAY,
        badge_key="badge",
        kind=Kind.HTTP,
        name="Shop",
        watch=Watch(HttpTarget("https://me:hush@shop.example/health?key=hush"), MINUTE),
    )
    spec = replace(spec, **changes)
    house.tools.commits.add(Monitor(spec, State(since=spec.created, has_rules=True)), UNLIMITED)
    shop = Shop(house, spec)
    shop.turns(Status.UP, spec.created + SECOND)
    return shop


@pytest.fixture
def shop(house, alices_mail):
    """Return Alice's shop; she is told by mail."""
    assert alices_mail
    return a_shop(house)


def test_an_outage_is_told_with_what_every_region_found(shop):
    """The alert holds the target without secrets, and each region's answer in the round that began it."""
    began = shop.now - MINUTE
    shop.answers(began, BAD)
    shop.answers(shop.now, GOOD)
    shop.turns(Status.DOWN, began)
    alert = shop.told(began)
    assert (alert.reason, alert.cause, alert.at) == (Reason.WENT_DOWN, Cause.PROBES_FAILED, began)
    assert alert.target == "https://shop.example/health?…"
    assert alert.evidence == BAD
    assert (alert.summary["timeout"], alert.summary["grace"], alert.summary["status"]) == (60, 0, "down")


def test_a_recovery_is_told_with_the_round_that_began_it(shop):
    """The answers are those of the first good round, and the outage that is over has its length."""
    shop.answers(shop.now - HOUR, BAD)
    shop.turns(Status.DOWN, shop.now - HOUR)
    shop.answers(shop.now, GOOD)
    shop.turns(Status.UP, shop.now)
    alert = shop.told(shop.now)
    assert (alert.reason, alert.lasted, alert.evidence) == (Reason.RECOVERED, HOUR, GOOD)


def test_the_newest_question_counts(shop):
    """Where a round was asked twice, since the monitor was changed meanwhile, the later answers are told."""
    shop.answers(shop.now, GOOD, version=9)
    shop.answers(shop.now, BAD, version=10)
    shop.answers(shop.now + timedelta(microseconds=1), GOOD, version=11)
    shop.turns(Status.DOWN, shop.now)
    assert shop.told(shop.now).evidence == BAD


def test_how_it_fared_lately_is_told(shop):
    """Uptime is that of the 30 days before the change, response times are those of the day before it."""
    shop.turns(Status.DOWN, shop.now - 5 * DAY)
    shop.turns(Status.UP, shop.now - 4 * DAY)
    for minutes in range(1, 31):
        shop.answers(shop.now - minutes * MINUTE)
    shop.answers(shop.now, BAD)
    shop.turns(Status.DOWN, shop.now)
    alert = shop.told(shop.now)
    assert alert.uptime_percent == pytest.approx(90, abs=0.01)
    assert alert.latency == pytest.approx((120, 120), rel=0.15)


def test_what_is_gone_is_left_out(shop):
    """A round that was deleted, and a day without answers, are no fault: the rest is told."""
    shop.turns(Status.DOWN, shop.now)
    alert = shop.told(shop.now)
    assert (alert.evidence, alert.latency) == ((), None)
    assert alert.uptime_percent == 100


def test_an_alert_waits_for_no_figures(shop):
    """Where rounds, rollups and history cannot be read, the alert is composed without them."""
    shop.answers(shop.now, BAD)
    shop.turns(Status.DOWN, shop.now)

    def spoil(_, operation, arguments, make):
        table = str(arguments.get("TableName", "")).rpartition("-")[2]
        if table in ("rounds", "rollups") or (table, operation) == ("flips", "Query"):
            raise EndpointConnectionError(endpoint_url="https://aws.test")
        return make()

    with calls_through(spoil):
        alert = shop.told(shop.now)
    assert (alert.reason, alert.target) == (Reason.WENT_DOWN, "https://shop.example/health?…")
    assert (alert.evidence, alert.uptime_percent, alert.latency) == ((), None, None)


def test_a_heartbeat_is_told_as_ever(house, alices_mail):
    """Of a heartbeat neither target nor regions nor figures are told, but what its job last said."""
    assert alices_mail
    check = new_check(house)
    check.ping("3", b"disk full")
    [flip] = check.flips
    channel = mail_channel(house)
    delivery = Delivery(flip_story(check.check_id, flip.at), channel.channel_id, house.clock(), "went_down")
    alert = compose(house.tools, delivery, channel, house.clock())
    assert (alert.exit_status, alert.body) == (3, b"disk full")
    assert (alert.target, alert.evidence, alert.uptime_percent, alert.latency) == ("", (), None, None)


def goes_down(house, **changes):
    """Let a shop go down, and everybody be told."""
    shop = a_shop(house, **changes)
    shop.answers(shop.now, BAD)
    shop.turns(Status.DOWN, shop.now)
    announce(house.tools, shop.spec.monitor_id, shop.now, shop.now)
    house.pump.drain()


def test_every_address_hears_where_mail_is_switched_on(house, alices_mail, receiver):
    """Each of the project's addresses gets one mail, also who was named besides; no other channel hears
    (R236).
    """
    new_channel(house, "EMAIL", email="bob@example.org")
    goes_down(house, channel_kinds=("EMAIL",), channels=(mail_channel(house).channel_id,))
    for address in (alices_mail, "bob@example.org"):
        [mail] = mails(house, address)
        assert mail.subject == "Down: Shop"
        assert f"The probes failed: {SAD} (us-east-1); timeout (eu-west-1)." in mail.body
        assert "hush" not in mail.body
    assert receiver.heard == []


def test_slack_hears_where_it_is_switched_on(house, alices_mail, receiver):
    """The project's Slack channel gets one message, which says the same; who is not switched on is not told
    (R237).
    """
    slack = new_channel(house, "SLACK", url=f"{receiver.url}/services/T0A1B2C3D/B0X9Y8Z7W/hush")
    goes_down(house, channel_kinds=("SLACK",))
    [heard] = receiver.heard
    assert heard.path == "/services/T0A1B2C3D/B0X9Y8Z7W/hush"
    assert heard.story["text"] == f"Shop is down. The probes failed: {SAD} (us-east-1); timeout (eu-west-1)."
    assert fates(house, slack) == ["went_down sent"]
    assert mails(house, alices_mail) == []
    shown = speak(house, "GET", f"/v1/channels/{slack}").json()
    assert (shown["type"], shown["config"]) == ("SLACK", {"url": f"{receiver.url}/********"})


def test_without_a_switch_nobody_hears(house, alices_mail, receiver):
    """A monitor that names neither channels nor kinds is recorded in silence (R236, R237)."""
    goes_down(house)
    assert (receiver.heard, mails(house, alices_mail)) == ([], [])
