"""How the tests ask StatusPulse, read its answers, and let regions answer."""

from datetime import timedelta

from chalicelib.core.status import Verdict
from chalicelib.dialects import ids
from tests.dialects.regions import REGIONS, answer_a_round

MONITORS, STATUS, POLICIES = "/v1/monitors", "/v1/status", "/v1/escalation-policies"
INCIDENTS, CHANNELS, MAINTENANCE = "/v1/incidents", "/v1/channels", "/v1/maintenance"
NOBODY = "mon_aaaaaaaaaaaaaaaaaaaaaaaaaa"
SLACK = "slack://hooks/T0A1B2C3D/B0X9Y8Z7W/abc123"
HOOK = "http://127.0.0.1:9/hook"
SITE = {"name": "Checkout Service Gateway", "type": "http", "url": "https://api.acmecorp.example/v2/health"}
NIGHT = {"start": "2026-06-01T22:00:00Z", "end": "2026-06-01T23:00:00Z"}


def named(value):
    """Return what a case of a test is called: the same in every process."""
    return str(sorted(value) if isinstance(value, set) else value)[:60]


def refusal(reply):
    """Return (status, code, {field: why}) of an answer, once it is seen to have the one form (R86, R126)."""
    fault = reply.json()
    assert reply.headers["Content-Type"] == "application/json"
    assert list(fault) == ["error", "message"]
    assert list(fault["error"]) == ["code", "message", "details"]
    assert fault["message"] == fault["error"]["message"] != ""
    details = fault["error"]["details"]
    assert all(list(line) == ["field", "message"] for line in details)
    return reply.status, fault["error"]["code"], {line["field"]: line["message"] for line in details}


def invalid(reply):
    """Return {field: why} of a 400."""
    status, code, faults = refusal(reply)
    assert (status, code) == (400, "invalid_request"), reply.text
    return faults


def created(person, path=MONITORS, **wish):
    """Return what a wish has made, a moment after whatever was made before it."""
    person.house.clock.now += timedelta(milliseconds=1)
    reply = person.post(path, wish)
    assert reply.status == 201, reply.text
    return reply.json()


def site(person, **wish):
    """Return the id of a new monitor of a site, probed every minute; two bad rounds are an outage."""
    return created(person, **(SITE | {"interval_seconds": 60} | wish))["monitor_id"]


def ladder(person, name="oncall_senior", **wish):
    """Return a new escalation policy."""
    steps = [{"after_minutes": 5, "channels": [HOOK]}]
    return created(person, POLICIES, **({"name": name, "steps": steps} | wish))


def config_of(person, monitor_id):
    """Return what of a monitor may be changed."""
    reply = person.get(f"{MONITORS}/{monitor_id}/config")
    assert reply.status == 200, reply.text
    return reply.json()


def put(person, monitor_id, wish, **headers):
    """Ask for a monitor to be changed, a moment later."""
    person.house.clock.now += timedelta(milliseconds=1)
    return person.ask("PUT", f"{MONITORS}/{monitor_id}/config", wish, **headers)


def changed(person, monitor_id, **wish):
    """Return a monitor's config, changed."""
    reply = put(person, monitor_id, wish)
    assert reply.status == 200, reply.text
    return reply.json()


def status_of(person, monitor_id):
    """Return how a monitor stands."""
    reply = person.get(f"{STATUS}/{monitor_id}")
    assert reply.status == 200, reply.text
    return reply.json()


def stored(person, monitor_id):
    """Return a monitor as the house knows it."""
    return person.house.tools.monitors.load(ids.read(ids.MONITOR, monitor_id), fresh=True)


def channels(person):
    """Return the person's channels, as they are stored."""
    shown = person.get(CHANNELS).json()["channels"]
    return [person.house.tools.channels.find(one["projectId"], one["id"]) for one in shown]


def windows_of(person):
    """Return the windows as the other dialect shows them."""
    return person.get(MAINTENANCE).json()["maintenance"]


def hear(person, monitor_id, verdict=Verdict.UP, regions=REGIONS, **found):
    """Let a minute pass and regions answer a round that is due then, all in the same way."""
    facts = {"ms": 100.0, "code": 200} | found
    answer_a_round(person.house, ids.read(ids.MONITOR, monitor_id), verdict, regions, **facts)
