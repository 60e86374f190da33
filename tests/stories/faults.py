"""AWS on a bad day: any one call of ours can fail, before or after it took effect, or kill its caller."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from threading import Barrier, BrokenBarrierError
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from chalicelib.local.front import Reply
from chalicelib.local.house import House
from tests.stories.neighbours import ACCOUNT, Check, calls_through, wrap_handlers

AWS = "https://aws.test"
READS = ("GetItem", "BatchGetItem", "Query")
THE_POLLERS_OWN = ("ReceiveMessage", "DeleteMessage")  # Lambda's, not ours


class Died(BaseException):
    """The process is no more: nothing in it catches this."""


@dataclass(frozen=True)
class Call:
    """One AWS call; *room* is the handler that made it, or "api"."""

    number: int
    room: str
    service: str
    operation: str
    arguments: Mapping[str, Any] = field(repr=False)

    @property
    def may_be_stale(self) -> bool:
        """Whether it reads what may be a moment old."""
        return self.operation in READS and not self.arguments.get("ConsistentRead")

    @property
    def writes(self) -> bool:
        """Whether it changes anything."""
        return self.operation not in READS

    def __str__(self) -> str:
        target = self.arguments.get("TableName") or self.arguments.get("QueueUrl", "").rpartition("/")[2]
        target = target or self.arguments.get("TopicArn", "").rpartition(":")[2]
        return f"{self.number}: {self.room} {self.operation} {target}".rstrip()


Make = Callable[[], Any]


@dataclass(frozen=True)
class Fault:
    """A way to fail; *acts* tells whether the call takes effect nevertheless."""

    name: str
    acts: bool
    befall: Callable[[Make], Any]

    def __str__(self) -> str:
        return self.name


def _act(make: Make) -> None:
    with suppress(ClientError):  # what AWS refused, it answered; and that answer gets lost
        make()


def _unreachable(_: Make) -> Any:
    raise EndpointConnectionError(endpoint_url=AWS)


def _unanswered(make: Make) -> Any:
    _act(make)
    raise ReadTimeoutError(endpoint_url=AWS)


def _refused(_: Make) -> Any:
    error = {"Code": "InternalServerError", "Message": "Internal server error"}
    raise ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": 500}}, "AnyCall")


def _refused_late(make: Make) -> Any:
    _act(make)
    return _refused(make)


def _repeated(make: Make) -> Any:
    # botocore asks again by itself when an answer is lost: we see the second answer alone.
    _act(make)
    return make()


def _dead(_: Make) -> Any:
    raise Died


def _dead_after(make: Make) -> Any:
    _act(make)
    raise Died


def past(tables: dict[str, Any]) -> Fault:
    """Return what befalls an eventually consistent read: it is answered from *tables* as they once were."""
    from moto.dynamodb.models import dynamodb_backends

    def befall(make: Make) -> Any:
        backend = dynamodb_backends[ACCOUNT]["us-east-1"]
        backend.tables, present = tables, backend.tables
        try:
            return make()
        finally:
            backend.tables = present

    return Fault("stale", True, befall)


def tables_now() -> dict[str, Any]:
    """Return a copy of all tables, for `past`."""
    from moto.dynamodb.models import dynamodb_backends

    return deepcopy(dynamodb_backends[ACCOUNT]["us-east-1"].tables)


UNREACHABLE = Fault("unreachable", False, _unreachable)
UNANSWERED = Fault("unanswered", True, _unanswered)
REFUSED = Fault("refused", False, _refused)
REFUSED_LATE = Fault("refused-late", True, _refused_late)
REPEATED = Fault("repeated", True, _repeated)
DEAD = Fault("dead", False, _dead)
DEAD_AFTER = Fault("dead-after", True, _dead_after)
FAULTS = (UNREACHABLE, UNANSWERED, REFUSED, REFUSED_LATE, REPEATED, DEAD, DEAD_AFTER)


class Wire:
    """All that our rooms ask of AWS goes over it; it keeps what was asked and spoils one call."""

    def __init__(self) -> None:
        self.room = ""
        self.calls: list[Call] = []
        self.spoiled: Call | None = None
        self._fault: Fault | None = None
        self._which: Callable[[Call], bool] = lambda _: False

    def spoil(self, fault: Fault, which: Callable[[Call], bool]) -> None:
        """Let *fault* befall the first call that *which* picks."""
        self._fault, self._which = fault, which

    def carry(self, call: Call, make: Make) -> Any:
        """Make the call, or let it fail."""
        self.calls.append(call)
        if self._fault is None or self.spoiled or not self._which(call):
            return make()
        self.spoiled = call
        return self._fault.befall(make)

    @contextmanager
    def enter(self, room: str) -> Iterator[None]:
        """Let what is asked inside the block be asked by *room*."""
        before, self.room = self.room, room
        try:
            yield
        finally:
            self.room = before


@dataclass(frozen=True)
class Door:
    """The front door, with an ear on it; a process that dies behind it is API Gateway's 502."""

    front: Any
    wire: Wire

    def ask(self, *args: Any, **more: Any) -> Reply:
        """Return what the app answers."""
        try:
            with self.wire.enter("api"):
                return self.front.ask(*args, **more)
        except Died:
            return Reply(502)


@contextmanager
def on_the_wire(house: House) -> Iterator[Wire]:
    """Let every AWS call of the house's rooms go over the wire that is yielded."""
    wire = Wire()
    before = house.front, house.pump.lines, house.pump.schedules
    wrap_handlers(house, lambda name, handler: _mortal(wire, name, handler))
    house.front = Door(house.front, wire)

    def carry(client: BaseClient, operation: str, arguments: dict[str, Any], make: Make) -> Any:
        if not wire.room or operation in THE_POLLERS_OWN:
            return make()
        service = client.meta.service_model.service_name
        return wire.carry(Call(len(wire.calls), wire.room, service, operation, arguments), make)

    with calls_through(carry):
        yield wire
    house.front, house.pump.lines, house.pump.schedules = before


def _mortal(wire: Wire, name: str, handler: Callable[..., Any]) -> Callable[..., Any]:
    """Return *handler* as AWS sees it: whatever kills it is a failed invocation."""

    def live(event: Any, context: Any) -> Any:
        try:
            with wire.enter(name):
                return handler(event, context)
        except Died as died:
            raise RuntimeError("the process died") from died

    def live_on(event: Any, context: Any) -> None:
        with suppress(Exception):  # a tick that failed is followed by another
            live(event, context)

    return live_on if name == "tick" else live


@contextmanager
def meeting(parties: int, which: Callable[[str, Mapping[str, Any]], bool]) -> Iterator[None]:
    """Let the calls that *which* picks by operation and arguments wait until *parties* threads make one."""
    barrier = Barrier(parties)

    def carry(_: BaseClient, operation: str, arguments: dict[str, Any], make: Make) -> Any:
        if which(operation, arguments):
            with suppress(BrokenBarrierError):  # the others do not come: then this one need not wait
                barrier.wait(0.5)
        return make()

    with calls_through(carry):
        yield


def signal(check: Check, action: str, name: str) -> dict[str, int]:
    """Signal as `curl --retry` does, until it is not answered by 5xx; return the answer to each agent."""
    answers: dict[str, int] = {}
    for number in range(5):
        answer = check.ping(action, b"disk full" if action == "fail" else b"", f"{name} {number}")
        answers[f"{name} {number}"] = answer
        if answer < 500:
            break
    return answers
