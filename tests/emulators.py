"""Two AWSs to test against, moto in this process and MiniStack beside it; and an ear on the wire to DynamoDB.

moto accepts what DynamoDB refuses and meters nothing, so every claim about storage is made on both
(spec/limits_and_costs.md §1). What neither shows the wire puts in: throttling, leftovers, lost answers.
"""

import copy
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import urllib3
from moto.core import DEFAULT_ACCOUNT_ID  # moto must be known to botocore before aws.py opens its session
from moto.dynamodb.models import dynamodb_backends

from chalicelib import aws
from chalicelib.core.errors import Refusal
from chalicelib.local.emulation import CREDENTIALS, TEMPLATE, emulated_aws
from chalicelib.settings import Settings

ROOT = Path(__file__).parents[1]
MINISTACK = ROOT / ".ministack" / "bin" / "ministack"
MINISTACK_PYTHON = MINISTACK.with_name("python")
MISSING = f"{MINISTACK} is missing: run `make test`, which builds it (its own venv with ministack==1.5.33)."
PATIENCE = 20  # seconds that MiniStack has to start; it needs less than one
EMPTY_TABLES: dict[str, Any] = {}  # moto's, as they are just after they were created
NOT_AT_CREATION = ("PointInTimeRecoverySpecification", "TimeToLiveSpecification")


@dataclass(frozen=True)
class Engine:
    """An emulated AWS that holds our tables and nothing else."""

    name: str
    settings: Settings

    @property
    def is_strict(self):
        """Whether it meters capacity and knows idempotency tokens, as moto does not."""
        return self.name == "ministack"


class MiniStack:
    """A MiniStack on a free port of loopback, from its start to its stop.

    *program* is run by its own Python instead of it; *more* goes into its environment.
    """

    def __init__(self, folder: Path, program: Path = MINISTACK, **more: str) -> None:
        if not MINISTACK.exists():
            raise FileNotFoundError(MISSING)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._http = urllib3.PoolManager()
        self._log = folder / "ministack.log"
        told = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "LOG_LEVEL": "WARNING", **more}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  a program that `make test` built
                [str(MINISTACK_PYTHON), str(program)],
                cwd=folder,
                env=os.environ | told,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._await(port)

    def _await(self, port: int) -> None:
        """Come back when it answers; raises RuntimeError with its own words where it does not."""
        latest = time.monotonic() + PATIENCE
        while self._process.poll() is None and time.monotonic() < latest:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
            except OSError:
                time.sleep(0.02)
            else:
                self.reset()
                return
        self.stop()
        raise RuntimeError(f"MiniStack did not start:\n{self._log.read_text()}")

    def reset(self) -> None:
        """Forget everything."""
        self._http.request("POST", f"{self.url}/_ministack/reset", retries=False)

    def stop(self) -> None:
        """End the process that we started, by its own id."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def tables() -> list[dict[str, Any]]:
    """Return the properties of every table in the template that deploys."""
    resources = json.loads(TEMPLATE.read_text())["Resources"].values()
    return [made["Properties"] for made in resources if made.get("Type") == "AWS::DynamoDB::Table"]


def create_tables(settings: Settings) -> None:
    """Create the tables straight from the template: a tenth of what a whole stack costs on moto."""
    client = aws.client("dynamodb", settings.region, settings.endpoint_url)
    for properties in tables():
        wanted = {key: value for key, value in properties.items() if key not in NOT_AT_CREATION}
        name = properties["TableName"].replace("wakeful", settings.prefix)
        client.create_table(**wanted | {"TableName": name})


@contextmanager
def on_moto() -> Iterator[Engine]:
    """Hand over our tables on moto. They are created once; later ones are copies, at a quarter of
    the time.
    """
    settings = Settings()
    with emulated_aws():
        backend = dynamodb_backends[DEFAULT_ACCOUNT_ID][settings.region]
        if not EMPTY_TABLES:
            create_tables(settings)
            EMPTY_TABLES.update(copy.deepcopy(backend.tables))
        backend.tables = copy.deepcopy(EMPTY_TABLES)
        yield Engine("moto", settings)


@contextmanager
def credentials() -> Iterator[None]:
    """Let clients sign with names that mean nothing."""
    before = {name: os.environ.get(name) for name in CREDENTIALS}
    os.environ.update(CREDENTIALS)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def on_ministack(stack: MiniStack) -> Iterator[Engine]:
    """Hand over our tables on an empty MiniStack."""
    with credentials():
        stack.reset()
        engine = Engine("ministack", Settings(endpoint_url=stack.url))
        create_tables(engine.settings)
        yield engine


def at_once(times: int, act: Callable[[int], Any]) -> list[Any]:
    """Run *act* in as many threads that start together; return what each returned, or was refused."""
    start = threading.Barrier(times)

    def one(number: int) -> Any:
        start.wait()
        try:
            return act(number)
        except Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


@dataclass
class Call:
    """One call that we made of DynamoDB, and what came back."""

    operation: str
    arguments: dict[str, Any]
    reply: dict[str, Any] = field(default_factory=dict)

    @property
    def code(self):
        """The code of DynamoDB's refusal, or nothing."""
        return self.reply.get("Error", {}).get("Code", "")

    @property
    def consumed(self):
        """What DynamoDB metered, a list with an entry for each table."""
        metered = self.reply.get("ConsumedCapacity", [])
        return metered if isinstance(metered, list) else [metered]

    @property
    def units(self):
        """All units together."""
        return sum(entry["CapacityUnits"] for entry in self.consumed)

    @property
    def on_tables(self):
        """The units of the tables themselves."""
        return self.units - self.on_indexes

    @property
    def on_indexes(self):
        """The units of their indexes."""
        parts = (part for entry in self.consumed for part in entry.get("GlobalSecondaryIndexes", {}).values())
        return sum(part["CapacityUnits"] for part in parts)


