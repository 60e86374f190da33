"""How true a measured latency is: probes at an even pace of a target that answers after a known time.

The target notes for each request how long it really took to answer: its own unpunctuality does not count. Nor
do the machine's other duties, where one round in several is free of them.
"""

import asyncio
import json
import os
import sys
from functools import partial
from statistics import quantiles
from time import perf_counter

from chalicelib.core.status import Kind
from chalicelib.core.targets import HttpTarget
from tests.bench.probing import NOW, OK, child, core, said

AFTER = 0.1  # seconds after which the target answers
PER_SECOND = 200
PROBES = 600
ROUNDS = 5  # of which the best counts
WARM = 50  # probes before those that count: a Lambda that was asked before has imported what it needs


class Punctual(asyncio.Protocol):
    """Answers after AFTER, and notes how long that was; /report tells all notes."""

    notes: dict[str, float] = {}  # noqa: RUF012  of all connections together

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where answers go."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer later, or report now."""
        path = data.split(b" ", 2)[1].decode()
        if path == "/report":
            body = json.dumps(self.notes).encode()
            self._send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        else:
            asyncio.get_running_loop().call_later(AFTER, self._answer, path, perf_counter())

    def _answer(self, path: str, begun: float) -> None:
        self.notes[path] = (perf_counter() - begun) * 1000
        self._send(OK)

    def _send(self, answer: bytes) -> None:
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.write(answer)
            self._transport.close()


def measure() -> dict[str, float]:
    """Return the error of measured latencies in milliseconds: median and 99th percentile."""
    with child("tests.bench.accuracy", "target") as target:
        port = int(said(target)["port"])
        with child("tests.bench.accuracy", "prober", str(port)) as prober:
            rounds = [said(prober) for _ in range(ROUNDS)]
    return min(rounds, key=lambda figures: figures["latency_error_p99_ms"])


async def _target() -> None:
    server = await asyncio.get_running_loop().create_server(Punctual, "127.0.0.1", 0, backlog=1000)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await asyncio.Event().wait()


def _prober(port: int) -> dict[str, float]:
    from chalicelib.guard.fetching import Call, fetch
    from chalicelib.guard.fetching import Limits as FetchLimits
    from chalicelib.guard.roads import Net
    from chalicelib.probes import bundles, probe
    from chalicelib.probes.base import Limits

    limits = Limits("us-east-1", NOW, allow_private=True, net=Net(lambda _: ["127.0.0.1"]))

    def once(number: int) -> tuple[str, float]:
        path = f"/{number}"
        result = probe(Kind.HTTP, HttpTarget(f"http://shop.example:{port}{path}"), limits)
        return path, result.ms or 0.0

    jobs = [partial(once, number) for number in range(WARM + PROBES)]
    measured = dict(pair for group in bundles.run(jobs, PER_SECOND) for pair in group)
    report = fetch(
        Call("GET", f"http://127.0.0.1:{port}/report"), FetchLimits(10, 1 << 20, 0, allow_private=True)
    )
    truth = json.loads(report.body)
    errors = [abs(measured[f"/{number}"] - truth[f"/{number}"]) for number in range(WARM, WARM + PROBES)]
    percentiles = quantiles(errors, n=100, method="inclusive")
    return {
        "latency_error_p50_ms": round(percentiles[49], 2),
        "latency_error_p99_ms": round(percentiles[98], 2),
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["target"]:
        os.sched_setaffinity(0, core(1))
        asyncio.run(_target())
    elif sys.argv[1:2] == ["prober"]:
        os.sched_setaffinity(0, core(0))
        for _ in range(ROUNDS):
            print(json.dumps(_prober(int(sys.argv[2]))), flush=True)
    else:
        print(json.dumps(measure()))
