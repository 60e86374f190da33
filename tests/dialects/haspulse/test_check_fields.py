from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import Person

from chalicelib.core.schedules import Cron, Every, OnCalendar
from chalicelib.local.house import FURNISHED
from haspulse.anything import documents, patiently
from haspulse.asking import NOBODY, hook
from haspulse.checking import (
    TARGETS,
    WISHES,
    ask,
    changed,
    listed,
    new,
    probed,
    refused,
    seen,
    stored,
)

REGIONS = list(FURNISHED.probe_regions)


# --- what each field may be ---------------------------------------------------------------------------------

GOOD = {
    "name": ["x", "x" * 100, "\N{BEETLE}" * 100, "a b"],
    "slug": ["x", "a-1", "-", "9" * 64],
    "graceSeconds": [0, 1, 86_400],
    "alertOnRecovery": [True, False],
    "reminderIntervalHours": [1, 168, None],
    "tags": [[], ["db", "prod"], ["x" * 500], ["\N{BEETLE}"]],
    "description": ["x", "two\nlines", "x" * 10_000, None],
}
GOOD_OF_PROBES = {
    "intervalSeconds": [10, 15, 20, 30, 60, 3600, 86_400],
    "timeoutSeconds": [1, 2.5, 60],
    "regions": [[], REGIONS[:1], REGIONS],
    "failureThreshold": [1, 10],
    "recoveryThreshold": [1, 10],
    "slowMs": [1, 60_000, None],
}


def every(good):
    """Return wishes in which each good value of each field stands at least once."""
    return [
        {field: values[n % len(values)] for field, values in good.items()}
        for n in range(max(map(len, good.values())))
    ]


@pytest.mark.parametrize(
    ("make", "wish"),
    [*((new, wish) for wish in every(GOOD)), *((probed, wish) for wish in every(GOOD_OF_PROBES))],
)
def test_what_is_allowed_is_taken_and_shown(alice, make, wish):
    """Good values come back as they were given, from POST and from PATCH (R26, R30)."""
    for check in (make(alice, **wish), changed(alice, make(alice), **wish)):
        assert {field: check[field] for field in wish} == wish


@pytest.mark.parametrize(
    ("given", "schedule", "shown"),
    [
        ({"scheduleValue": 60}, Every(timedelta(minutes=1)), "60"),
        ({"scheduleType": "PERIOD", "scheduleValue": "31536000"}, Every(timedelta(days=365)), "31536000"),
        ({"scheduleType": "PERIOD", "timezone": "Europe/Berlin"}, Every(timedelta(days=1)), "86400"),
        ({"scheduleType": "CRON", "scheduleValue": "*/5 * * * *"}, Cron("*/5 * * * *"), "*/5 * * * *"),
        ({"scheduleType": "CRON", "scheduleValue": "@daily"}, Cron("@daily"), "@daily"),
        (
            {"scheduleType": "CRON", "scheduleValue": "0 3 * * 1", "timezone": "Europe/Berlin"},
            Cron("0 3 * * 1", "Europe/Berlin"),
            "0 3 * * 1",
        ),
        (
            {"scheduleType": "ONCALENDAR", "scheduleValue": "Mon *-*-* 03:00", "timezone": "Asia/Tokyo"},
            OnCalendar("Mon *-*-* 03:00", "Asia/Tokyo"),
            "Mon *-*-* 03:00",
        ),
    ],
)
def test_a_schedule_is_a_period_or_an_expression(alice, given, schedule, shown):
    """Seconds come as a number or as text, expressions in a zone; a period keeps no zone (R26)."""
    for check in (new(alice, **given), changed(alice, new(alice), **given)):
        assert stored(alice, check).spec.schedule == schedule
        assert (check["scheduleValue"], check["timezone"]) == (shown, getattr(schedule, "tz", "UTC"))
        assert check["scheduleType"] == given.get("scheduleType", "PERIOD")


