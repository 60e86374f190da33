import json
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.metrics import Metric, emf, lag

NOON = datetime(2026, 11, 22, 12, 0, 0, 5000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("metric", "value", "name", "unit"),
    [
        (Metric.PINGS, 1, "Pings", "Count"),
        (Metric.WAKE_LAG, 0.5, "WakeLag", "Milliseconds"),
        (Metric.ROUNDS, 50, "Rounds", "Count"),
        (Metric.DELIVERIES, 1, "Deliveries", "Count"),
        (Metric.FAILURES, 1, "Failures", "Count"),
    ],
)
def test_a_line_is_what_cloudwatch_reads(metric, value, name, unit):
    """A metric is one line of JSON: when, which metric in which unit, of which deployment, and how much."""
    line = emf("harbour", metric, value, NOON)
    assert json.loads(line) == {
        "_aws": {
            "Timestamp": 1795348800005,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Wakeful",
                    "Dimensions": [["Deployment"]],
                    "Metrics": [{"Name": name, "Unit": unit}],
                }
            ],
        },
        "Deployment": "harbour",
        name: value,
    }
    assert "\n" not in line


def test_two_deployments_are_told_apart():
    """What one deployment's line says of its name, another's does not repeat."""
    assert json.loads(emf("north", Metric.PINGS, 1, NOON))["Deployment"] == "north"
    assert json.loads(emf("south", Metric.PINGS, 1, NOON))["Deployment"] == "south"


def test_nobody_is_early():
    """A lag is in milliseconds, and none where clocks differ: CloudWatch has no percentile of less."""
    assert lag(NOON, NOON + timedelta(seconds=1.25)) == 1250
    assert lag(NOON, NOON + timedelta(microseconds=260)) == 0.3
    assert lag(NOON, NOON - timedelta(seconds=1)) == 0