class Wire:
    """The wire to DynamoDB: it notes every call, asks what each consumes, and breaks where it is told to."""

    def __init__(self, settings: Settings) -> None:
        self._events = aws.client("dynamodb", settings.region, settings.endpoint_url).meta.events
        self._handlers: list[tuple[str, Callable[..., Any]]] = []
        self.calls: list[Call] = []
        self._on("provide-client-params.dynamodb", self._note)
        self._on("after-call.dynamodb", self._complete)

    @property
    def operations(self):
        """The names of the calls so far."""
        return [call.operation for call in self.calls]

    def hang_up(self) -> None:
        """Listen no more."""
        for event, handler in self._handlers:
            self._events.unregister(event, handler)

    def refuse(self, operation: str, code: str, **more: Any) -> None:
        """Have the next call of *operation* refused with *code*; the database never hears of it."""
        self.answer(operation, {"Error": {"Code": code, "Message": "put in by the test"}, **more}, status=400)

    def answer(self, operation: str, reply: dict[str, Any], status: int = 200) -> None:
        """Have the next call of *operation* answered with *reply*; the database never hears of it."""
        replies = [(SimpleNamespace(status_code=status), {"ResponseMetadata": {}, **reply})]
        self._on(f"before-call.dynamodb.{operation}", lambda **_: replies.pop() if replies else None)

    def alter(self, operation: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Have every answer to *operation* pass through *change* on its way."""
        self._on(f"after-call.dynamodb.{operation}", lambda parsed, **_: change(parsed))

    def cut_pages(self, size: int) -> None:
        """Have every Query answered in pages of *size*, as DynamoDB does with each megabyte."""

        def shorten(params: dict[str, Any], **_: Any) -> dict[str, Any]:
            return params | {"Limit": size}

        self._on("provide-client-params.dynamodb.Query", shorten, first=True)

    def forget_position(self, operation: str) -> None:
        """Have every *operation* begin from the beginning, whatever place it wants to go on from."""

        def restart(params: dict[str, Any], **_: Any) -> dict[str, Any]:
            return {key: value for key, value in params.items() if key != "ExclusiveStartKey"}

        self._on(f"provide-client-params.dynamodb.{operation}", restart, first=True)

    def lose_answer(self, operation: str) -> None:
        """Let the answer to the next *operation* be lost: the client sends the very same request again."""
        waits = [0.0]
        self._on(f"needs-retry.dynamodb.{operation}", lambda **_: waits.pop() if waits else None, first=True)

    def leave_over(self, operation: str, kept: int) -> None:
        """Have the database work off only the first *kept* requests of the next batch."""
        field_name = "UnprocessedItems" if operation == "BatchWriteItem" else "UnprocessedKeys"
        left: list[dict[str, Any]] = []
        told: list[bool] = []

        def split(params: dict[str, Any], **_: Any) -> dict[str, Any] | None:
            if left:
                return None
            now, later = copy.deepcopy(params), copy.deepcopy(params["RequestItems"])
            for table, wanted in params["RequestItems"].items():
                if field_name == "UnprocessedItems":
                    now["RequestItems"][table], later[table] = wanted[:kept], wanted[kept:]
                else:
                    now["RequestItems"][table]["Keys"] = wanted["Keys"][:kept]
                    later[table]["Keys"] = wanted["Keys"][kept:]
            left.append(later)
            return now

        def tell(parsed: dict[str, Any], **_: Any) -> None:
            if not told:
                told.append(True)
                parsed[field_name] = left[0]

        self._on(f"provide-client-params.dynamodb.{operation}", split, first=True)
        self._on(f"after-call.dynamodb.{operation}", tell)

    def _on(self, event: str, handler: Callable[..., Any], *, first: bool = False) -> None:
        register = self._events.register_first if first else self._events.register
        register(event, handler)
        self._handlers.append((event, handler))

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> dict[str, Any]:
        if "ConsumedCapacity" in model.output_shape.members:
            params = params | {"ReturnConsumedCapacity": "INDEXES"}
        self.calls.append(Call(model.name, params))
        return params

    def _complete(self, parsed: dict[str, Any], **_: Any) -> None:
        self.calls[-1].reply = parsed
