from datetime import timedelta

import pytest
from lives import BIRTH, HOUR, a_spec

from chalicelib.core.alerts import Alert, Channel, Fate, Reason, fate_of_end, plan, reason_for
from chalicelib.core.routes import Rule, Topic
from chalicelib.core.status import Impact, Status
from chalicelib.core.steps import Cause, Flip

MAJOR = Impact.MAJOR
NEW, UP, DOWN, PAUSED = Status.PENDING, Status.UP, Status.DOWN, Status.PAUSED


def a_flip(old, new):
    """Return a flip from *old* to *new*."""
    return Flip("m-1", BIRTH + HOUR, old, new, Cause.FAIL, BIRTH)


def a_channel(name, broken="", kind="WEBHOOK"):
    """Return a channel of Alice's."""
    return Channel(f"c-{name}", "p-1", kind, name, {}, BIRTH, broken)


@pytest.mark.parametrize("old", [NEW, UP, PAUSED])
def test_going_down_is_news(old):
    """Whatever a monitor was before: that it went down must be heard (R12, R376)."""
    assert reason_for(a_flip(old, DOWN)) is Reason.WENT_DOWN


@pytest.mark.parametrize(
    ("old", "new"),
    [(NEW, UP), (PAUSED, UP), (UP, PAUSED), (NEW, PAUSED), (PAUSED, NEW)],
)
def test_a_first_success_and_a_pause_are_no_news(old, new):
    """Nobody is told of a first success, of a pause, of a resume or of the success after one (R334)."""
    assert reason_for(a_flip(old, new)) is None


def test_a_pause_that_ends_an_outage_is_news():
    """Who heard that it is down must hear that nobody will see its end."""
    assert reason_for(a_flip(DOWN, PAUSED)) is Reason.CALLED_OFF


def test_coming_back_is_news():
    """Only a monitor that was down recovers."""
    assert reason_for(a_flip(DOWN, UP)) is Reason.RECOVERED


def test_the_monitors_own_working_channels_hear_of_it():
    """Neither another monitor's channels nor broken ones are told (R304, R306)."""
    channels = [a_channel("1"), a_channel("2"), a_channel("3", "gone"), a_channel("4")]
    chosen = plan(Reason.WENT_DOWN, MAJOR, a_spec(channels=("c-4", "c-1", "c-3", "c-9")), channels)
    assert [channel.name for channel in chosen] == ["1", "4"]


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        ((), []),
        (("EMAIL",), ["mail", "other mail"]),
        (("SLACK",), ["slack"]),
        (("EMAIL", "SLACK"), ["mail", "slack", "other mail"]),
        (("PIGEON",), []),
    ],
)
def test_channels_of_a_kind_hear_of_it_together(kinds, told):
    """Every working channel of the kinds that are switched on is told, and of no other kind (R236, R237)."""
    channels = [
        a_channel("mail", kind="EMAIL"),
        a_channel("slack", kind="SLACK"),
        a_channel("hook"),
        a_channel("other mail", kind="EMAIL"),
        a_channel("dead mail", "gone", kind="EMAIL"),
    ]
    chosen = plan(Reason.WENT_DOWN, MAJOR, a_spec(channel_kinds=kinds), channels)
    assert [channel.name for channel in chosen] == told


def test_who_is_named_twice_is_told_once():
    """A channel that hears of it by its name and by its kind hears of it once (R236)."""
    both = a_spec(channels=("c-mail", "c-hook"), channel_kinds=("EMAIL", "EMAIL"))
    chosen = plan(Reason.WENT_DOWN, MAJOR, both, [a_channel("mail", kind="EMAIL"), a_channel("hook")])
    assert [channel.name for channel in chosen] == ["mail", "hook"]


@pytest.mark.parametrize(
    ("down", "said"),
    [
        (Fate.SENT, Reason.RECOVERED),
        (Fate.QUEUED, Reason.WAS_DOWN),
        (Fate.RETRYING, Reason.WAS_DOWN),
        (Fate.SENDING, Reason.WAS_DOWN),
        (Fate.MERGED, Reason.WAS_DOWN),
        (Fate.FAILED, None),
        (Fate.NEEDLESS, None),
        (None, None),
    ],
)
def test_a_recovery_follows_what_was_told_of_the_outage(down, said):
    """Told, it is a recovery; still waiting, one message of both; never told, it is nothing."""
    assert fate_of_end(Reason.RECOVERED, down) is said


@pytest.mark.parametrize(
    ("down", "said"),
    [
        (Fate.SENT, Reason.CALLED_OFF),
        (Fate.QUEUED, Reason.CALLED_OFF),
        (Fate.MERGED, Reason.CALLED_OFF),
        (Fate.FAILED, None),
        (None, None),
    ],
)
def test_a_pause_is_no_recovery(down, said):
    """Who heard of the outage, or was about to, hears that it was paused; never that it is up."""
    assert fate_of_end(Reason.CALLED_OFF, down) is said


