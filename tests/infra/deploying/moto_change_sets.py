"""What moto must learn before anything can be deployed through change sets.

It forgets what a change set made of the stack, imports nothing, keeps no table for `RetainExceptOnCreate`,
and nothing ever fails there.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from moto.apigateway.models import apigateway_backends
from moto.cloudformation import models
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import ChangeSet, CloudFormationBackend, Event, Stack
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.common_models import CloudFormationModel
from moto.core.responses import EmptyResult
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.ses.models import ses_backends
from moto.sesv2.responses import SESV2Response

from tests.infra.moto_cloudformation import Properties, nothing, teach

REASON = "Resource handler returned message: the limit of this account is reached."


@dataclass(frozen=True)
class Mishap:
    """How a stack fails: what it comes to, and which resource is to blame."""

    status: str
    resource: str = "ScansQueue"
    reason: str = REASON


@dataclass
class Weather:
    """What fails next, by the names of stacks; and every stack there is, to be looked at and meddled with."""

    mishaps: dict[str, Mishap] = field(default_factory=dict)

    def strike(self, stack: Stack) -> bool:
        """Let a stack fail, if it is to; return whether it did."""
        mishap = self.mishaps.pop(stack.name, None)
        if mishap is None:
            return False
        doing = mishap.status.split("_")[0].replace("ROLLBACK", "CREATE")
        note(stack, mishap.resource, "AWS::SQS::Queue", f"{doing}_FAILED", mishap.reason)
        note(stack, "WakesQueue", "AWS::SQS::Queue", f"{doing}_FAILED", "Resource creation cancelled")
        stack._add_stack_event(mishap.status)
        stack.status = mishap.status
        return True

    @staticmethod
    def stack(name: str, region: str) -> Stack:
        """Return a stack as moto has it."""
        return models.cloudformation_backends["123456789012"][region].get_stack(name)

    @staticmethod
    def stacks() -> set[tuple[str, str, str]]:
        """Return (region, name, status) of every stack in the account."""
        regions = models.cloudformation_backends["123456789012"]
        return {
            (region, stack.name, stack.status)
            for region, backend in regions.items()
            for stack in backend.stacks.values()
        }


def note(stack: Stack, logical: str, kind: str, status: str, reason: str) -> None:
    """Write an event about a resource into the diary of its stack."""
    stack.events.append(Event(stack.stack_id, stack.name, logical, logical, kind, status, reason, None))


def parse(template: str | dict) -> dict[str, Any]:
    """Read a template, which is always JSON here: moto takes it for YAML, and ten seconds for it."""
    return json.loads(template) if template else {}


def remember(stack: Stack, change_set: ChangeSet) -> None:
    """Let a stack know what has been made of it."""
    stack._parse_template()
    stack.parameters = change_set.parameters
    stack.tags = change_set.tags or {}
    stack.output_map = stack._create_output_map()


def keep(template: dict[str, Any]) -> None:
    """Let moto keep what CloudFormation would keep: it knows only one of the two words."""
    for resource in template["Resources"].values():
        if resource.get("DeletionPolicy") == "RetainExceptOnCreate":
            resource["DeletionPolicy"] = "Retain"


def import_table(
    _cls: type[Table], resource_name: str, _template: dict, account_id: str, region_name: str, **_: object
) -> Table:
    """Return the table that is there; raises ValidationError where there is none."""
    found = dynamodb_backends[account_id][region_name].tables.get(resource_name)
    if found is None:
        raise ValidationError(message=f"Resource {resource_name} does not exist")
    return found


class OwnName(CloudFormationModel):
    """A name of one's own for an API, and where its record must point to."""

    def __init__(self, name: str) -> None:
        self.physical_resource_id = name

    @staticmethod
    def cloudformation_type() -> str:
        """Return what templates call it."""
        return "AWS::ApiGateway::DomainName"

    @staticmethod
    def cloudformation_name_type() -> str:
        """Return which property names it."""
        return "DomainName"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Tell whether others may ask for *attr*."""
        return attr == "RegionalDomainName"

    def get_cfn_attribute(self, _attribute: str) -> str:
        """Return where its record must point to."""
        return f"d-{self.physical_resource_id}.execute-api.amazonaws.com"

    @classmethod
    def create_from_cloudformation_json(cls, resource_name: str, *_: object, **__: object) -> "OwnName":
        """Create it."""
        return cls(resource_name)


class FunctionUrl(CloudFormationModel):
    """The address of a function."""

    def __init__(self, name: str) -> None:
        self.physical_resource_id = name

    @staticmethod
    def cloudformation_type() -> str:
        """Return what templates call it."""
        return "AWS::Lambda::Url"

    @staticmethod
    def cloudformation_name_type() -> str:
        """Return which property names it."""
        return ""

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Tell whether others may ask for *attr*."""
        return attr == "FunctionUrl"

    def get_cfn_attribute(self, _attribute: str) -> str:
        """Return the address."""
        return "https://a1b2.lambda-url.eu-central-1.on.aws/"

    @classmethod
    def create_from_cloudformation_json(cls, resource_name: str, *_: object, **__: object) -> "FunctionUrl":
        """Create it."""
        return cls(resource_name)


