import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from people import Person

from chalicelib.core.status import Impact, Kind
from chalicelib.core.targets import MOST_REDIRECTS, DnsTarget, DomainTarget, HttpTarget, TcpTarget, TlsTarget
from chalicelib.dialects import ids
from chalicelib.local.house import FURNISHED, built
from statuspulse.asking import (
    CHANNELS,
    HOOK,
    MONITORS,
    SITE,
    SLACK,
    channels,
    created,
    invalid,
    ladder,
    put,
    site,
    stored,
)

HTTP, TCP, DNS = {"type": "http"}, {"type": "tcp"}, {"type": "dns"}


def test_the_documents_monitor(carol):
    """All that the document's request says is kept and echoed, secrets masked (R82, R90, R91, R95, R99)."""
    policy = ladder(carol)
    body = {
        **SITE,
        "interval_seconds": 30,
        "expected_status": 200,
        "escalation_policy": "oncall_senior",
        "notifications": [SLACK],
    }
    answer = carol.post(MONITORS, body, Authorization=f"Bearer {carol.key}")
    made = answer.json()
    assert answer.status == 201
    assert re.fullmatch("mon_[a-z2-7]{26}", made["monitor_id"])
    assert made["notifications"] == ["slack://hooks/T0A1B2C3D/B0X9Y8Z7W/********"]
    assert {name: made[name] for name in body if name != "notifications"} == {
        name: value for name, value in body.items() if name != "notifications"
    }
    spec = stored(carol, made["monitor_id"]).spec
    assert (spec.kind, spec.watch.interval) == (Kind.HTTP, timedelta(seconds=30))
    assert spec.watch.target == HttpTarget(SITE["url"], expected_status="200")
    assert spec.policy_id == ids.read("pol", policy["policy_id"])
    (slack,) = [channel for channel in channels(carol) if channel.kind == "SLACK"]
    assert slack.config == {"url": "https://hooks.slack.com/services/T0A1B2C3D/B0X9Y8Z7W/abc123"}
    assert spec.channels == (slack.channel_id,)
    assert carol.get(f"{MONITORS}/{made['monitor_id']}").json() == made


def test_two_creations_are_two_monitors(carol):
    """Though they ask for the same; both are listed, in their order, until they are deleted (R101)."""
    first, second = site(carol), site(carol)
    assert first != second
    listed = carol.get(MONITORS).json()
    assert [one["monitor_id"] for one in listed["monitors"]] == [first, second]
    assert {name: listed[name] for name in ("page", "per_page", "total")} == {
        "page": 1,
        "per_page": 50,
        "total": 2,
    }
    second_page = carol.get(f"{MONITORS}?page=2&per_page=1").json()
    assert [one["monitor_id"] for one in second_page["monitors"]] == [second]
    assert carol.ask("DELETE", f"{MONITORS}/{first}").status == 204
    assert carol.get(f"{MONITORS}/{first}").status == 404
    assert carol.get(MONITORS).json()["total"] == 1


def test_a_monitor_is_known_by_either_spelling_of_its_id(carol):
    """As mon_… and as the UUID that other dialects show."""
    monitor_id = site(carol)
    uuid = ids.read(ids.MONITOR, monitor_id)
    assert carol.get(f"/v1/checks/{uuid}").json()["name"] == SITE["name"]
    assert carol.get(f"{MONITORS}/{uuid}").json()["monitor_id"] == monitor_id


TARGETS = [
    (HTTP | {"url": HOOK}, HttpTarget(HOOK)),
    (
        HTTP | {"url": HOOK, "method": "POST", "headers": {"X-A": "1"}, "body": "{}", "verify_tls": False},
        HttpTarget(HOOK, "POST", (("X-A", "1"),), "{}", verify_tls=False),
    ),
    (HTTP | {"url": HOOK, "follow_redirects": False}, HttpTarget(HOOK, redirects=0)),
    (HTTP | {"url": HOOK, "follow_redirects": True}, HttpTarget(HOOK, redirects=MOST_REDIRECTS)),
    (TCP | {"host": "db.example.org", "port": 5432}, TcpTarget("db.example.org", 5432)),
    (TCP | {"url": "tcp://db.example.org:5432"}, TcpTarget("db.example.org", 5432)),
    (TCP | {"url": "tcp://[2600::1]:5432"}, TcpTarget("2600::1", 5432)),
    (DNS | {"host": "example.org"}, DnsTarget("example.org")),
    (
        DNS
        | {
            "hostname": "example.org",
            "record_type": "MX",
            "expected_values": ["mail.example.org"],
            "resolver": "9.9.9.9:53",
        },
        DnsTarget("example.org", "MX", ("mail.example.org",), "9.9.9.9:53"),
    ),
    ({"type": "tls", "host": "example.org", "min_days_left": 14}, TlsTarget("example.org", 443, 14)),
    ({"type": "domain", "domain": "example.org"}, DomainTarget("example.org")),
]


