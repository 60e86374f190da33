"""The file by which the operator's commands work on a deployment."""

import os
import re
import stat
import subprocess
import sys

from infra.package import ROOT
from tests.infra.deploying.conftest import ACCOUNT, HOME, NEAR

TELL = "from chalicelib.settings import Settings; print(Settings.from_env())"
AWKWARD = "https://hc.example.com/ping/it's?a=$HOME&b=`id`"


def settings_of(environment, *shell):
    """Return what the commands would take for the settings, in a shell that has done *shell* before."""
    line = "; ".join([*shell, f"exec {sys.executable} -c '{TELL}'"])
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(  # noqa: S603  our own program
        ["/bin/sh", "-eu", "-c", line],
        cwd=ROOT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_commands_know_what_the_function_knows(cloud, tmp_path):
    """A shell that does what the last lines say has the very settings of the deployed function.

    It has the API's address as well. Nobody else may read the file.
    """
    path = tmp_path / "wakeful.env"
    path.write_text("of an earlier version")
    path.chmod(0o644)
    said = cloud.deploy(PROBE_REGIONS=NEAR, OUTWARD_PING_URL=AWKWARD)
    (line,) = re.findall(r"^Its environment, .*: (set -a; \. .*; set \+a)$", said, re.MULTILINE)
    assert said.splitlines()[-2].endswith(line)
    known = {name: str(value) for name, value in cloud.function()["Environment"]["Variables"].items()}
    found = settings_of({}, line)
    assert found == settings_of(known | {"AWS_REGION": HOME})
    assert (AWKWARD in found, f"{ACCOUNT}/wakeful-scans" in found) == (True, True)
    assert f"WAKEFUL_URL={cloud.outputs()['EndpointURL'].rstrip('/')}\n" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_goes_with_its_deployment(cloud, tmp_path):
    """Destroying removes the file of this stage in this account and region, and nobody else's."""
    cloud.deploy()
    path = tmp_path / "wakeful.env"
    assert "Would be removed: the file of its environment" in cloud.destroy(DRY_RUN="yes")
    cloud.destroy(REGION="us-west-2")
    elsewhere = path.read_text()
    cloud.destroy()
    assert not path.exists()
    path.write_text(elsewhere.replace(ACCOUNT, "210987654321"))
    cloud.destroy()
    assert path.exists()


def test_a_look_writes_nothing(cloud, tmp_path):
    """A dry run leaves no file."""
    cloud.deploy(DRY_RUN="yes")
    assert not (tmp_path / "wakeful.env").exists()


def test_what_is_no_text_is_not_ours(cloud, tmp_path):
    """A file of that name in no known encoding is nobody's of ours: destroying leaves it, and is done."""
    cloud.deploy()
    path = tmp_path / "wakeful.env"
    path.write_bytes(b"\xff\xfe# Stage")
    cloud.destroy(DELETE_DATA="yes", FORCE="1")
    assert (path.read_bytes(), cloud.tables()) == (b"\xff\xfe# Stage", set())


def test_a_folder_in_its_place_stops_nothing(cloud, tmp_path):
    """Where the file cannot be written the operator is told, and is deployed and destroyed all the same."""
    (tmp_path / "wakeful.env").mkdir()
    said = cloud.deploy()
    assert re.search(r"^Note: its environment was not kept: .*wakeful\.env", said, re.MULTILINE)
    assert "\nDeployed: " in said
    cloud.destroy(DELETE_DATA="yes", FORCE="1")
    assert cloud.tables() == set()
