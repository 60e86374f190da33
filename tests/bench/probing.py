"""What a prober makes in a second on one core, what memory it takes, and what its module imports.

The prober runs in a process of its own on one core, its targets in another on another core. A second is one
of the prober's CPU: what else the machine has to do, and how fast the targets are, is not the prober's doing.
"""

import asyncio
import json
import os
import ssl
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from chalicelib.core.consensus import Result, judge
from chalicelib.core.status import Kind, Verdict
from chalicelib.core.targets import HttpTarget
from tests.bench import coldstart

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 22, tzinfo=UTC)
NAME = "shop.example"
THREADS = 16
ROUNDS = 60  # many short ones, lest what else the machine does be in every one of them
PROBES = {"http": 100, "https": 50}  # a round
BODY = b"x" * 1024
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-1")
JUDGED = 100_000
MODULE = "import chalicelib.workers.prober"
AT_WORK = """
import chalicelib.workers.prober, chalicelib.probes.http, chalicelib.probes.bundles, msgspec
from chalicelib import aws
from chalicelib.toolbox import current
current().queues
aws.client("sqs", "us-east-1", None)
"""
FORBIDDEN = (
    "pynamodb",
    "jinja2",
    "croniter",
    "boto3",
    "dns",
    "app",
    "chalicelib.dialects",
    "chalicelib.storage",
)
WITHOUT = f"""
import sys
found = [name for name in {FORBIDDEN} if name in sys.modules]
assert not found, found
"""


def core(number: int) -> set[int]:
    """Return the first core that we may use, or the last: on a machine with one core they are the same."""
    cores = sorted(os.sched_getaffinity(0))
    return {cores[-1 if number else 0]}


@contextmanager
def child(module: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Run *module* in a process of its own; end it with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


def said(process: "subprocess.Popen[str]") -> dict[str, float]:
    """Return the next line that a child prints."""
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise RuntimeError("a part of the bench broke")
    answer: dict[str, float] = json.loads(line)
    return answer


def measure() -> dict[str, float]:
    """Return probes a second of CPU, over HTTP and over new and verified HTTPS, and what else was asked."""
    with tempfile.TemporaryDirectory() as folder:
        pem = certificate(Path(folder))
        with child("tests.bench.probing", "targets", pem) as targets:
            ports = said(targets)
            with child("tests.bench.probing", "prober", pem, json.dumps(ports)) as prober:
                figures = said(prober)
    return {**figures, "judge_per_second": round(_judged())}


def measure_import() -> dict[str, float]:
    """Return in milliseconds what the prober's module, and what an HTTP bundle, imports from the zip.

    Breaks where any of the forbidden modules is among them.
    """
    if not coldstart.ZIP.exists():
        raise SystemExit(f"{coldstart.ZIP} is not there; run `make bench`.")
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(coldstart.ZIP).extractall(folder)
        return {
            f"import_prober_{name}ms": round(
                median(coldstart.milliseconds(folder, statements + WITHOUT) for _ in range(coldstart.ROUNDS)),
                1,
            )
            for name, statements in (("", MODULE), ("at_work_", AT_WORK))
        }


def certificate(folder: Path) -> str:
    """Write a certificate for NAME, and its key, into *folder*; return the file's path."""
    from tests.guard.peers import identity

    identity(folder, NAME)
    return str(next(folder.glob("*.pem")))


class Answering(asyncio.Protocol):
    """Answers whatever comes with a kilobyte."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where answers go."""
        self._transport = transport

    def data_received(self, _: bytes) -> None:
        """Answer, and close, as was asked."""
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.write(OK)
            self._transport.close()


async def _targets(pem: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    loop = asyncio.get_running_loop()
    ports = {}
    for scheme, tls in (("http", None), ("https", context)):
        server = await loop.create_server(Answering, "127.0.0.1", 0, ssl=tls, backlog=1000)
        ports[scheme] = server.sockets[0].getsockname()[1]
    print(json.dumps(ports), flush=True)
    await asyncio.Event().wait()


def _prober(pem: str, ports: dict[str, int]) -> dict[str, float]:
    import chalicelib.workers.prober  # noqa: F401  the whole Lambda must find room
    from chalicelib import aws
    from chalicelib.guard.roads import Net
    from chalicelib.probes import probe
    from chalicelib.probes.base import Limits
    from chalicelib.toolbox import current

    os.environ.setdefault("AWS_ACCESS_KEY_ID", "bench")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "bench")
    aws.client("sqs", current().settings.region, None)
    trust = ssl.create_default_context(cafile=pem)
    limits = Limits("us-east-1", NOW, allow_private=True, net=Net(lambda _: ["127.0.0.1"], lambda: trust))
    figures = {}
    for scheme, port in ports.items():
        target = HttpTarget(f"{scheme}://{NAME}:{port}/")

        def once(target: HttpTarget = target) -> None:
            if probe(Kind.HTTP, target, limits).verdict is not Verdict.UP:
                raise RuntimeError("a target that is up was not found up")

        figures[f"probes_per_second_{scheme}"] = round(_rate(once, PROBES[scheme]))
    return {**figures, "prober_rss_mb": round(_peak_kilobytes() / 1024)}


def _peak_kilobytes() -> int:
    """Return what memory this process held at most; getrusage would tell of whoever started it as well."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def _rate(work: Callable[[], None], times: int) -> float:
    """Return how often *work* is done in a second of CPU, in the best of several rounds."""
    best = 0.0
    with ThreadPoolExecutor(THREADS) as threads:
        for _ in range(ROUNDS):
            begun = process_time()
            list(threads.map(lambda _: work(), range(times)))
            best = max(best, times / (process_time() - begun))
    return best


def _judged() -> float:
    """Return how many rounds of three regions are judged in a second."""
    rounds = [
        [Result(region, verdict) for region, verdict in zip(REGIONS, verdicts, strict=True)]
        for verdicts in (
            (Verdict.UP, Verdict.UP, Verdict.UP),
            (Verdict.DOWN, Verdict.UP, Verdict.DOWN),
            (Verdict.DEGRADED, None, Verdict.UP),
            (Verdict.DOWN, Verdict.DOWN, Verdict.UP),
        )
    ]
    begun = perf_counter()
    for number in range(JUDGED):
        judge(rounds[number % 4], REGIONS)
    return JUDGED / (perf_counter() - begun)


if __name__ == "__main__":
    if sys.argv[1:2] == ["targets"]:
        os.sched_setaffinity(0, core(1))
        asyncio.run(_targets(sys.argv[2]))
    elif sys.argv[1:2] == ["prober"]:
        os.sched_setaffinity(0, core(0))
        print(json.dumps(_prober(sys.argv[2], json.loads(sys.argv[3]))), flush=True)
    else:
        print(json.dumps(measure()))
