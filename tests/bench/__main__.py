"""`make bench`: print the figures as a table, each beside its aim, and write them to .local/bench.json."""

import json
import os
from collections.abc import Callable
from pathlib import Path

from tests.bench import (
    accuracy,
    coldstart,
    detection,
    idle,
    listing,
    outages,
    probing,
    sizes,
    steady,
    throughput,
    wheel,
)

AIMS = {
    "steady_ping_ratio": "at most 1.5",
    "import_ratio": "at most 1.2",
    "listing_ratio": "at most 25",
    "detection_p99_s": "at most 2.0",
    "probes_per_second_http": "at least 1,500",
    "probes_per_second_https": "at least 500",
    "prober_rss_mb": "at most 128",
    "latency_error_p99_ms": "at most 5",
    "outage_to_message_max_s_threshold_1": "at most 13",
    "outage_to_message_max_s_threshold_2": "at most 15",
}
PARTS: tuple[tuple[str, Callable[[], dict[str, float]]], ...] = (
    ("CPU of a steady ping, against two bare botocore calls", steady.measure),
    ("import of the ping's Lambda from the packaged zip, against botocore and a client", coldstart.measure),
    ("CPU of a list of a thousand checks, against its JSON alone", listing.measure),
    ("reads of one tick", idle.measure),
    ("one tick over 100,000 probed monitors, a tenth of them due, about two minutes", wheel.measure),
    ("probes and verdicts a second of CPU", probing.measure),
    ("import of the prober from the packaged zip", probing.measure_import),
    ("memory and CPU time of every Lambda, and the size that fits it, about four minutes", sizes.measure),
    ("truth of a measured latency, at 200 probes a second", accuracy.measure),
    ("pings over HTTP on the local stack", throughput.measure),
    ("deadline to webhook, fifty jobs, about two and a half minutes", detection.measure),
    ("fault to webhook, ten targets every ten seconds, about five minutes", outages.measure),
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
            aim = f"   aim: {AIMS[name]}" if name in AIMS else ""
            print(f"  {name:<38}{figure:>12,}{aim}", flush=True)
        figures |= found
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(figures, indent=1) + "\n")
    print(f"\nwritten to {FILE}")


if __name__ == "__main__":
    main()
