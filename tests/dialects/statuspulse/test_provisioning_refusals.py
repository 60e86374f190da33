import pytest
from haspulse.anything import documents, patiently, texts
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import InvalidFields
from chalicelib.dialects.statuspulse.schema import MOST_TOLD, fields
from statuspulse.asking import MONITORS, SITE, channels, config_of, invalid, ladder, named, put, site

LONG = "x" * 5000


@pytest.fixture(scope="module")
def watched(hapless):
    """Return the id of a monitor whose config nobody manages to change."""
    return site(hapless)


def test_every_fault_is_told_at_once(hapless):
    """Unknown, missing, of the wrong type, out of range, and within objects; nothing is stored (R88)."""
    wish = {
        "type": "http",
        "interval_seconds": "30",
        "timeout_ms": 5,
        "expected_status": [200, 999, "x"],
        "severity": "bad",
        "colour": "red",
        "port": 80,
        "maintenance_windows": [],
        "sla": {"target_pct": 100, "years": 1},
        "notification_routing": [{"when": {"event": "rain", "moon": 1}}, 7],
        "notifications": ["slack://hooks/T/B/x", "slack://nonsense", 1],
        "quiet_hours": {"start": "25:00"},
    }
    before = hapless.get(MONITORS).json()["total"]
    faults = invalid(hapless.post(MONITORS, wish))
    assert faults == {
        "name": "is required",
        "url": "is required",
        "interval_seconds": "must be 10, 15, 20, 30 or whole minutes: 60 to 86400 seconds in steps of 60",
        "timeout_ms": "must be a whole number from 1000 to 60000",
        "expected_status[1]": "must be a status from 100 to 599, a range as 200-299, or a list of those",
        "expected_status[2]": "must be a status from 100 to 599, a range as 200-299, or a list of those",
        "severity": "must be one of minor, major, critical",
        "colour": "is not known",
        "port": "means nothing to a monitor of type http",
        "maintenance_windows": faults["maintenance_windows"],
        "sla.target_pct": "must be a number from 50 to 99.999",
        "sla.years": "is not known",
        "notification_routing[0].when.event": faults["notification_routing[0].when.event"],
        "notification_routing[0].when.moon": "is not known",
        "notification_routing[0].channels": "is required",
        "notification_routing[1]": "must be an object",
        "notifications[1]": "must be of the form slack://hooks/T…/B…/…",
        "notifications[2]": "must be a string",
        "quiet_hours.start": "must be a time of day, as 22:00",
        "quiet_hours.end": "is required",
    }
    assert "/config" in faults["maintenance_windows"]
    assert hapless.get(MONITORS).json()["total"] == before
    assert channels(hapless) == []


