"""Projects that hypothesis thinks up, as documents: things of every kind, with words that YAML trips over."""

from hypothesis import strategies as st

from chalicelib.core.routes import Topic
from chalicelib.core.status import Impact

REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-1")  # of the house
AWKWARD = (
    "no",
    "22:00",
    "1e3",
    "0x1f",
    "~",
    "<<",
    "=",
    "2026-01-01",
    "a: b",
    "# c",
    "'",
    '"',
    " x ",
    "ß 🛰",
    "1_0",
)
LINES = ("", "a\x85b", "two\nlines\n", "\ttab\r\nand # more", "  indented\n\n\nend", "no")
WORDS = st.sampled_from(AWKWARD)
NAMES = WORDS | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
SEVERITIES = st.sampled_from([impact.value.lower() for impact in Impact])
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Chatham"])
CONFIGS = {
    "EMAIL": {"email": "ops@example.org", "up": False},
    "SLACK": {"url": "https://hooks.slack.com/services/T0/B0/secretsecret"},
    "NTFY": {"topic": "hidden-topic", "token": "tk_secretsecretsecretsecretsecret"},
    "OPSGENIE": {"apiKey": "0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f"},
    "WEBHOOK": {
        "urlDown": "https://example.org/hook?token=abcdefghijklmnop",
        "headers": {"X-Key": "secretsecret"},
        "secret": "secretsecret",
    },
    "STATUSPULSE": {"url": "https://example.org/pulse", "secret": "secretsecret"},
    "INDIEPULSE": {"url": "https://example.org/indie", "secret": "secretsecret"},
    "SMS": {"phoneNumber": "+4712345678"},
}
TARGETS = {
    "http": {
        "url": "https://ann:secret@example.org/?q=1",
        "method": "POST",
        "headers": {"Authorization": "Bearer secret", "Accept": "*/*"},
        "body": "line\nline",
        "expected_status": "200, 301-308",
        "assertions": [
            {"source": "json", "comparison": "equals", "key": "$.ok", "value": "true"},
            {"source": "header", "comparison": "exists", "key": "ETag"},
        ],
        "redirects": 0,
        "verify_tls": False,
    },
    "tcp": {"host": "db.example.org", "port": 5432, "send": "PING secret", "expect": "PONG"},
    "dns": {
        "host": "example.org",
        "record_type": "TXT",
        "expected": ["v=spf1 -all", "no"],
        "resolver": "9.9.9.9:53",
        "dnssec": True,
    },
    "tls": {"host": "example.org", "port": 8443, "days": 14},
    "domain": {"domain": "example.org", "days": 30},
}
NEEDED = {"url", "host", "port", "domain"}


@st.composite
def projects(draw):
    """Return a document of up to four things of each kind, which name each other."""
    channels = draw(st.lists(channel(), max_size=4))
    names = [name for name in _named_once(channels) if name]
    policies = draw(st.lists(policy(names), max_size=2, unique_by=lambda made: made["name"])) if names else []
    checks = draw(st.lists(check(names, [made["name"] for made in policies]), max_size=4))
    windows = draw(st.lists(window(_slugs(checks)), max_size=3))
    return {"wakeful": 1, "channels": channels, "policies": policies, "checks": checks, "windows": windows}


def _named_once(things):
    names = [thing["name"] for thing in things]
    return [name for name in names if names.count(name) == 1]


def _slugs(checks):
    words = [word for made in checks for word in {made["slug"], made["name"]}]
    return [made["slug"] for made in checks if made["slug"] and words.count(made["slug"]) == 1]


@st.composite
def channel(draw):
    """Return a channel of any kind."""
    kind = draw(st.sampled_from(sorted(CONFIGS)))
    return {"name": draw(NAMES), "type": kind, "config": CONFIGS[kind]}


def some(names):
    """Return the strategy for some of *names*."""
    return st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)


@st.composite
def policy(draw, names):
    """Return a policy that calls some channels."""
    waits = sorted(draw(st.sets(st.integers(1, 600), min_size=1, max_size=3)))
    steps = [{"after": f"{wait}m", "channels": draw(some(names))} for wait in waits]
    return {"name": draw(NAMES.filter(bool)), "steps": steps, "repeat": draw(st.integers(0, 3))}


