"""What the account and the tables have a say in: the role API Gateway logs by, and the parts of the data."""

import pytest

from infra.halting import Halt
from tests.infra.deploying.conftest import shown
from tests.infra.deploying.moto_change_sets import Mishap

THEIRS = "arn:aws:iam::123456789012:role/theirs"


def log_role(cloud):
    """Return the role that API Gateway logs by, and how many there are of ours."""
    roles = cloud.client("iam").list_roles()["Roles"]
    ours = [role["RoleName"] for role in roles if "GatewayRole" in role["RoleName"]]
    return cloud.client("apigateway").get_account().get("cloudwatchRoleArn", ""), len(ours)


def test_api_gateway_gets_a_role_to_log_by_and_keeps_it(cloud):
    """In an account without one the stack makes it, once, and it outlives the stack.

    Other APIs may use it by then, and the operator is told. The next deployment takes it for the account's.
    """
    cloud.deploy()
    assert cloud.parameters()["GatewayLogRole"] == "create"
    made, n_roles = log_role(cloud)
    assert ("GatewayRole" in made, n_roles) == (True, 1)
    cloud.deploy()
    assert cloud.parameters()["GatewayLogRole"] == "create"
    assert "The role by which API Gateway writes logs stays" in cloud.destroy()
    cloud.deploy()
    assert cloud.parameters()["GatewayLogRole"] == ""
    assert log_role(cloud) == (made, 1)


def test_anothers_role_to_log_by_is_left_alone(cloud):
    """Where the account has given API Gateway a role, ours is not made."""
    role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": THEIRS}
    cloud.client("apigateway").update_account(patchOperations=[role])
    cloud.deploy()
    assert log_role(cloud) == (THEIRS, 0)


def test_whoever_wants_no_access_logs_gives_no_role(cloud):
    """ACCESS_LOGS=no switches them off until something else is said; till then the account has no role."""
    cloud.deploy(ACCESS_LOGS="no")
    cloud.deploy()
    assert (cloud.parameters()["AccessLogs"], log_role(cloud)) == ("off", ("", 0))
    cloud.deploy(ACCESS_LOGS="yes")
    assert (cloud.parameters()["AccessLogs"], cloud.parameters()["GatewayLogRole"]) == ("on", "create")


def test_shards_grow_and_never_shrink(cloud):
    """A smaller number than is deployed is refused before anything is made; what is not said stays."""
    cloud.deploy(SHARDS="4")
    cloud.deploy()
    cloud.code = "better code"
    before = cloud.stacks(), cloud.function()["CodeSha256"]
    for fewer in ("3", ""):
        with pytest.raises(Halt, match=r"SHARDS=\d would lose sight of checks: .* 4 parts already"):
            cloud.deploy(SHARDS=fewer)
    assert (cloud.stacks(), cloud.function()["CodeSha256"]) == before
    cloud.deploy(SHARDS="5")
    assert cloud.parameters()["Shards"] == "5"


def test_tables_remember_their_shards(cloud):
    """Tables that are taken in again are divided as they were, though the stack that knew is gone."""
    key = shown(cloud.deploy(SHARDS="4"), "api_key")
    cloud.destroy()
    with pytest.raises(Halt, match="divided into 4 parts already"):
        cloud.deploy(SHARDS="2")
    cloud.deploy()
    assert (cloud.parameters()["Shards"], cloud.checks(key)) == ("4", [])


def test_what_never_came_up_binds_nobody(cloud):
    """A first stack that failed has divided nothing, and made no role: both are settled anew."""
    cloud.weather.mishaps["wakeful"] = Mishap("ROLLBACK_COMPLETE")
    with pytest.raises(Halt, match="ROLLBACK_COMPLETE"):
        cloud.deploy(SHARDS="4")
    role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": THEIRS}
    cloud.client("apigateway").update_account(patchOperations=[role])
    cloud.deploy(SHARDS="2")
    assert (cloud.parameters()["Shards"], log_role(cloud)) == ("2", (THEIRS, 0))


def take_away_role(cloud):
    """Let somebody clear the role that API Gateway logs by."""
    role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": ""}
    cloud.client("apigateway").update_account(patchOperations=[role])


def test_a_role_that_was_taken_away_is_given_back(cloud):
    """The stack does not see that the account forgot its role: the account is told it again, aloud."""
    cloud.deploy()
    made = log_role(cloud)
    take_away_role(cloud)
    cloud.deploy(DRY_RUN="yes")
    assert log_role(cloud) == ("", 1)
    assert f"gave API Gateway back the role that it logs by, {made[0]}" in cloud.deploy()
    assert log_role(cloud) == made


def test_a_role_that_is_gone_is_told(cloud):
    """Where the role was deleted, too, the operator hears what to do, before anything is made."""
    cloud.deploy()
    name, iam = log_role(cloud)[0].rpartition("/")[2], cloud.client("iam")
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=name)
    take_away_role(cloud)
    with pytest.raises(Halt, match=r"AmazonAPIGatewayPushToCloudWatchLogs.*ACCESS_LOGS=no"):
        cloud.deploy(DRY_RUN="yes")
    cloud.deploy(ACCESS_LOGS="no")
