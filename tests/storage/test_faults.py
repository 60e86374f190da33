import time
from dataclasses import replace

import pytest
from pynamodb.exceptions import PynamoDBException

from chalicelib.core.errors import Conflict, Unavailable
from chalicelib.core.monitors import create
from chalicelib.core.signals import Action
from chalicelib.core.status import Status
from chalicelib.core.steps import Step
from chalicelib.settings import Settings
from chalicelib.storage.deliveries import Delivery
from chalicelib.storage.keys import Lane
from chalicelib.storage.monitors import Due
from chalicelib.toolbox import Toolbox, random_id
from tests.emulators import Wire, credentials, free_port
from tests.storage.examples import (
    DAY,
    HOUR,
    NOON,
    SECOND,
    a_flip,
    a_ping,
    a_spec,
    a_state,
    alices,
    stored,
)
from tests.storage.owned import HASH, a_channel, a_key, a_window, an_entry, an_incident, an_update

SOON = 8  # seconds that somebody may wait for a 503
SILENCES = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "InternalServerError",
    "ServiceUnavailable",
    "TransactionInProgressException",
]


def turn_down(tools, job):
    """Take *job* down, with its flip."""
    step = Step(replace(job.state, status=Status.DOWN), (a_flip(job.spec.monitor_id),))
    return tools.commits.turn(job.spec.monitor_id, job.state, step)


# One road for each of DynamoDB's operations that we use.
ROADS = {
    "UpdateItem": lambda tools, job: tools.states.count_steady(
        job.spec.monitor_id, "arrival-8", NOON + SECOND, same_minute=True
    ),
    "PutItem": lambda tools, _: tools.projects.reserve("alices-project", "unique", "id", NOON),
    "DeleteItem": lambda tools, _: tools.channels.unsubscribe("alices-project", "hook"),
    "GetItem": lambda tools, _: tools.keys.spend(HASH, Lane.V1, NOON),
    "Query": lambda tools, job: tools.monitors.load(job.spec.monitor_id),
    "BatchGetItem": lambda tools, job: tools.pings.find(job.spec.monitor_id, 1),
    "BatchWriteItem": lambda tools, job: tools.pings.purge(job.spec.monitor_id, 10),
    "TransactWriteItems": turn_down,
}


@pytest.fixture
def job(tools):
    """Return a monitor of Alice's with one ping, stored; her key is there too."""
    tools.projects.found(*alices())
    tools.keys.issue(a_key(), 1)
    monitor = stored(tools)
    tools.pings.record(a_ping(monitor.spec.monitor_id, 1))
    return monitor


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        *((operation, "ThrottlingException") for operation in ROADS),
        *(("UpdateItem", code) for code in SILENCES),
    ],
)
def test_a_database_that_cannot_answer_now_is_unavailable(tools, wire, job, operation, code):
    """Throttling and the database's own faults say that the same may succeed later: a 503, not a 500."""
    wire.refuse(operation, code)

    with pytest.raises(Unavailable, match=code):
        ROADS[operation](tools, job)


@pytest.mark.parametrize("operation", ROADS)
def test_a_bug_of_ours_is_seen(tools, wire, job, operation):
    """A request that DynamoDB finds invalid is no refusal to be retried, but a fault that is logged."""
    wire.refuse(operation, "ValidationException")

    with pytest.raises(PynamoDBException):
        ROADS[operation](tools, job)


@pytest.mark.parametrize("operation", ["UpdateItem", "TransactWriteItems"])
def test_a_write_that_meets_a_transaction_lost_a_race(tools, wire, job, operation):
    """Whoever writes an item that a transaction holds at the moment was second, and may look again."""
    wire.refuse(operation, "TransactionConflictException")

    with pytest.raises(Conflict):
        ROADS[operation](tools, job)


@pytest.mark.parametrize(
    ("reasons", "refusal"),
    [
        (["TransactionConflict", "None"], Conflict),
        (["None", "TransactionConflict"], Conflict),
        (["ConditionalCheckFailed", "None"], Conflict),
        (["None", "ConditionalCheckFailed"], Conflict),
        (["ConditionalCheckFailed", "TransactionConflict"], Conflict),
        (["ThrottlingError", "None"], Unavailable),
        (["ProvisionedThroughputExceeded", "None"], Unavailable),
    ],
    ids=str,
)
def test_a_cancelled_transaction_tells_why(tools, wire, job, reasons, refusal):
    """A transaction that lost a race is a Conflict; one that was throttled is Unavailable."""
    wire.refuse(
        "TransactWriteItems",
        "TransactionCanceledException",
        CancellationReasons=[{"Code": reason, "Message": reason} for reason in reasons],
    )

    with pytest.raises(refusal):
        turn_down(tools, job)


