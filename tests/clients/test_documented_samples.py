"""The programs that the documents print run as they are printed: only address, key and ids are ours."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from app import app
from chalicelib.core.status import Verdict
from chalicelib.dialects import ids
from chalicelib.local.house import built
from chalicelib.local.server import Server
from chalicelib.local.stack import Door, one_request_a_thread
from chalicelib.services.tenancy import found
from tests.dialects.indiepulse.asking import EVENTS, MONITORS, beating, data, hear, watched
from tests.dialects.people import Person
from tests.dialects.regions import settle

SAMPLES = tomllib.loads(Path(__file__).with_name("samples.toml").read_text())
STATUSPULSE, INDIEPULSE = "https://api.statuspulse.io", "https://indiepulse.dev"
TOKEN, KEY = "sk_live_8f3a9c2d1e4b7f6a", "ip_live_your_key_here"
NODE = shutil.which("node")
RUNNERS = {
    "sh": [shutil.which("sh"), "-c"],
    "python": [sys.executable, "-I", "-c"],
    "node": [NODE, "--input-type=module", "--eval"],
}
needs_node = pytest.mark.skipif(
    NODE is None, reason="this machine has no node to run the document's JavaScript"
)
# What the samples ask of jq, for machines that have none: one that is there comes first.
JQ = f"""#!{sys.executable}
import json, sys
value = json.load(sys.stdin)
for name in sys.argv[1].strip(".").split("."):
    value = value[name] if name else value
print(json.dumps(value))
"""


@pytest.fixture(scope="module")
def house(_no_way_out):
    """Return a deployment whose clock stands still unless a test moves it."""
    with built() as alices:
        yield alices


@pytest.fixture(scope="module")
def base_url(house):
    """Return where that deployment answers, on the loopback."""
    server = Server(0)
    desk = Door(house.front, server.host)
    with one_request_a_thread(app), server.serving(desk):
        yield f"http://{server.host}"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Return where programs are looked for."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "jq").write_text(JQ)
    (folder / "jq").chmod(0o755)
    return f"{os.environ['PATH']}:{folder}"


@pytest.fixture(scope="module")
def run(path):
    """Return what runs a sample, with *ours* in the place of what the document made up."""

    def ended(name, ours):
        sample = SAMPLES[name]
        text = sample["text"]
        for theirs, our_own in ours.items():
            assert theirs in text
            text = text.replace(theirs, our_own)
        return subprocess.run(  # noqa: S603  the documents' own lines, for the house of this test
            [*RUNNERS[sample["for"]], text],
            env={"PATH": path, "HOME": "/nonexistent", "NO_PROXY": "*"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return ended


@pytest.fixture(scope="module")
def printed(run):
    """Return what runs a sample that must go well, and tells what it prints."""

    def told(name, ours):
        ended = run(name, ours)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return told


# --- StatusPulse --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def alice(house):
    """Return Alice, who has the document's escalation policy."""
    person = Person(house, house.foundation.api_key)
    steps = [{"after_minutes": 5, "channels": ["mailto:senior@example.org"]}]
    made = person.post("/v1/escalation-policies", {"name": "oncall_senior", "steps": steps})
    assert made.status == 201, made.text
    return person


@pytest.fixture(scope="module")
def pulse(alice, base_url):
    """Return what of StatusPulse's samples is Alice's."""
    return {STATUSPULSE: base_url, TOKEN: alice.key}


def outage(person, monitor_id):
    """Let a monitor be up for two minutes, and then go down."""
    for verdict in (Verdict.UP, Verdict.UP, Verdict.DOWN, Verdict.DOWN):
        hear(person, monitor_id, verdict)


