"""The package that really deploys, down the whole road; and the programs as `make` starts them."""

import hashlib
import json
import os
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from infra.deploy import deploy
from infra.deploying.reach import Operator, ask
from infra.destroy import destroy
from infra.package import ROOT, Package
from tests.emulators import MiniStack, credentials
from tests.infra.deploying.conftest import shown

pytestmark = pytest.mark.xdist_group("package")  # it needs the same build

HOME, FURTHER = "eu-central-1", "us-east-1"
TOLD = {"REGION": HOME, "PROBE_REGIONS": FURTHER}


@pytest.fixture
def ministack(tmp_path, monkeypatch):
    """An AWS beside us, which runs Lambdas as processes and has stacks that take their time."""
    stack = MiniStack(tmp_path)
    try:
        monkeypatch.setenv("AWS_ENDPOINT_URL", stack.url)
        with credentials():
            yield stack
    finally:
        stack.stop()


@pytest.fixture
def real(built, tmp_path):
    """The real package, but for one alarm, whose arithmetic MiniStack does not know."""
    template = json.loads(built.text)
    del template["Resources"]["ThrottlesAlarm"]
    home = tmp_path / "template.json"
    home.write_text(json.dumps(template))
    digest = hashlib.sha256(built.code.read_bytes()).hexdigest()
    return Package(built.code, (home, built.code.with_name("prober.json")), digest, ())


def test_the_real_package_is_deployed_and_destroyed(ministack, real):
    """Our very templates and zip come up, answer over HTTP, are recognized, go and come back with their data.

    Each deployment makes, pings, reads and deletes a check over the API, which runs from the zip alone.
    """

    def through_ministack(method, url, headers, body=""):
        address = urlsplit(url)
        api, path = address.hostname.split(".")[0], address.path.removeprefix("/api")
        return ask(method, f"{ministack.url}/restapis/{api}/api/_user_request_{path}", headers, body)

    said = []
    operator = Operator(say=said.append, rest=lambda _: None, ask=through_ministack)
    deploy(operator, TOLD, lambda _: real)
    url = said[-1].removeprefix("Deployed: ")
    key = {"X-Api-Key": shown("\n".join(said), "api_key")}
    assert through_ministack("POST", f"{url}/api/v3/checks/", key, '{"name": "Backup"}').status == 201

    said.clear()
    deploy(operator, TOLD, lambda _: real)
    assert sum("is as it should be" in line for line in said) == 2

    destroy(operator, TOLD)
    said.clear()
    deploy(operator, TOLD, lambda _: real)
    assert "tables that an earlier stack has left" in "\n".join(said)
    url = said[-1].removeprefix("Deployed: ")
    assert '"Backup"' in through_ministack("GET", f"{url}/api/v3/checks/", key).text

    destroy(operator, TOLD | {"DELETE_DATA": "yes", "FORCE": "1"})
    assert operator.client("dynamodb", HOME).list_tables()["TableNames"] == []
    for region in (HOME, FURTHER):
        assert operator.client("lambda", region).list_functions()["Functions"] == []


@pytest.mark.parametrize("program", ["infra.deploy", "infra.destroy"])
def test_a_program_ends_with_a_sentence(program):
    """Started without a region it says so on one line, with exit status 2 and no traceback."""
    env = {name: value for name, value in os.environ.items() if name != "REGION"}
    done = subprocess.run(  # noqa: S603  our own programs
        [sys.executable, "-m", program], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Where to? Say a region: make deploy REGION=eu-central-1, for example.\n"
