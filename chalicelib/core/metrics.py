"""What we count of ourselves, as CloudWatch reads it out of our log: its embedded metric format.

Source: AWS, "Specification: CloudWatch embedded metric format". A metric needs no call of its own this way.
"""

from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from json import dumps

NAMESPACE = "Wakeful"
MILLISECOND = timedelta(milliseconds=1)


class Metric(Enum):
    """What is counted or measured: its name, and its unit in CloudWatch's words."""

    PINGS = "Pings", "Count"  # that were taken
    WAKE_LAG = "WakeLag", "Milliseconds"  # from a deadline until it was seen that it had passed
    ROUNDS = "Rounds", "Count"  # of probing that were judged
    DELIVERIES = "Deliveries", "Count"  # messages that were sent
    FAILURES = "Failures", "Count"  # tries to send one that failed


def emf(deployment: str, metric: Metric, value: float, now: datetime) -> str:
    """Return the line, without its end, that tells CloudWatch the *value* of *metric* at *now*."""
    return _form(deployment, metric) % (int(now.timestamp() * 1000), value)


def lag(deadline: datetime, now: datetime) -> float:
    """Return by how many milliseconds *now* is later than *deadline*, never less than none."""
    return max(0.0, round((now - deadline) / MILLISECOND, 1))


@cache
def _form(deployment: str, metric: Metric) -> str:
    """Return the line without its figures: each ping writes one, and all but these is always the same."""
    name, unit = metric.value
    described = {
        "Namespace": NAMESPACE,
        "Dimensions": [["Deployment"]],
        "Metrics": [{"Name": name, "Unit": unit}],
    }
    told = {"Timestamp": "%d", "CloudWatchMetrics": [described]}
    line = dumps({"_aws": told, "Deployment": deployment, name: "%r"}, separators=(",", ":"))
    return line.replace('"%d"', "%d").replace('"%r"', "%r")
