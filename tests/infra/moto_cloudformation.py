"""What moto's CloudFormation must learn before it can create our stack.

It skips five of our resource types in silence, and makes an API without looking at the API's body.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from moto.apigateway.models import RestAPI, apigateway_backends
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from infra.packaging.templates import ANY_METHOD

Properties = dict[str, Any]
Create = Callable[[Properties, str, str], str]  # (properties, account, region) -> physical id


def teach(kind: str, create: Create) -> type[CloudFormationModel]:
    """Return a resource type for moto, which finds it among the direct subclasses of its base."""

    class Taught(CloudFormationModel):
        def __init__(self, physical_id: str) -> None:
            self.physical_resource_id = physical_id

        @staticmethod
        def cloudformation_type() -> str:
            return kind

        @staticmethod
        def cloudformation_name_type() -> str:
            return ""

        def is_created(self) -> bool:
            return True

        @classmethod
        def create_from_cloudformation_json(
            cls, resource_name: str, cloudformation_json: dict, account_id: str, region_name: str, **_: object
        ) -> "Taught":
            properties = cloudformation_json["Properties"]
            return cls(create(properties, account_id, region_name) or resource_name)

    return Taught


def add_stage(properties: Properties, account: str, region: str) -> str:
    """Give the API its stage."""
    deployment = properties["DeploymentId"]
    backend = apigateway_backends[account][region]
    backend.create_stage(
        properties["RestApiId"], properties["StageName"], getattr(deployment, "id", deployment)
    )
    return properties["StageName"]


def subscribe(properties: Properties, account: str, region: str) -> str:
    """Let the endpoint hear the topic."""
    backend = sns_backends[account][region]
    return backend.subscribe(properties["TopicArn"], properties["Endpoint"], properties["Protocol"]).arn


def allow(properties: Properties, account: str, region: str) -> str:
    """Let the queues be used as the policy says."""
    backend = sqs_backends[account][region]
    for url in properties["Queues"]:
        backend.get_queue(url.rpartition("/")[2]).policy = json.dumps(properties["PolicyDocument"])
    return ""


def nothing(_properties: Properties, _account: str, _region: str) -> str:
    """Create nothing: it is enough that the resource exists and its properties resolve."""
    return ""


TAUGHT = [
    teach("AWS::ApiGateway::Stage", add_stage),
    teach("AWS::SNS::Subscription", subscribe),
    teach("AWS::SQS::QueuePolicy", allow),
    teach("AWS::Lambda::EventInvokeConfig", nothing),
    teach("AWS::CloudWatch::Alarm", nothing),
]


def create_api(
    _cls: type[RestAPI],
    resource_name: str,
    cloudformation_json: dict,
    account_id: str,
    region_name: str,
    **_: object,
) -> RestAPI:
    """Create the API with every path and method of its body."""
    body = cloudformation_json["Properties"].get("Body", {"info": {"title": resource_name}, "paths": {}})
    backend = apigateway_backends[account_id][region_name]
    api = backend.create_rest_api(name=body["info"]["title"], description="")
    for path, methods in body["paths"].items():
        resource = api.get_resource_for_path("/")
        for part in filter(None, path.split("/")):
            deeper = f"{resource.get_path().rstrip('/')}/{part}"
            resource = api.get_resource_for_path(deeper) or backend.create_resource(api.id, resource.id, part)
        for method, operation in methods.items():
            verb = "ANY" if method == ANY_METHOD else method.upper()
            put_method(backend, api.id, resource.id, verb, operation)
    return api


def put_method(backend: Any, api_id: str, resource_id: str, method: str, operation: Properties) -> None:
    """Add one method, and who answers it."""
    answered_by = operation["x-amazon-apigateway-integration"]
    backend.put_method(api_id, resource_id, method, "NONE")
    backend.put_integration(
        api_id,
        resource_id,
        method,
        answered_by["type"].upper(),
        answered_by.get("uri", ""),
        integration_method=answered_by.get("httpMethod", "POST"),
    )


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Teach moto for as long as *monkeypatch* lasts."""
    monkeypatch.setattr(RestAPI, "create_from_cloudformation_json", classmethod(create_api))
    for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()