def test_a_transaction_that_met_another_changed_nothing(tools, wire, job):
    """After a Conflict the same decision can be made again and succeeds."""
    wire.refuse(
        "TransactWriteItems",
        "TransactionCanceledException",
        CancellationReasons=[{"Code": "TransactionConflict", "Message": ""}, {"Code": "None"}],
    )
    with pytest.raises(Conflict):
        turn_down(tools, job)

    assert turn_down(tools, job) == tools.monitors.load(job.spec.monitor_id).state


@pytest.mark.parametrize("kept", [1, 7])
def test_deletions_that_were_left_over_are_sent_again(tools, wire, kept):
    """What DynamoDB could not delete of a batch is deleted by the next one."""
    gone = random_id()
    for n in range(1, 11):
        tools.pings.record(a_ping(gone, n))
    wire.leave_over("BatchWriteItem", kept)

    assert tools.pings.purge(gone, 100) is False

    assert wire.operations[-2:] == ["BatchWriteItem", "BatchWriteItem"]
    assert tools.pings.latest(gone, 10, 10) == []


def test_deletions_that_are_always_left_over_are_given_up(tools, wire, job):
    """A database that works off nothing is not asked for ever."""
    left = {"wakeful-pings": [{"DeleteRequest": {"Key": {}}}]}
    for _ in range(10):
        wire.answer("BatchWriteItem", {"UnprocessedItems": left})

    with pytest.raises(Unavailable):
        tools.pings.purge(job.spec.monitor_id, 100)


@pytest.mark.parametrize("kept", [1, 4])
def test_reads_that_were_left_over_are_sent_again(tools, wire, kept):
    """What DynamoDB could not read of a batch is read by the next one: a list has no holes."""
    tools.projects.found(*alices())
    jobs = [stored(tools, a_spec(created=NOON + n * SECOND)) for n in range(5)]
    wire.leave_over("BatchGetItem", kept)

    assert tools.monitors.of_project("alices-project") == jobs
    assert wire.operations[-2:] == ["BatchGetItem", "BatchGetItem"]


def test_a_ping_is_found_though_half_of_it_was_left_over(tools, wire, job):
    """A ping and its body come back together, also when DynamoDB brought them one by one."""
    ping = a_ping(job.spec.monitor_id, 2, body=b"hello", body_size=5)
    tools.pings.record(ping)
    wire.leave_over("BatchGetItem", 1)

    assert tools.pings.find(job.spec.monitor_id, 2) == ping


READS = {
    "a monitor": lambda tools, job: tools.monitors.load(job.spec.monitor_id),
    "a project's monitors": lambda tools, _: tools.monitors.of_project("alices-project"),
    "monitors of a slug": lambda tools, _: sorted(tools.monitors.with_slug("alices-project", "twin")),
    "what is due": lambda tools, _: tools.monitors.due(0, NOON + 2 * DAY, None, 100),
    "pings": lambda tools, job: tools.pings.latest(job.spec.monitor_id, 3, 100),
    "flips": lambda tools, job: tools.flips.between(job.spec.monitor_id, NOON - DAY, NOON + DAY),
    "the newest flip": lambda tools, job: [tools.flips.newest(job.spec.monitor_id, 1)],
    "the outbox": lambda tools, _: tools.flips.unannounced(0, NOON + DAY, 100),
    "a channel's log": lambda tools, _: tools.deliveries.of_channel("pager", 100),
    "an organization's projects": lambda tools, _: tools.projects.of_organization("alices"),
    "its children": lambda tools, _: tools.organizations.children_of("alices"),
    "channels": lambda tools, _: tools.channels.of_project("alices-project"),
    "windows and channels": lambda tools, _: tools.setups.of_project("alices-project"),
    "keys": lambda tools, _: tools.keys.of_owner("alices-project"),
    "incidents": lambda tools, _: tools.incidents.of_project("alices-project"),
    "incidents that are due": lambda tools, _: tools.incidents.due(NOON + DAY, 100),
    "a timeline": lambda tools, _: tools.incidents.timeline("outage-1"),
    "the audit trail": lambda tools, _: tools.audits.before("alices", "", 100),
    "what is left": lambda tools, _: tools.remnants.all(),
    "outages": lambda tools, _: tools.ticks.outages(NOON + DAY),
}