BAD = [
    ({"name": ""}, "name"),
    ({"name": None}, "name"),
    ({"name": " "}, "name"),
    ({"name": "a\x00"}, "name"),
    ({"name": LONG}, "name"),
    ({"url": 7}, "url"),
    ({"url": "example.org"}, "url"),
    ({"url": "ftp://example.org/"}, "url"),
    ({"url": "https://example.org/" + LONG}, "url"),
    ({"url": "http://a b/"}, "url"),
    *(({"interval_seconds": bad}, "interval_seconds") for bad in (0, -1, 5, 10**9, 10**300, 30.0, True, 61)),
    ({"regions": ["mars-1"]}, "regions[0]"),
    ({"regions": "us-east-1"}, "regions"),
    ({"timeout_seconds": 0.5}, "timeout_seconds"),
    ({"timeout_seconds": 61}, "timeout_seconds"),
    ({"timeout_seconds": 5, "timeout_ms": 5000}, "timeout_ms"),
    ({"degraded_threshold_ms": {"mars-1": 1}}, "degraded_threshold_ms.mars-1"),
    ({"degraded_threshold_ms": {"eu-west-1": 0}}, "degraded_threshold_ms.eu-west-1"),
    ({"expected_status": True}, "expected_status"),
    ({"expected_status": "299-200"}, "expected_status"),
    ({"expected_status": []}, "expected_status"),
    ({"method": "BREW"}, "method"),
    ({"headers": {"Host": "x"}}, "headers"),
    ({"headers": {"X-A": 1}}, "headers"),
    ({"failure_threshold": 0}, "failure_threshold"),
    ({"escalation_policy": "nobody"}, "escalation_policy"),
    ({"escalation_policy": {}}, "escalation_policy"),
    ({"notifications": "slack://hooks/T/B/x"}, "notifications"),
    ({"notifications": ["gopher://x"]}, "notifications[0]"),
    ({"notifications": ["pagerduty://short"]}, "notifications[0]"),
    ({"notifications": ["mailto:nobody"]}, "notifications[0]"),
    ({"notifications": ["https://"]}, "notifications[0]"),
    ({"notifications": ["jira://user@site/OPS"]}, "notifications[0]"),
    ({"notifications": ["00000000-0000-4000-8000-000000000000"]}, "notifications[0]"),
    ({"quiet_hours": {"start": "22:00", "end": "22:00"}}, "quiet_hours.end"),
    ({"quiet_hours": {"start": "22:00", "end": "07:00", "timezone": "Mars/Base"}}, "quiet_hours.timezone"),
    ({"sla": {"target_pct": 99.9, "period": "year"}}, "sla.period"),
    ({"sla": {}}, "sla.target_pct"),
    ({"notification_routing": [{"channels": []}]}, "notification_routing[0].channels"),
    ({"reminder_interval_hours": 0}, "reminder_interval_hours"),
    ({"tags": ["two words"]}, "tags"),
    ({"tags": [7]}, "tags[0]"),
    ({"description": 7}, "description"),
    ({"": 1}, ""),
    (b"", "body"),
    (b"[]", "body"),
    (b"null", "body"),
    (b'{"name": NaN}', "body"),
    (b'{"name": "\\ud800"}', "body"),
    (b"[" * 100_000, "body"),
    (b'{"interval_seconds": ' + b"9" * 5000 + b"}", "body"),
    (b"\xff", "body"),
]


@pytest.mark.parametrize(("wish", "field"), BAD, ids=lambda value: str(value)[:40])
def test_what_is_invalid_is_told_and_not_stored(hapless, watched, wish, field):
    """400 naming the field, for a new monitor and a config alike (R88, R96-R100, R120)."""
    before, kept = hapless.get(MONITORS).json()["total"], config_of(hapless, watched)
    new = {**SITE, **wish} if isinstance(wish, dict) else wish
    for answer in (hapless.post(MONITORS, new), put(hapless, watched, wish)):
        assert field in invalid(answer)
    assert hapless.get(MONITORS).json()["total"] == before
    assert config_of(hapless, watched) == kept
    assert channels(hapless) == []


@pytest.mark.parametrize("kind", ["gopher", "heartbeat", "HTTP", 7, None, [], {}])
def test_a_type_that_there_is_not_is_refused(hapless, kind):
    """400 naming `type`, and what else is wrong (R88, R94)."""
    faults = invalid(hapless.post(MONITORS, {"type": kind, "url": "x", "interval_seconds": 30, "moon": 1}))
    assert faults.keys() == {"type", "name", "url", "interval_seconds", "moon"}
    assert faults["type"] == "must be one of http, tcp, dns, tls, domain"


