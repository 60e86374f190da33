import pytest

from chalicelib.core.status import Verdict
from hooklistener.asking import answered, ask, hear, seen, stored, watched

UP, DOWN = Verdict.UP, Verdict.DOWN
REGIONS = ("us-east-1", "eu-west-1")  # one alone would take nothing down


@pytest.fixture(autouse=True)
def _no_probes(house):
    """Let no region answer but as the test says."""
    house.pump.lines = [line for line in house.pump.lines if line.name != "probe"]


def live(person, monitor, *verdicts):
    """Let rounds come to *verdicts*, a minute apart; return what the monitor says after each."""
    statuses = []
    for verdict in verdicts:
        person.house.advance(minutes=1)
        error = "" if verdict is UP else "timeout"
        hear(person, monitor, verdict, regions=REGIONS, jury=REGIONS, error=error)
        person.house.advance(seconds=5)
        statuses.append(seen(person, monitor)["status"])
    return statuses


@pytest.fixture
def told(carol, receiver):
    """Return what tells which of an e-mail and a Slack channel heard of what, the oldest first."""
    wishes = [
        {"type": "EMAIL", "name": "mail", "config": {"email": "carol@example.org"}},
        {"type": "SLACK", "name": "slack", "config": {"url": receiver.url}},
    ]
    made = [carol.post("/v1/channels", wish) for wish in wishes]
    assert [answer.status for answer in made] == [201, 201], made
    ids = [answer.json()["id"] for answer in made]

    def look():
        logs = [carol.get(f"/v1/channels/{one}/deliveries").json()["deliveries"] for one in ids]
        return [[(line["event"], line["status"]) for line in log[::-1]] for log in logs]

    return look


def test_a_new_monitor_waits_for_its_first_round(alice):
    """`pending`, then what the rounds say: `up`, `down` (R245)."""
    monitor = watched(alice)
    assert monitor["status"] == "pending"
    assert live(alice, monitor, UP, DOWN, DOWN) == ["up", "up", "down"]


def test_one_failure_is_none(alice):
    """With a threshold of 2 a single failure changes nothing, and a success begins the count anew (R233)."""
    monitor = watched(alice)
    assert live(alice, monitor, UP, DOWN, UP, DOWN, UP) == ["up"] * 5
    assert live(alice, monitor, DOWN, DOWN) == ["up", "down"]


@pytest.mark.parametrize("threshold", [1, 3, 10])
def test_so_many_failures_in_a_row_make_it_down(alice, threshold):
    """Neither fewer nor more than `failure_threshold` (R233)."""
    monitor = watched(alice, failure_threshold=threshold)
    assert live(alice, monitor, UP, *[DOWN] * threshold) == [*["up"] * threshold, "down"]


def test_while_it_recovers_it_is_down(alice):
    """One good round is no proof yet (R245)."""
    monitor = watched(alice, failure_threshold=1)
    assert live(alice, monitor, UP, DOWN, UP, UP) == ["up", "down", "down", "up"]


STORY = (UP, DOWN, DOWN, UP, UP)
BOTH = [("went_down", "sent"), ("recovered", "sent")]


@pytest.mark.parametrize(
    ("switches", "by_mail", "by_slack"),
    [
        ({}, BOTH, []),
        ({"slack_enabled": True}, BOTH, BOTH),
        ({"email_enabled": False, "slack_enabled": True}, [], BOTH),
        ({"email_enabled": False}, [], []),
    ],
)
def test_the_switches_say_who_hears_of_it(carol, told, switches, by_mail, by_slack):
    """E-mail unless it is off, Slack where it is on: once when down, once when up again (R236, R237)."""
    live(carol, watched(carol, **switches), *STORY)
    assert told() == [by_mail, by_slack]


def test_a_switch_may_be_turned(carol, told):
    """What a PUT switches on or off counts from the next change of status on (R236, R237, R240)."""
    monitor = watched(carol)
    live(carol, monitor, UP, DOWN, DOWN)
    ask(carol, "change", monitor["id"], {"email_enabled": False, "slack_enabled": True})
    live(carol, monitor, UP, UP, DOWN, DOWN)
    assert told()[0] == [("went_down", "sent")]
    assert ("went_down", "sent") in told()[1]


def test_slack_is_quiet_where_there_is_no_channel(carol):
    """A switch without a channel is no error, and tells nobody (R237)."""
    monitor = watched(carol, slack_enabled=True)
    assert live(carol, monitor, UP, DOWN, DOWN)[-1] == "down"


def test_a_deleted_monitor_tells_nobody(carol, told):
    """What is still on its way when it is deleted changes nothing (R241)."""
    monitor = watched(carol, failure_threshold=1)
    spec = stored(carol, monitor).spec
    ask(carol, "delete", monitor["id"])
    answered(carol, spec, DOWN)
    carol.house.advance(minutes=1)
    assert told() == [[], []]
