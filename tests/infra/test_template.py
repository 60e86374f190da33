import json
import re
from datetime import timedelta

import pytest

from chalicelib.core.wheel import LEAD
from chalicelib.queues import A_SURVEY, LONGEST_DELAY
from chalicelib.services.dispatching import LAST_ANSWERS
from chalicelib.services.surveying import PER_MESSAGE

pytestmark = pytest.mark.xdist_group("package")

FUNCTION = "AWS::Lambda::Function"
MAPPING = "AWS::Lambda::EventSourceMapping"
QUEUE = "AWS::SQS::Queue"
ALARM = "AWS::CloudWatch::Alarm"
DEAD_LETTERS = {"Fn::GetAtt": ["DeadLettersQueue", "Arn"]}

# How long before its time a message may be sent.
AHEAD = {
    "WakesQueue": LAST_ANSWERS,
    "ProbesQueue": max(LEAD, PER_MESSAGE * A_SURVEY),
    "DeliveriesQueue": timedelta(seconds=LONGEST_DELAY),
}


def listed(value):
    """Return *value* as a list: policies allow one thing where they allow many."""
    return value if isinstance(value, list) else [value]


def excesses(policy):
    """Return what a policy allows more widely than one deed on one thing."""
    found = []
    for statement in policy["Statement"]:
        found += [action for action in listed(statement["Action"]) if "*" in action]
        # IAM has no name for a telephone, nor we for a customer's topic: test_policies says which are out.
        if "NotResource" in statement:
            found += [action for action in listed(statement["Action"]) if action != "sns:Publish"]
            continue
        texts = [json.dumps(resource) for resource in listed(statement["Resource"])]
        # Which identity mail comes from is told at deployment only; the condition names the sender instead.
        is_bound = "ses:FromAddress" in json.dumps(statement.get("Condition"))
        found += [text for text in texts if "*" in text and not (is_bound and ":identity/*" in text)]
    return found


def test_nobody_may_do_everything(plan):
    """No function's role has a wildcard among its actions or resources."""
    roles = plan.of_type("AWS::IAM::Role")
    roles.pop("GatewayRole", None)  # API Gateway's own, and AWS says what it may
    policies = [(name, p["PolicyDocument"]) for name, role in roles.items() for p in role["Policies"]]
    assert len(policies) == len(plan.of_type(FUNCTION))
    assert [(name, excess) for name, policy in policies for excess in excesses(policy)] == []


def test_a_wildcard_is_noticed():
    """Wildcards are noticed in an action, in a resource, inside an intrinsic, and as all but one thing."""
    broad = {"Fn::Sub": "arn:${AWS::Partition}:sqs:*:*:*"}
    statements = [
        {"Action": ["sqs:*"], "Resource": {"Fn::GetAtt": ["ScansQueue", "Arn"]}},
        {"Action": "sqs:SendMessage", "Resource": "*"},
        {"Action": ["sqs:SendMessage"], "Resource": [broad]},
        {"Action": ["sqs:SendMessage"], "NotResource": [{"Fn::GetAtt": ["ScansQueue", "Arn"]}]},
    ]
    assert excesses({"Statement": statements}) == ["sqs:*", '"*"', json.dumps(broad), "sqs:SendMessage"]


