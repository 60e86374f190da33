"""What a steady ping costs in CPU time, against two bare botocore calls: the transport is stubbed in both."""

import json
from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from chalicelib import aws
from chalicelib.settings import Settings
from chalicelib.toolbox import Toolbox, using

ROUNDS = 15
CALLS = 200
MONITOR = "5d4c4b2e-0000-4000-8000-000000000001"
EVENT = {
    "resource": "/ping/{code}",
    "path": f"/ping/{MONITOR}",
    "httpMethod": "GET",
    "headers": {"Host": "wakeful.test", "User-Agent": "curl/8.0", "X-Forwarded-Proto": "https"},
    "multiValueHeaders": {},
    "multiValueQueryStringParameters": None,
    "pathParameters": {"code": MONITOR},
    "stageVariables": None,
    "requestContext": {
        "resourcePath": "/ping/{code}",
        "httpMethod": "GET",
        "path": f"/api/ping/{MONITOR}",
        "stage": "api",
        "requestId": "bench",
        "identity": {"sourceIp": "192.0.2.1"},
    },
    "body": None,
    "isBase64Encoded": False,
}
STATE = {
    "monitor_id": {"S": MONITOR},
    "part": {"S": "state"},
    "cls": {"S": "state"},
    "status": {"S": "up"},
    "since": {"N": "1772438400000000"},
    "last_ping": {"N": "1772438460000000"},
    "deadline": {"N": "1972438460000000"},
    "deadline_shard": {"N": "0"},
    "n_pings": {"N": "4711"},
    "minute": {"N": "29540641"},
    "in_minute": {"N": "1"},
    "arrival_id": {"S": "5d4c4b2e-0000-4000-8000-000000000002"},
    "rev": {"N": "3"},
}


class Raw:
    """The body of a stubbed answer, as urllib3 would give it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object) -> Any:
        """Yield the whole body."""
        yield self._body

    def read(self, *_: object) -> bytes:
        """Return the whole body."""
        return self._body


def stub(client: Any) -> None:
    """Let *client* be answered at once, without a socket; what is counted is the client's own work."""
    updated = json.dumps({"Attributes": STATE}).encode()

    def answer(request: Any, **_: object) -> AWSResponse:
        is_update = b"UpdateItem" in request.headers["X-Amz-Target"]
        body = updated if is_update else b"{}"
        headers = {"content-type": "application/x-amz-json-1.0", "content-length": str(len(body))}
        return AWSResponse(request.url, 200, headers, Raw(body))

    client.meta.events.register("before-send.dynamodb", answer)


def bare_client() -> Any:
    """Return a botocore client as everybody makes it, with our own settings of it."""
    session = botocore.session.get_session()
    config = Config(parameter_validation=False, retries={"mode": "standard", "total_max_attempts": 3})
    client = session.create_client("dynamodb", region_name="us-east-1", config=config)
    stub(client)
    return client


def bare_calls(client: Any) -> Callable[[], None]:
    """Return a function that makes a steady ping's two calls and nothing else."""
    key = {"monitor_id": {"S": MONITOR}, "part": {"S": "state"}}
    row = {
        "monitor_id": {"S": MONITOR},
        "row": {"S": "ping#711"},
        "n": {"N": "4711"},
        "at": {"N": "1772438460000000"},
        "action": {"S": "success"},
        "scheme": {"S": "http"},
        "method": {"S": "GET"},
        "remote_addr": {"S": "127.0.0.1"},
        "agent": {"S": "curl/8.0"},
        "arrival_id": {"S": "5d4c4b2e-0000-4000-8000-000000000002"},
    }

    def call() -> None:
        client.update_item(
            TableName="wakeful-monitors",
            Key=key,
            UpdateExpression="SET #0 = :0, #1 = :1 ADD #2 :2",
            ConditionExpression="#3 = :3 AND attribute_not_exists(#4) AND #0 <= :0",
            ExpressionAttributeNames={
                "#0": "last_ping",
                "#1": "arrival_id",
                "#2": "n_pings",
                "#3": "status",
                "#4": "last_start",
            },
            ExpressionAttributeValues={
                ":0": {"N": "1772438460000000"},
                ":1": {"S": "5d4c4b2e-0000-4000-8000-000000000002"},
                ":2": {"N": "1"},
                ":3": {"S": "up"},
            },
            ReturnValues="ALL_NEW",
        )
        client.put_item(
            TableName="wakeful-pings",
            Item=row,
            ConditionExpression="attribute_not_exists(n) OR n < :n",
            ExpressionAttributeValues={":n": {"N": "4711"}},
        )

    return call


def pings() -> Callable[[], None]:
    """Return a function that sends one ping through the Lambda entry point."""
    from app import app

    stub(aws.client("dynamodb", "us-east-1", None))

    def call() -> None:
        reply = app(EVENT, None)
        if reply["body"] != "OK":
            raise RuntimeError(f"the ping was answered {reply}")

    return call


def microseconds(call: Callable[[], None]) -> float:
    """Return the CPU time of one call in a round of many."""
    begun = process_time()
    for _ in range(CALLS):
        call()
    return (process_time() - begun) / CALLS * 1e6


def measure() -> dict[str, float]:
    """Return both costs in microseconds and their ratio: rounds in turn, the median of the pairs."""
    with using(Toolbox(Settings(region="us-east-1"))):
        ours, bare = pings(), bare_calls(bare_client())
        ours(), bare()
        pairs = [(microseconds(ours), microseconds(bare)) for _ in range(ROUNDS)]
    aws.client.cache_clear()  # the next part wants a client that is not stubbed
    aws.session.cache_clear()
    return {
        "steady_ping_us": round(median(pair[0] for pair in pairs), 1),
        "two_bare_calls_us": round(median(pair[1] for pair in pairs), 1),
        "steady_ping_ratio": round(median(mine / theirs for mine, theirs in pairs), 3),
    }