def test_curl_provisions_a_monitor(alice, pulse, printed):
    """The answer has its id and what was accepted; the monitor is there, with policy and Slack (R90, R99)."""
    made = json.loads(printed("provision", pulse))
    assert re.fullmatch("mon_[a-z2-7]{26}", made["monitor_id"])
    assert (made["name"], made["interval_seconds"]) == ("Checkout Service Gateway", 30)
    config = alice.get(f"/v1/monitors/{made['monitor_id']}/config").json()
    assert (config["url"], config["expected_status"]) == ("https://api.acmecorp.com/v2/health", 200)
    assert (config["escalation_policy"], len(config["notifications"])) == ("oncall_senior", 1)


def test_python_queries_a_status(alice, pulse, printed):
    """A word for the state, and numbers: of five minutes the monitor was down for two (R104, R106, R129)."""
    uuid = watched(alice)
    outage(alice, uuid)
    for _ in range(2):
        hear(alice, uuid)
    told = printed("query", pulse | {"mon_9x2k4p7q": ids.spell(ids.MONITOR, uuid)})
    state, response, uptime = told.splitlines()
    assert state == "Current State: up"
    assert float(re.fullmatch(r"Avg Response: ([\d.]+)ms", response)[1]) == pytest.approx(142.2, rel=0.14)
    assert uptime == "Uptime (7d): 60.0%"


def test_python_is_told_that_there_is_no_such_monitor(pulse, printed):
    """The id that the document made up is nobody's: 404, and a text that says so (R108)."""
    told = printed("query", pulse).removesuffix("\n")
    status, _, text = told.removeprefix("API Error: ").partition(" - ")
    assert (status, json.loads(text)["error"]["code"]) == ("404", "not_found")


def test_python_acknowledges_an_incident(alice, pulse, printed):
    """It is told so; the incident keeps who took it on and what was noted, and escalates no more (R111)."""
    uuid = watched(alice)
    wish = {"escalation_policy": "oncall_senior"}
    assert alice.ask("PUT", f"/v1/monitors/{ids.spell(ids.MONITOR, uuid)}/config", wish).status == 200
    outage(alice, uuid)
    incidents, now = alice.house.tools.incidents, alice.house.clock.now
    listed = alice.get("/v1/incidents").json()["incidents"]
    [incident_id] = [one["id"] for one in listed if uuid in one["checkIds"]]
    assert incidents.find(incident_id).climb_at > now
    ours = pulse | {"inc_4m8n2v5w": ids.spell(ids.INCIDENT, incident_id)}
    assert printed("acknowledge", ours) == "Incident acknowledged\n"
    kept = incidents.find(incident_id)
    assert (kept.acknowledged, kept.assignee) == (now, "maya.rodriguez@acmecorp.com")
    assert kept.climb_at is None
    notes = "Investigating Redis connection pool saturation. Scaling read replicas."
    assert notes in [update.message for update in incidents.timeline(incident_id)]


# --- IndiePulse ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bobs(house):
    """Return what Bob has: a project of his own, and its keys."""
    return found(house.tools, "Bob's project", house.clock.now)


@pytest.fixture(scope="module")
def site(house, bobs):
    """Return the id of Bob's site, which is down; his API is slow besides, and his backup never ran."""
    bob = Person(house, bobs.api_key)
    down, slow, _ = watched(bob, name="Site"), watched(bob, name="API Server"), beating(bob)
    outage(bob, down)
    for _ in range(3):
        hear(bob, slow, Verdict.DEGRADED, ms=5000)
    return down


@pytest.fixture(scope="module")
def glance(base_url, bobs, site):
    """Return what of IndiePulse's samples is Bob's, once his monitors are there; his key only reads."""
    assert site
    return {INDIEPULSE: base_url, KEY: bobs.read_only_key}


