"""A deployment on the engine that meters, and what each thing that happens in it costs.

Everything enters where Lambda lets it in: `app(event, None)`, or a worker's handler. Units are those that
MiniStack meters, and they agree with the documentation: an item in a transaction costs two units a kilobyte,
its index entries one. What MiniStack leaves out is a write whose condition fails: DynamoDB charges it like
one that succeeds, a unit for each item here; it is told apart as `refused`.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chalice import Chalice

from chalicelib.local.front import Front
from chalicelib.services.tenancy import Foundation
from chalicelib.toolbox import Toolbox
from tests.emulators import Wire

MORNING = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
READS = {"GetItem", "BatchGetItem", "Query", "Scan"}
PERIOD = GRACE = 3600  # seconds
LEAST = 0.5  # units: a Query that finds nothing is free on MiniStack, not on DynamoDB


@dataclass(frozen=True)
class Bill:
    """What something cost."""

    calls: list[str]
    read: float = 0
    write: float = 0
    index: float = 0  # write units of index entries
    refused: int = 0  # conditional writes that failed: a unit each

    def __add__(self, other: "Bill") -> "Bill":
        """Return what both cost together."""
        return Bill(
            self.calls + other.calls,
            self.read + other.read,
            self.write + other.write,
            self.index + other.index,
            self.refused + other.refused,
        )


@dataclass
class Deployment:
    """A deployment with one monitor, a clock moved by hand, and an ear on its database."""

    app: Chalice
    tools: Toolbox
    foundation: Foundation
    wire: Wire
    now: datetime = MORNING
    job: str = ""

    def ask(self, method, path, body=b"", **more):
        """Ask the front door, a second later; the answer must be a good one."""
        self.now += timedelta(seconds=1)
        headers = {"host": "wakeful.test", "x-api-key": self.foundation.api_key} | more
        reply = Front(self.app).ask(method, path, headers, body)
        assert reply.status < 300, reply.text
        return reply

    def ping(self, tail="", body=b"", **more):
        """Ping the monitor."""
        self.ask("POST" if body else "GET", f"/ping/{self.job}{tail}", body, **more)

    def create(self, **wish):
        """Create the monitor."""
        wish = {"name": "Nightly backup", "timeout": PERIOD, "grace": GRACE} | wish
        reply = self.ask("POST", "/api/v3/checks/", json.dumps(wish).encode())
        self.job = reply.json()["ping_url"].rpartition("/")[2]

    def work(self, worker, message):
        """Hand a message to the worker that AWS would call for it."""
        record = {"messageId": "1", "receiptHandle": "1", "body": message.to_json(), "eventSource": "aws:sqs"}
        assert self.app.handler_map[worker]({"Records": [record]}, None) == {"batchItemFailures": []}

    def state(self):
        """Return the monitor's state."""
        return self.tools.monitors.load(self.job, fresh=True).state

    def bill(self, act):
        """Return what *act* costs."""
        self.wire.calls.clear()
        act()
        calls = list(self.wire.calls)
        assert {call.code for call in calls} <= {"", "ConditionalCheckFailedException"}
        return Bill(
            [call.operation for call in calls],
            read=sum(max(call.units, LEAST) for call in calls if call.operation in READS),
            write=sum(call.on_tables for call in calls if call.operation not in READS),
            index=sum(call.on_indexes for call in calls if call.operation not in READS),
            refused=sum(bool(call.code) for call in calls),
        )
