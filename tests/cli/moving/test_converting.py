import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import yaml

from tests.cli.moving.moves import loaded, tried

UUID = "3c1169a0-7b50-11ea-873d-3c970e75c219"
CHECKS = {
    "checks": [
        {
            "name": "Nightly backup",
            "slug": "backups",
            "tags": "db prod",
            "desc": "two\nlines",
            "grace": 600,
            "status": "paused",
            "manual_resume": True,
            "methods": "POST",
            "success_kw": "done",
            "filter_body": True,
            "uuid": UUID,
            "channels": "c1,c2",
            "schedule": "15 5 * * *",
            "tz": "Europe/Riga",
        },
        {"name": "Read-only", "slug": "", "tags": "", "grace": 60, "status": "up", "timeout": 86_400},
    ]
}
CHANNELS = {
    "channels": [{"id": "c1", "name": "Ops", "kind": "slack"}, {"id": "c2", "name": "", "kind": "email"}]
}
KUMA = {
    "version": "1.23.0",
    "notificationList": [
        {
            "id": 1,
            "name": "Chat",
            "config": json.dumps(
                {"type": "slack", "slackwebhookURL": "https://hooks.slack.com/services/T/B/X"}
            ),
        },
        {"id": 2, "name": "Post", "config": json.dumps({"type": "smtp", "smtpTo": "a@example.org"})},
        {"id": 3, "name": "Rocket", "config": json.dumps({"type": "rocket.chat"})},
    ],
    "monitorList": [
        {
            "type": "keyword",
            "name": "Shop",
            "url": "https://example.org/",
            "method": "POST",
            "headers": '{"X-Key": "secret"}',
            "body": "{}",
            "keyword": "ok",
            "invertKeyword": True,
            "interval": 45,
            "maxretries": 2,
            "timeout": 48,
            "accepted_statuscodes": ["200-299", "304"],
            "ignoreTls": True,
            "maxredirects": 0,
            "active": False,
            "tags": [{"name": "team", "value": "web shop"}],
            "notificationIDList": {"1": True, "2": False, "3": True},
        },
        {
            "type": "port",
            "name": "DB",
            "hostname": "db.example.org",
            "port": 5432,
            "interval": 60,
            "active": True,
        },
        {
            "type": "dns",
            "name": "Zone",
            "hostname": "example.org",
            "dns_resolve_server": "1.1.1.1, 8.8.8.8",
            "dns_resolve_type": "MX",
            "interval": 300,
        },
        {"type": "push", "name": "Cron", "interval": 3600, "maxretries": 3, "retryInterval": 60},
        {"type": "ping", "name": "Host", "hostname": "example.org", "interval": 60},
    ],
}


