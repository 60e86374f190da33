"""Tables that outlived their stack: found, taken into the next one, or deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.deploying.refusals import code_of
from infra.halting import Halt
from infra.package import ROOT
from infra.packaging.templates import Template, named

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from infra.deploying.reach import Operator
    from infra.deploying.stacks import Stack

TABLE = "AWS::DynamoDB::Table"
PAUSE = 3.0  # seconds between two looks
MISSING = "ResourceNotFoundException"
NOTED_ON, SHARDS = "MonitorsTable", "shards"


def names(prefix: str, root: Path = ROOT) -> dict[str, str]:
    """Return the names of a deployment's tables by their logical names in the template."""
    template = named((root / "infra" / "resources.json").read_text(), prefix)
    return {
        logical: resource["Properties"]["TableName"]
        for logical, resource in template["Resources"].items()
        if resource.get("Type") == TABLE
    }


def kept(operator: Operator, region: str, prefix: str) -> dict[str, dict[str, Any]]:
    """Return the properties of the tables that are there, as they are, by their logical names."""
    dynamodb = operator.client("dynamodb", region)
    found = {logical: _as_found(operator, dynamodb, name) for logical, name in names(prefix).items()}
    return {logical: properties for logical, properties in found.items() if properties}


def _as_found(operator: Operator, dynamodb: Any, name: str) -> dict[str, Any]:
    """Return the properties of one table as a template has them, nothing where there is none."""
    described = _at_rest(operator, dynamodb, name)
    if not described:
        return {}
    found = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": described["KeySchema"],
        "AttributeDefinitions": described["AttributeDefinitions"],
    }
    indexes = described.get("GlobalSecondaryIndexes", [])
    if indexes:
        fields = ("IndexName", "KeySchema", "Projection")
        found["GlobalSecondaryIndexes"] = [{field: index[field] for field in fields} for index in indexes]
    return found | _habits(dynamodb, name)


def _habits(dynamodb: Any, name: str) -> dict[str, Any]:
    """Return what a table does by itself: to switch on once more what is on would be an error."""
    found: dict[str, Any] = {}
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if expiry["TimeToLiveStatus"] == "ENABLED":
        found["TimeToLiveSpecification"] = {"AttributeName": expiry["AttributeName"], "Enabled": True}
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    if recovery == "ENABLED":
        found["PointInTimeRecoverySpecification"] = {"PointInTimeRecoveryEnabled": True}
    return found


def _at_rest(operator: Operator, dynamodb: Any, name: str) -> dict[str, Any]:
    """Return the description of a table that is neither coming nor going, nothing where there is none."""
    for _ in range(operator.looks):
        try:
            described: dict[str, Any] = dynamodb.describe_table(TableName=name)["Table"]
        except ClientError as error:
            if code_of(error) == MISSING:
                return {}
            raise
        if described["TableStatus"] == "ACTIVE":
            return described
        operator.rest(PAUSE)
    raise Halt(
        f"The table {name} is still {described['TableStatus']}: wait until it is not, and run this again."
    )


def shards(operator: Operator, region: str, prefix: str) -> int:
    """Return into how many parts the stored checks are divided, as `note_shards` noted it; at least 1."""
    dynamodb = operator.client("dynamodb", region)
    return _noted(dynamodb, _at_rest(operator, dynamodb, names(prefix)[NOTED_ON]))


def _noted(dynamodb: Any, described: Mapping[str, Any]) -> int:
    if not described:
        return 1
    tags = dynamodb.list_tags_of_resource(ResourceArn=described["TableArn"]).get("Tags", [])
    return max((int(tag["Value"]) for tag in tags if tag["Key"] == SHARDS), default=1)


def note_shards(operator: Operator, region: str, prefix: str, number: int) -> int:
    """Note on a table that outlives its stack, if it is there, into how many parts its checks are divided.

    Return the number, which is the one that was noted before where that was greater: it never shrinks.
    """
    dynamodb = operator.client("dynamodb", region)
    described = _at_rest(operator, dynamodb, names(prefix)[NOTED_ON])
    noted = _noted(dynamodb, described)
    if described and number > noted:
        tag = {"Key": SHARDS, "Value": str(number)}
        dynamodb.tag_resource(ResourceArn=described["TableArn"], Tags=[tag])
    return max(noted, number)


def adopt(stack: Stack, prefix: str) -> bool:
    """Make *stack* of the tables that an earlier one left; return whether there were any."""
    found = kept(stack.operator, stack.region, prefix)
    if not found:
        return False
    stack.operator.say(f"{stack.region:<15} taking in {len(found)} tables that an earlier stack has left")
    stack.adopt(import_template(found), identities(found))
    return True


def import_template(found: Mapping[str, Mapping[str, Any]]) -> Template:
    """Return a template of these tables alone; whatever becomes of its stack, they stay."""
    resources = {
        logical: {
            "Type": TABLE,
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": it,
        }
        for logical, it in found.items()
    }
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}


def identities(found: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return how CloudFormation finds these tables."""
    return [
        {
            "ResourceType": TABLE,
            "LogicalResourceId": logical,
            "ResourceIdentifier": {"TableName": properties["TableName"]},
        }
        for logical, properties in found.items()
    ]


def drop(operator: Operator, region: str, doomed: Iterable[str]) -> None:
    """Delete tables with all that is in them, and wait until they are gone."""
    dynamodb = operator.client("dynamodb", region)
    doomed = list(doomed)
    for name in doomed:
        dynamodb.delete_table(TableName=name)
        operator.say(f"{region:<15} deleting the table {name}")
    for name in doomed:
        waiter = dynamodb.get_waiter("table_not_exists")
        waiter.wait(TableName=name, WaiterConfig={"Delay": int(PAUSE), "MaxAttempts": operator.looks})
