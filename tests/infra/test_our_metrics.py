import json
from collections import defaultdict

import pytest

from chalicelib.core.metrics import NAMESPACE, Metric

pytestmark = pytest.mark.xdist_group("package")


def curves(built):
    """Return the statistics that the dashboard of a build shows of each metric of ours."""
    (board,) = built.of_type("AWS::CloudWatch::Dashboard").values()
    shown = defaultdict(list)
    for widget in json.loads(board["DashboardBody"]["Fn::Sub"])["widgets"]:
        usual = widget["properties"]["stat"]
        before = []
        for metric in widget["properties"]["metrics"]:
            more = metric[-1] if isinstance(metric[-1], dict) else {}
            named = [part for part in metric if not isinstance(part, dict)]
            before = before[: 1 - len(named) or None] + named[1:] if named[0] == "..." else named
            if before[0] == NAMESPACE:
                shown[before[1], *before[2:]].append(more.get("stat", usual))
    return shown


def test_the_dashboard_shows_what_we_count(builds):
    """Each of our metrics is a curve of the deployment's own dashboard, under the name that it writes.

    Of how late deadlines were seen there are the middle and the slowest in a hundred.
    """
    for built in builds:
        expected = {(metric.value[0], "Deployment", built.prefix): ["Sum"] for metric in Metric}
        expected[Metric.WAKE_LAG.value[0], "Deployment", built.prefix] = ["p50", "p99"]
        assert curves(built) == expected
        variables = built.of_type("AWS::Lambda::Function")["Wake"]["Environment"]["Variables"]
        assert variables["WAKEFUL_PREFIX"] == built.prefix
