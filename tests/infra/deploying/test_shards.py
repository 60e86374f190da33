"""Into how many parts checks are divided: what is forgotten would never be visited again."""

import pytest

from infra.deploying import tables
from tests.infra.deploying.conftest import HOME

MONITORS = "wakeful-monitors"


class Killed(BaseException):
    """What ends a program in the middle."""


def noted(cloud):
    """Return the number on the table of monitors."""
    return tables.shards(cloud.operator, HOME, "wakeful")


def deploy_and_die(cloud, call, **told):
    """Let a deployment be killed at its CloudFormation *call*, or at the second where it is asked often."""
    calls = []

    def kill(**_):
        calls.append(call)
        if len(calls) == (2 if call == "DescribeStackEvents" else 1):
            raise Killed

    with cloud.before("cloudformation", call, kill), pytest.raises(Killed):
        cloud.deploy(**told)


@pytest.mark.parametrize("is_first", [True, False])
def test_an_interrupted_run_is_remembered(cloud, is_first):
    """Whoever interrupts a deployment that is coming up, then destroys it, finds the checks again."""
    if not is_first:
        cloud.deploy()
    deploy_and_die(cloud, "DescribeStackEvents", SHARDS="8")
    cloud.destroy()
    cloud.deploy()
    assert (cloud.parameters()["Shards"], noted(cloud)) == ("8", 8)


def test_more_parts_are_noted_before_anything_is_put_there(cloud):
    """The number is on the table before the stack knows it, and the next run takes it from there."""
    cloud.deploy()
    deploy_and_die(cloud, "ExecuteChangeSet", SHARDS="8")
    assert (cloud.parameters()["Shards"], noted(cloud)) == ("1", 8)
    cloud.deploy()
    assert cloud.parameters()["Shards"] == "8"


def test_whoever_waited_for_another_run_does_not_take_its_parts_away(cloud):
    """Of two deployments at once the later takes up what the earlier has divided meanwhile."""
    cloud.deploy(SHARDS="2")
    stack = cloud.weather.stack("wakeful", HOME)
    stack.status = "UPDATE_IN_PROGRESS"

    def the_other_ends():
        tables.note_shards(cloud.operator, HOME, "wakeful", 8)
        stack.status = "UPDATE_COMPLETE"

    cloud.at_rest = the_other_ends
    cloud.deploy(SHARDS="4")
    assert (cloud.parameters()["Shards"], noted(cloud)) == ("8", 8)