@pytest.mark.parametrize(("wish", "target"), TARGETS, ids=lambda value: str(value)[:50])
def test_each_type_has_a_target_of_its_own(carol, wish, target):
    """HTTP by URL, TCP by host and port or by URL, DNS by host or hostname (R91, R92, R93)."""
    made = created(carol, name="x", **wish)
    assert stored(carol, made["monitor_id"]).spec.watch.target == target
    shown = {name: value for name, value in made.items() if name not in ("monitor_id", "state")}
    again = {name: value for name, value in shown.items() if name not in ("created_at", "updated_at")}
    hidden = {name: wish[name] for name in ("headers", "body") if name in wish}
    assert stored(carol, created(carol, **(again | hidden))["monitor_id"]).spec.watch.target == target


@pytest.mark.parametrize(
    ("given", "kept", "shown"),
    [
        (503, "503", 503),
        ("200-299", "200-299", "200-299"),
        ([200, "301-308", 404], "200,301-308,404", [200, "301-308", 404]),
        (["204"], "204", 204),
    ],
)
def test_what_is_expected_may_be_several(carol, given, kept, shown):
    """A number, a range, or a list of both (R98)."""
    made = created(carol, **SITE, expected_status=given)
    assert stored(carol, made["monitor_id"]).spec.watch.target.expected_status == kept
    assert made["expected_status"] == shown


def test_how_it_is_watched(carol):
    """Regions, thresholds and timeouts; what is slow may be so by region (R97)."""
    wish = {
        "regions": ["eu-west-1"],
        "timeout_seconds": 2.5,
        "degraded_threshold_ms": {"default": 500, "eu-west-1": 900},
        "failure_threshold": 3,
        "recovery_threshold": 1,
        "tags": ["prod", "pci"],
        "severity": "critical",
        "reminder_interval_hours": 4,
    }
    made = created(carol, **SITE, **wish)
    spec = stored(carol, made["monitor_id"]).spec
    watch = spec.watch
    assert (watch.regions, watch.timeout) == (("eu-west-1",), timedelta(milliseconds=2500))
    assert (watch.slow_in("eu-west-1"), watch.slow_in("us-east-1")) == (900, 500)
    assert (watch.failure_threshold, watch.recovery_threshold) == (3, 1)
    assert (spec.tags, spec.severity, spec.remind_every) == (
        "prod pci",
        Impact.CRITICAL,
        timedelta(hours=4),
    )
    shown = wish | {"timeout_ms": 2500}
    del shown["timeout_seconds"]
    assert {name: made[name] for name in shown} == shown


def test_regions_left_out_are_all_of_them(carol):
    """So whoever adds a region later has it probe from there, too (R97)."""
    watch = stored(carol, site(carol)).spec.watch
    available = carol.house.tools.settings.probe_regions
    assert (watch.regions, watch.jury(available)) == ((), available)


# --- channels by URL ----------------------------------------------------------------------------------------

KEY = "0123456789abcdef0123456789abcdef"
URLS = [
    (SLACK, "SLACK", "slack://hooks/T0A1B2C3D/B0X9Y8Z7W/********"),
    ("https://hooks.slack.com/services/T1/B1/x", "SLACK", "slack://hooks/T1/B1/********"),
    ("mailto:ops@example.org", "EMAIL", "mailto:ops@example.org"),
    ("https://example.org/hooks/secret", "STATUSPULSE", "https://example.org/********"),
    (f"pagerduty://{KEY}", "PAGERDUTY", "pagerduty://********"),
    (f"pagerduty:{KEY}", "PAGERDUTY", "pagerduty://********"),
    ("opsgenie://aaaabbbb-cccc", "OPSGENIE", "opsgenie://********"),
    ("discord://123456/abc-DEF_9", "DISCORD", "discord://********"),
    ("ntfy://our-topic", "NTFY", "ntfy://********"),
    (
        "jira://me%40example.org:a1b2c3d4e5f6g7h8i9@acme.atlassian.net/OPS",
        "JIRA",
        "jira://me@example.org:********@acme.atlassian.net/OPS",
    ),
]


