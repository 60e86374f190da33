import pytest
from broken import answering

from chalicelib.core.tenancy import hash_secret
from haspulse.asking import CHANNELS, NOBODY, refusal
from haspulse.tenants import (
    AUDIT,
    INCIDENTS,
    KEYS,
    MAINTENANCE,
    NIGHT,
    ORGANIZATIONS,
    PROJECTS,
    SECOND,
    invalid,
    made,
    settle,
)


def entries(tenant, query=""):
    """Return the trail of an organization, the newest first."""
    return tenant.admin.get(AUDIT + query).json()["entries"]


def test_every_change_leaves_a_line(ours):
    """Of each sort of thing: what was done to what, when, and with which key; a line holds no values."""
    house = ours.admin.house
    child = {"name": "Child", "slug": f"child-{ours.organization_id}"}
    roads = [
        f"{path}/{thing['id']}"
        for path, thing in (
            (PROJECTS, made(ours.admin, PROJECTS, name="Second")),
            (ORGANIZATIONS, made(ours.admin, ORGANIZATIONS, **child)),
            (INCIDENTS, made(ours.admin, INCIDENTS, title="Slow")),
            (MAINTENANCE, made(ours.admin, MAINTENANCE, title="Move", **NIGHT)),
        )
    ]
    for road in roads:
        house.clock.now += SECOND
        assert ours.admin.ask("PATCH", road, {"name": "a secret", "title": "a secret"}).status == 200
    house.clock.now += SECOND
    assert ours.admin.post(f"{roads[2]}/acknowledge").status == 200
    made(ours.admin, f"{roads[2]}/updates", message="a secret")
    key = made(ours.admin, KEYS, name="ci")["apiKey"]
    for road in (f"{KEYS}/{key['id']}", *reversed(roads)):
        house.clock.now += SECOND
        assert ours.admin.ask("DELETE", road).status == 204
    told = entries(ours)[::-1]
    assert [entry["action"] for entry in told] == [
        *("project.created", "organization.created", "incident.created", "maintenance.created"),
        *("project.changed", "organization.changed", "incident.changed", "maintenance.changed"),
        *("incident.acknowledged", "incident.updated", "api_key.created", "api_key.revoked"),
        *("maintenance.deleted", "incident.deleted", "organization.deleted", "project.deleted"),
    ]
    assert [entry["details"] for entry in told[4:8]] == [
        {"fields": ["name"]},
        {"fields": ["name"]},
        {"fields": ["title"]},
        {"fields": ["title"]},
    ]


def test_fields_are_named_as_requests_name_them(ours):
    """Whoever reads what was changed finds the words that it was changed with."""
    check = made(ours.writer, "/v1/checks", name="a")
    window = made(ours.writer, MAINTENANCE, title="Move", **NIGHT)
    incident = made(ours.writer, INCIDENTS, title="Slow")
    changes = {
        f"/v1/checks/{check['id']}": {"graceSeconds": 60, "alertOnRecovery": False, "description": "x"},
        f"{MAINTENANCE}/{window['id']}": {"endsAt": NIGHT["endsAt"], "checkIds": [check["id"]]},
        f"{INCIDENTS}/{incident['id']}": {"status": "IDENTIFIED", "checkIds": [check["id"]]},
    }
    for road, change in changes.items():
        ours.admin.house.clock.now += SECOND
        assert ours.writer.ask("PATCH", road, change).status == 200
    told = [entry["details"]["fields"] for entry in entries(ours, "?limit=3")[::-1]]
    assert [sorted(fields) for fields in told] == [sorted(change) for change in changes.values()]


def test_a_line_tells_who_what_and_when(ours):
    """With the ids and names of the key and of the thing."""
    ours.writer.house.clock.now += SECOND
    channel = ours.writer.channel("Hook")
    key, _ = ours.writer.house.tools.keys.spend(hash_secret(ours.writer.key), "v1", ours.writer.house.clock())
    [entry] = entries(ours)
    entry_id = entry.pop("id")
    assert len(entry_id) == 36
    assert entry == {
        "at": ours.writer.house.clock().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "action": "channel.created",
        "objectId": channel["id"],
        "objectName": "Hook",
        "projectId": ours.project_id,
        "keyId": key.key_id,
        "keyName": "read-write",
        "details": {},
    }


def test_what_is_refused_leaves_none(ours):
    """Nothing was changed."""
    ours.reader.post(CHANNELS, {"type": "WEBHOOK", "name": "x", "config": {"url": "http://127.0.0.1:9/"}})
    ours.admin.post(PROJECTS, {"name": ""})
    ours.admin.ask("DELETE", f"{PROJECTS}/{ours.project_id}")
    assert entries(ours) == []


def test_the_trail_is_read_page_by_page(ours):
    """As many as asked for, and after which entry to go on; the last page says that it is the last."""
    for name in "abcde":
        made(ours.admin, PROJECTS, name=name)
    pages, query = [], "?limit=2"
    while True:
        page = ours.admin.get(AUDIT + query).json()
        pages.append("".join(entry["objectName"] for entry in page["entries"]))
        if page["next"] is None:
            break
        query = f"?limit=2&before={page['next']}"
    assert pages == ["ed", "cb", "a"]
    assert ours.admin.get(AUDIT + "?limit=5").json()["next"] is None
    assert entries(ours, f"?before={NOBODY}") == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "before=x", f"before={NOBODY}x", "before=%F0%9F%94%91"]
)
def test_bad_parameters_are_named(ours, query):
    """400 (R72)."""
    assert query.partition("=")[0] in invalid(ours.admin.get(f"{AUDIT}?{query}"))


def test_the_trail_is_for_who_manages_the_organization(ours, house):
    """A key of project level is forbidden it, and nobody sees another's (R7, R74)."""
    made(ours.admin, PROJECTS, name="Second")
    for person in (ours.writer, ours.reader):
        assert refusal(person.get(AUDIT))[:2] == (403, "FORBIDDEN")
    assert entries(settle(house, "Others")) == []
    looking = made(ours.admin, KEYS, name="look", level="ORGANIZATION", permission="READ")["fullKey"]
    assert house.ask("GET", AUDIT, X_Api_Key=looking).status == 200


def test_a_silent_trail_undoes_no_change(ours, house, caplog):
    """The change is made by then: the log keeps the line instead."""
    check = ours.writer.check(name="a")
    with answering(house, "PutItem"):
        assert ours.writer.post(f"/api/v3/checks/{check['uuid']}/pause").status == 200
    assert "check.paused" in caplog.text
    assert [entry["action"] for entry in entries(ours)] == ["check.created"]