def add_rules(properties: Properties, account: str, region: str) -> str:
    """Create a set of receipt rules."""
    ses_backends[account][region].create_receipt_rule_set(properties["RuleSetName"])
    return properties["RuleSetName"]


def let_log(properties: Properties, account: str, region: str) -> str:
    """Give API Gateway the role that it logs by."""
    role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": properties["CloudWatchRoleArn"]}
    apigateway_backends[account][region].update_account([role])
    return ""


TAUGHT = [
    FunctionUrl,
    OwnName,
    teach("AWS::ApiGateway::Account", let_log),
    teach("AWS::ApiGateway::BasePathMapping", nothing),
    teach("AWS::SES::ReceiptRuleSet", add_rules),
]


def install(patch: pytest.MonkeyPatch) -> Weather:
    """Teach moto for as long as *patch* lasts, and return what makes its weather."""
    weather = Weather()
    execute, delete, apply = (
        CloudFormationBackend.execute_change_set,
        CloudFormationBackend.delete_stack,
        ChangeSet.apply,
    )

    def execute_change_set(self: CloudFormationBackend, change_set_name: str, stack_name: str | None = None):
        change_set = self.change_sets.pop(change_set_name)  # AWS keeps none that was executed
        if weather.strike(change_set.stack):
            return
        self.change_sets[change_set_name] = change_set
        execute(self, change_set_name, stack_name)
        del self.change_sets[change_set_name]
        remember(change_set.stack, change_set)

    def apply_change_set(self: ChangeSet) -> None:
        with patch.context() as brief:
            if self.change_set_type == "IMPORT":
                brief.setattr(Table, "create_from_cloudformation_json", classmethod(import_table))
            apply(self)
        keep(self.template_dict)

    def delete_stack(self: CloudFormationBackend, name_or_stack_id: str) -> None:
        if not weather.strike(self.get_stack(name_or_stack_id)):
            delete(self, name_or_stack_id)

    def continue_update_rollback(self: CloudFormationResponse) -> EmptyResult:
        stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
        stack.status = "UPDATE_ROLLBACK_COMPLETE"
        stack._add_stack_event("UPDATE_ROLLBACK_COMPLETE")
        return EmptyResult()

    patch.setattr(SESV2Response, "get_account", lambda _: '{"ProductionAccessEnabled": false}', raising=False)
    made = property(lambda stack: [one for one in stack.resource_map.values() if one])  # no condition forbids
    patch.setattr(Stack, "stack_resources", made)
    patch.setattr(Stack, "parse_template", staticmethod(parse))
    patch.setattr(
        ChangeSet, "_parse_template", lambda self: setattr(self, "template_dict", parse(self.template))
    )
    patch.setattr(CloudFormationBackend, "execute_change_set", execute_change_set)
    patch.setattr(CloudFormationBackend, "delete_stack", delete_stack)
    patch.setattr(ChangeSet, "apply", apply_change_set)
    patch.setattr(CloudFormationResponse, "continue_update_rollback", continue_update_rollback, raising=False)
    return weather