@st.composite
def check(draw, channels, policies):
    """Return a check of any kind."""
    kind = draw(st.sampled_from(["heartbeat", *TARGETS]))
    made = {
        "name": draw(NAMES),
        "slug": draw(st.text("abc019_-", max_size=8)),
        "type": kind,
        "tags": draw(st.lists(st.sampled_from(["no", "db", "22:00"]), unique=True) | st.just(" odd  tags ")),
        "description": draw(st.sampled_from(LINES)),
        **(draw(beats()) if kind == "heartbeat" else draw(watched(kind))),
        **draw(st.fixed_dictionaries({}, optional=hearing(channels, policies))),
    }
    return made | ({"paused": True} if draw(st.booleans()) else {})


@st.composite
def beats(draw):
    """Return what only heartbeats have."""
    rhythm = st.sampled_from(
        [
            {"every": "90s"},
            {"every": "365d"},
            {"schedule": "0 3 * * *", "timezone": "Europe/Berlin"},
            {"schedule": "@daily"},
            {"schedule": "*:0/5", "timezone": "Pacific/Chatham"},
            {"schedule": "Mon 9:00\nTue 10:00 UTC"},
        ]
    )
    optional = {
        "manual_resume": st.booleans(),
        "methods": st.sampled_from(["", "POST"]),
        "start_kw": WORDS,
        "failure_kw": WORDS,
        "filter_subject": st.booleans(),
        "filter_default_fail": st.booleans(),
    }
    grace = draw(st.sampled_from(["0s", "90s", "1h", "25h", "1d"]))
    return draw(rhythm) | {"grace": grace} | draw(st.fixed_dictionaries({}, optional=optional))


@st.composite
def watched(draw, kind):
    """Return what only probes have."""
    target = TARGETS[kind]
    kept = draw(st.sets(st.sampled_from(sorted(target)))) | (NEEDED & target.keys())
    optional = {
        "timeout": st.sampled_from(["1s", "1500ms", "1m"]),
        "regions": st.lists(st.sampled_from(REGIONS), unique=True),
        "failure_threshold": st.integers(1, 10),
        "recovery_threshold": st.integers(1, 10),
        "slow_ms": st.integers(1, 60_000)
        | st.dictionaries(st.sampled_from(("default", *REGIONS)), st.just(7), min_size=1),
    }
    interval = draw(st.sampled_from(["10s", "1m", "7m", "1h", "1d"]))
    made = {"target": {name: target[name] for name in target if name in kept}, "interval": interval}
    return made | draw(st.fixed_dictionaries({}, optional=optional))


def hearing(channels, policies):
    """Return the strategies for who hears of a check."""
    found = {
        "channel_kinds": st.lists(st.sampled_from(["EMAIL", "SLACK"]), unique=True),
        "tells_recovery": st.booleans(),
        "remind_every": st.sampled_from(["1h", "36h"]),
        "severity": SEVERITIES,
        "quiet_hours": st.fixed_dictionaries(
            {"start": st.just("22:00"), "end": st.just("06:30"), "timezone": ZONES, "spares": SEVERITIES}
        ),
        "sla": st.fixed_dictionaries(
            {
                "target": st.sampled_from([50, 99.9, 99.999]),
                "period": st.sampled_from(["day", "week", "month"]),
            }
        ),
    }
    if channels:
        topics = st.lists(st.sampled_from([topic.value for topic in Topic]), max_size=2, unique=True)
        rule = st.fixed_dictionaries({"channels": some(channels)}, optional={"events": topics})
        found |= {"channels": some(channels), "rules": st.lists(rule, max_size=2)}
    return found | ({"policy": st.sampled_from(policies)} if policies else {})


@st.composite
def window(draw, slugs):
    """Return maintenance that is still to come."""
    optional = {
        "timezone": ZONES,
        "recurrence": st.sampled_from(["FREQ=WEEKLY;BYDAY=TU", "FREQ=MONTHLY"]),
        "description": st.sampled_from(LINES),
        "tags": st.lists(st.sampled_from(["no", "db"]), min_size=1, unique=True),
    }
    if slugs:
        optional["checks"] = some(slugs)
    starts = draw(st.sampled_from(["2026-03-10T22:00:00Z", "2026-04-10T22:00:00.5+02:00"]))
    ends = starts.replace("T22", "T23")
    made = {"title": draw(NAMES.filter(bool)), "starts": starts, "ends": ends}
    return made | draw(st.fixed_dictionaries({}, optional=optional))