def test_every_queue_gives_up_at_last(plan):
    """Every queue hands what failed five times, the prober's what failed once, to its region's dead letters.

    They wait two weeks and raise an alarm.
    """
    queues = plan.of_type(QUEUE)
    dead_letters = queues.pop("DeadLettersQueue")
    assert len(queues) == len(plan.of_type(MAPPING))
    for name, queue in queues.items():
        attempts = 1 if name == "ProbesQueue" else 5
        assert queue["RedrivePolicy"] == {"deadLetterTargetArn": DEAD_LETTERS, "maxReceiveCount": attempts}
    assert dead_letters["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert plan.of_type(ALARM)["DeadLettersAlarm"]["Threshold"] == 0


def test_a_message_hides_longer_than_its_handler_may_take(plan):
    """A queue hides a message six times as long as its handler may run, and learns which messages failed."""
    functions = plan.of_type(FUNCTION)
    for mapping in plan.of_type(MAPPING).values():
        timeout = functions[mapping["FunctionName"]["Ref"]]["Timeout"]
        assert queue_of(mapping, plan)["VisibilityTimeout"] >= 6 * timeout
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def queue_of(mapping, plan):
    """Return the queue that a function consumes."""
    arn = mapping["EventSourceArn"]
    if "Fn::GetAtt" in arn:
        return plan.of_type(QUEUE)[arn["Fn::GetAtt"][0]]
    queues = {queue["QueueName"]: queue for queue in plan.of_type(QUEUE).values()}
    return queues[arn["Fn::Sub"].rpartition(":")[2]]


def test_no_probe_expires_between_its_queue_and_the_dead_letters(plan):
    """A probe that is delayed as long as can be, and then fails, is hidden and given up before it expires.

    Nor does it live much longer: a round of the past has no worth.
    """
    queue = plan.of_type(QUEUE)["ProbesQueue"]
    needed = LEAD.total_seconds() + queue["VisibilityTimeout"]
    assert needed < queue["MessageRetentionPeriod"] < needed + 60


def test_a_prober_elsewhere_is_the_one_at_home(built):
    """A prober in another region runs the same code, from the same kind of queue, and may do the same."""
    home, elsewhere = built, built.prober
    assert elsewhere.of_type(QUEUE)["ProbesQueue"] == home.of_type(QUEUE)["ProbesQueue"]
    there, here = elsewhere.of_type(FUNCTION)["Probe"], home.of_type(FUNCTION)["Probe"]
    for name in ("Architectures", "Handler", "LoggingConfig", "MemorySize", "Runtime", "Timeout"):
        assert there[name] == here[name]
    assert deeds(elsewhere) == deeds(home)
    assert elsewhere.template["Parameters"]["CodeKey"] == home.template["Parameters"]["CodeKey"]
    known = there["Environment"]["Variables"]
    assert {name: known[name] for name in set(known) & set(here["Environment"]["Variables"])} == {
        "WAKEFUL_PREFIX": "wakeful",
        "ALLOW_PRIVATE_TARGETS": {"Ref": "AllowPrivateTargets"},
        "RESULTS_QUEUE_URL": {"Ref": "HomeResultsQueueUrl"},
    }
    assert set(known) - set(here["Environment"]["Variables"]) == {"HOME_REGION"}


def deeds(plan):
    """Return what a template lets its prober do, by the names of the statements."""
    (policy,) = plan.of_type("AWS::IAM::Role")["ProbeRole"]["Policies"]
    return {statement["Sid"]: statement["Action"] for statement in policy["PolicyDocument"]["Statement"]}


def alarms_for(metric, plan):
    """Return the alarms about one metric, by the function or queue that each is about."""
    found = {}
    for alarm in plan.of_type(ALARM).values():
        if alarm.get("MetricName") == metric:
            (about,) = (dimension["Value"] for dimension in alarm["Dimensions"])
            found[about["Ref"] if "Ref" in about else about["Fn::GetAtt"][0]] = alarm
    return found


def test_a_function_that_breaks_is_noticed(plan):
    """Each function has an alarm that one error raises."""
    alarms = alarms_for("Errors", plan)
    assert set(alarms) == set(plan.of_type(FUNCTION))
    assert {(alarm["Threshold"], alarm["EvaluationPeriods"]) for alarm in alarms.values()} == {(0, 1)}


def test_a_queue_that_nobody_empties_is_noticed(plan):
    """Each queue has an alarm for messages that wait five minutes, or a little more, past their time.

    Some are sent ahead of it, and no documentation says that the time until then does not count.
    """
    alarms = alarms_for("ApproximateAgeOfOldestMessage", plan)
    assert set(alarms) == set(plan.of_type(QUEUE)) - {"DeadLettersQueue"}
    for name, alarm in alarms.items():
        late = timedelta(seconds=alarm["Threshold"]) - AHEAD.get(name, timedelta())
        assert timedelta(minutes=5) <= late <= timedelta(minutes=6)
        assert (alarm["Period"], alarm["EvaluationPeriods"]) == (60, 2)


def test_every_alarm_reaches_the_operators(plan):
    """Whatever turns bad, and well again, is told to the topic for operators, under a name of its own."""
    alarms = plan.of_type(ALARM).values()
    for alarm in alarms:
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "OperatorsTopic"}]
    assert len({alarm["AlarmName"] for alarm in alarms}) == len(alarms)


