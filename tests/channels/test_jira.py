import json
from base64 import b64encode

import pytest

from chalicelib.channels.base import MASK, Outlet
from chalicelib.channels.jira import Jira, comment, escape
from chalicelib.core.alerts import CLOSERS, Reason
from chalicelib.core.errors import Invalid
from chalicelib.core.incidents import Ticket
from chalicelib.settings import Settings
from tests.channels.conftest import NOON
from tests.channels.sending import fault
from tests.channels.stories import incident, story, told

TOKEN = "ATATT3xFfGF0-a_token=1"
ACCOUNT = {"site": "https://alice.atlassian.net", "email": "ops@example.org", "token": TOKEN}
OFFERED = {"transitions": [{"id": "11", "name": "In progress"}, {"id": "31", "name": "DONE", "to": {}}]}
ISSUE = "/rest/api/2/issue/OPS-123"
COMMENTS = f"GET {ISSUE}/comment?orderBy=-created&maxResults=20"
COMMENT, LOOK, MOVE = f"POST {ISSUE}/comment", f"GET {ISSUE}/transitions", f"POST {ISSUE}/transitions"
TICKET = (Ticket("jira", "OPS-123"),)


@pytest.fixture
def jira(outlet, receiver):
    """Return a function that makes a channel whose Jira is the receiver, which offers both transitions."""
    receiver.body = json.dumps(OFFERED).encode()

    def make(**config):
        given = {**ACCOUNT, "site": receiver.url, **config}
        return Jira(Jira.check(given, allow_private=True), outlet)

    return make


def asked(receiver):
    """Return what was asked, method and path, in order."""
    return [f"{heard.method} {heard.path}" for heard in receiver.heard]


def test_a_site_and_a_token_are_enough():
    """`{site, email, token}` is all that is needed; the transitions are those of a new project (R44)."""
    stored = Jira.check({**ACCOUNT, "site": "https://alice.atlassian.net/"}, allow_private=False)
    assert stored == {**ACCOUNT, "project": "", "transition": "Done", "startTransition": "In Progress"}
    changed = Jira.check({**stored, "project": "OPS", "startTransition": ""}, allow_private=False)
    assert (changed["project"], changed["startTransition"]) == ("OPS", "")


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"site": None}, "site is required"),
        ({"site": "https://alice.atlassian.net/jira"}, "site must be a host alone"),
        ({"site": "http://alice.atlassian.net"}, "site must begin with https://"),
        ({"site": "https://10.0.0.1"}, "site is refused"),
        ({"email": "ops"}, "email must be one e-mail address"),
        ({"token": ""}, "token is required"),
        ({"token": "two words"}, "token must be an API token"),
        ({"token": MASK}, "token is masked"),
        ({"project": "ops-1"}, "project must be the key of a project"),
        ({"transition": 31}, "transition must be text"),
    ],
)
def test_what_cannot_work_is_refused(config, reason):
    """Sites, addresses, tokens and keys of another shape are refused by name (R44, R45, R102)."""
    with pytest.raises(Invalid, match=reason):
        Jira.check({**ACCOUNT, **config}, allow_private=False)


def test_the_token_is_masked():
    """All is shown but the token (R392)."""
    stored = Jira.check(ACCOUNT, allow_private=False)
    assert Jira.mask(stored) == {**stored, "token": MASK}


def test_an_acknowledgement_is_a_comment_and_a_start(jira, receiver):
    """Who takes an incident on is told in its ticket, which moves to where work begins (R114)."""
    jira().send(story(Reason.ACKNOWLEDGED))
    assert asked(receiver) == [COMMENTS, COMMENT, LOOK, MOVE]
    assert receiver.heard[1].json == {
        "body": "Bob has taken it on: Checkout loses orders. Orders vanish after payment.\n\nDelivery d-1"
    }
    assert receiver.heard[3].json == {"transition": {"id": "11"}}
    login = b64encode(f"ops@example.org:{TOKEN}".encode()).decode()
    assert {heard.headers["Authorization"] for heard in receiver.heard} == {f"Basic {login}"}


@pytest.mark.parametrize("reason", sorted(CLOSERS))
def test_an_end_is_a_comment_and_done(jira, receiver, reason):
    """However it ends, its ticket says so and is done; names are compared in any case (R114)."""
    jira().send(story(reason, incident=incident(tickets=TICKET)))
    assert asked(receiver) == [COMMENTS, COMMENT, LOOK, MOVE]
    assert receiver.heard[3].json == {"transition": {"id": "31"}}


