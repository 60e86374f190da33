"""What interrupts or breaks a deployment, and what running the same command again makes of it."""

import pytest

from infra.halting import Halt
from tests.infra.deploying.conftest import HOME, NEAR, shown
from tests.infra.deploying.moto_change_sets import Mishap

UP, UPDATED = "CREATE_COMPLETE", "UPDATE_COMPLETE"
BOTH = {(HOME, "wakeful"): UP, (NEAR, "wakeful-prober"): UP}
BLAME = r"ScansQueue \(AWS::SQS::Queue\): Resource handler returned message: the limit"


class Killed(BaseException):
    """What ends a program in the middle."""


@pytest.mark.parametrize(
    ("service", "operation", "times"),
    [
        ("s3", "PutPublicAccessBlock", 1),  # a bucket is there, and open
        ("s3", "PutObject", 2),  # the code is there, the template is not
        ("cloudformation", "ExecuteChangeSet", 1),  # an empty stack waits for review
        ("cloudformation", "DescribeStackEvents", 2),  # the stack comes up, and nobody looks
        ("dynamodb", "TransactWriteItems", 2),  # the organization is there, its keys are not
        ("dynamodb", "TransactWriteItems", 5),  # keys were shown, the check is being made
    ],
)
def test_whoever_is_interrupted_runs_it_again(cloud, service, operation, times):
    """Wherever the first run dies, the second ends as if there had been one: all is up, and whoever has the
    keys that were shown comes in.
    """
    calls = []

    def kill(**_):
        calls.append(operation)
        if len(calls) == times:
            raise Killed

    with cloud.before(service, operation, kill), pytest.raises(Killed):
        cloud.deploy()
    shown_first = list(cloud.said)
    said = "\n".join([*shown_first, cloud.deploy()])
    assert cloud.stacks() == {(HOME, "wakeful"): UP}
    assert cloud.checks(shown(said, "api_key")) == []


def test_keys_that_were_never_shown_are_made_anew(cloud):
    """Who lost the keys says NEW_KEYS=yes: new ones open the same project."""
    lost = shown(cloud.deploy(), "project_id")
    said = cloud.deploy(NEW_KEYS="yes")
    assert shown(said, "project_id") == lost
    assert cloud.checks(shown(said, "api_key")) == []


def test_what_never_came_up_is_made_again(cloud):
    """A first run that fails names the first resource that did, and its reason; the next one begins anew."""
    cloud.weather.mishaps["wakeful"] = Mishap("ROLLBACK_COMPLETE")
    with pytest.raises(Halt, match=rf"wakeful in {HOME} failed \(ROLLBACK_COMPLETE\) at {BLAME}"):
        cloud.deploy()
    assert cloud.stacks() == {(HOME, "wakeful"): "ROLLBACK_COMPLETE"}
    assert "never came up (ROLLBACK_COMPLETE)" in cloud.deploy()
    assert cloud.stacks() == {(HOME, "wakeful"): UP}


def test_a_failed_update_leaves_the_old_version(cloud):
    """What was there before serves on, with its data; the same command again brings the new version."""
    key = shown(cloud.deploy(), "api_key")
    old = cloud.function()["CodeSha256"]
    cloud.code = "better code"
    cloud.weather.mishaps["wakeful"] = Mishap("UPDATE_ROLLBACK_COMPLETE")
    with pytest.raises(Halt, match=rf"at {BLAME}.* What was there before serves on"):
        cloud.deploy()
    assert (cloud.function()["CodeSha256"], cloud.checks(key)) == (old, [])
    cloud.deploy()
    assert cloud.function()["CodeSha256"] != old
    assert cloud.stacks() == {(HOME, "wakeful"): UPDATED}


def test_a_rollback_that_failed_is_finished_first(cloud):
    """A stack that could not even go back is brought back, then updated."""
    cloud.deploy()
    cloud.code = "better code"
    cloud.weather.mishaps["wakeful"] = Mishap("UPDATE_ROLLBACK_FAILED")
    with pytest.raises(Halt, match="Going back failed, too"):
        cloud.deploy()
    assert "stuck in a rollback" in cloud.deploy()
    assert cloud.stacks() == {(HOME, "wakeful"): UPDATED}