def test_channels_are_named_by_their_ids(carol, bob):
    """Channels of the project are taken, in any order; those of others are named in the refusal (R26)."""
    ours = sorted(hook(carol, "http://127.0.0.1:9/")["id"] for _ in range(2))
    theirs = hook(bob, "http://127.0.0.1:9/")["id"]
    check = new(carol, channelIds=ours[::-1])
    assert check["channelIds"] == ours
    assert changed(carol, check, channelIds=ours[:1])["channelIds"] == ours[:1]
    assert changed(carol, check, channelIds=[])["channelIds"] == []
    for wrong in (theirs, NOBODY, "Hook", "*", ""):
        sentence = refused(ask(carol, "create", fields=WISHES["create"] | {"channelIds": [wrong]}))
        assert "channelids" in sentence
        assert "channelids" in refused(ask(carol, "change", check["id"], {"channelIds": [wrong]}))
    assert len(listed(carol)) == 1


# --- what it may not be -------------------------------------------------------------------------------------

NUMBERS = [True, "5", 5.5, [], {}, -1, 10**30]
BAD = {
    "name": [None, "", "  ", "x" * 101, 7, [], "a\0", "a\nb"],
    "slug": [None, "", "A", "a_b", "a b", "a" * 65, "a\n", 7],
    "type": [None, "", "heartbeat", "FAX", 1],
    "scheduleType": [None, "", "cron", "DAILY", 1],
    "scheduleValue": [
        None,
        59,
        31_536_001,
        -60,
        10**400,
        "",
        "59",
        "6e3",
        "\N{SUPERSCRIPT TWO}",
        60.5,
        True,
        [],
    ],
    "graceSeconds": [None, 86_401, *NUMBERS],
    "timezone": [None, "", "Mars/Olympus", "../etc/passwd", 1],
    "alertOnRecovery": [None, 0, "true"],
    "reminderIntervalHours": [0, 169, *NUMBERS],
    "channelIds": [None, "x", {}, [1], [None], [NOBODY]],
    "tags": [None, "db", [1], [""], ["a b"], ["a\0"], ["x" * 251, "y" * 251]],
    "description": [7, [], "a\0", "x" * 10_001],
    "target": [None, {}, {"url": "http://127.0.0.1:9/"}, "x"],
    "intervalSeconds": [60],
    "regions": [[]],
    "slowMs": [100],
}
BAD_OF_PROBES = {
    "scheduleType": ["PERIOD"],
    "scheduleValue": [60],
    "graceSeconds": [60],
    "timezone": ["UTC"],
    "target": [None, [], "x", 7],
    "intervalSeconds": [None, 0, 11, 45, 61, 90, 86_460, *NUMBERS],
    "timeoutSeconds": [None, 0, 0.9, 60.1, True, "5", [], -1, 10**400],
    "regions": [None, "us-east-1", ["mars"], [1], [""]],
    "failureThreshold": [None, 0, 11, *NUMBERS],
    "recoveryThreshold": [None, 0, 11, *NUMBERS],
    "slowMs": [0, 60_001, *NUMBERS],
}


@pytest.fixture(scope="module")
def kept(house):
    """Return a check of each type that nobody's change changes."""
    owner = Person(house, house.foundation.api_key)
    return {kind: probed(owner, kind) for kind in TARGETS} | {"HEARTBEAT": new(owner)}


@pytest.mark.parametrize("field", BAD)
def test_what_is_not_allowed_is_told_and_not_stored(alice, hapless, kept, field):
    """400 with the field, from POST and from PATCH, and everything stays as it was (R28, R30, R72)."""
    check = kept["HEARTBEAT"]
    for value in BAD[field]:
        wish = WISHES["create"] | {field: value}
        assert field.lower() in refused(ask(hapless, "create", fields=wish)), value
        wish = {"tags": ["new"], field: value}
        assert field.lower() in refused(ask(alice, "change", check["id"], wish)), value
    assert listed(hapless) == []
    assert seen(alice, check) == check


@pytest.mark.parametrize("field", BAD_OF_PROBES)
def test_what_probes_are_not_allowed_is_told_and_not_stored(alice, hapless, kept, field):
    """So it is with how a target is watched, and with what only heartbeats have (R28, R72)."""
    check = kept["HTTP"]
    for value in BAD_OF_PROBES[field]:
        wish = WISHES["create"] | {"type": "HTTP", "target": TARGETS["HTTP"], field: value}
        assert field.lower() in refused(ask(hapless, "create", fields=wish)), value
        wish = {"tags": ["new"], field: value}
        assert field.lower() in refused(ask(alice, "change", check["id"], wish)), value
    assert listed(hapless) == []
    assert seen(alice, check) == check


