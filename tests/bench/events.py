"""What AWS hands over to a Lambda: requests, batches of queues, messages of topics."""

import json
from base64 import b64encode
from typing import Any

from chalicelib.local.front import Front
from chalicelib.local.pump import Line, queue_event
from chalicelib.messages import Message, Parcel

Event = dict[str, Any]
LINE = Line("bench", "us-east-1", "arn:aws:sqs:us-east-1:000000000000:bench", lambda *_: None, 10)


def queued(*messages: Message | Parcel) -> Event:
    """Return *messages* as SQS hands them to a Lambda, in one batch."""
    records = [
        {"MessageId": f"m-{n}", "ReceiptHandle": "r", "Body": message.to_json()}
        for n, message in enumerate(messages)
    ]
    return queue_event(LINE, records)


def published(text: str) -> Event:
    """Return a message of a topic as SNS hands it to a Lambda."""
    told = {"Type": "Notification", "Subject": None, "Message": text, "MessageAttributes": {}}
    return {"Records": [{"EventSource": "aws:sns", "Sns": told}]}


def called(method: str, path: str, body: bytes = b"") -> Event:
    """Return a request as a function URL hands it over."""
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "0123456789abcdef.lambda-url.us-east-1.on.aws", "x-forwarded-proto": "https"},
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": "192.0.2.1"},
            "requestId": "bench",
        },
        "body": b64encode(body).decode(),
        "isBase64Encoded": bool(body),
    }


class Desk:
    """Takes what API Gateway hands over, in place of the app that knows the *routes*."""

    def __init__(self, routes: Event) -> None:
        self.routes = routes
        self.events: list[Event] = []

    def __call__(self, event: Event, _: object) -> Event:
        """Keep *event*."""
        self.events.append(event)
        return {"statusCode": 200}


def asked(key: str, method: str, target: str, document: Event | None = None) -> Event:
    """Return a request with an API key as API Gateway hands it over."""
    from app import app

    desk = Desk(app.routes)
    headers = {"Host": "wakeful.test", "X-Api-Key": key}
    Front(desk).ask(method, target, headers, json.dumps(document).encode() if document else b"")
    return desk.events[0]
