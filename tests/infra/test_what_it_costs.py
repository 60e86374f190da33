import re

import pytest

from chalicelib.core.metrics import Metric
from infra.package import ROOT
from tests.infra import months
from tests.infra.months import ARCHITECTURE, HOME, SHARDS, SIZES, month
from tests.infra.prices import AS_OF, COLUMNS, EACH, FREE, MILLION, NAMES, Use, bill

README = (ROOT / "README.md").read_text()
SECTION = re.search(r"^## What it costs$(.*?)^## ", README, re.MULTILINE | re.DOTALL)[1]
USES = {
    "API": "api",
    "runs": "runs",
    "GB-s": "gb_seconds",
    "read": "reads",
    "written": "writes",
    "SQS": "queues",
    "SNS": "topics",
    "mails": "mails",
    "log kB": "logs",
}
SHOWN_IN = {"logs": 1e6}  # kB for GB
ROADS = {
    "a steady ping": months.PINGED,
    "a steady ping by the function URL": months.PINGED_BY_URL,
    "a look at a heartbeat at the moment that it promised": months.VISITED,
    "a read of one check by the API": months.LOOKED,
    "an outage of a heartbeat, both ends told to two channels": months.OUTAGE,
    "a round of one URL in 3 regions": months.probed_round(3),
    "the end of a URL's hour": months.rolled_up(),
    "a day's survey of a URL's domain": months.SURVEYED,
    "a minute in which nothing happens": months.idle_minute(),
    "a minute of probing, beside the rounds: 50 URLs in 3 regions": months.probed_minute(50, 3),
}


def row(*cells):
    """Return a row of a table."""
    return f"| {' | '.join(cells)} |"


def table(*rows):
    """Return a table whose columns but the first hold figures."""
    return [rows[0], "|---" + "|--:" * (rows[0].count("|") - 2) + "|", *rows[1:]]


def figures(use):
    """Return what a road uses, and the dollars of a million."""
    amounts = [getattr(use, name) * SHOWN_IN.get(name, 1) for name in USES.values()]
    shown = [f"{amount:.3f}".rstrip("0").rstrip(".") if amount else "" for amount in amounts]
    return [*shown, f"{sum(bill(MILLION * use, ARCHITECTURE).values()):,.2f}"]


def dollars(size):
    """Return what a month of *size* costs: by column, together, and after what is free."""
    use = month(size)
    by_column = bill(use, ARCHITECTURE)
    return [*by_column.values(), sum(by_column.values()), sum(bill(use - FREE, ARCHITECTURE).values())]


def roads():
    """Return the table of roads."""
    rows = [row(name, *figures(use)) for name, use in ROADS.items()]
    return table(row("road", *USES, "$ a million"), *rows)


def sizes():
    """Return the table of sizes."""
    rows = [row(size.name, *(f"{part:,.2f}" for part in dollars(size))) for size in SIZES]
    return table(row("a month of", *COLUMNS, "together", "after what is free"), *rows)


def assumed():
    """Return the phrases that name what was not counted."""
    return [
        f"{months.A_RUN * 1000:.0f} ms a run and {months.A_CALL * 1000:.0f} ms a call of AWS",
        f"{months.WAIT} s until its second, {months.ANSWER} s for an answer, {months.PACE * 1000:.0f} ms",
        f"{months.A_MESSAGE} s for a provider",
        f"{months.MEMORY['api_handler'] * 1024:.0f} MB, {ARCHITECTURE}",
        f"`Shards` is {SHARDS}",
        f"{months.POLLS:,} requests a month",
        f"{months.SPEC} kB for a monitor, {months.ROUND} kB for a round, {months.PING} kB for a ping",
        f"{months.TO_A_CLIENT} kB for the answer to a request, {months.TO_A_TARGET} kB for a probe",
        f"us-east-1 in {AS_OF}",
        f"{months.QUEUES} queues at home",
        f"{month(SIZES[0]).alarms:.0f} alarms at home",
        f"{months.watched(months.PROBER).alarms:.0f} more in each further region",
        f"{months.line(Metric.PINGS).logs * 1e9:.0f} bytes for a ping",
        f"{months.access_line().logs * 1e9:.0f} bytes for a request",
    ]


@pytest.mark.parametrize("expected", [roads, sizes])
def test_the_readme_says_what_the_counted_calls_cost(expected):
    """Both tables are the counted bills times the prices, figure by figure."""
    lines = expected()
    assert "\n".join(lines) in SECTION, "\n".join(["The README should say:", *lines])


def test_the_readme_names_what_is_assumed():
    """Durations, sizes and whatever else nobody counted are told with the figures that were used."""
    said = " ".join(SECTION.split())
    assert [phrase for phrase in assumed() if phrase not in said] == []


def test_a_bill_is_each_use_times_its_price():
    """A million requests, by hand: 3.50 at the API, 0.20 and 1,000 GB-s in Lambda, two million writes."""
    use = Use(api=MILLION, runs=MILLION, gb_seconds=1000, writes=2 * MILLION)
    found = {column: round(part, 4) for column, part in bill(use, "x86_64").items() if part}
    assert found == {"API Gateway": 3.5, "Lambda": 0.2167, "DynamoDB": 1.25}
    assert round(bill(use, "arm64")["Lambda"], 4) == 0.2133


def test_every_use_has_one_price_and_one_column():
    """Nothing that is used is forgotten in the bill, or in it twice."""
    assert sorted(name for names in COLUMNS.values() for name in names) == sorted(NAMES)
    assert {*EACH, "gb_seconds"} == set(NAMES)


def test_what_is_free_is_never_paid_out():
    """Whoever uses less than is free owes nothing, and pays what goes beyond it."""
    assert Use(runs=10, api=1) - FREE == Use(api=1)
    assert Use(queues=MILLION + 5) - FREE == Use(queues=5)


def test_tables_are_paid_by_use_and_logs_are_quiet():
    """The bill rests on it: no table has hours to pay, and what goes well writes no line but its metrics.

    Those are kept: what has no level is of level INFO to Lambda.
    """
    tables = [one for one in HOME["Resources"].values() if one.get("Type") == "AWS::DynamoDB::Table"]
    assert {table["Properties"]["BillingMode"] for table in tables} == {"PAY_PER_REQUEST"}
    logging = HOME["Globals"]["Function"]["LoggingConfig"]
    assert logging == {"LogFormat": "JSON", "SystemLogLevel": "WARN", "ApplicationLogLevel": "INFO"}
