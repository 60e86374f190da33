"""What carries the tags of its stack, which the change sets give it: tests/infra/deploying/test_deploy.py."""

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

pytestmark = pytest.mark.xdist_group("package")

# Parts of other things, which have no bill of their own.
WITHOUT_TAGS = {
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::BasePathMapping",
    "AWS::ApiGateway::Deployment",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Url",
    "AWS::SES::ReceiptRule",
    "AWS::SES::ReceiptRuleSet",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
}


def test_what_costs_money_carries_tags(plan):
    """All that a stack makes can carry its tags, from the beginning and later, but parts of other things.

    What can is what AWS's own schemas say, and CloudFormation hands the tags on to it.
    """
    bare = set()
    for kind in {resource["Type"] for resource in plan.resources.values()}:
        tagging = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema["tagging"]
        if not (tagging["taggable"] and tagging["tagOnCreate"] and tagging["tagUpdatable"]):
            bare.add(kind)
    assert bare <= WITHOUT_TAGS
    assert "AWS::SQS::QueuePolicy" in bare or "AWS::SNS::TopicPolicy" in bare
