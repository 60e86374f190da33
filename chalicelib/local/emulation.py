"""An AWS in this very process: moto, made safe for threads, with all that the deploying templates create."""

import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from chalicelib.local.shortcuts import shorter_ways
from chalicelib.settings import Settings

TEMPLATE = Path(__file__).parents[2] / "infra" / "resources.json"
PROBER = TEMPLATE.with_name("prober.json")  # of every region but home
NAME = "wakeful"  # that every name in the templates begins with; the prefix of Settings takes its place
LOCAL_TYPES = ("AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::SNS::Topic")
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_SESSION_TOKEN": "local",
}


@contextmanager
def emulated_aws() -> Iterator[None]:
    """Let every AWS call inside the block be answered by moto, one at a time."""
    from moto import mock_aws

    with ExitStack() as stack:
        stack.enter_context(_environment(CREDENTIALS))
        # boto3's session has read what services there are: nothing of that changes between two houses.
        stack.enter_context(mock_aws(config={"core": {"reset_boto3_session": False}}))
        stack.enter_context(one_call_at_a_time())
        stack.enter_context(shorter_ways())
        yield


@contextmanager
def one_call_at_a_time() -> Iterator[None]:
    """Put one lock around botocore's call: moto is not atomic under threads, DynamoDB is."""
    client: Any = BaseClient  # its stubs leave out the one place that every call passes
    make_api_call = client._make_api_call  # noqa: SLF001  see above
    lock = threading.RLock()

    def locked(self: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        with lock:
            return make_api_call(self, operation, arguments)

    client._make_api_call = locked  # noqa: SLF001  see above
    try:
        yield
    finally:
        client._make_api_call = make_api_call  # noqa: SLF001  see above


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@cache
def client(service: str, region: str, endpoint_url: str | None) -> Any:
    """Return the workshop's client of a service; to make one takes longer than to create a table."""
    return boto3.client(service, region_name=region, endpoint_url=endpoint_url)


def build(settings: Settings) -> Settings:
    """Create every table, queue and topic of the templates; return *settings* with their addresses."""
    _create(settings, settings.region, settings.prefix, TEMPLATE)
    for region in set(settings.probe_regions) - {settings.region}:
        _create(settings, region, f"{settings.prefix}-prober", PROBER)
    sqs = client("sqs", settings.region, settings.endpoint_url)
    sns = client("sns", settings.region, settings.endpoint_url)
    if settings.mail_from:
        ses = client("sesv2", settings.region, settings.endpoint_url)
        with _maybe_there():
            ses.create_email_identity(EmailIdentity=settings.mail_from)
    topics = {
        topic["TopicArn"].rpartition(f":{settings.prefix}-")[2]: topic["TopicArn"]
        for topic in sns.list_topics()["Topics"]
    }

    def url(queue: str) -> str:
        return str(sqs.get_queue_url(QueueName=f"{settings.prefix}-{queue}")["QueueUrl"])

    return replace(
        settings,
        scans_queue_url=url("scans"),
        wakes_queue_url=url("wakes"),
        deliveries_queue_url=url("deliveries"),
        results_queue_url=url("results"),
        probes_queue_url=url("probes"),
        flips_topic_arn=topics["flips"],
        chores_topic_arn=topics["chores"],
        operators_topic_arn=topics["operators"],
    )


def _create(settings: Settings, region: str, stack: str, source: Path) -> None:
    """Create the resources, or leave them as they are where the endpoint remembers them from last time."""
    template = json.loads(re.sub(rf'\b{NAME}(?=["-])', settings.prefix, source.read_text()))
    kept = {name: made for name, made in template["Resources"].items() if made.get("Type") in LOCAL_TYPES}
    cloudformation = client("cloudformation", region, settings.endpoint_url)
    with _maybe_there():
        cloudformation.create_stack(
            StackName=stack,
            TemplateBody=json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": kept}),
        )
    if settings.endpoint_url:  # moto is done when it answers
        waiter = cloudformation.get_waiter("stack_create_complete")
        waiter.wait(StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


@contextmanager
def _maybe_there() -> Iterator[None]:
    """Take it well when what is to be created is there."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] != "AlreadyExistsException":
            raise


def has_visible(region: str, queue_url: str) -> bool:
    """Whether a message of moto's waits to be received now; it costs next to nothing, unlike receiving."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.sqs import models

    queue = models.sqs_backends[DEFAULT_ACCOUNT_ID][region].queues[queue_url.rpartition("/")[2]]
    now = models.unix_time_millis()
    # moto's own `messages` reads the clock twice for each.
    return any(message.visible_at < now >= message.delayed_until for message in queue._messages)  # noqa: SLF001


def subscribe(settings: Settings, topic_arn: str) -> str:
    """Have what *topic_arn* publishes put into a queue of its own; return the queue's URL.

    In the account SNS calls the Lambda itself; here somebody must stand in the middle.
    """
    name = topic_arn.rpartition(":")[2]
    sqs = client("sqs", settings.region, settings.endpoint_url)
    sns = client("sns", settings.region, settings.endpoint_url)
    url = str(sqs.create_queue(QueueName=f"{name}-subscription")["QueueUrl"])
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=attributes["QueueArn"])
    return url
