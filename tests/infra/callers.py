"""What people do with a deployment besides pinging: they maintain things, take incidents on, and move out."""

import json
from datetime import timedelta

from chalicelib.core.findings import RecordSet, Registration, Survey
from chalicelib.local.front import PingFront
from chalicelib.messages import SurveyResult

HOUR = timedelta(hours=1)
PERIOD = {"scheduleType": "PERIOD", "scheduleValue": 60, "graceSeconds": 60}


def ping_cheaply(house, code):
    """Let jobs ping the function URL: by id, by slug, a new one, by heartbeat, and too late."""
    key = house.foundation.project.ping_key
    for action in ("", "/start", "", "/fail", ""):
        assert PingFront().ask("POST", f"/ping/{code}{action}", {}, b"what the job printed").status == 200
    assert PingFront().ask("GET", f"/ping/{key}/backup").status == 200
    assert PingFront().ask("GET", f"/ping/{key}/made-by-it?create=1").status == 201
    assert PingFront().ask("GET", f"/api/v1/heartbeat/{code}").status == 200
    house.sleep(minutes=3)
    assert PingFront().ask("POST", f"/ping/{code}").status == 200


def moment(house, **later):
    """Return a moment as the API takes it."""
    return (house.clock.now + timedelta(**later)).isoformat()


def strike(house):
    """Let it become the next full hour, and a minute more: what is left is cleared then."""
    house.clock.now = house.clock.now.replace(minute=59, second=30) + HOUR
    house.advance(minutes=1)


def window(house, ask, **wish):
    """Return a window of maintenance that has just begun."""
    wish = {"title": "New disks", "startsAt": moment(house), "endsAt": moment(house, minutes=6)} | wish
    return "/v1/maintenance/" + ask("POST", "/v1/maintenance", wish)["id"]


def maintain(house, ask):
    """Let jobs fail under maintenance: one recovers in time, and is down when it ends; one is given up."""
    channels = ask("GET", "/v1/channels")["channels"]
    mails = [channel["id"] for channel in channels if channel["type"] == "EMAIL"]
    wish = PERIOD | {"reminderIntervalHours": 1, "channelIds": mails}
    check, other = (ask("POST", "/v1/checks", wish | {"name": name}) for name in ("Nightly", "Weekly"))
    job, ping = f"/v1/checks/{check['id']}", f"/ping/{check['id']}"
    first = window(house, ask, checkIds=[check["id"], other["id"]])
    for code in (check["id"], other["id"]):
        house.ask("POST", f"/ping/{code}")
    house.advance(minutes=3)
    house.ask("POST", ping)
    house.advance(seconds=1)
    ask("DELETE", f"/v1/checks/{other['id']}")
    ask("PATCH", first, {"title": "Newer disks"})
    house.advance(minutes=4)
    ask("GET", first)
    ask("DELETE", first)
    assert ask("GET", "/v1/maintenance?upcoming=true")["maintenance"] == []
    ask("DELETE", window(house, ask, startsAt=moment(house, hours=1), endsAt=moment(house, hours=2)))
    ask("GET", job)
    ask("GET", f"{job}/stats")
    house.sleep(hours=1)
    house.advance(minutes=2)
    return job


def take_on(house, ask, job):
    """Let people work on what broke, and on what they tell of themselves; then the job is given up."""
    (incident,) = ask("GET", "/v1/incidents?status=INVESTIGATING")["incidents"]
    address = f"/v1/incidents/{incident['id']}"
    ask("PATCH", job, {"reminderIntervalHours": 2})
    ask("POST", f"{address}/acknowledge")
    ask("PATCH", address, {"impact": "CRITICAL"})
    assert len(ask("GET", address)["updates"]) > 1
    told = ask("POST", "/v1/incidents", {"title": "Fire", "message": "It burns.", "checkIds": []})
    ask("POST", f"/v1/incidents/{told['id']}/updates", {"message": "It is out.", "status": "RESOLVED"})
    ask("GET", f"/v1/incidents/{told['id']}/updates")
    ask("DELETE", f"/v1/incidents/{told['id']}")
    house.ask("POST", job.replace("/v1/checks", "/ping"))
    house.advance(minutes=4)  # it recovers, and is down again
    ask("POST", f"{job}/pause")
    house.advance(seconds=5)
    ask("POST", f"{job}/resume")
    house.ask("POST", job.replace("/v1/checks", "/ping") + "/fail")
    house.advance(seconds=5)
    ask("DELETE", job)