def test_the_dashboard_leaves_nothing_out(built):
    """The dashboard shows every function, queue and table, and the API under the name that it has.

    It has no more than the fifty curves of a dashboard that AWS gives away.
    """
    (board,) = built.of_type("AWS::CloudWatch::Dashboard").values()
    shown, n_curves = {}, 0
    for widget in json.loads(board["DashboardBody"]["Fn::Sub"])["widgets"]:
        metrics = widget["properties"]["metrics"]
        n_curves += len(metrics)
        shown[metrics[0][1]] = set(re.findall(r"\$\{(\w+)", json.dumps(metrics)))
        if metrics[0][0] == "AWS/ApiGateway":
            api = built.of_type("AWS::ApiGateway::RestApi")["RestAPI"]["Body"]["info"]["title"]
            assert metrics[0][2:4] == ["ApiName", api]
    assert shown["Errors"] == set(built.of_type(FUNCTION))
    ages, dead = shown["ApproximateAgeOfOldestMessage"], shown["ApproximateNumberOfMessagesVisible"]
    assert ages | dead == set(built.of_type(QUEUE))
    tables = set(built.of_type("AWS::DynamoDB::Table"))
    assert shown["ReadThrottleEvents"] == shown["WriteThrottleEvents"] == tables
    assert {"Count", "Latency"} <= set(shown)
    assert n_curves <= 50


def test_a_throttled_function_is_noticed(built):
    """One alarm listens for throttles of every function, and another for those of what may not be in use."""
    metrics = built.of_type(ALARM)["ThrottlesAlarm"]["Metrics"]
    heard = [metric["MetricStat"]["Metric"] for metric in metrics if "MetricStat" in metric]
    together = {dimension["Value"]["Ref"] for metric in heard for dimension in metric["Dimensions"]}
    assert together | set(alarms_for("Throttles", built)) == set(built.of_type(FUNCTION))


def test_a_front_for_pings_alone_costs_nothing_until_it_is_wanted(built):
    """The function URL, who may call it, and its alarms are there on the condition that they were asked for.

    Its policy lets everybody in, by the URL and by no other way.
    """
    conditional = {name for name, one in built.resources.items() if one.get("Condition") == "HasPingUrl"}
    doors = {"PingFunctionUrl", "PingUrlMayBeCalled", "PingMayRunByUrl"}
    assert conditional == doors | {"PingFailsAlarm", "PingThrottlesAlarm"}
    permissions = built.of_type("AWS::Lambda::Permission").values()
    public = {one["Action"]: one for one in permissions if one["Principal"] == "*"}
    everybody = {"FunctionName": {"Ref": "Ping"}, "Principal": "*"}
    by_url = everybody | {"Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"}
    runs = everybody | {"Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True}
    assert public == {"lambda:InvokeFunctionUrl": by_url, "lambda:InvokeFunction": runs}


def test_what_nobody_polls_has_dead_letters_too(built):
    """Functions that SNS and the schedule start hand what they fail at to the dead letters as well."""
    polled = {mapping["FunctionName"]["Ref"] for mapping in built.of_type(MAPPING).values()}
    configured = built.of_type("AWS::Lambda::EventInvokeConfig").values()
    started = {config["FunctionName"]["Ref"] for config in configured}
    answering = {"APIHandler", "Ping"}  # whoever asks hears of it
    assert started == set(built.of_type(FUNCTION)) - polled - answering
    for config in configured:
        assert config["DestinationConfig"]["OnFailure"]["Destination"] == DEAD_LETTERS


def test_tables_queues_and_topics_stand_alone(plan):
    """Tables, queues and topics name nothing but each other: the local stack makes them without the rest."""
    alone = ("AWS::DynamoDB::Table", QUEUE, "AWS::SNS::Topic")
    resources = {name: resource for name, resource in plan.resources.items() if resource["Type"] in alone}
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


def test_a_log_is_kept_for_thirty_days(plan):
    """Every function writes JSON to a log group of the template, which forgets after thirty days.

    So does the API.
    """
    groups = plan.of_type("AWS::Logs::LogGroup")
    assert {group["RetentionInDays"] for group in groups.values()} == {30}
    configs = [function["LoggingConfig"] for function in plan.of_type(FUNCTION).values()]
    assert {config["LogGroup"]["Ref"] for config in configs} == set(groups) - {"GatewayLogs"}
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
