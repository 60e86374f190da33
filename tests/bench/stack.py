"""A local stack in a process of its own, as `make run` starts it."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[2]
PATIENCE = 60  # seconds for the stack to come up


@contextmanager
def running() -> Iterator[dict[str, str]]:
    """Start a stack on a free port; yield what its ready.json says; stop it at the end."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PORT": "0", "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            [sys.executable, "-m", "chalicelib.local"],
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        try:
            yield _ready(Path(folder) / ".local" / "ready.json", process)
        finally:
            process.terminate()
            process.wait(10)


def _ready(path: Path, process: subprocess.Popen[bytes]) -> dict[str, str]:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        if path.exists():
            ready: dict[str, str] = json.loads(path.read_text())
            return ready
        time.sleep(0.1)
    raise RuntimeError("the local stack did not come up")


def post(url: str, document: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the answer to a JSON document sent with *key*."""
    request = Request(url, json.dumps(document).encode(), {"X-Api-Key": key})
    with urlopen(request, timeout=30) as answer:
        reply: dict[str, Any] = json.load(answer)
        return reply
