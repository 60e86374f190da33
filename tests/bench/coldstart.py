"""What the ping's Lambda imports at a cold start, from the packaged zip, against botocore and one client."""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from statistics import median

ROUNDS = 15
ZIP = Path("build/native/wakeful.zip")
BASE = """
import botocore.session
botocore.session.get_session().create_client("dynamodb", region_name="us-east-1")
"""
PING = """
from app import app
from chalicelib import aws
from chalicelib.dialects.healthchecks import pings
from chalicelib.toolbox import current
tools = current()
tools.states, tools.pings
aws.client("dynamodb", "us-east-1", None)
"""
TIMER = """
import sys, time
begun = time.process_time()
{statements}
print((time.process_time() - begun) * 1000)
"""


def milliseconds(folder: str, statements: str) -> float:
    """Return the CPU time of *statements* in a fresh interpreter that sees the unpacked zip alone."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": folder,
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    done = subprocess.run(
        [sys.executable, "-S", "-c", TIMER.format(statements=statements)],
        env=environment,
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)


def measure() -> dict[str, float]:
    """Return both import times in milliseconds and their ratio; the zip is built by `make bench`."""
    if not ZIP.exists():
        raise SystemExit(f"{ZIP} is not there; run `make bench`.")
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(ZIP).extractall(folder)
        pairs = [(milliseconds(folder, PING), milliseconds(folder, BASE)) for _ in range(ROUNDS)]
    return {
        "import_ping_ms": round(median(pair[0] for pair in pairs), 1),
        "import_base_ms": round(median(pair[1] for pair in pairs), 1),
        "import_ratio": round(median(ping / base for ping, base in pairs), 3),
    }


if __name__ == "__main__":
    print(json.dumps(measure()))
