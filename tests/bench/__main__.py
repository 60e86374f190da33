"""`make bench`: print the figures as a table, each beside its aim, and write them to .local/bench.json."""

import json
import os
from collections.abc import Callable
from pathlib import Path

from tests.bench import coldstart, detection, idle, steady, throughput

AIMS = {
    "steady_ping_ratio": 1.5,
    "import_ratio": 1.2,
    "detection_p99_s": 2.0,
}
PARTS: tuple[tuple[str, Callable[[], dict[str, float]]], ...] = (
    ("CPU of a steady ping, against two bare botocore calls", steady.measure),
    ("import of the ping's Lambda from the packaged zip, against botocore and a client", coldstart.measure),
    ("reads of one tick", idle.measure),
    ("pings over HTTP on the local stack", throughput.measure),
    ("deadline to webhook, fifty jobs, about two and a half minutes", detection.measure),
)
FILE = Path(".local") / "bench.json"


def main() -> None:
    """Measure everything, one part after the other."""
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "bench")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "bench")
    figures: dict[str, float] = {}
    for title, measure in PARTS:
        print(f"\n{title} ...", flush=True)
        found = measure()
        for name, figure in found.items():
            aim = f"   aim: at most {AIMS[name]}" if name in AIMS else ""
            print(f"  {name:<28}{figure:>12,}{aim}", flush=True)
        figures |= found
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(figures, indent=1) + "\n")
    print(f"\nwritten to {FILE}")


if __name__ == "__main__":
    main()
