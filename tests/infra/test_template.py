import json
import re

import pytest

pytestmark = pytest.mark.xdist_group("package")

FUNCTION = "AWS::Lambda::Function"
MAPPING = "AWS::Lambda::EventSourceMapping"
QUEUE = "AWS::SQS::Queue"
DEAD_LETTERS = {"Fn::GetAtt": ["DeadLettersQueue", "Arn"]}


def listed(value):
    """Return *value* as a list: policies allow one thing where they allow many."""
    return value if isinstance(value, list) else [value]


def excesses(policy):
    """Return what a policy allows more widely than one deed on one thing."""
    found = []
    for statement in policy["Statement"]:
        found += [action for action in listed(statement["Action"]) if "*" in action]
        texts = [json.dumps(resource) for resource in listed(statement["Resource"])]
        # Which identity mail comes from is told at deployment only; the condition names the sender instead.
        is_bound = "ses:FromAddress" in json.dumps(statement.get("Condition"))
        found += [text for text in texts if "*" in text and not (is_bound and ":identity/*" in text)]
    return found


def test_nobody_may_do_everything(built):
    """No function's role has a wildcard among its actions or resources."""
    roles = built.of_type("AWS::IAM::Role")
    policies = [(name, p["PolicyDocument"]) for name, role in roles.items() for p in role["Policies"]]
    assert len(policies) == len(built.of_type(FUNCTION))
    assert [(name, excess) for name, policy in policies for excess in excesses(policy)] == []


def test_a_wildcard_is_noticed():
    """Wildcards are noticed in an action, in a resource and inside an intrinsic."""
    broad = {"Fn::Sub": "arn:${AWS::Partition}:sqs:*:*:*"}
    statements = [
        {"Action": ["sqs:*"], "Resource": {"Fn::GetAtt": ["ScansQueue", "Arn"]}},
        {"Action": "sqs:SendMessage", "Resource": "*"},
        {"Action": ["sqs:SendMessage"], "Resource": [broad]},
    ]
    assert excesses({"Statement": statements}) == ["sqs:*", '"*"', json.dumps(broad)]


def test_every_queue_gives_up_at_last(built):
    """Every queue hands what failed five times to dead letters, which wait two weeks and raise an alarm."""
    queues = built.of_type(QUEUE)
    dead_letters = queues.pop("DeadLettersQueue")
    assert len(queues) == len(built.of_type(MAPPING))
    for queue in queues.values():
        assert queue["RedrivePolicy"] == {"deadLetterTargetArn": DEAD_LETTERS, "maxReceiveCount": 5}
    assert dead_letters["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert built.of_type("AWS::CloudWatch::Alarm")["DeadLettersAlarm"]["Threshold"] == 0


def test_a_message_hides_longer_than_its_handler_may_take(built):
    """A queue hides a message six times as long as its handler may run, and learns which messages failed."""
    queues = {queue["QueueName"]: queue for queue in built.of_type(QUEUE).values()}
    functions = built.of_type(FUNCTION)
    for mapping in built.of_type(MAPPING).values():
        name = mapping["EventSourceArn"]["Fn::Sub"].rpartition(":")[2]
        timeout = functions[mapping["FunctionName"]["Ref"]]["Timeout"]
        assert queues[name]["VisibilityTimeout"] >= 6 * timeout
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_what_nobody_polls_has_dead_letters_too(built):
    """Functions that SNS and the schedule start hand what they fail at to the dead letters as well."""
    polled = {mapping["FunctionName"]["Ref"] for mapping in built.of_type(MAPPING).values()}
    configured = built.of_type("AWS::Lambda::EventInvokeConfig").values()
    started = {config["FunctionName"]["Ref"] for config in configured}
    assert started == set(built.of_type(FUNCTION)) - polled - {"APIHandler"}
    for config in configured:
        assert config["DestinationConfig"]["OnFailure"]["Destination"] == DEAD_LETTERS


def test_tables_queues_and_topics_stand_alone(built):
    """Tables, queues and topics name nothing but each other: the local stack makes them without the rest."""
    alone = ("AWS::DynamoDB::Table", QUEUE, "AWS::SNS::Topic")
    resources = {name: resource for name, resource in built.resources.items() if resource["Type"] in alone}
    text = json.dumps(resources)
    named = re.findall(r'"Ref": "(\w+)"', text) + re.findall(r'"Fn::GetAtt": \["(\w+)"', text)
    assert set(named) <= set(resources)
    assert "Fn::Sub" not in text


def test_what_customers_made_outlives_the_stack(built):
    """Deleting the stack keeps every table but those of passing things."""
    tables = built.of_type("AWS::DynamoDB::Table")
    passing = {name for name in tables if built.resources[name]["DeletionPolicy"] == "Delete"}
    assert passing == {"DeliveriesTable", "TicksTable"}
    assert all(
        table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] for table in tables.values()
    )


def test_a_log_is_kept_for_thirty_days(built):
    """Every function writes JSON to a log group of the template, which forgets after thirty days."""
    groups = built.of_type("AWS::Logs::LogGroup")
    assert {group["RetentionInDays"] for group in groups.values()} == {30}
    configs = [function["LoggingConfig"] for function in built.of_type(FUNCTION).values()]
    assert {config["LogGroup"]["Ref"] for config in configs} == set(groups)
    assert {config["LogFormat"] for config in configs} == {"JSON"}


def test_unknown_paths_answer_as_we_do(built):
    """What API Gateway answers without us is JSON with an error, and a browser may read it."""
    body = built.of_type("AWS::ApiGateway::RestApi")["RestAPI"]["Body"]
    responses = body["x-amazon-apigateway-gateway-responses"]
    assert responses["MISSING_AUTHENTICATION_TOKEN"]["statusCode"] == "404"
    for response in responses.values():
        assert response["responseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"
        template = response["responseTemplates"]["application/json"]
        filled_in = template.replace("$context.error.messageString", '"said by API Gateway"')
        assert list(json.loads(filled_in)) == ["error", "message"]


def test_every_request_comes_to_us_unharmed(built):
    """No method is mocked, so that OPTIONS is ours too, and no body is taken for text."""
    body = built.of_type("AWS::ApiGateway::RestApi")["RestAPI"]["Body"]
    operations = [operation for methods in body["paths"].values() for operation in methods.values()]
    assert {o["x-amazon-apigateway-integration"]["type"] for o in operations} == {"aws_proxy"}
    assert body["x-amazon-apigateway-binary-media-types"] == ["*/*"]
