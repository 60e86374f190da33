"""A package in a hundredth of the time: our very tables, queues and topics, one function, and one route.

The templates that really deploy are made and created in tests/infra/test_package.py.
"""

import hashlib
import json
import zipfile
from pathlib import Path

from infra.package import ROOT, Package
from infra.packaging.templates import named

ALIKE = ("AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "AWS::SNS::Topic")
MORE = ("AWS::SNS::Subscription", "AWS::SES::ReceiptRuleSet", "AWS::Logs::LogGroup")
OURS = (
    "AWS::ApiGateway::DomainName",
    "AWS::ApiGateway::BasePathMapping",
    "AWS::ApiGateway::Account",
    "AWS::Lambda::Url",
)

CODE = {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}}
TRUST = {"Version": "2012-10-17", "Statement": []}
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}
HANDLER = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/api/invocations"
ROUTE = {"get": {"x-amazon-apigateway-integration": {"type": "aws_proxy", "uri": HANDLER}}}
URL = "https://${RestAPI}.execute-api.${AWS::Region}.${AWS::URLSuffix}/api/"

OF_API = {"RestApiId": {"Ref": "RestAPI"}}
AS_STAGE = OF_API | {"DeploymentId": {"Ref": "RestAPIDeployment"}, "StageName": "api"}
API = {
    "RestAPI": {
        "Type": "AWS::ApiGateway::RestApi",
        "Properties": {"Body": {"info": {"title": "api"}, "paths": {"/": ROUTE}}},
    },
    "RestAPIDeployment": {"Type": "AWS::ApiGateway::Deployment", "Properties": OF_API},
    "RestAPIapiStage": {"Type": "AWS::ApiGateway::Stage", "Properties": AS_STAGE},
}


def sketch(prefix: str, folder: Path, code: str = "the code") -> Package:
    """Return a package whose zip holds nothing but *code*."""
    zipped = folder / "wakeful.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), code)
    templates = {
        "template.json": home(named((ROOT / "infra" / "resources.json").read_text(), prefix)),
        "prober.json": prober(named((ROOT / "infra" / "prober.json").read_text(), prefix)),
    }
    for name, template in templates.items():
        (folder / name).write_text(json.dumps(template))
    digest = hashlib.sha256(zipped.read_bytes()).hexdigest()
    return Package(zipped, tuple(folder / name for name in templates), digest, ())


def home(template: dict) -> dict:
    """Return the home template without what only SAM understands."""
    environment = template.pop("Globals")["Function"]["Environment"]
    made = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource.get("Type") in (*ALIKE, *MORE, *OURS) or name == "GatewayRole"
    }
    made["ApiDomainMapping"]["Properties"]["Stage"] = {"Ref": "RestAPIapiStage"}
    made["PingFunctionUrl"]["Properties"]["TargetFunctionArn"] = {"Ref": "APIHandler"}
    made |= dict.fromkeys(("ApiHandlerRole", "ScanRole", "CollectRole"), ROLE)
    made["APIHandler"] = function("ApiHandlerRole", environment)
    made |= API
    told = {"EndpointURL": {"Fn::Sub": URL}, "APIHandlerName": {"Ref": "APIHandler"}}
    outputs = template["Outputs"] | {name: {"Value": value} for name, value in told.items()}
    return template | {"Resources": made, "Outputs": outputs}


def function(role: str, environment: dict) -> dict:
    """Return a function that does whatever the code does."""
    properties = {"Runtime": "python3.11", "Handler": "app.app", "Role": {"Fn::GetAtt": [role, "Arn"]}}
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": properties | {"Code": CODE, "Environment": environment},
    }


def prober(template: dict) -> dict:
    """Return the prober's template with what Chalice would have said of its function."""
    probe = template["Resources"]["Probe"]["Properties"]
    probe |= {"Runtime": "python3.11", "Handler": "app.app"}
    for name in [n for n, made in template["Resources"].items() if "Alarm" in made["Type"]]:
        del template["Resources"][name]
    return template