@pytest.fixture
def healthchecks(monkeypatch):
    """Return the address of a server that answers as Healthchecks does to one key."""
    monkeypatch.setenv("HEALTHCHECKS_KEY", "hcw_key")
    told = {"/api/v3/checks/": CHECKS, "/api/v3/channels/": CHANNELS}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            is_open = self.headers["X-Api-Key"] == "hcw_key"
            body = json.dumps(told[self.path] if is_open else {"error": "wrong api key"}).encode()
            self.send_response(200 if is_open else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def kuma(tmp_path):
    """Return what writes a backup and converts it."""

    def converting(text):
        path = tmp_path / "backup.json"
        path.write_text(text)
        return tried("convert", "uptime-kuma", str(path))

    return converting


def test_checks_of_healthchecks_keep_their_ids(house, healthchecks, new_project, place):
    """Pings need only go to another host; of integrations names alone are known, and that is said."""
    told = tried("convert", "healthchecks", healthchecks)
    assert (told.status, told.err) == (0, "")
    assert [line for line in told.out.splitlines() if line.startswith("#")] == [
        f"# From {healthchecks}.",
        "# channel Ops (slack): make one of this name first",
        "# channel email (email): make one of this name first",
        "# check Read-only: gets a new address: a read-only key does not see the old one",
    ]
    project_id = new_project()
    assert "checks[0].channels[0] names none of the channels: Ops" in place(told.out, project_id).err
    channels = [
        {"name": name, "type": "EMAIL", "config": {"email": "a@example.org"}} for name in ("Ops", "email")
    ]
    place({"channels": channels}, project_id)
    assert place(told.out, project_id).status == 0
    assert loaded(project_id)["checks"][0] == {
        "id": UUID,
        "name": "Nightly backup",
        "slug": "backups",
        "type": "heartbeat",
        "paused": True,
        "tags": ["db", "prod"],
        "description": "two\nlines",
        "schedule": "15 5 * * *",
        "timezone": "Europe/Riga",
        "grace": "10m",
        "manual_resume": True,
        "filter_body": True,
        "methods": "POST",
        "success_kw": "done",
        "channels": ["Ops", "email"],
    }
    house.tools.monitors.load(UUID, fresh=True)


def test_a_backup_of_uptime_kuma_is_converted_as_far_as_it_goes(house, kuma, new_project, place):  # noqa: ARG001
    """What has no counterpart is told in comments; the rest can be imported as it is."""
    told = kuma(json.dumps(KUMA))
    assert [line.removeprefix("# ") for line in told.out.splitlines() if line.startswith("#")][1:] == [
        "notification Rocket: of type rocket.chat has no counterpart; make a channel for it",
        "monitor Shop: is asked every 60 s, not every 45 s",
        "monitor Cron: is pushed to: its job must ping the new address",
        "monitor Host: of type ping has no counterpart",
    ]
    project_id = new_project()
    assert place(told.out, project_id).status == 0
    shop, *others = loaded(project_id, "--with-secrets")["checks"]
    assert shop | {"id": ""} == {
        "id": "",
        "name": "Shop",
        "type": "http",
        "paused": True,
        "tags": ["team:web-shop"],
        "target": {
            "url": "https://example.org/",
            "method": "POST",
            "headers": {"X-Key": "secret"},
            "body": "{}",
            "expected_status": "200-299,304",
            "assertions": [{"source": "body", "comparison": "not_contains", "value": "ok"}],
            "redirects": 0,
            "verify_tls": False,
        },
        "interval": "1m",
        "timeout": "48s",
        "failure_threshold": 3,
        "recovery_threshold": 1,
        "channels": ["Chat"],
    }
    assert [(one["type"], one.get("target")) for one in others] == [
        ("tcp", {"host": "db.example.org", "port": 5432}),
        ("dns", {"host": "example.org", "record_type": "MX", "resolver": "1.1.1.1"}),
        ("heartbeat", None),
    ]
    assert (others[2]["every"], others[2]["grace"]) == ("1h", "3m")


def test_whoever_is_not_healthchecks_is_told_in_a_sentence(healthchecks, monkeypatch):
    """No key, a wrong one, nobody there, and another server."""
    monkeypatch.setenv("HEALTHCHECKS_KEY", "wrong")
    told = tried("convert", "healthchecks", healthchecks)
    assert (told.status, told.out) == (1, "")
    assert told.err == f"wakeful: {healthchecks}api/v3/checks/ answers 401\n"
    assert (
        "does not answer as Healthchecks does" in tried("convert", "healthchecks", "http://127.0.0.1:1").err
    )
    monkeypatch.delenv("HEALTHCHECKS_KEY")
    assert tried("convert", "healthchecks", healthchecks).err.startswith(
        "wakeful: no key: set HEALTHCHECKS_KEY"
    )


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"monitorList": [1]}', '{"monitorList": [{"type": "http"}]}', yaml.dump(KUMA)]
)
def test_what_is_no_backup_is_told_in_a_sentence(kuma, text):
    """Whatever it holds instead."""
    assert kuma(text) == (1, "", "wakeful: that is no backup of Uptime Kuma's\n")
