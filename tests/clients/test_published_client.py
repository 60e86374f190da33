import json
import re
import subprocess

import pytest

from tests.local.clients import ROOT

PYTHON = ROOT / ".clients" / "bin" / "python"
OK = [True, "OK"]
PASSED_ON = {"HOME": "/nonexistent", "NO_PROXY": "*"}  # no settings of the machine's reach the client


@pytest.fixture(scope="module")
def double(client):
    """Give two checks one slug."""
    for name in ("One", "Other"):
        client.json("POST", "/api/v3/checks/", {"name": name, "slug": "double"})
    return "double"


@pytest.fixture(scope="module")
def channel(client):
    """Create a channel by the name of Me."""
    config = {"email": "me@example.org"}
    return client.json("POST", "/v1/channels", {"type": "EMAIL", "name": "Me", "config": config})


@pytest.fixture(scope="module")
def surface(client, double, channel):
    """Return what the published client made of all our answers, by the kind of client."""
    assert channel
    assert PYTHON.exists(), "There is no .clients yet: `make test` builds it."
    made = client.stack.foundation
    where = {
        "base_url": client.stack.base_url,
        "api_key": made.api_key,
        "read_only_key": made.read_only_key,
        "ping_key": client.ping_key,
        "check": client.check("by-slug", tags="by-slug"),
        "slug": "by-slug",
        "double": double,
    }
    ran = subprocess.run(  # noqa: S603  the published client, for the stack of this test
        [PYTHON, "-I", ROOT / "tests" / "clients" / "surface.py"],
        env=PASSED_ON,
        input=json.dumps(where),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.fixture(params=["Client", "AsyncClient"])
def told(request, surface):
    """Return what one kind of client, synchronous or asynchronous, made of our answers."""
    return surface[request.param]


def bodies(client, code):
    """Return the kept bodies of a check's pings by their number."""
    pings = client.json("GET", f"/api/v3/checks/{code}/pings/")["pings"]
    asked = {ping["n"]: ping["body_url"] for ping in pings if ping["body_url"]}
    return {n: _body(client, url.removeprefix(client.stack.base_url)) for n, url in asked.items()}


def _body(client, path):
    status, _, body = client.ask("GET", path, X_Api_Key=client.key)
    assert status == 200
    return body.decode()


def test_it_creates_checks(told, channel):
    """A created check comes back as it was wished for, with all channels on it (R284, R286, R287, R305)."""
    made, cron = told["checks"]["made"], told["checks"]["cron"]
    assert (made["name"], made["tags"], made["desc"]) == ("Backup", "prod db", "Nightly")
    assert (made["timeout"], made["grace"], made["status"]) == (3600, 600, "new")
    assert channel["id"] in made["channels"]
    assert (cron["timeout"], cron["tags"]) == (None, "prod")


def test_it_reads_the_id_off_the_ping_url(told, client):
    """The id that the client takes from a check's addresses is the check's (R267)."""
    made = told["checks"]["made"]
    assert made["ping_url"] == f"{client.stack.base_url}/ping/{made['uuid']}"
    assert re.fullmatch(r"[0-9a-f-]{36}", made["uuid"])


def test_it_creates_once_what_is_unique(told):
    """With `unique` the same check comes back (R309)."""
    assert told["checks"]["again"]["uuid"] == told["checks"]["made"]["uuid"]


def test_it_finds_checks_by_their_tags(told):
    """All checks are listed, or those with every tag that is asked for (R264, R272, R273)."""
    made, cron = told["checks"]["made"]["uuid"], told["checks"]["cron"]["uuid"]
    assert {made, cron} < set(told["checks"]["all"])
    assert {made, cron} == set(told["checks"]["prod"])
    assert told["checks"]["both"] == [made]


def test_it_changes_pauses_and_deletes(told):
    """One check is read, changed, paused and deleted; then it is gone (R278, R324, R331, R338)."""
    checks = told["checks"]
    assert checks["got"]["name"] == "Backup"
    assert (checks["changed"]["name"], checks["changed"]["timeout"]) == ("Changed", 7200)
    assert (checks["changed"]["methods"], checks["changed"]["tags"]) == ("POST", "prod db")
    assert (checks["paused"]["status"], checks["paused"]["next_ping"]) == ("paused", None)
    assert checks["deleted"]["uuid"] == checks["made"]["uuid"]
    assert checks["gone"] == "CheckNotFoundError"


def test_its_pings_are_taken(told):
    """Start, success, failure and exit status are answered OK, by id and by slug (R372-R375)."""
    assert told["history"]["answers"] == [OK] * 5
    assert told["slugs"] == [OK] * 4


def test_it_reads_the_log(told):
    """Pings come newest first; a run that was begun has a duration (R340, R342, R343)."""
    pings = told["history"]["pings"]
    assert [ping["type"] for ping in pings] == ["fail", "success", "fail", "success", "start"]
    assert [ping["number_of_pings"] for ping in pings] == [5, 4, 3, 2, 1]
    assert {(ping["scheme"], ping["method"]) for ping in pings} == {("http", "POST")}
    assert re.fullmatch(r"py-healthchecks\.io(-async)?/0\.4\.4", pings[0]["user_agent"])
    assert [ping["duration"] is not None for ping in pings] == [False, False, False, True, False]


def test_what_it_sends_along_is_kept(told, client):
    """The data of a ping is its body (R348)."""
    kept = bodies(client, told["history"]["uuid"])
    assert kept == {2: "it went well", 3: "it did not", 5: "three"}


def test_it_reads_the_flips(told):
    """Flips are a bare array, newest first, all of them or those of a time (R351, R353-R355)."""
    history = told["history"]
    assert [flip["up"] for flip in history["flips"]] == [0, 1, 0, 1]
    assert history["last hour"] == history["flips"]
    assert history["long ago"] == []


def test_its_traps_tell_how_jobs_went(told, client):
    """A job in a trap is a start and a success with its log, or a failure with the error (R373, R374)."""
    traps = told["traps"]
    assert [ping["type"] for ping in reversed(traps["pings"])] == [
        *["start", "success"],
        *["start", "fail"] * 2,
    ]
    assert traps["loud"] == "the disk is full"
    kept = bodies(client, traps["uuid"])
    assert kept[2] == "first line\nsecond line"
    assert kept[4].startswith("the disk is full\n")
    assert kept[6].startswith("the disk is full\n")


def test_it_reads_integrations_and_badges(told, channel, client):
    """Channels have an id, a name and a kind; every tag and `*` has six badges (R359-R361)."""
    project = told["project"]
    assert {"id": channel["id"], "name": "Me", "kind": "email"} in project["integrations"]
    assert set(project["badges"]) == {"by-slug", "*"}
    for badges in project["badges"].values():
        assert len(set(badges.values())) == 6
        for address in badges.values():
            assert client.ask("GET", address.removeprefix(client.stack.base_url))[0] == 200


def test_it_looks_with_a_read_only_key(told):
    """A read-only key finds checks and flips by unique key, and writes nothing (R258, R276, R279, R352)."""
    reader = told["reader"]
    assert (reader["seen"]["uuid"], reader["seen"]["ping_url"], reader["seen"]["channels"]) == (None,) * 3
    assert reader["got"]["unique_key"] == reader["seen"]["unique_key"]
    assert reader["flips"][0]["up"] == 1
    assert reader["written"] == "HCAPIAuthError"


def test_it_understands_refusals(told):
    """Each refusal becomes the error that the client has for it (R253, R283, R320, R356, R375)."""
    assert told["refusals"] == {
        "wrong key": "HCAPIAuthError",
        "no such check": "CheckNotFoundError",
        "bad time": "BadAPIRequestError",
        "bad schedule": "BadAPIRequestError",
        "ping of no check": "CheckNotFoundError",
        "bad exit status": "BadAPIRequestError",
        "a slug of two": "NonUniqueSlugError",
    }