def documents(text):
    """Yield the JSON documents that stand in *text* one after the other."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        document, end = decoder.raw_decode(text, at)
        yield document
        at = end + 1


def test_curl_reads_a_workspace_and_a_day(glance, site, printed):
    """Both answers are JSON that jq takes, and picks from (R199)."""
    status, day = documents(printed("glance-with-curl", glance | {"MONITOR_ID": site}))
    assert status["data"]["monitors"] == {"total": 2, "up": 1, "down": 1, "unknown": 0}
    assert status["data"]["heartbeats"]["total"] == 1
    assert 0 < day.pop("uptime_percent") < 100
    assert day == {"total_checks": 12, "down_count": 6, "degraded_count": 0}


@needs_node
def test_javascript_lists_the_monitors(glance, printed):
    """Each with the state that the house gives it, and then how all of them fare together (R198)."""
    *monitors, status = printed("glance-with-fetch", glance).splitlines()
    assert sorted(monitors) == ["API Server: UP", "Nightly Backup: PENDING", "Site: DOWN"]
    assert status == "Status: degraded"


@pytest.mark.parametrize("what", ["monitors", "status"])
def test_a_page_in_a_browser_may_do_so_too(house, bobs, what):
    """The browser asks whether it may send a key, and shows the page what came (R198)."""
    origin = {"Origin": "https://dashboard.example"}
    asking = {"Access_Control_Request_Method": "GET", "Access_Control_Request_Headers": "authorization"}
    allowed = house.ask("OPTIONS", f"/api/v1/{what}", **origin, **asking)
    answer = house.ask("GET", f"/api/v1/{what}", Authorization=f"Bearer {bobs.read_only_key}", **origin)
    assert allowed.status in (200, 204)
    assert "authorization" in allowed.headers["Access-Control-Allow-Headers"].lower()
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")


def test_python_counts_what_goes_on(glance, site, printed):
    """What is down and what is slow apart, and how much of the day a monitor was up (R200)."""
    *counts, uptime = printed("glance-with-requests", glance | {"MONITOR_ID": site}).splitlines()
    assert counts == ["Status: degraded", "Active incidents: 1", "Performance events: 1"]
    assert 0 < float(re.fullmatch(r"Site: ([\d.]+)% uptime", uptime)[1]) < 100


@pytest.fixture
def carol(house):
    """Return Carol, in whose project there is nothing yet."""
    return Person(house, found(house.tools, "Carol's project", house.clock.now).api_key)


def pings(person, uuid):
    """Return the kinds of a heartbeat's pings, the oldest first."""
    return [ping["ping_type"] for ping in data(person.get(f"{MONITORS}/{uuid}/checks"))][::-1]


WHEN_AND_WHAT = "0 2 * * * /usr/bin/backup.sh"  # cron's own part, and the backup, which is the user's


def test_cron_pings_after_a_good_backup(carol, base_url, run):
    """The line ends well and says nothing, for cron would mail it; after a bad backup none is sent (R179)."""
    backup = beating(carol)
    ours = {INDIEPULSE: base_url, "YOUR_TOKEN": backup}
    good = run("beat-from-cron", ours | {WHEN_AND_WHAT: "true"})
    assert (good.returncode, good.stdout, good.stderr) == (0, "", "")
    assert pings(carol, backup) == ["success"]
    assert run("beat-from-cron", ours | {WHEN_AND_WHAT: "false"}).returncode == 1
    assert pings(carol, backup) == ["success"]


def test_cron_is_told_of_a_wrong_token(base_url, run):
    """It hears so from curl, which ends with 22 and says 404 (R179, R182)."""
    ended = run("beat-from-cron", {INDIEPULSE: base_url, WHEN_AND_WHAT: "true"})
    assert (ended.returncode, ended.stdout) == (22, "")
    assert "404" in ended.stderr


@pytest.mark.parametrize("name", [pytest.param("beat-from-node", marks=needs_node), "beat-from-python"])
def test_a_job_tells_how_it_went(carol, base_url, printed, name):
    """A success, then a failure, which is an incident without any time passing (R177, R180)."""
    backup = beating(carol)
    assert printed(name, {INDIEPULSE: base_url, "YOUR_TOKEN": backup}) == ""
    assert pings(carol, backup) == ["success", "fail"]
    settle(carol.house)
    [event] = data(carol.get(EVENTS))
    assert (event["monitor_id"], event["type"], event["status"]) == (backup, "INCIDENT", "Investigating")
