"""What AWS does between our Lambdas: it brings messages to the handlers, and keeps those that failed."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chalice import Chalice
from chalice.app import ScheduledEventConfig, SNSEventConfig, SQSEventConfig

from chalicelib.local.emulation import client, has_visible, subscribe
from chalicelib.settings import Settings, queue_name

Handler = Callable[[dict[str, Any], object], Any]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Line:
    """A queue in a region, and the handler at its end; *from_topic* tells that SNS wrapped the messages."""

    name: str
    region: str
    url: str
    handler: Handler
    batch_size: int
    from_topic: bool = False


def lines_of(app: Chalice, settings: Settings, clients: Mapping[str, Any]) -> list[Line]:
    """Return every queue and topic that *app* declares a handler for; *clients* are of SQS, by region."""
    sns = client("sns", settings.region, settings.endpoint_url)
    arns = [topic["TopicArn"] for topic in sns.list_topics()["Topics"]]
    lines = []
    for source in app.event_sources:
        handler = app.handler_map[source.name]
        if isinstance(source, SQSEventConfig):
            is_everywhere = source.queue == queue_name("probes")
            regions = settings.probe_regions if is_everywhere else (settings.region,)
            for region in regions:
                url = clients[region].get_queue_url(QueueName=source.queue)["QueueUrl"]
                lines.append(Line(source.name, region, url, handler, source.batch_size))
        if isinstance(source, SNSEventConfig):
            arn = next(arn for arn in arns if arn.endswith(f":{source.topic}"))
            url = subscribe(settings, arn)
            lines.append(Line(source.name, settings.region, url, handler, 1, from_topic=True))
    return lines


def schedules_of(app: Chalice) -> Iterator[Handler]:
    """Yield every handler that *app* declares a schedule for."""
    for source in app.event_sources:
        if isinstance(source, ScheduledEventConfig):
            yield app.handler_map[source.name]


class Pump:
    """Brings what lies in the queues to the handlers that Lambda would run."""

    def __init__(self, app: Chalice, settings: Settings) -> None:
        self._is_here = not settings.endpoint_url
        self._sqs = {
            region: client("sqs", region, settings.endpoint_url)
            for region in {settings.region, *settings.probe_regions}
        }
        self.lines = lines_of(app, settings, self._sqs)
        self.schedules = list(schedules_of(app))

    def tick(self) -> None:
        """Let the schedule fire."""
        for handler in self.schedules:
            handler(SCHEDULED, None)

    def drain(self) -> int:
        """Work until no queue holds a visible message; return how many were brought."""
        brought = 0
        while moved := sum(self.bring(line) for line in self.lines if self._is_worth_asking(line)):
            brought += moved
        return brought

    def bring(self, line: Line, patience: int = 0) -> int:
        """Bring one batch of a line to its handler; return its size. What failed stays, for later.

        An empty queue is waited at for *patience* seconds.
        """
        sqs = self._sqs[line.region]
        reply = sqs.receive_message(
            QueueUrl=line.url,
            MaxNumberOfMessages=min(10, line.batch_size),
            AttributeNames=["All"],
            WaitTimeSeconds=patience,
        )
        messages = reply.get("Messages", [])
        if not messages:
            return 0
        failed = self._call(line, messages)
        for message in messages:
            if message["MessageId"] not in failed:
                sqs.delete_message(QueueUrl=line.url, ReceiptHandle=message["ReceiptHandle"])
        return len(messages)

    def _is_worth_asking(self, line: Line) -> bool:
        return not self._is_here or has_visible(line.region, line.url)

    def _call(self, line: Line, messages: list[dict[str, Any]]) -> set[str]:
        """Return the ids of the messages that the handler could not work off."""
        event = topic_event(messages[0]) if line.from_topic else queue_event(line, messages)
        try:
            reply = line.handler(event, None)
        except Exception:
            log.exception("the handler %s broke", line.name)
            return {message["MessageId"] for message in messages}
        return {failure["itemIdentifier"] for failure in (reply or {}).get("batchItemFailures", [])}


SCHEDULED = {
    "version": "0",
    "account": "local",
    "region": "local",
    "detail": {},
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "time": "",
    "id": "tick",
    "resources": [],
}


def queue_event(line: Line, messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Return *messages* as SQS hands them to a Lambda."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message.get("Attributes", {}),
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": line.url,
                "awsRegion": line.region,
            }
            for message in messages
        ]
    }


def topic_event(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message of a topic's subscription as SNS hands it to a Lambda."""
    envelope = {"Subject": None, "MessageAttributes": {}, **json.loads(message["Body"])}
    return {"Records": [{"EventSource": "aws:sns", "Sns": envelope}]}
