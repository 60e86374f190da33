import json
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

import chalicelib.web

SCRIPT = (Path(chalicelib.web.__file__).parent / "static" / "monitor.js").read_text()
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="the script is tried under node")


def run(expression, given=None):
    """Return what *expression* is in the script, where `given` stands for a value of ours."""
    told = f"{SCRIPT}\nconst given = {json.dumps(given)};\nconsole.log(JSON.stringify({expression}));\n"
    done = subprocess.run(  # noqa: S603  our own script
        [NODE, "--input-type=module"], input=told, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def backup(house, alice):
    """Return the id of a heartbeat that succeeded, and failed a minute later."""
    wish = {"name": "Backup", "scheduleValue": "5400", "graceSeconds": 60}
    made = alice.ask("POST", "/v1/checks", wish).json()["id"]
    house.ask("GET", f"/ping/{made}", user_agent="curl/8")
    house.clock.now += timedelta(minutes=1)
    house.ask("GET", f"/ping/{made}/3")
    return made


@pytest.fixture
def answers(alice, backup):
    """Return what the API answers about the heartbeat, as the page asks."""
    path = f"/api/v1/monitors/{backup}"
    asked = {"monitor": path, "checks": f"{path}/checks?per_page=50"}
    return {name: alice.ask("GET", where).json()["data"] for name, where in asked.items()}


def test_a_heartbeat_is_told_from_what_the_api_answers(answers):
    """Its rhythm, its last day and its pings, oldest to the left in the bar (R165-R170, R214)."""
    told = run(
        "[about(given.monitor), figures(given.monitor.stats_24h), given.checks.map(row), "
        "counted(given.checks.map(row))]",
        answers,
    )
    about, figures, rows, counted = told
    heard = answers["monitor"]["last_heartbeat_at"].replace("T", " ").replace("Z", " UTC")
    assert about == f"heartbeat every 1 h 30 min · last heard {heard}"
    assert figures == [["Runs", 2], ["Successful", 1], ["Failed", 1]]
    assert [(row["status"], row["cells"][0] == heard, row["cells"][3]) for row in rows] == [
        ("fail", True, "exit status 3"),
        ("success", False, "curl/8"),
    ]
    assert counted == "1 good, 1 bad"


PROBED = {"monitor_type": "http", "url": "https://example.org/", "check_interval": 45}
DAY = {"total_checks": 9, "down_count": 2, "degraded_count": 1, "uptime_percent": None}
RESULT = {"checked_at": "2026-03-02T08:01:00Z", "region": "us-east-1", "response_time": 142}


def test_a_probed_monitor_is_told_by_region():
    """What was measured stands there; what was not is not made up (R161, R166, R169)."""
    up = RESULT | {"status": "UP", "status_code": 200, "error": None}
    lost = RESULT | {"status": None, "status_code": None, "error": None, "response_time": None}
    broke = RESULT | {"status": "DOWN", "status_code": None, "error": "timed out"}
    told = run(
        "[about(given[0]), figures(given[1]), given[2].map(row), given[2].map((one) => tone(one.status))]",
        [PROBED, DAY, [up, lost, broke]],
    )
    about, figures, rows, tones = told
    assert about == "HTTP · https://example.org/ · every 45 s"
    assert figures == [["Uptime", "nothing measured"], ["Results", 9], ["Down", 2], ["Slow", 1]]
    assert [row["cells"][1:] for row in rows] == [
        ["UP", "us-east-1", "142 ms", "200"],
        ["unknown", "us-east-1", "", ""],
        ["DOWN", "us-east-1", "142 ms", "timed out"],
    ]
    assert tones == ["up", "other", "down"]


def test_a_refusal_is_a_sentence():
    """Whatever the API says no with, people read why and what to do (R217)."""
    told = run(
        "given.map(([status, said]) => refusal(status, said))",
        [[401, "x"], [404, "x"], [429, "x"], [0, None]],
    )
    assert all(sentence.endswith((".", "?")) and "x" not in sentence.split() for sentence in told)
    assert run("[refusal(403, 'Not on this plan'), refusal(502)]") == [
        "The API refused: Not on this plan.",
        "The API answered 502.",
    ]


def test_the_id_is_the_last_part_of_the_path():
    """Under any stage, with a slash behind it or not; no status names a colour that is not there (R214)."""
    assert run("['/monitors/a', '/api/monitors/a/', '/'].map(idIn)") == ["a", "a", ""]
    assert run("['UP', null, 'constructor', 'MAINTENANCE'].map(tone)") == ["up", "other", "other", "other"]


def test_a_domains_registration_is_told():
    """With the days that are left, and a word for what nobody could find out (R173, R174)."""
    known = {
        "monitored_domain": "example.org",
        "registrar": "Reg",
        "expiry_date": "2027-08-13T04:00:00Z",
        "days_remaining": 543,
        "transfer_locked": True,
        "check_timestamp": "2026-02-15T05:00:00Z",
    }
    unknown = dict.fromkeys(known) | {"monitored_domain": "example.org"}
    told, blank = run("given.map(registration)", [known, unknown])
    assert [value for _, value in told] == [
        *("example.org", "Reg", "2027-08-13 (543 days)", "locked", "2026-02-15 05:00:00 UTC")
    ]
    assert [value for _, value in blank] == ["example.org", *["unknown"] * 4]


def test_whoever_sees_an_open_incident_is_told_how_to_take_it_on():
    """By the link in its message, or by the API (R213)."""
    assert "/v1/incidents/abc/acknowledge" in run("hint({ id: 'abc' })")