def escalate(house, ask):
    """Let incidents be told in every way: by steps, as levels missed, by people and programs, by the week."""
    nobody = {"url": "http://127.0.0.1:9/", "secret": "a secret of ours"}
    hook = ask("POST", "/v1/channels", {"type": "INDIEPULSE", "name": "hook", "config": nobody})["id"]
    steps = [{"after_minutes": 1, "channels": [hook, "mailto:senior@example.org"]}]
    policy = ask("POST", "/v1/escalation-policies", {"name": "oncall", "steps": steps})["policy_id"]
    monitor = ask("POST", "/v1/checks", PERIOD | {"name": "Nightly"})["id"]
    wish = {
        "notifications": [hook, "mailto:a@example.org"],
        "escalation_policy": "oncall",
        "sla": {"target_pct": 99.9, "period": "day"},
        "maintenance_windows": [
            {"start": moment(house, hours=40), "end": moment(house, hours=41), "timezone": "UTC"}
        ],
    }
    ask("PUT", f"/v1/monitors/{monitor}/config", wish)
    house.ask("POST", f"/ping/{monitor}/fail")
    house.advance(minutes=3)
    [incident] = ask("GET", "/v1/incidents?status=INVESTIGATING")["incidents"]
    known = {"external_ids": {"jira": "OPS-1", "pagerduty": "Q1"}}
    taken = {"incident_id": incident["id"], "state": "acknowledged", "assignee": "maya@example.org"}
    ask("POST", "/v1/incidents", taken | known)
    house.advance(seconds=5)
    assert ask("GET", f"/v1/status/{monitor}")["sla"]["breached"]
    ask("POST", "/v1/incidents", {"state": "resolved"} | known)
    house.advance(seconds=5)
    house.ask("POST", f"/ping/{monitor}")
    fire = ask("POST", "/v1/incidents", {"state": "triggered", "title": "Fire"})["incident_id"]
    house.advance(seconds=5)
    ask("POST", "/v1/incidents", {"incident_id": fire, "state": "resolved"})
    house.advance(seconds=5)
    ask("DELETE", f"/v1/incidents/{incident['id']}")
    days = timedelta(days=7 - house.clock.now.weekday())
    house.clock.now = (house.clock.now + days).replace(hour=7, minute=59, second=30)
    house.advance(minutes=1)
    ask("DELETE", f"/v1/checks/{monitor}")
    ask("DELETE", f"/v1/escalation-policies/{policy}")
    ask("DELETE", f"/v1/channels/{hook}")


def move_out(house, ask):
    """Let another project and another organization be set up, used and given up; *ask* holds all keys."""
    project = ask("POST", "/v1/projects", {"name": "Laptops"})
    ask("GET", "/v1/projects")
    ask("PATCH", f"/v1/projects/{project['id']}", {"slug": "machines"})
    made = ask("POST", "/v1/api-keys", {"name": "ci", "projectId": project["id"]})
    ask("POST", "/v1/api-keys", {"name": "spare", "projectId": project["id"]})
    ask("GET", "/v1/api-keys")
    furnish(house, made["fullKey"])
    ask("DELETE", f"/v1/api-keys/{made['apiKey']['id']}")
    ask("DELETE", f"/v1/projects/{project['id']}")
    child = ask("POST", "/v1/organizations", {"name": "Bob"})
    ask("GET", "/v1/organizations")
    ask("PATCH", f"/v1/organizations/{child['id']}", {"slug": "bob-and-co"})
    ask("DELETE", f"/v1/organizations/{child['id']}")
    other = ask("POST", "/v1/organizations", {"name": "Carol"})
    furnish(house, other["fullKey"])
    # As if whoever deleted it had died before anything else was done.
    house.tools.organizations.remove(house.tools.organizations.find(other["id"]), house.clock.now)
    assert ask("GET", "/v1/audit")["entries"]
    house.advance(seconds=5)
    for _ in range(3):
        strike(house)
    assert house.tools.remnants.all() == []


def furnish(house, key):
    """Let a project own something of every kind, one check of it being down."""

    def ask(path, wish):
        reply = house.ask("POST", path, json.dumps(wish).encode(), X_Api_Key=key)
        assert reply.status < 300, (path, reply.text)
        return reply.json()

    ask("/v1/channels", {"type": "EMAIL", "name": "mail", "config": {"email": "a@example.org"}})
    window(house, lambda _, path, wish: ask(path, wish))
    for name in ("Ship", "Shop"):
        check = ask("/v1/checks", PERIOD | {"name": name})
    house.ask("POST", f"/ping/{check['id']}/fail")
    ask("/v1/incidents", {"title": "Fire", "message": "It burns."})
    house.advance(seconds=5)


def expire(house, ask):
    """Let a domain's end come near and be put off, until nobody watches it; nobody outside is asked."""
    house.pump.lines = [line for line in house.pump.lines if line.name != "probe"]
    mails = [one["id"] for one in ask("GET", "/v1/channels")["channels"] if one["type"] == "EMAIL"]
    wish = {"type": "HTTP", "name": "Shop", "target": {"url": "https://shop.example/"}, "channelIds": mails}
    made = ask("POST", "/v1/checks", wish | {"intervalSeconds": 86400})["id"]

    def survey(host, days):
        now = house.clock.now
        found = Registration("shop.example", "Names & Co", now + timedelta(days=days), locked=True)
        house.tools.queues.results(SurveyResult(made, Survey(host, now, found, records(now))))
        house.advance(seconds=5)

    survey("shop.example", 12)
    assert ask("GET", "/api/v1/status")["data"]["domains"]["expiring_soon"]
    survey("shop.example", 400)
    assert ask("GET", f"/api/v1/monitors/{made}/domain-health")["data"]["dns_changes"]
    strike(house)
    ask("PATCH", f"/v1/checks/{made}", {"target": {"url": "http://127.0.0.1:9/"}})
    survey("", 400)
    ask("DELETE", f"/v1/checks/{made}")
    house.advance(seconds=5)


def records(now):
    """Return mail records that differ whenever they are looked at."""
    return (RecordSet("MX", "shop.example", (f"10 {now:%H%M%S}.example",)),)
