"""How soon after its deadline a silent job's alarm is at the receiver, in real time, over fifty jobs.

The jobs fall silent one after the other: what is measured is the road of an alarm, not how many alarms
moto works off in a second (about five).
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import quantiles
from urllib.request import urlopen

from tests.bench import stack

JOBS = 50
SPREAD = 1.0  # seconds between the pings of two jobs
SILENCE = 120  # seconds: the shortest period and grace time that there are
PATIENCE = 30


@contextmanager
def receiver() -> Iterator[tuple[str, list[tuple[float, dict[str, str]]]]]:
    """Take webhooks on loopback; yield the address and the growing list of (when, what)."""
    received: list[tuple[float, dict[str, str]]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((now(), json.loads(body)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", received
    finally:
        server.shutdown()


def now() -> float:
    """Return the present moment in seconds since 1970."""
    return datetime.now(UTC).timestamp()  # noqa: TID251  the wall's clock is what is measured here


def measure() -> dict[str, float]:
    """Return the latency from deadline to webhook in seconds: median, 99th percentile and maximum."""
    with stack.running() as ready, receiver() as (address, received):
        base, key = ready["base_url"], ready["api_key"]
        channel = {"type": "WEBHOOK", "name": "bench", "config": {"url": address}}
        stack.post(f"{base}/v1/channels", channel, key)
        for number in range(JOBS):
            wish = {"name": f"job {number}", "timeout": 60, "grace": 60, "channels": "*"}
            check = stack.post(f"{base}/api/v3/checks/", wish, key)
            urlopen(check["ping_url"], timeout=10).close()
            time.sleep(SPREAD)
        end = time.monotonic() + SILENCE + PATIENCE
        while len(received) < JOBS and time.monotonic() < end:
            time.sleep(0.2)
    late = [moment - datetime.fromisoformat(alert["at"]).timestamp() for moment, alert in received]
    if len(late) < JOBS:
        raise RuntimeError(f"only {len(late)} of {JOBS} alarms arrived")
    return {
        "detection_p50_s": round(quantiles(late, n=100, method="inclusive")[49], 2),
        "detection_p99_s": round(quantiles(late, n=100, method="inclusive")[98], 2),
        "detection_max_s": round(max(late), 2),
    }
