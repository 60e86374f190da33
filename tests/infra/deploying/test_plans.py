import pytest
from botocore.session import get_session

from infra.deploying.plans import (
    Move,
    Road,
    Seen,
    Standing,
    first_failure,
    next_move,
    parameters,
    road,
    table,
)
from infra.halting import Halt

HOME, NEAR, FAR = "eu-central-1", "eu-west-1", "us-east-1"
SERVING = Standing("id", "CREATE_COMPLETE", outputs={"EndpointURL": "https://wakeful.example.org"})
KNOWN = get_session().get_service_model("cloudformation").shape_for("StackStatus").enum


def prober(home=HOME, status="CREATE_COMPLETE"):
    arn = {"HomeResultsQueueArn": f"arn:aws:sqs:{home}:123456789012:wakeful-results"} if home else {}
    return Standing("id", status, arn)


@pytest.mark.parametrize("status", KNOWN)
def test_every_state_of_a_stack_has_a_next_move(status):
    """Whatever state CloudFormation knows, it is waited for, mended, or updated; and what serves is never
    deleted.
    """
    move = next_move(Standing("id", status))
    if status == "DELETE_COMPLETE":
        assert move is Move.CREATE
    elif status == "UPDATE_ROLLBACK_FAILED":
        assert move is Move.GO_BACK
    elif status.startswith("UPDATE") or status in {"CREATE_COMPLETE", "IMPORT_COMPLETE"}:
        assert move is (Move.WAIT if status.endswith("_IN_PROGRESS") else Move.UPDATE)
    elif status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
        assert move is Move.WAIT
    else:
        assert move is Move.DELETE


def test_what_is_not_there_is_created():
    """Without a stack there is nothing to wait for."""
    assert next_move(None) is Move.CREATE


def test_a_state_of_the_future_stops_us():
    """A state that nobody here has heard of is left alone."""
    with pytest.raises(Halt, match="unknown here"):
        next_move(Standing("id", "TELEPORTED"))


@pytest.mark.parametrize(
    ("home", "probers", "wanted", "expected"),
    [
        (None, {}, [], Road()),
        (None, {}, [NEAR, FAR], Road((), (NEAR, FAR), ())),
        (None, {NEAR: prober()}, [], Road((), (), (NEAR,))),
        (SERVING, {}, [HOME], Road()),
        (SERVING, {}, [NEAR], Road((NEAR,), (NEAR,), ())),
        (SERVING, {NEAR: prober()}, [NEAR, FAR], Road((FAR,), (NEAR, FAR), ())),
        (SERVING, {NEAR: prober(), FAR: prober()}, [FAR], Road((), (FAR,), (NEAR,))),
        (SERVING, {NEAR: prober("us-west-2")}, [FAR], Road((FAR,), (FAR,), ())),
        (SERVING, {NEAR: prober("", "REVIEW_IN_PROGRESS")}, [], Road((), (), (NEAR,))),
        (Standing("id", "IMPORT_COMPLETE"), {}, [NEAR], Road((), (NEAR,), ())),
        (Standing("id", "ROLLBACK_COMPLETE"), {NEAR: prober()}, [NEAR], Road((), (NEAR,), ())),
    ],
)
def test_no_probe_is_sent_where_nobody_is(home, probers, wanted, expected):
    """New regions come before a home that serves, all others after it, unwanted ones go at the end; those of
    another home are none of ours.
    """
    assert road(Seen(home, probers), HOME, wanted) == expected


def test_a_region_serves_one_home():
    """A prober that reports to another home is not taken over."""
    with pytest.raises(Halt, match=f"{NEAR} has a prober of this stage already, whose home is us-west-2"):
        road(Seen(None, {NEAR: prober("us-west-2")}), HOME, [NEAR])


def test_what_is_not_said_stays():
    """A parameter is what is given now, else what it was, else its default; one that was dropped is gone."""
    template = {"Parameters": {name: {"Default": "default"} for name in ("A", "B", "C", "D")}}
    before, given = {"A": "before", "B": "before", "Gone": "before"}, {"A": "", "D": "given"}
    assert parameters(template, before, given) == {"A": "", "B": "before", "C": "default", "D": "given"}
    with pytest.raises(Halt, match="no default for E"):
        parameters({"Parameters": {"E": {}}}, before, given)


def test_changes_are_a_table():
    """A line for each change, and a word where a thing would be replaced."""
    changes = [
        {"Action": "Modify", "ResourceType": "T::Q", "LogicalResourceId": "Queue", "Replacement": "True"},
        {"Action": "Add", "ResourceType": "T::Topic", "LogicalResourceId": "Topic"},
    ]
    assert table({"ResourceChange": change} for change in changes) == [
        "  add               T::Topic  Topic",
        "  modify, replaced  T::Q      Queue",
    ]
    assert table([]) == []


def test_the_first_cause_is_told():
    """Of many failures the first one is told that is not only the consequence of another."""
    failed = {"ResourceStatus": "CREATE_FAILED", "ResourceType": "T::Q"}
    cancelled = failed | {"LogicalResourceId": "A", "ResourceStatusReason": "Resource creation cancelled"}
    cause = failed | {"LogicalResourceId": "B", "ResourceStatusReason": "It is too big."}
    later = failed | {"LogicalResourceId": "C", "ResourceStatusReason": "So is this"}
    assert first_failure([cancelled, cause, later]) == "B (T::Q): It is too big"
    assert first_failure([cancelled]) == "A (T::Q): Resource creation cancelled"
    assert "look at the stack's events" in first_failure([cause | {"ResourceStatus": "CREATE_COMPLETE"}])
