"""Pings a second over HTTP on the local stack, over one and over eight connections kept alive."""

import http.client
import threading
import time
from urllib.parse import urlsplit
from urllib.request import urlopen

from tests.bench import stack

SECONDS = 4
CHECKS = 20  # each takes 1,000 pings a minute


def measure() -> dict[str, float]:
    """Return pings per second."""
    with stack.running() as ready:
        checks = [
            stack.post(f"{ready['base_url']}/api/v3/checks/", {"timeout": 3600}, ready["api_key"])
            for _ in range(CHECKS)
        ]
        urls = [urlsplit(check["ping_url"]) for check in checks]
        for check in checks:
            urlopen(check["ping_url"], timeout=10).close()  # the first ping of each is not a steady one
        return {"pings_per_s_1": _rate(urls, 1), "pings_per_s_8": _rate(urls, 8)}


def _rate(urls: list, connections: int) -> float:
    counts = [0] * connections
    end = time.monotonic() + SECONDS

    def run(number: int) -> None:
        link = http.client.HTTPConnection(urls[0].hostname, urls[0].port)
        while time.monotonic() < end:
            link.request("GET", urls[(number + counts[number] * connections) % len(urls)].path)
            answer = link.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"a ping was answered {answer.status}")
            counts[number] += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return round(sum(counts) / SECONDS)