@pytest.fixture
def world(tools):
    """Return a monitor that has several of everything."""
    tools.projects.found(*alices())
    job, *_ = (stored(tools, a_spec(created=NOON + n * SECOND, slug="twin")) for n in range(2))
    for n in range(1, 4):
        tools.pings.record(a_ping(job.spec.monitor_id, n))
        tools.deliveries.queue(Delivery(f"flip#{n}", "pager", NOON + n * SECOND, "went_down"))
        tools.ticks.record(NOON + n * HOUR)
    flips = tuple(a_flip(job.spec.monitor_id, NOON + n * SECOND) for n in range(3))
    tools.commits.turn(job.spec.monitor_id, job.state, Step(job.state, flips))
    for n in range(1, 4):
        furnish(tools, n, NOON + n * SECOND)
    return job


def furnish(tools, n, now):
    """Let Alice own one more of everything else."""
    tools.channels.add(a_channel(created=now))
    tools.windows.add(a_window())
    tools.keys.issue(a_key(f"hash-{n}", created=now), n)
    tools.audits.add(an_entry(n))
    incident = an_incident(incident_id=f"outage-{n}", look_at=now)
    tools.incidents.add(incident, *(an_update(incident, now + line * SECOND) for line in range(3)))
    organization, project = alices(
        project_id=f"site-{n}", organization_id=f"child-{n}", ping_key=str(n), badge_key=str(n)
    )
    names = {"organization_id": f"child-{n}", "slug": f"child-{n}", "parent_id": "alices", "created": now}
    child = replace(organization, **names)
    tools.projects.found(child, project)
    tools.projects.remove(
        project, child, child.default_project_id, now
    )  # what is left of it is to be cleared
    tools.projects.add(replace(project, organization_id="alices", slug=f"site-{n}"))


def test_what_comes_in_many_pages_is_read_whole(tools, wire, world):
    """DynamoDB answers in pages of a megabyte: whatever is read is read to the last page, and past an empty
    one.
    """
    whole = {name: read(tools, world) for name, read in READS.items()}
    assert all(whole.values())

    # A page on which nothing fitted the filter may still name a place to go on from; which, is of no account.
    first = {"Items": [], "Count": 0, "ScannedCount": 3, "LastEvaluatedKey": {"somewhere": {"S": "else"}}}
    forgetting = Wire(tools.settings)
    forgetting.forget_position("Query")
    for name, read in READS.items():
        forgetting.answer("Query", first)
        assert read(tools, world) == whole[name], name
    forgetting.hang_up()

    wire.cut_pages(1)
    for name, read in READS.items():
        assert read(tools, world) == whole[name], name


def test_an_empty_last_page_is_the_end(tools, wire):
    """Where exactly as many are due as fit on a page, DynamoDB tells of more and then has none."""
    tools.projects.found(*alices())
    due = [
        Due(stored(tools, state=a_state(look_at=NOON + n * SECOND)).spec.monitor_id, NOON + n * SECOND)
        for n in range(2)
    ]
    wire.alter("Query", tell_of_more)

    first, more = tools.monitors.due(0, NOON + DAY, None, 2)
    assert (first, more) == (due, True)

    assert tools.monitors.due(0, NOON + DAY, first[-1], 2) == ([], False)


def tell_of_more(reply):
    """Name the last item as the place to go on from, as DynamoDB does when a page is just full."""
    if reply["Items"]:
        last = reply["Items"][-1]
        keys = ("monitor_id", "part", "deadline_shard", "deadline")
        reply["LastEvaluatedKey"] = {key: last[key] for key in keys}


def test_a_row_is_written_though_the_answer_to_its_body_was_lost(tools, wire):
    """When the client sends a body twice, because the answer was lost, the ping's row is written all the
    same.
    """
    ping = a_ping(random_id(), 1, action=Action.FAIL, body=b"disk full", body_size=9)
    wire.lose_answer("PutItem")

    tools.pings.record(ping)

    assert tools.pings.find(ping.monitor_id, 1) == ping


def test_a_database_out_of_reach_is_unavailable_soon():
    """Where nobody listens at all, the caller is told so within a few seconds."""
    with credentials():
        tools = Toolbox(Settings(endpoint_url=f"http://127.0.0.1:{free_port()}"))
        began = time.monotonic()

        with pytest.raises(Unavailable, match="does not answer"):
            tools.monitors.load(create(a_spec()).spec.monitor_id)

    assert time.monotonic() - began < SOON
