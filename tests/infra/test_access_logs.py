"""What API Gateway writes down of each request: enough to look into a failure, nothing that opens a door."""

import json
import re

import pytest

from app import app

pytestmark = pytest.mark.xdist_group("package")

# What the caller says, or what may quote it: paths and queries hold ping ids and keys, headers API keys, and
# the message about an unknown path quotes a header.
WORDS_OF_CALLERS = (
    "path",
    "requestId",
    "error.message",
    "identity.userAgent",
    "requestOverride",
    "authorizer",
)


@pytest.fixture(scope="module")
def stage(built):
    """Hand over the stage of the API."""
    (stage,) = built.of_type("AWS::ApiGateway::Stage").values()
    return stage


def setting(stage):
    """Return where the stage writes, and what."""
    condition, on, off = stage["AccessLogSetting"]["Fn::If"]
    assert (condition, off) == ("HasAccessLogs", {"Ref": "AWS::NoValue"})
    return on["DestinationArn"], on["Format"]


def test_a_line_tells_of_one_request_in_json(stage):
    """Each request leaves one line of JSON, of $context variables alone.

    All values are text, as API Gateway writes - where there is none.
    """
    _, line = setting(stage)
    assert "\n" not in line
    values = json.loads(line).values()
    assert [value for value in values if not re.fullmatch(r"\$context\.[\w.]+", str(value))] == []


def test_no_secret_is_written_down(stage):
    """The line has the route, never the path that was asked for, nor any other words of the caller.

    A route holds the names of its parts alone.
    """
    written = set(re.findall(r"\$context\.([\w.]+)", setting(stage)[1]))
    assert not [name for name in written if name.startswith(WORDS_OF_CALLERS)]
    assert {"resourcePath"} == {name for name in written if "path" in name.lower()}
    assert "/ping/{code}" in app.routes


def test_logs_wait_for_the_role_that_writes_them(built, stage):
    """Where the stack gives API Gateway its role, the stage comes after the account has it.

    The account comes after the API, without which a new account can not be told; both outlive the stack.
    """
    condition, waiting, plain = setting(stage)[0]["Fn::If"]
    group = {"Fn::GetAtt": ["GatewayLogs", "Arn"]}
    assert (condition, plain) == ("MakesGatewayLogRole", group)
    assert waiting == {"Fn::Select": [0, [group, {"Ref": "GatewayAccount"}]]}
    assert built.resources["GatewayAccount"]["DependsOn"] == "RestAPI"
    for name in ("GatewayAccount", "GatewayRole"):
        kept = built.resources[name]
        assert (kept["Condition"], kept["DeletionPolicy"]) == (condition, "Retain")


def test_nobody_traces_requests(plan):
    """X-Ray is off everywhere: it costs more than a request does, and keeps the path that was asked for."""
    for stage in plan.of_type("AWS::ApiGateway::Stage").values():
        assert "TracingEnabled" not in stage
    for function in plan.of_type("AWS::Lambda::Function").values():
        assert function.get("TracingConfig", {"Mode": "PassThrough"}) == {"Mode": "PassThrough"}
