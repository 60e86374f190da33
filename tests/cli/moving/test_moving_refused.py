from dataclasses import replace

import pytest

from chalicelib.toolbox import Toolbox, using
from tests.cli.moving.moves import exported, loaded, tried

pytestmark = pytest.mark.usefixtures("house")

NOBODY = "00000000-0000-4000-8000-000000000000"

BAD = """
wakeful: 2
cheques: []
channels:
- {name: Ops, type: MORSE, config: {}}
- {name: Mail, type: EMAIL, config: {email: nobody}}
- Mail
policies:
- {name: P, steps: [{after: 5 minutes, channels: [Nobody]}]}
- {name: Q, steps: [{after: 10m, channels: [Mail]}, {after: 5m, channels: [Mail]}]}
- {name: Q, steps: [{after: 10m, channels: [Mail]}]}
checks:
- {name: A, schedule: every day}
- {name: B, every: 1h, schedule: "@daily", grace: 30, interval: 5m}
- {name: C, type: http, target: {url: "http://169.254.169.254/"}, interval: 61s, regions: [mars-north-1]}
- {name: D, type: tcp, target: {host: example.org, url: "https://example.org/"}}
- {name: E, type: telnet}
- {type: dns}
- {name: F, channels: [Mail, Fax], rules: [{channels: [Fax]}], policy: R, sla: {target: 101}, id: 7}
- {name: G, tags: [a b], 7: 8}
windows:
- {title: T, starts: 2026-03-10T22:00:00Z, ends: 2026-03-10T21:00:00Z}
- {title: T, starts: today, ends: 2026-03-10T21:00:00Z, checks: [Z], recurrence: weekly}
"""


def test_every_fault_is_told_with_its_path_and_nothing_is_stored(new_project, place):
    """Also those of things that name each other."""
    project_id = new_project()
    told = place(BAD, project_id)
    assert (told.status, told.out) == (1, "")
    heading, *lines = told.err.splitlines()
    assert heading.startswith("wakeful: nothing was stored, for ")
    assert sorted(line.split()[0] for line in lines) == sorted(
        [
            *("cheques", "wakeful"),
            *("channels[0].type", "channels[1].config.email", "channels[2]"),
            *("policies[0].steps[0].after", "policies[1].steps", "policies[1].name", "policies[2].name"),
            *("checks[0].schedule", "checks[1].every", "checks[1].grace", "checks[1].interval"),
            *("checks[2].target.url", "checks[2].interval", "checks[2].regions[0]"),
            *("checks[3].target.port", "checks[3].target.url"),
            *("checks[4].type", "checks[4].target", "checks[5].name", "checks[5].target"),
            *("checks[6].id", "checks[6].sla.target", "checks[7].tags", "checks[7].7"),
            *("windows[0].ends", "windows[1].starts"),
        ]
    )
    assert loaded(project_id) == {"wakeful": 1}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("checks: [", "is no YAML: line 1: "),
        ("checks: []\nchecks: []", "is no YAML: line 1: checks is given twice"),
        ("checks: !!python/name:os.system x", "is no YAML: line 1: "),
        ("a: &a [*a]", ""),
        ("- checks", "cannot be so:\n   a configuration is an object"),
        ("", "a configuration is an object"),
        ("checks: nightly", "checks must be a list"),
        ("checks: [{name: A, name: B}]", "is given twice"),
        ("checks: [{name: A, type: [http]}]", "checks[0].type must be one of heartbeat"),
        ("checks: [{name: A, id: {}}]", "checks[0].id must be an id"),
        ("checks: [{name: A, channels: [[]]}]", "checks[0].channels[0] must be text"),
        ("channels: [{name: A, type: EMAIL, config: {1: 2}}]", "channels[0].config must be an object"),
        ("? [a]\n: 1", ""),
        ("x: " + "[" * 1500, "is no YAML"),
    ],
)
def test_a_file_that_is_none_is_told_in_a_sentence(house, place, text, fault):
    """Exit status 1, no traceback, whatever it holds."""
    told = place(text, house.foundation.project.project_id)
    assert (told.status, told.out) == (1, "")
    assert told.err.startswith("wakeful: ")
    assert fault in told.err


def test_ids_and_types_cannot_be_made_up(shop, place):
    """A thing does not become another sort of thing, and nobody is two."""
    told = loaded(shop)
    nightly = told["checks"][0]["id"]
    told["checks"] = [{"id": nightly, "name": "X", "type": "domain", "target": {"domain": "example.org"}}]
    assert "checks[0].type cannot change; leave out the id" in place(told, shop).err
    told["checks"] = [{"id": nightly, "name": "X"}, {"id": nightly, "name": "Y"}]
    assert place(told, shop).err.count(".id stands there twice") == 2


def test_nothing_is_stored_where_the_deployment_s_queues_are_unknown(house, place):
    """What is new has to be probed, and what is deleted cleared away: both are others' work."""
    project_id = house.foundation.project.project_id
    unwired = Toolbox(replace(house.tools.settings, probes_queue_url=""), house.clock)
    with using(unwired):
        assert place("checks: [{name: Lost}]", project_id, "--dry-run").status == 0
        told = place("checks: [{name: Lost}]", project_id)
    assert (told.status, told.out) == (1, "")
    assert told.err.endswith("and there is no PROBES_QUEUE_URL\n")
    assert "Lost" not in exported(project_id)


def test_what_the_deployment_cannot_reach_or_find_is_refused(house, tmp_path, monkeypatch):
    """No file, no project, no such project, a key that may only read, a key that opens nothing."""
    path = tmp_path / "one.yaml"
    path.write_text("checks: [{name: A}]")
    monkeypatch.delenv("WAKEFUL_KEY", raising=False)
    assert tried("import", str(tmp_path / "none.yaml")).err.endswith(
        "cannot be read: No such file or directory\n"
    )
    assert tried("export").err.startswith("wakeful: which project? ")
    assert tried("export", "--project", NOBODY).err == "wakeful: Project not found\n"
    assert tried("--key", "wrong", "export").status == 1
    read_only = ("--key", house.foundation.read_only_key)
    assert tried(*read_only, "import", str(path)).err.startswith("wakeful: this key may only read")
