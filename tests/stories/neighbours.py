"""Who stands around the house in our stories: jobs that ping, receivers on loopback, readers of mail."""

import json
import re
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import boto3
from botocore.client import BaseClient

from chalicelib.core.monitors import Monitor
from chalicelib.core.signals import Ping
from chalicelib.core.steps import Flip
from chalicelib.local.emulation import subscribe
from chalicelib.local.house import House
from chalicelib.local.pump import Line

ACCOUNT = "123456789012"  # moto's
PATIENCE = 10.0  # real seconds; only a test that fails waits for them


@dataclass(frozen=True)
class Heard:
    """One request as a receiver got it, and when by the house's clock."""

    at: datetime
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def story(self) -> dict[str, Any]:
        """The document that it carried."""
        return json.loads(self.body)

    @property
    def delivery(self) -> str:
        """What tells repetitions from news."""
        return self.headers["X-Wakeful-Delivery"]


@dataclass(frozen=True)
class Told:
    """What a receiver answers: a status and headers, after its *gate*, if it has one, was opened."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    gate: Event | None = None


class Receiver:
    """Somebody's webhook: it keeps what it hears and answers as it is told."""

    def __init__(self, url: str, clock: Callable[[], datetime]) -> None:
        self.url = url
        self.clock = clock
        self.heard: list[Heard] = []
        self.usual = Told()
        self.next: deque[Told] = deque()  # answers that come before the usual one
        self.arrived = Event()  # somebody stands at a gate

    def answers(self, status: int, **headers: str) -> None:
        """Answer with *status* from now on; header names are given with underscores."""
        self.usual = Told(status, _named(headers))

    def answers_once(self, status: int, **headers: str) -> None:
        """Answer the next request with *status*."""
        self.next.append(Told(status, _named(headers)))

    def hangs_once(self, status: int = 200) -> Event:
        """Keep the next request waiting until the event that is returned is set."""
        gate = Event()
        self.next.append(Told(status, gate=gate))
        return gate

    def at(self, path: str) -> list[Heard]:
        """Return what was heard at *path*."""
        return [heard for heard in self.heard if heard.path == path]

    def reasons(self, path: str = "/") -> list[str]:
        """Return why this receiver was called, in the order of arrival."""
        return [heard.story["reason"] for heard in self.at(path)]

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        """Keep one request and answer it."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        told = self.next.popleft() if self.next else self.usual
        self.heard.append(
            Heard(self.clock(), handler.command, handler.path, dict(handler.headers.items()), body)
        )
        if told.gate:
            self.arrived.set()
            told.gate.wait(PATIENCE)
        with suppress(OSError):
            handler.send_response(told.status)
            for name, value in {"Content-Length": "0", **told.headers}.items():
                handler.send_header(name, value)
            handler.end_headers()


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@contextmanager
def receiving(clock: Callable[[], datetime]) -> Iterator[Receiver]:
    """Run a Receiver on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.take(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        receiver = Receiver(f"http://127.0.0.1:{server.server_port}", clock)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield receiver
        finally:
            server.shutdown()


@dataclass(frozen=True)
class Check:
    """A heartbeat in the house, as its owner and its job see it."""

    house: House
    check_id: str

    def ping(self, action: str = "", body: bytes = b"", agent: str = "") -> int:
        """Signal as a job does; return the status of the answer."""
        road = f"/ping/{self.check_id}" + (f"/{action}" if action else "")
        return self.house.ask("POST" if body else "GET", road, body, user_agent=agent).status

    def ask(self, method: str = "GET", verb: str = "", **wish: object) -> Any:
        """Return what the Management API answers; *verb* is pause or resume."""
        road = f"/api/v3/checks/{self.check_id}" + (f"/{verb}" if verb else "")
        return _asked(self.house, method, road, wish)

    @property
    def shown(self) -> dict[str, Any]:
        """The check as the API shows it."""
        return self.ask().json()

    @property
    def status(self) -> str:
        """The status that people see."""
        return self.shown["status"]

    @property
    def monitor(self) -> Monitor:
        """What is stored of it."""
        return self.house.tools.monitors.load(self.check_id, fresh=True)

    @property
    def flips(self) -> list[Flip]:
        """Its history, the oldest change first."""
        end = self.house.clock() + timedelta(days=1)
        return self.house.tools.flips.between(self.check_id, end - timedelta(days=120), end)[::-1]

    @property
    def turns(self) -> list[str]:
        """Its history in words."""
        return [f"{flip.old} to {flip.new} by {flip.cause}" for flip in self.flips]

    @property
    def log(self) -> list[Ping]:
        """Its pings with their bodies, the oldest first."""
        pings = self.house.tools.pings
        newest = pings.latest(self.check_id, self.monitor.state.n_pings, 1000)
        return [pings.find(self.check_id, ping.n) for ping in newest[::-1]]


def new_check(house: House, **wish: object) -> Check:
    """Create a check that is due every minute, with a minute of grace, and told to every channel."""
    wish = {"timeout": 60, "grace": 60, "channels": "*", **wish}
    return Check(house, _asked(house, "POST", "/api/v3/checks", wish).json()["uuid"])


def new_channel(house: House, kind: str, **config: object) -> str:
    """Create a channel; return its id."""
    body = json.dumps({"type": kind, "name": f"Our {kind}", "config": config}).encode()
    return speak(house, "POST", "/v1/channels", body).json()["id"]


def speak(house: House, method: str, road: str, body: bytes = b"") -> Any:
    """Return what the project's own API answers to Alice."""
    return house.ask(method, road, body, authorization=f"Bearer {house.foundation.api_key}")


def deliveries(house: House, channel_id: str) -> list[dict[str, Any]]:
    """Return a channel's log, the newest message first, as the API shows it."""
    return speak(house, "GET", f"/v1/channels/{channel_id}/deliveries").json()["deliveries"]


def fates(house: House, channel_id: str) -> list[str]:
    """Return what was to be told and how it fared, the oldest first."""
    return [f"{line['event']} {line['status']}" for line in deliveries(house, channel_id)[::-1]]


def _asked(house: House, method: str, road: str, wish: dict[str, object]) -> Any:
    body = json.dumps(wish).encode() if wish else b""
    return house.ask(method, road, body, x_api_key=house.foundation.api_key)


@dataclass(frozen=True)
class Mail:
    """An e-mail that left."""

    to: str
    subject: str
    body: str

    @property
    def delivery(self) -> str:
        """What tells repetitions from news."""
        return re.search(r"Delivery (\S+)\.", self.body)[1]


def mails(house: House, to: str = "alice@example.org") -> list[Mail]:
    """Return the e-mails that left to *to*, in their order."""
    everything = [
        Mail(mail.destinations["ToAddresses"][0], mail.subject, mail.body) for mail in _sent_mails(house)
    ]
    return [mail for mail in everything if mail.to == to]


def forget_mails(house: House) -> None:
    """Let no e-mail have left."""
    _sent_mails(house).clear()


def _sent_mails(house: House) -> list[Any]:
    from moto.ses.models import ses_backends

    return ses_backends[ACCOUNT][house.tools.settings.region].sent_messages


class Queue:
    """A queue of moto's, seen from inside."""

    def __init__(self, name: str, region: str = "us-east-1") -> None:
        from moto.sqs.models import sqs_backends

        self.queue = sqs_backends[ACCOUNT][region].queues[name]

    @property
    def bodies(self) -> list[str]:
        """All messages in it, those that wait included."""
        return [message.body for message in self.queue._messages]

    @property
    def delays(self) -> list[float]:
        """For how many seconds each message waits, or waited, from when it was sent."""
        return [(message.delayed_until - message.sent_timestamp) / 1000 for message in self.queue._messages]

    def holds_something_visible(self) -> bool:
        """Whether somebody who asks now is given something."""
        return any(message.visible and not message.delayed for message in self.queue._messages)


@contextmanager
def calls_through(
    between: Callable[[BaseClient, str, dict[str, Any], Callable[[], Any]], Any],
) -> Iterator[None]:
    """Hand every AWS call to *between*: the client, the operation, its arguments, and what makes the call."""
    make_api_call = BaseClient._make_api_call

    def handed(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        return between(client, operation, arguments, lambda: make_api_call(client, operation, arguments))

    BaseClient._make_api_call = handed
    try:
        yield
    finally:
        BaseClient._make_api_call = make_api_call


@contextmanager
def empty_queues_answer_at_once() -> Iterator[None]:
    """Answer those who poll an empty queue without a walk through moto: most of a quiet day is that."""

    def answer(client: BaseClient, operation: str, arguments: dict[str, Any], make: Callable[[], Any]) -> Any:
        if operation == "ReceiveMessage":
            name = arguments["QueueUrl"].rpartition("/")[2]
            if not Queue(name, client.meta.region_name).holds_something_visible():
                return {}
        return make()

    with calls_through(answer):
        yield


def operators_inbox(house: House) -> Queue:
    """Subscribe to what operators are told."""
    topic = house.tools.settings.operators_topic_arn
    subscribe(house.tools.settings, topic)
    return Queue(f"{topic.rpartition(':')[2]}-subscription")


def table_of(house: House, short: str) -> Any:
    """Return one of the house's tables as moto keeps it."""
    from moto.dynamodb.models import dynamodb_backends

    settings = house.tools.settings
    return dynamodb_backends[ACCOUNT][settings.region].tables[f"{settings.prefix}-{short}"]


def queue_of(house: House, short: str) -> Queue:
    """Return one of the house's queues."""
    return Queue(f"{house.tools.settings.prefix}-{short}")


def post(house: House, url: str, body: str) -> None:
    """Put a message into a queue, as a repetition by AWS would come."""
    settings = house.tools.settings
    sqs = boto3.client("sqs", region_name=settings.region, endpoint_url=settings.endpoint_url)
    sqs.send_message(QueueUrl=url, MessageBody=body)


def line_of(house: House, name: str) -> Line:
    """Return the line whose handler is called *name*."""
    return next(line for line in house.pump.lines if line.name == name)


def wrap_handlers(house: House, wrap: Callable[[str, Callable[..., Any]], Callable[..., Any]]) -> None:
    """Let every handler that AWS calls go through *wrap*, which is given its name and the handler."""
    house.pump.lines = [replace(line, handler=wrap(line.name, line.handler)) for line in house.pump.lines]
    house.pump.schedules = [wrap("tick", handler) for handler in house.pump.schedules]
