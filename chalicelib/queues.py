"""The tube post: what our Lambdas tell each other travels over SQS and SNS."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import aws
from chalicelib.core.errors import Unavailable
from chalicelib.messages import (
    Chore,
    DeliveryNotice,
    FlipNotice,
    Message,
    ProbeBundle,
    ResultBundle,
    ScanTick,
    SurveyOrder,
    SurveyResult,
    SurveyTick,
    Timer,
    Wake,
    WheelTick,
    from_text,
    packed,
    to_text,
)
from chalicelib.settings import Settings

log = logging.getLogger(__name__)

BATCH = 10  # the most that SQS takes at once
BATCH_BYTES = 250_000  # and how much; a single message never comes near
LONGEST_DELAY = 900  # seconds; longer waits hop
SECOND = timedelta(seconds=1)
A_SURVEY = SECOND / 2  # between the starts of two
ALMOST_A_SECOND = SECOND - timedelta(microseconds=1)  # for what must not come early


class Queues:
    """The queues and topics of one deployment."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def scan(self, ticks: Iterable[ScanTick | WheelTick | SurveyTick]) -> None:
        """Have shards, slots of the wheel, or what is due to be surveyed looked at."""
        self._send(self._settings.scans_queue_url, [(tick, 0) for tick in ticks])

    def probe(self, bundles: Iterable[ProbeBundle], now: datetime) -> None:
        """Have targets probed, each bundle in its region, in the second before it starts.

        A region that does not answer does not silence the others; raises Unavailable where none does.
        """
        by_region: dict[str, list[tuple[Message, int]]] = {}
        for bundle in bundles:
            by_region.setdefault(bundle.region, []).append((bundle, delay(bundle.starts - now)))
        silent = [region for region, messages in by_region.items() if not self._try_region(region, messages)]
        if silent and len(silent) == len(by_region):
            raise Unavailable("no region takes probes")

    def _try_region(self, region: str, messages: list[tuple[Message, int]]) -> bool:
        try:
            self._send(self._settings.probes_queue_in(region), messages, region)
        except Unavailable as silence:
            log.warning("%d bundles did not arrive: %s", len(messages), silence, extra={"region": region})
            return False
        return True

    def survey(self, orders: Iterable[SurveyOrder]) -> None:
        """Have hosts surveyed, from home, and few at a time: registries refuse whoever asks too much."""
        spread = [(order, delay(number * A_SURVEY)) for number, order in enumerate(orders)]
        self._send(self._settings.probes_queue_url, spread)

    def results(self, bundle: ResultBundle | SurveyResult) -> None:
        """Have answers judged, or a survey taken note of."""
        self._send(self._settings.results_queue_url, [(bundle, 0)])

    def wake(self, wakes: Iterable[Wake | Timer], now: datetime) -> None:
        """Have monitors or incidents looked at, each in the second before its moment, never later."""
        self._send(
            self._settings.wakes_queue_url,
            [(wake, delay(from_text(wake.look_at) - now)) for wake in wakes],
        )

    def deliver(self, notices: Iterable[DeliveryNotice]) -> None:
        """Have messages sent."""
        self._send(self._settings.deliveries_queue_url, [(notice, 0) for notice in notices])

    def retry_later(self, notice: DeliveryNotice, at: datetime, now: datetime) -> None:
        """Have a message sent at *at*; SQS waits 15 minutes at most, so that longer waits come back early."""
        later = replace(notice, not_before=to_text(at))
        self._send(self._settings.deliveries_queue_url, [(later, delay(at - now + ALMOST_A_SECOND))])

    def flip(self, notice: FlipNotice) -> None:
        """Have a flip announced."""
        self._publish(self._settings.flips_topic_arn, notice.to_json())

    def purge(self, chore: Chore) -> None:
        """Have the remains of a monitor or of a project deleted."""
        self._publish(self._settings.chores_topic_arn, chore.to_json())

    def tell_operators(self, subject: str, text: str) -> None:
        """Tell the people who run this deployment something about the deployment itself."""
        self._publish(self._settings.operators_topic_arn, text, Subject=subject[:99])

    def _send(self, url: str, messages: Iterable[tuple[Message, int]], region: str = "") -> None:
        for entries in _batches(messages):
            with _answering("queue"):
                reply = self._client("sqs", region).send_message_batch(QueueUrl=url, Entries=entries)
            if reply.get("Failed"):
                raise Unavailable(f"the queue refused {len(reply['Failed'])} messages")

    def _publish(self, topic: str, text: str, **more: str) -> None:
        with _answering("topic"):
            self._client("sns").publish(TopicArn=topic, Message=text, **more)

    def _client(self, service: str, region: str = "") -> Any:
        return aws.client(service, region or self._settings.region, self._settings.endpoint_url)


def _batches(messages: Iterable[tuple[Message, int]]) -> Iterator[list[dict[str, Any]]]:
    """Yield the entries of as few batches as SQS allows, by number and by size."""
    bodies = ((message.to_json(), wait) for message, wait in messages)
    for batch in packed(bodies, lambda sent: len(sent[0].encode()), BATCH, BATCH_BYTES):
        yield [
            {"Id": str(number), "MessageBody": body, "DelaySeconds": wait}
            for number, (body, wait) in enumerate(batch)
        ]


@contextmanager
def _answering(name: str) -> Iterator[None]:
    """Translate the failure of an AWS service into Unavailable."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise Unavailable(f"the {name} does not answer") from error


def delay(wait: timedelta) -> int:
    """Return the whole seconds of *wait*, as far as SQS delays."""
    return min(max(wait // SECOND, 0), LONGEST_DELAY)