def test_who_wants_no_recoveries_is_told_of_none():
    """Only where something was opened that must be closed is the end told all the same (R26)."""
    spec = a_spec(channel_kinds=("EMAIL", "PAGERDUTY"), tells_recovery=False)
    channels = [a_channel("mail", kind="EMAIL"), a_channel("pager", kind="PAGERDUTY")]
    told = {reason: [c.name for c in plan(reason, MAJOR, spec, channels)] for reason in Reason}
    assert {reason for reason, names in told.items() if names == ["pager"]} - {Reason.ACKNOWLEDGED} == {
        Reason.RECOVERED,
        Reason.WAS_DOWN,
        Reason.CALLED_OFF,
    }
    assert told[Reason.WENT_DOWN] == told[Reason.STILL_DOWN] == ["mail", "pager"]


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (Reason.WENT_DOWN, "down"),
        (Reason.RECOVERED, "up"),
        (Reason.WAS_DOWN, "up"),
        (Reason.STILL_DOWN, "down"),
        (Reason.CALLED_OFF, "up"),
        (Reason.CHANNEL_BROKE, "down"),
        (Reason.TEST, "down"),
    ],
)
def test_every_reason_speaks_of_a_status(reason, status):
    """A message speaks of up or of down, never of anything else."""
    alert = Alert("d-1", Reason.TEST, BIRTH, "m-1", "Backup", "Alice's").told_as(reason)
    assert alert.status == status


@pytest.mark.parametrize(("began", "lasted"), [(None, None), (BIRTH, HOUR), (BIRTH + HOUR, timedelta())])
def test_an_outage_that_is_over_has_a_length(began, lasted):
    """While it goes on nobody knows how long it will be."""
    alert = Alert("d-1", Reason.RECOVERED, BIRTH + HOUR, "m-1", "Backup", "Alice's", began=began)
    assert alert.lasted == lasted


def test_rules_send_some_messages_elsewhere():
    """What no rule fits goes to the monitor's own channels, as ever (R119)."""
    channels = [a_channel("own"), a_channel("boss"), a_channel("night")]
    rules = (Rule(("c-boss",), (), (Impact.CRITICAL,)), Rule(("c-night",), (Topic.REMINDER,)))
    spec = a_spec(channels=("c-own",), rules=rules)

    def hear(reason, severity):
        return [channel.name for channel in plan(reason, severity, spec, channels)]

    assert hear(Reason.WENT_DOWN, MAJOR) == ["own"]
    assert hear(Reason.WENT_DOWN, Impact.CRITICAL) == ["boss"]
    assert hear(Reason.STILL_DOWN, MAJOR) == ["night"]
    assert hear(Reason.STILL_DOWN, Impact.CRITICAL) == ["boss", "night"]


def test_what_was_opened_elsewhere_is_closed_whatever_the_rules_say():
    """A pager that a rule woke hears of the end, which goes elsewhere by another rule (R119)."""
    channels = [a_channel("pager", kind="PAGERDUTY"), a_channel("chat")]
    rules = (Rule(("c-pager",), (Topic.DOWN,)), Rule(("c-chat",), (Topic.UP,)))
    heard = plan(Reason.RECOVERED, MAJOR, a_spec(rules=rules), channels)
    assert {channel.name for channel in heard} == {"chat", "pager"}


def test_only_programs_hear_that_somebody_took_it_on():
    """People need not be told what one of them did (R115)."""
    channels = [a_channel("pager", kind="PAGERDUTY"), a_channel("chat", kind="SLACK")]
    spec = a_spec(channels=("c-pager", "c-chat"))
    assert [channel.name for channel in plan(Reason.ACKNOWLEDGED, MAJOR, spec, channels)] == ["pager"]
    assert len(plan(Reason.RESOLVED, MAJOR, spec, channels)) == 2


@pytest.mark.parametrize("cause", [Cause.SPED_UP, Cause.OVERTAKEN])
def test_slowness_and_its_end_are_news(cause):
    """Whatever ended it (R208)."""
    assert reason_for(Flip("m-1", BIRTH, UP, UP, Cause.SLOWED, None)) is Reason.SLOWED
    assert reason_for(Flip("m-1", BIRTH + HOUR, UP, UP, cause, BIRTH)) is Reason.SPED_UP


def test_of_slowness_that_nobody_heard_of_the_end_is_not_told():
    """Whether its message waits still or was never sent (R208)."""
    assert fate_of_end(Reason.SPED_UP, Fate.SENT) is Reason.SPED_UP
    assert {fate_of_end(Reason.SPED_UP, fate) for fate in Fate if fate is not Fate.SENT} == {None}
