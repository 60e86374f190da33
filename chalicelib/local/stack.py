"""The whole stack in real time: an AWS, the API on a port, the schedule, the queues and their handlers."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import parse_qs

from chalice import Chalice
from chalice.app import Request

from chalicelib.local.conveyor import Conveyor
from chalicelib.local.emulation import build, emulated_aws
from chalicelib.local.front import Front, PingFront, Reply
from chalicelib.local.inbox import LARGEST, Inbox
from chalicelib.local.outbox import Outbox
from chalicelib.local.pump import Pump
from chalicelib.local.server import Server
from chalicelib.local.wire import Head
from chalicelib.services.tenancy import Foundation, found
from chalicelib.settings import Settings
from chalicelib.toolbox import Toolbox, using

OURS = "/local"  # what the stack says of itself
HELP = """\
Wakeful, the local stack.

/ping/...        the pinging API: no key
/api/v3/...      the Management API of Healthchecks: X-Api-Key
/v1/...          the API of Haspulse: Authorization: Bearer
/api/v1/...      the API of Hooklistener: Authorization: Bearer
/local/outbox    the e-mails that would have left, newest first, as JSON
/local/inbox     POST a mail with ?to=ADDRESS, as SES would receive it: a ping

Keys and addresses: .local/ready.json. Everything else: README.md.
"""
TEXT = {"Content-Type": "text/plain; charset=utf-8"}
JSON = {"Content-Type": "application/json"}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stack:
    """What runs, and what opens it."""

    base_url: str
    foundation: Foundation
    remembers: bool  # what it knows may outlive it


@contextmanager
def running(settings: Settings, port: int, say: Callable[[str], None] = lambda _: None) -> Iterator[Stack]:
    """Run the stack on *port* (0 takes a free one) while the block runs; raises OSError where it is taken."""
    with ExitStack() as stack:
        server = stack.enter_context(Server(port))
        if settings.endpoint_url:
            say(f"Using the AWS at {settings.endpoint_url} ...")
        else:
            say("Starting an AWS in memory ...")
            stack.enter_context(emulated_aws())
        say(f"Creating the tables, queues and topics; probing from {', '.join(settings.probe_regions)} ...")
        wired = build(settings)
        if settings.ping_url:
            pings = stack.enter_context(Server(0))
            wired = replace(wired, ping_url=f"http://{pings.host}")
        from app import app  # no sooner: its import takes a while, and a taken port is told at once

        tools = stack.enter_context(using(Toolbox(wired)))
        foundation = found(tools, "My project", tools.clock())
        outbox = Outbox(tools.clock)
        stack.enter_context(outbox.listening(wired))
        stack.enter_context(one_request_a_thread(app))
        stack.enter_context(
            server.serving(Door(Front(app), server.host, Reception(outbox, Inbox(wired)).answer))
        )
        if settings.ping_url:
            say(f"Taking pings at {wired.ping_url}, too ...")
            stack.enter_context(pings.serving(Door(PingFront(), pings.host)))
        say("Starting the schedule and the handlers of the queues ...")
        stack.enter_context(Conveyor(Pump(app, wired), wired).running())
        yield Stack(f"http://{server.host}", foundation, remembers=bool(settings.endpoint_url))


Own = Callable[[Head, bytes], Reply | None]  # answers what no front is asked for


def nothing(_head: Head, _body: bytes) -> None:
    """Have no answer of one's own."""


class Door:
    """Hands every request to a front of AWS, but what is answered by an *own* desk before."""

    def __init__(self, front: Front | PingFront, host: str, own: Own = nothing) -> None:
        self._front = front
        self._host = host
        self._own = own

    def answer(self, head: Head, body: bytes, source_ip: str) -> Reply:
        """Return the answer to a request; a fault that even Chalice lets through is the front's own 502."""
        log.info("%s %s", head.method, head.target)
        try:
            # The first counts least: it is for old clients, which name no host.
            headers = (("Host", self._host), *head.headers)
            return self._own(head, body) or self._front.ask(
                head.method, head.target, headers, body, source_ip
            )
        except Exception:
            log.exception("%s %s broke", head.method, head.target)
            return self._front.refuse("DEFAULT_5XX", HTTPStatus.BAD_GATEWAY)

    def refuse(self, status: int, sentence: str) -> Reply:
        """Return the answer to what is no request."""
        kind = "REQUEST_TOO_LARGE" if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else "DEFAULT_4XX"
        return self._front.refuse(kind, status, sentence)


class Reception:
    """Answers what is asked of the stack itself."""

    def __init__(self, outbox: Outbox, inbox: Inbox) -> None:
        self._outbox = outbox
        self._inbox = inbox

    def answer(self, head: Head, body: bytes) -> Reply | None:
        """Return the answer to a request, or nothing where it is not about the stack."""
        if not head.target.startswith(OURS):
            return None
        path, _, query = head.target.partition("?")
        path = path.rstrip("/")
        if head.method == "POST" and path == f"{OURS}/inbox":
            return self._take_mail(parse_qs(query).get("to", []), body)
        if head.method not in ("GET", "HEAD"):
            return None
        if path == OURS:
            return Reply(HTTPStatus.OK, TEXT, HELP.encode())
        if path == f"{OURS}/outbox":
            shown = json.dumps({"messages": self._outbox.messages()}, indent=1, ensure_ascii=False)
            return Reply(HTTPStatus.OK, JSON, shown.encode())
        return None

    def _take_mail(self, recipients: list[str], raw: bytes) -> Reply:
        if not self._inbox.is_open:
            return Reply(HTTPStatus.NOT_FOUND, TEXT, b"MAIL_DOMAIN is empty: no check has an address\n")
        if not recipients:
            return Reply(HTTPStatus.BAD_REQUEST, TEXT, b"for whom? /local/inbox?to=ADDRESS\n")
        if len(raw) > LARGEST:
            return Reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TEXT, b"SES takes mails of up to 150 kB\n")
        self._inbox.take(recipients, raw)
        return Reply(HTTPStatus.ACCEPTED, TEXT, b"taken\n")


class _Threaded(Chalice):
    """A Chalice that may serve several requests at a time, each in a thread of its own; Lambda never does."""

    _here = threading.local()

    @property
    def current_request(self) -> Request | None:
        """The request of this thread."""
        return getattr(self._here, "request", None)

    @current_request.setter
    def current_request(self, request: Request | None) -> None:
        self._here.request = request


@contextmanager
def one_request_a_thread(app: Chalice) -> Iterator[None]:
    """Let every thread see its own `current_request` while the block runs."""
    kind = type(app)
    app.__class__ = _Threaded
    try:
        yield
    finally:
        app.__class__ = kind