@pytest.mark.parametrize(
    ("wish", "fields"),
    [
        ({"type": "tcp"}, {"url"}),
        ({"type": "tcp", "host": "example.org"}, {"port"}),
        ({"type": "tcp", "port": 80}, {"host"}),
        ({"type": "tcp", "url": "tcp://example.org:80", "port": 80}, {"url"}),
        ({"type": "tcp", "url": "http://example.org:80"}, {"url"}),
        ({"type": "tcp", "url": "tcp://example.org"}, {"url"}),
        ({"type": "tcp", "url": "tcp://example.org:99999"}, {"url"}),
        ({"type": "tcp", "url": "tcp://[::1"}, {"url"}),
        ({"type": "tcp", "host": "example.org", "port": "80"}, {"port"}),
        ({"type": "dns"}, {"host"}),
        ({"type": "dns", "host": "a.example", "hostname": "b.example"}, {"hostname"}),
        ({"type": "dns", "host": "a.example", "record_type": "HINFO"}, {"record_type"}),
        ({"type": "dns", "host": "a.example", "expected_status": 200}, {"expected_status"}),
        ({"type": "tls", "host": "a.example", "min_days_left": -1}, {"min_days_left"}),
        ({"type": "domain", "domain": "localhost"}, {"domain"}),
    ],
    ids=named,
)
def test_a_target_is_whole_and_of_its_type(hapless, wish, fields):
    """What a type needs is asked for, and what another has is not known to it (R88, R92, R93)."""
    assert invalid(hapless.post(MONITORS, {"name": "x"} | wish)).keys() == fields


def test_who_makes_the_same_mistake_often_is_told_of_a_hundred(hapless):
    """The answer is no longer than anybody reads (R88)."""
    assert len(invalid(hapless.post(MONITORS, {f"x{n}": n for n in range(5000)}))) == 100


def test_nobody_is_asked_about_more_strange_names_than_are_told_of():
    """A body may hold a million of them (R88)."""
    asked = []
    with pytest.raises(InvalidFields) as refusal:
        fields(
            {f"x{number}": 1 for number in range(10 * MOST_TOLD)},
            {},
            strange=lambda name: asked.append(name) or "?",
        )
    assert len(asked) == len(refusal.value.faults) == MOST_TOLD


def test_no_refusal_repeats_a_secret(hapless):
    """What is malformed may still hold a token (R100, R392)."""
    for url in ("slack://hooks/T/B", "jira://me:tok3n@site", "pagerduty://tok3n", "https://u:tok3n@"):
        text = hapless.post(MONITORS, {**SITE, "notifications": [f"{url}#tok3n"]}).text
        assert "tok3n" not in text


wishes = st.fixed_dictionaries(
    {"name": texts | documents, "type": st.sampled_from(["http", "tcp", "dns", "tls", "domain"]) | documents},
    optional=dict.fromkeys(
        (
            *("url", "host", "port", "hostname", "domain", "interval_seconds", "regions", "timeout_ms"),
            *("timeout_seconds", "degraded_threshold_ms", "expected_status", "headers", "body", "sla"),
            *("quiet_hours", "notification_routing", "notifications", "escalation_policy", "tags"),
        ),
        documents,
    ),
)


@patiently
@given(wish=wishes | documents)
def test_any_json_makes_a_monitor_or_is_refused(house, carol, wish):
    """201 or 400, and what was made can be seen, and its config sent back (R88)."""
    house.clock.now = house.clock.now.replace(second=0, microsecond=0)
    house.clock.rest(60)
    answer = carol.post(MONITORS, wish)
    assert answer.status in (201, 400), answer.text
    if answer.status == 201:
        monitor_id = answer.json()["monitor_id"]
        assert carol.get(f"{MONITORS}/{monitor_id}").json() == answer.json()
        assert put(carol, monitor_id, config_of(carol, monitor_id)).status == 200
    else:
        assert invalid(answer)


def test_a_policy_is_named_as_it_is_called(carol):
    """By its name or its id; one that is not there is named in the refusal (R99)."""
    policy = ladder(carol, "on call")
    for word in ("on call", policy["policy_id"]):
        made = carol.post(MONITORS, {**SITE, "escalation_policy": word})
        assert (made.status, made.json()["escalation_policy"]) == (201, "on call")
    assert invalid(carol.post(MONITORS, {**SITE, "escalation_policy": "off call"})) == {
        "escalation_policy": "names no escalation policy: off call"
    }
