import json
import re
from pathlib import Path

import pytest

from chalicelib.channels import (
    ALIASES,
    GREETED,
    STORIED,
    TRANSPORTS,
    canonical,
    discord,
    email,
    indiepulse,
    jira,
    ntfy,
    opsgenie,
    pagerduty,
    slack,
    sms,
    sns,
    statuspulse,
    teams,
    telegram,
    through_apprise,
    transport_for,
    webhook,
)
from chalicelib.channels.letters import letter
from chalicelib.core.alerts import Reason
from chalicelib.core.errors import Invalid
from tests.channels.stories import bare, story

PUSHOVER = f"pover://{'u' * 30}@{'t' * 30}"
HOOK = "https://hooks.slack.com/services/T0A1B2C3D/B0X9Y8Z7W/abcdefABCDEF123456789012"


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_every_kind_has_a_transport(kind):
    """Each kind in the table leads to a class that can check, mask and send."""
    transport = transport_for(kind)
    assert all(callable(getattr(transport, name)) for name in ("check", "mask", "send"))


def test_an_unknown_kind_is_refused():
    """A kind that there is not is refused with those that there are (R44)."""
    with pytest.raises(Invalid, match=f"type must be one of {', '.join(TRANSPORTS)}"):
        transport_for("PIGEON")


def test_every_kind_is_explained():
    """The README's table of channels has every kind, in the order in which a refusal names them."""
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    table = re.search(r"^\| type \| config \|.*\n\|[-|]+\n((?:\|.*\n)+)", readme, re.MULTILINE)[1]
    assert re.findall(r"^\| `([A-Z_]+)`", table, re.MULTILINE) == list(TRANSPORTS)


def test_kinds_that_are_told_more_are_kinds():
    """Whose alerts are looked up whole, and who is greeted, is in the table of kinds (R210)."""
    assert TRANSPORTS.keys() >= STORIED >= GREETED == {"INDIEPULSE"}


def leaves(told):
    """Yield every text in what is sent."""
    if isinstance(told, str):
        yield told
    elif isinstance(told, bytes):
        yield told.decode()
    elif isinstance(told, dict):
        for value in told.values():
            yield from leaves(value)
    elif isinstance(told, (list, tuple)):
        for value in told:
            yield from leaves(value)


# What each kind sends of an alert.
MESSAGES = {
    "APPRISE": lambda alert: through_apprise.message(alert, through_apprise.plugin_for(PUSHOVER)),
    "DISCORD": discord.message,
    "EMAIL": email.message,
    "INDIEPULSE": indiepulse.document,
    "JIRA": jira.comment,
    "NTFY": lambda alert: ntfy.message(alert, 4),
    "OPSGENIE": lambda alert: [opsgenie.creation(alert), opsgenie.note(alert)],
    "PAGERDUTY": lambda alert: list(pagerduty.events(alert, "error")),
    "SLACK": slack.message,
    "SMS": sms.text,
    "SNS_TOPIC": lambda alert: [sns.subject(alert), letter(alert)],
    "STATUSPULSE": statuspulse.document,
    "TEAMS": teams.message,
    "TELEGRAM": lambda alert: telegram.message(alert, "1", None),
    "WEBHOOK": lambda alert: webhook.document(alert, alert.status),
}
FOR_PROGRAMS = ("WEBHOOK", "OPSGENIE")  # where an empty text, as a slug or an entity, is an answer


@pytest.mark.parametrize("make", [story, bare])
@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("kind", TRANSPORTS)
def test_every_kind_tells_every_reason(kind, reason, make):
    """Whatever happened, and however little is known of it: no kind breaks, says None, or says nothing."""
    told = MESSAGES[kind](make(reason))
    texts = list(leaves(told))
    assert json.dumps(told)
    assert not any("None" in text for text in texts)
    assert kind in FOR_PROGRAMS or all(text.strip() for text in texts)


def test_slack_has_two_names():
    """SLACK_WEBHOOK{webhookUrl} is SLACK{url}, and a change of either may use either name (R44, R45)."""
    stored = ("SLACK", {"url": HOOK})
    for kind in ("SLACK", "SLACK_WEBHOOK"):
        for field in ("url", "webhookUrl"):
            assert canonical(kind, {field: HOOK}) == stored
    assert transport_for("SLACK").check(stored[1], allow_private=False) == stored[1]


@pytest.mark.parametrize("kind", [*sorted(TRANSPORTS.keys() - ALIASES.keys()), "PIGEON"])
def test_what_has_one_name_keeps_it(kind):
    """Kinds without another name, and what is no kind, are left as they are given."""
    config = {"webhookUrl": HOOK, "email": "a@example.org"}
    assert canonical(kind, config) == (kind, config)


def test_every_name_leads_to_a_kind():
    """What an alias stands for is in the table of kinds."""
    assert {kind for kind, _ in ALIASES.values()} <= TRANSPORTS.keys()
