"""What each Lambda needs: memory, and CPU time when it starts and when it is warm; and the size that fits.

Each load runs in fresh interpreters that see the unpacked zip alone, against a MiniStack behind HTTPS. Lambda
gives one vCPU at 1,769 MB, and of smaller sizes a part of one.
"""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from statistics import median

from chalicelib.local.emulation import build
from chalicelib.settings import Settings
from chalicelib.toolbox import Toolbox, using
from tests.bench import coldstart
from tests.bench.loads import LOADS, MAIL_DOMAIN, REGIONS, Load
from tests.bench.loopback import HOST, answering
from tests.bench.world import World
from tests.emulators import MiniStack, credentials

ROUNDS = 3  # fresh processes
RUNS = 5  # in each; the first is the cold one
TEMPLATE = coldstart.ZIP.with_name("template.json")
STAGE = json.loads(Path(".chalice/config.json").read_text())["stages"]["prod"]["lambda_functions"]
WHOLE_CPU = 1769  # MB at which Lambda gives a whole vCPU
SIZES = (256, 512, 1024, WHOLE_CPU)  # MB
# Times the peak. Probe and notify get less room: they mostly wait for others, and to wait costs by memory.
ROOM, ROOM_TO_WAIT = 2.0, {"probe": 1.5, "notify": 1.5}
# Those that a client waits for; and an alarm, which is rare, and finds everybody cold on its way. A wake
# comes up to a second before its moment: it may take longer to start.
COLD_MS = {"api_handler": 1000, "ping": 1000, "wake": 3000, "announce": 1500, "notify": 1500}
# Somebody waits for these, too; a prober must start a bundle within a second, or its latencies are untrue.
WARM_MS = {"api_handler": 1000, "ping": 100, "wake": 1000, "announce": 1000, "notify": 1000, "probe": 1000}
# Any other may compute for a third of its timeout: it waits for AWS as long at most, and a third is left.
SHARE = 1 / 3
CHILD = """
import json, sys, time
from importlib import import_module
spent, handler = [], None
for line in sys.stdin:
    begun = time.process_time() if spent else 0.0
    if not handler:
        module, _, name = sys.argv[1].rpartition(".")
        handler = getattr(import_module(module), name)
        if sys.argv[2]:
            from datetime import datetime
            from chalicelib.toolbox import current
            current().clock = lambda: datetime.fromisoformat(sys.argv[2])
    reply = handler(json.loads(line), None) or {}
    spent.append((time.process_time() - begun) * 1000)
    if reply.get("statusCode", 200) > 299 or reply.get("batchItemFailures"):
        raise SystemExit(f"an event was answered {str(reply)[:500]}")
with open("/proc/self/status") as status:  # getrusage would tell of whoever started us as well
    peak = next(line for line in status if line.startswith("VmHWM")).split()[1]
print(json.dumps({"spent": spent, "peak": int(peak)}))
"""


@dataclass(frozen=True)
class Need:
    """What a load takes: MB at most, and milliseconds of CPU time."""

    function: str
    load: str
    is_usual: bool
    peak_mb: float
    cold_ms: float  # from the start of the interpreter to the end of the first run
    warm_ms: float  # of the later ones, their median