def test_a_prober_that_fails_stops_no_other(cloud):
    """One region's failure is told by its name; the others and home are up, and the next run mends it."""
    cloud.weather.mishaps["wakeful-prober"] = Mishap("ROLLBACK_COMPLETE", "ProbesQueue", "No room")
    with pytest.raises(Halt, match=r"wakeful-prober in \S+ failed .* at ProbesQueue \(.*\): No room\."):
        cloud.deploy(PROBE_REGIONS=f"{NEAR} us-east-1")
    assert sorted(cloud.stacks().values()) == [UP, UP, "ROLLBACK_COMPLETE"]
    cloud.deploy()
    assert sorted(cloud.stacks().values()) == [UP, UP, UP]


def test_somebody_elses_run_is_waited_for(cloud):
    """A stack that is being updated is looked at until it is at rest, then updated."""
    cloud.deploy()
    stack = cloud.weather.stack("wakeful", HOME)
    stack.status = "UPDATE_IN_PROGRESS"
    cloud.at_rest = lambda: setattr(stack, "status", UPDATED)
    assert "wakeful is busy: UPDATE_IN_PROGRESS; waiting" in cloud.deploy()


def test_nobody_waits_for_ever(cloud):
    """After an hour the operator is told what is stuck."""
    cloud.deploy()
    cloud.weather.stack("wakeful", HOME).status = "UPDATE_IN_PROGRESS"
    cloud.operator.looks = 3
    with pytest.raises(Halt, match="still busy after an hour"):
        cloud.deploy()


def test_a_half_deleted_stack_is_deleted_whole_and_made_again(cloud):
    """A stack whose deletion failed gives way to a new one, which takes in the tables that were kept."""
    key = shown(cloud.deploy(PROBE_REGIONS=NEAR), "api_key")
    cloud.weather.mishaps["wakeful"] = Mishap("DELETE_FAILED")
    with pytest.raises(Halt, match=rf"failed \(DELETE_FAILED\) at {BLAME}"):
        cloud.destroy()
    assert cloud.stacks() == {(HOME, "wakeful"): "DELETE_FAILED"}
    said = cloud.deploy(PROBE_REGIONS=NEAR)
    assert "tables that an earlier stack has left" in said
    assert cloud.stacks() == BOTH | {(HOME, "wakeful"): UPDATED}
    assert cloud.checks(key) == []


def test_tables_that_were_taken_in_outlive_the_failure_of_the_rest(cloud):
    """When tables are in the new stack already and all else fails, they stay, and the next run goes on."""
    key = shown(cloud.deploy(), "api_key")
    cloud.destroy()
    proposed = []

    def let_the_second_fail(**_):
        proposed.append("change set")
        if len(proposed) == 2:
            cloud.weather.mishaps["wakeful"] = Mishap("UPDATE_ROLLBACK_COMPLETE")

    with (
        cloud.before("cloudformation", "CreateChangeSet", let_the_second_fail),
        pytest.raises(Halt, match=BLAME),
    ):
        cloud.deploy(PROBE_REGIONS=NEAR)
    assert cloud.stacks() == {(HOME, "wakeful"): "UPDATE_ROLLBACK_COMPLETE"}
    cloud.deploy(PROBE_REGIONS=NEAR)
    assert cloud.stacks() == BOTH | {(HOME, "wakeful"): UPDATED}
    assert cloud.checks(key) == []


def test_a_deployment_that_does_not_answer_is_told(cloud):
    """When the API fails although all stacks are up, the operator hears how, after a minute; no key of ours
    and no check is left.
    """
    key = shown(cloud.deploy(), "api_key")
    cloud.broken = "/ping/"
    with pytest.raises(
        Halt, match=r"GET /ping/\S+ was answered with 502: the stacks are up, but do not work"
    ):
        cloud.deploy()
    assert cloud.checks(key) == []
    assert cloud.rests > 1