@pytest.mark.parametrize("reason", [Reason.ESCALATED, Reason.STILL_DOWN])
def test_what_goes_on_is_a_comment(jira, receiver, reason):
    """An escalation and a reminder are told in tickets of the channel's project, and move nothing."""
    jira(project="OPS").send(story(reason, incident=incident(tickets=TICKET)))
    assert asked(receiver) == [COMMENTS, COMMENT]


@pytest.mark.parametrize(
    "alert",
    [
        story(Reason.RESOLVED, incident=None),
        story(Reason.RESOLVED, incident=told(tickets=())),
        story(Reason.RESOLVED, incident=told(tickets=(Ticket("pagerduty", "OPS-123"),))),
        story(Reason.RESOLVED, incident=told(tickets=(Ticket("jira", "OPS-1/../../user"),))),
        story(Reason.RESOLVED, incident=told(tickets=(Ticket("jira", "ops-1"),))),
        story(Reason.RESOLVED, incident=told(tickets=(Ticket("jira", "WEB-1"),))),
        story(Reason.WENT_DOWN, incident=incident(tickets=TICKET)),
        story(Reason.TRIGGERED, incident=told(tickets=TICKET)),
        story(Reason.SLA_MISSED),
        story(Reason.DIGEST),
    ],
)
def test_what_has_no_ticket_here_is_not_told(jira, receiver, alert):
    """Without a ticket of this project, or where there is nothing to do with it, nothing is sent."""
    jira(project="OPS").send(alert)
    assert receiver.heard == []


def test_a_repetition_writes_no_second_comment(jira, receiver):
    """Where the comment of this delivery is there already, only the transition is left to do (R125)."""
    receiver.body = json.dumps({**OFFERED, "comments": [{"body": "Told.\n\nDelivery d-1"}]}).encode()
    jira().send(story(Reason.RESOLVED))
    assert asked(receiver) == [COMMENTS, LOOK, MOVE]


@pytest.mark.parametrize(
    "config", [{"transition": "Close"}, {"transition": ""}], ids=["not offered", "not wanted"]
)
def test_a_transition_that_is_not_offered_is_not_missed(jira, receiver, config):
    """Whoever moved the ticket by hand, or wants it left, is not bothered."""
    jira(**config).send(story(Reason.RESOLVED))
    assert MOVE not in asked(receiver)
    assert COMMENT in asked(receiver)


def test_an_answer_that_is_none_is_tried_again(jira, receiver):
    """A list of transitions that cannot be read is a fault, but not for good."""
    receiver.body = b"<html>maintenance</html>"
    error = fault(jira(), story(Reason.RESOLVED))
    assert (str(error), error.permanent) == ("Jira's list of transitions cannot be read.", False)


def test_a_test_asks_who_we_are(jira, receiver):
    """A test writes nowhere, but fails where the token does not open the site (R47)."""
    jira().send(story(Reason.TEST))
    assert asked(receiver) == ["GET /rest/api/2/myself"]
    receiver.status = 401
    assert fault(jira(), story(Reason.TEST)).permanent


@pytest.mark.parametrize(("status", "permanent"), [(401, True), (403, False), (404, False), (429, False)])
def test_a_refusal_is_told_without_the_token(jira, receiver, status, permanent):
    """A token that is refused ends the channel, a missing ticket does not; no secret is told (R392)."""
    login = b64encode(f"ops@example.org:{TOKEN}".encode()).decode()
    receiver.status, receiver.body = status, f"no {TOKEN}, no {login}".encode()
    error = fault(jira(), story(Reason.RESOLVED))
    assert error.permanent is permanent
    assert str(error) == f"The receiver answered {status}: no {MASK}, no {MASK}"


def test_jira_is_reached_by_guarded_roads(receiver):
    """Were its site to lead into our own network, nothing would be sent there (R102)."""
    stored = Jira.check({**ACCOUNT, "site": receiver.url}, allow_private=True)
    assert fault(Jira(stored, Outlet(Settings(), lambda: NOON)), story(Reason.RESOLVED)).permanent
    assert receiver.heard == []


def test_a_name_is_no_markup():
    """A title can neither call somebody nor draw anything, and a long one is cut to what Jira takes."""
    assert escape("[~bob] *x* {code}") == r"\[\~bob\] \*x\* \{code\}"
    long = comment(story(Reason.RESOLVED, incident=told(title="[" * 900), updates=("{" * 900,)))
    assert len(long) < 32_767
    assert long.endswith("\n\nDelivery d-1")
