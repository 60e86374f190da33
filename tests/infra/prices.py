"""What AWS asks for what a deployment uses: the prices of us-east-1, and the arithmetic of a monthly bill.

Dollars without tax, as they were known in November 2026; what counts is aws.amazon.com/<service>/pricing. The
prices of dashboards, point-in-time recovery and traffic were not checked against a text of AWS's own. Tiers
that only a very large deployment reaches are left out.
"""

from dataclasses import dataclass, fields

AS_OF = "November 2026"
MILLION = 1e6


@dataclass(frozen=True)
class Use:
    """What a month uses of what AWS charges for."""

    api: float = 0  # requests at the REST API
    runs: float = 0  # of Lambdas
    gb_seconds: float = 0  # of their memory
    reads: float = 0  # DynamoDB's request units
    writes: float = 0
    queues: float = 0  # requests at SQS, of up to 64 kB
    topics: float = 0  # publications at SNS; its calls of Lambdas are free
    mails: float = 0
    alarms: float = 0  # a month each, by the metrics that they watch
    dashboards: float = 0  # a month each
    metrics: float = 0  # of our own, a month each, by the hours in which they are sent
    logs: float = 0  # GB that are written; what is kept of them for a month is too little to count
    stored: float = 0  # GB-months in tables
    kept: float = 0  # GB-months of point-in-time recovery
    sent: float = 0  # GB to the internet

    def __add__(self, other: "Use") -> "Use":
        """Return the use of both."""
        return Use(*(getattr(self, name) + getattr(other, name) for name in NAMES))

    def __sub__(self, other: "Use") -> "Use":
        """Return what of this use goes beyond the other."""
        return Use(*(max(0.0, getattr(self, name) - getattr(other, name)) for name in NAMES))

    def __mul__(self, times: float) -> "Use":
        """Return the use of so many."""
        return Use(*(getattr(self, name) * times for name in NAMES))

    __rmul__ = __mul__


NAMES = [field.name for field in fields(Use)]

GB_SECOND = {"x86_64": 0.0000166667, "arm64": 0.0000133334}
EACH = {
    "api": 3.50 / MILLION,  # the first 333 millions of a REST API
    "runs": 0.20 / MILLION,
    "reads": 0.125 / MILLION,  # on demand, since November 2024
    "writes": 0.625 / MILLION,
    "queues": 0.40 / MILLION,  # standard queues
    "topics": 0.50 / MILLION,
    "mails": 0.10 / 1000,
    "alarms": 0.10,
    "dashboards": 3.00,
    "metrics": 0.30,
    "logs": 0.50,
    "stored": 0.25,
    "kept": 0.20,
    "sent": 0.09,
}

# What every account has free each month, for ever: no DynamoDB request on demand, and no API request.
FREE = Use(
    runs=MILLION,
    gb_seconds=400_000,
    queues=MILLION,
    topics=MILLION,
    alarms=10,
    dashboards=3,
    metrics=10,
    logs=5,
    stored=25,
    sent=100,
)

COLUMNS = {
    "API Gateway": ("api",),
    "Lambda": ("runs", "gb_seconds"),
    "DynamoDB": ("reads", "writes", "stored", "kept"),
    "SQS, SNS, SES": ("queues", "topics", "mails"),
    "CloudWatch": ("alarms", "dashboards", "metrics", "logs"),
    "traffic": ("sent",),
}


def bill(use: Use, architecture: str) -> dict[str, float]:
    """Return the dollars that *use* costs, by column."""
    prices = EACH | {"gb_seconds": GB_SECOND[architecture]}
    return {
        column: sum(getattr(use, name) * prices[name] for name in names) for column, names in COLUMNS.items()
    }