@pytest.mark.parametrize(
    ("wish", "named"),
    [
        ({"type": "HTTP"}, "target"),
        ({"type": "HTTP", "target": {}}, "target.url"),
        ({"type": "TCP", "target": {"host": "example.org"}}, "target.port"),
        ({"type": "DOMAIN", "target": {}}, "target.domain"),
        ({"scheduleType": "CRON"}, "schedulevalue"),
        ({"scheduleType": "CRON", "scheduleValue": 60}, "schedulevalue"),
        ({"scheduleType": "CRON", "scheduleValue": "61 * * * *"}, "schedulevalue"),
        ({"scheduleType": "CRON", "scheduleValue": "0 0 30 2 *"}, "schedulevalue"),
        ({"scheduleType": "CRON", "scheduleValue": "Mon *-*-* 03:00"}, "schedulevalue"),
        ({"scheduleType": "CRON", "scheduleValue": "* * * * *" + " " * 100}, "schedulevalue"),
        ({"scheduleType": "ONCALENDAR", "scheduleValue": "* * * * *"}, "schedulevalue"),
        ({"scheduleType": "ONCALENDAR", "scheduleValue": "whenever"}, "schedulevalue"),
        ({"scheduleType": "CRON", "scheduleValue": "@daily", "timezone": "Mars/Olympus"}, "timezone"),
        ({"scheduleValue": "0 3 * * *"}, "schedulevalue"),
    ],
)
def test_what_does_not_fit_together_is_told_and_not_stored(hapless, wish, named):
    """What is good by itself may be missing something, or mean nothing beside the rest (R28)."""
    assert refused(ask(hapless, "create", fields=WISHES["create"] | wish)).startswith(named)
    assert listed(hapless) == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff", b'{"name": NaN}', b'{"name": "\\ud800"}', b"{}"]
)
def test_what_is_no_wish_is_refused(alice, hapless, kept, body):
    """No JSON, no object, nothing at all: 400 and nothing is stored; an empty change is one (R28)."""
    refused(ask(hapless, "create", fields=body))
    assert listed(hapless) == []
    check = kept["HEARTBEAT"]
    if body != b"{}":
        refused(ask(alice, "change", check["id"], body))
    assert seen(alice, check) == check


def test_a_type_is_for_life(alice, kept):
    """What a check is does not change; to say once more what it is does no harm (R30)."""
    for kind, check in kept.items():
        other = "HEARTBEAT" if kind == "HTTP" else "HTTP"
        assert refused(ask(alice, "change", check["id"], {"type": other})) == "type cannot change"
        assert changed(alice, check, type=kind) == check


# --- anything at all ----------------------------------------------------------------------------------------

OFTEN = {
    "type": ["HEARTBEAT", *TARGETS],
    "scheduleType": ["PERIOD", "CRON", "ONCALENDAR"],
    "scheduleValue": [60, "60", "* * * * *", "daily"],
    "timezone": ["UTC", "Europe/Berlin"],
    "target": list(TARGETS.values()),
    **GOOD,
    **GOOD_OF_PROBES,
}
fields = {name: st.one_of(st.sampled_from(values), documents) for name, values in OFTEN.items()}
wishes = st.fixed_dictionaries({"name": fields.pop("name")}, optional=fields)


@patiently
@given(wish=st.one_of(wishes, documents))
def test_any_json_makes_a_check_or_is_refused(alice, wish):
    """201 or 400, and what was made can be seen again (R28)."""
    made = ask(alice, "create", fields=wish)
    assert made.status in (201, 400)
    if made.status == 201:
        assert seen(alice, made.json()) == made.json()


@patiently
@given(wish=st.one_of(wishes, documents), kind=st.sampled_from(["HEARTBEAT", *TARGETS]))
def test_any_json_changes_a_check_or_leaves_it(alice, wish, kind):
    """200 or 400, and afterwards the check can still be seen (R30)."""
    alice.house.clock.now += timedelta(minutes=1)
    check = new(alice) if kind == "HEARTBEAT" else probed(alice, kind)
    reply = ask(alice, "change", check["id"], wish)
    assert reply.status in (200, 400)
    assert seen(alice, check) == (reply.json() if reply.status == 200 else check)