@dataclass(frozen=True)
class Lambda:
    """The unpacked zip, and the environment that its functions find."""

    folder: Path
    handlers: dict[str, str]
    environment: dict[str, str]

    def run(self, load: Load, world: World) -> tuple[list[float], float]:
        """Return the milliseconds of each run in a process of its own, and the MB it held at most."""
        events = list(load.events(world, RUNS))
        hour = world.now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        clock = str(hour) if load.at_full_hour else ""
        url = f"https://{HOST}:{world.peers.targets}/" if load.at_full_hour else ""
        done = subprocess.run(
            [sys.executable, "-S", "-c", CHILD, self.handlers[load.function], clock],
            input="".join(f"{json.dumps(event)}\n" for event in events),
            env=self.environment | {"OUTWARD_PING_URL": url},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{load.function} broke at {load.name}:\n{done.stderr[-3000:]}")
        found = json.loads(done.stdout.splitlines()[-1])
        return found["spent"], found["peak"] / 1024


def needs() -> Iterator[Need]:
    """Yield what each load takes: of the processes the largest, and the one that was disturbed least."""
    with deployed() as (function, world):
        for load in LOADS:
            runs = [function.run(load, world) for _ in range(ROUNDS)]
            yield Need(
                load.function,
                load.name,
                load.is_usual,
                round(max(peak for _, peak in runs), 1),
                round(min(spent[0] for spent, _ in runs)),
                round(min(median(spent[1:]) for spent, _ in runs), 1),
            )


@contextmanager
def deployed() -> Iterator[tuple[Lambda, World]]:
    """Unpack the zip beside a MiniStack with all its tables, queues and topics; hand over both."""
    if not coldstart.ZIP.exists():
        raise SystemExit(f"{coldstart.ZIP} is not there; run `make bench`.")
    with tempfile.TemporaryDirectory() as name, credentials():
        folder = Path(name)
        zipfile.ZipFile(coldstart.ZIP).extractall(folder / "zip")
        stack = MiniStack(folder)
        try:
            settings = Settings(
                endpoint_url=stack.url,
                probe_regions=REGIONS,
                allow_private_targets=True,
                mail_from="wakeful@example.org",
                mail_domain=MAIL_DOMAIN,
            )
            tools = Toolbox(build(settings))
            with using(tools), answering(folder, int(stack.url.rpartition(":")[2])) as peers:
                with (folder / "zip" / "certifi" / "cacert.pem").open("a") as trusted:
                    trusted.write(peers.certificate)
                told = replace(tools.settings, endpoint_url=f"https://{HOST}:{peers.aws}")
                proxied = {"HTTPS_PROXY": f"http://{HOST}:{peers.proxy}", "NO_PROXY": HOST}
                yield Lambda(folder / "zip", handlers(), environment(told) | proxied), World(tools, peers)
        finally:
            stack.stop()


def handlers() -> dict[str, str]:
    """Return the handlers of the template by the names of their functions in the code."""
    resources = json.loads(TEMPLATE.read_text())["Resources"].values()
    found = [made["Properties"]["Handler"] for made in resources if made["Type"] == "AWS::Lambda::Function"]
    return {"api_handler" if name == "app.app" else name.rpartition(".")[2]: name for name in found}


def environment(settings: Settings) -> dict[str, str]:
    """Return what the template, and Lambda, put into a function's environment."""
    names = {field: value for field, value in asdict(settings).items() if isinstance(value, str)}
    told = {name.upper(): value for name, value in names.items()}
    return told | {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": ".",
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_ENDPOINT_URL": settings.endpoint_url or "",
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "PROBE_REGIONS": " ".join(settings.probe_regions),
        "ALLOW_PRIVATE_TARGETS": "true",
    }


def fitting(function: str, found: list[Need]) -> int:
    """Return the smallest size that gives *function* room, and whoever waits for it an answer in time.

    Where not even a whole vCPU does, it is the size of that all the same.
    """
    room = max(need.peak_mb for need in found) * ROOM_TO_WAIT.get(function, ROOM)
    cold = max(need.cold_ms for need in found if need.is_usual) / COLD_MS.get(function, float("inf"))
    may_take = WARM_MS.get(function, STAGE[function]["lambda_timeout"] * 1000 * SHARE)
    warm = max(need.warm_ms for need in found) / may_take
    return next((size for size in SIZES if size >= max(room, WHOLE_CPU * cold, WHOLE_CPU * warm)), SIZES[-1])


def measure() -> dict[str, float]:
    """Print what each load takes; return the most that each function takes, and the size that fits it."""
    print(f"  {'function':<14}{'load':<24}{'peak MB':>10}{'cold ms':>10}{'warm ms':>10}", flush=True)
    found: dict[str, list[Need]] = {}
    for need in needs():
        row = f"  {need.function:<14}{need.load:<24}{need.peak_mb:>10}{need.cold_ms:>10}{need.warm_ms:>10}"
        print(row, flush=True)
        found.setdefault(need.function, []).append(need)
    figures: dict[str, float] = {}
    for function, loads in found.items():
        figures |= {
            f"{function}_peak_mb": max(need.peak_mb for need in loads),
            f"{function}_cold_ms": max(need.cold_ms for need in loads if need.is_usual),
            f"{function}_warm_ms": max(need.warm_ms for need in loads),
            f"{function}_fits_mb": fitting(function, loads),
        }
    return figures


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