@pytest.mark.parametrize(("url", "kind", "shown"), URLS)
def test_a_url_is_a_channel(carol, url, kind, shown):
    """Its scheme says of which kind; no secret is shown, and what is shown names it again (R100, R392)."""
    made = created(carol, **SITE, notifications=[url])
    assert made["notifications"] == [shown]
    (channel,) = channels(carol)
    assert channel.kind == kind
    again = created(carol, **SITE, notifications=[shown, channel.name, channel.channel_id])
    assert stored(carol, again["monitor_id"]).spec.channels == (channel.channel_id,)


def test_the_same_url_is_the_same_channel(carol):
    """Also where two ask at once, and where somebody made or changed it by another road (R100)."""
    carol.post(
        CHANNELS, {"type": "SLACK", "name": "x", "config": {"url": "https://hooks.slack.com/services/T2/B/x"}}
    )
    with ThreadPoolExecutor(4) as crew:
        answers = list(crew.map(lambda _: carol.post(MONITORS, {**SITE, "notifications": [SLACK]}), range(4)))
    assert {answer.status for answer in answers} == {201}
    site(carol, notifications=[SLACK, SLACK, "slack://hooks/T2/B/x"])
    assert len(channels(carol)) == 2
    hook = "https://example.org/hook"
    site(carol, notifications=[hook])
    (made,) = [channel for channel in channels(carol) if channel.kind == "STATUSPULSE"]
    assert carol.ask("PATCH", f"{CHANNELS}/{made.channel_id}", {"config": {"secret": "s" * 32}}).status == 200
    site(carol, notifications=[hook])
    assert len(channels(carol)) == 3


def test_a_channel_that_leads_elsewhere_now_is_another(carol):
    """What a URL made may be changed by hand; the URL then makes a new one (R100)."""
    monitor_id = site(carol, notifications=["mailto:a@example.org"])
    (first,) = channels(carol)
    changed = carol.ask("PATCH", f"{CHANNELS}/{first.channel_id}", {"config": {"email": "b@example.org"}})
    assert changed.status == 200
    again = put(carol, monitor_id, {"notifications": ["mailto:a@example.org"]}).json()
    assert again["notifications"] == ["mailto:a@example.org"]
    assert {channel.config["email"] for channel in channels(carol)} == {"a@example.org", "b@example.org"}


def test_two_that_are_shown_alike_are_shown_by_their_ids(carol):
    """So that what is shown always names one (R100, R392)."""
    made = created(carol, **SITE, notifications=[f"pagerduty://{KEY}", f"pagerduty://{KEY[::-1]}"])
    assert sorted(made["notifications"]) == sorted(channel.channel_id for channel in channels(carol))
    shown = ["pagerduty://********"]
    assert invalid(carol.post(MONITORS, {**SITE, "notifications": shown})).keys() == {"notifications[0]"}


# --- where nobody may reach private addresses ---------------------------------------------------------------


@pytest.fixture(scope="module")
def strict():
    """Return somebody in a deployment that lets nobody reach private addresses."""
    with built(replace(FURNISHED, allow_private_targets=False)) as house:
        yield Person(house, house.foundation.api_key)


@pytest.mark.parametrize("host", ["169.254.169.254", "127.0.0.1:9001", "10.0.0.5", "localhost", "2130706433"])
def test_a_private_address_is_no_target(strict, host):
    """However it is spelled, whatever asks for it; nothing is stored (R102, R391)."""
    name = host.partition(":")[0]
    wishes = [
        (HTTP | {"url": f"http://{host}/"}, "url"),
        (TCP | {"host": name, "port": 80}, "host"),
        (TCP | {"url": f"tcp://{name}:80"}, "url"),
        (DNS | {"host": "example.org", "resolver": name}, "resolver"),
        (HTTP | {"url": "https://example.org/", "notifications": [f"https://{host}/"]}, "notifications[0]"),
        (
            HTTP | {"url": "https://example.org/", "notifications": ["http://example.org/"]},
            "notifications[0]",
        ),
    ]
    for wish, field in wishes:
        assert invalid(strict.post(MONITORS, {"name": "x"} | wish)).keys() == {field}
    assert strict.get(MONITORS).json()["total"] == 0
    assert channels(strict) == []
