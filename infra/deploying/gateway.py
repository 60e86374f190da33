"""The role by which API Gateway writes logs: one per region of an account, which no stack has to itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.deploying.plans import stands
from infra.deploying.refusals import code_of
from infra.halting import Halt

if TYPE_CHECKING:
    from infra.deploying.plans import Standing
    from infra.deploying.site import Site

IS_OURS = "create"  # the parameter GatewayLogRole of a stack that has made the role
POLICY = "AmazonAPIGatewayPushToCloudWatchLogs"


def is_ours(home: Standing | None) -> bool:
    """Tell whether the stack at *home* has made the role."""
    return home is not None and stands(home) and home.parameters.get("GatewayLogRole") == IS_OURS


def has_role(site: Site) -> bool:
    """Tell whether API Gateway has been given a role, by whomever."""
    known = site.operator.client("apigateway", site.wish.region).get_account()
    return bool(known.get("cloudwatchRoleArn"))


def lost_role(site: Site, home: Standing | None) -> str:
    """Return the ARN of the role that the stack at *home* has made, where API Gateway no longer has any.

    Its stack does not notice that. Raises Halt where the role is gone as well.
    """
    if not is_ours(home) or has_role(site):
        return ""
    stacks = site.operator.client("cloudformation", site.wish.region)
    made = stacks.describe_stack_resource(StackName=site.wish.prefix, LogicalResourceId="GatewayRole")
    name = made["StackResourceDetail"]["PhysicalResourceId"]
    try:
        role = site.operator.client("iam", site.wish.region).get_role(RoleName=name)["Role"]
    except ClientError as error:
        if code_of(error) != "NoSuchEntity":
            raise
        raise Halt(
            f"API Gateway in {site.wish.region} has no role to write logs by, and the one that was made for "
            f"it, {name}, was deleted: give it one with the policy {POLICY} in its settings, or say "
            f"ACCESS_LOGS=no."
        ) from error
    return str(role["Arn"])


def give_back(site: Site, role: str) -> None:
    """Let API Gateway write logs by the *role* of that ARN."""
    region = site.wish.region
    patch = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role}
    site.operator.client("apigateway", region).update_account(patchOperations=[patch])
    site.operator.say(f"{region:<15} gave API Gateway back the role that it logs by, {role}")
