"""The package that really deploys, down the whole road; and the programs as `make` starts them.

MiniStack runs the handlers as processes, from the uploaded zip, and asks of every call whether the role of
its function allows it. The test speaks to the API alone: schedule, queues and topics do the rest.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib import aws
from infra.package import ROOT, Package
from infra.packaging.templates import PREFIX
from tests.emulators import MINISTACK_PYTHON, MiniStack, credentials
from tests.infra.deploying.conftest import FAR, HOME, NEAR
from tests.infra.deploying.emulated import EVERYWHERE, Deployment, eventually
from tests.stories.neighbours import receiving
from tests.stories.targets import serving

pytestmark = pytest.mark.xdist_group("package")  # it needs the same build

REGIONS = {HOME, NEAR, FAR}


@pytest.fixture(scope="module")
def ministack(tmp_path_factory):
    """An AWS beside us, which runs Lambdas as processes and lets nobody do what their role does not allow."""
    with credentials(), pytest.MonkeyPatch.context() as patch:
        forget_who_we_are()
        program = Path(__file__).with_name("ministack_as_aws.py")
        stack = MiniStack(tmp_path_factory.mktemp("ministack"), program, AUTH="true")
        try:
            patch.setenv("AWS_ENDPOINT_URL", stack.url)
            yield stack
        finally:
            stack.stop()
            forget_who_we_are()


def forget_who_we_are():
    """Let our own clients sign with the credentials of now: this AWS looks at them, as no other here does."""
    aws.client.cache_clear()
    aws.session.cache_clear()


@pytest.fixture(scope="module")
def real(built, tmp_path_factory):
    """The real package, but for one alarm, whose arithmetic MiniStack does not know.

    What it probes and tells stands on loopback, so its template allows private targets unless told otherwise.
    """
    template = json.loads(built.text)
    del template["Resources"]["ThrottlesAlarm"]
    template["Parameters"]["AllowPrivateTargets"]["Default"] = "true"
    home = tmp_path_factory.mktemp("real") / "template.json"
    home.write_text(json.dumps(template))
    digest = hashlib.sha256(built.code.read_bytes()).hexdigest()
    return Package(built.code, (home, built.code.with_name("prober.json")), digest, ())


@pytest.fixture(scope="module")
def deployment(ministack, real):
    """The one deployment of this module."""
    return Deployment(ministack, real)


@pytest.fixture
def deployed(deployment):
    """The deployment, in three regions."""
    deployment.stand(**EVERYWHERE)
    return deployment


@pytest.fixture
def receiver(deployed):
    """Somebody's webhook, and the id of the channel that leads to it."""
    with receiving(lambda: None) as peer:
        wish = {"type": "WEBHOOK", "name": "Hook", "config": {"url": f"{peer.url}/"}}
        peer.channel = deployed.ask("POST", "/v1/channels", wish)["id"]
        yield peer
        deployed.ask("DELETE", f"/v1/channels/{peer.channel}")


def heard(receiver, number):
    """Return the latest of *number* messages, when it has come."""
    return eventually(lambda: receiver.heard[number - 1 :], f"message {number}")[0].story


def test_all_of_both_templates_is_there(deployed, real):
    """Every resource whose condition is met is made, in three regions; each function is the zip and no more.

    What runs the functions has neither our code nor Chalice: they can come from nowhere else.
    """
    stacks = ((PREFIX, HOME, 0), (f"{PREFIX}-prober", NEAR, 1), (f"{PREFIX}-prober", FAR, 1))
    for stack, region, which in stacks:
        template = json.loads(real.templates[which].read_text())
        assert deployed.things(stack, region).keys() == wanted(template, deployed.parameters())
        assert {status for _, status in deployed.things(stack, region).values()} == {"CREATE_COMPLETE"}
        made = [one for one in template["Resources"].values() if one["Type"] == "AWS::Lambda::Function"]
        assert len(deployed.functions(region)) == len(made)
        content = {base64.b64decode(one["CodeSha256"]).hex() for one in deployed.functions(region)}
        assert content == {real.digest}
    for module in ("chalice", "chalicelib"):
        asked = [str(MINISTACK_PYTHON), "-c", f"import {module}"]
        assert subprocess.run(asked, cwd="/", capture_output=True, check=False).returncode == 1  # noqa: S603  its Python


def wanted(template, parameters):
    """Return the names of all resources but those whose condition is not met."""

    def is_met(formula):
        ((kind, parts),) = formula.items()
        if kind == "Condition":
            return is_met(template["Conditions"][parts])
        if kind == "Fn::Equals":
            first, second = (parameters[part["Ref"]] if isinstance(part, dict) else part for part in parts)
            return first == second
        return {"Fn::Not": lambda truths: not truths[0], "Fn::And": all, "Fn::Or": any}[kind](
            list(map(is_met, parts))
        )

    resources = template["Resources"].items()
    return {
        name for name, one in resources if "Condition" not in one or is_met({"Condition": one["Condition"]})
    }


def test_a_job_that_fails_is_told(deployed, receiver):
    """A ping becomes a flip, an announcement, a delivery and a webhook; so does the recovery."""
    wish = {"name": "Nightly", "scheduleType": "PERIOD", "scheduleValue": 3600}
    check = deployed.ask("POST", "/v1/checks", wish | {"channelIds": [receiver.channel]})["id"]
    deployed.ask("POST", f"/ping/{check}")
    deployed.ask("POST", f"/ping/{check}/fail")
    told = heard(receiver, 1)
    assert (told["event"], told["monitor"]["name"]) == ("check.down", "Nightly")
    deployed.ask("POST", f"/ping/{check}")
    assert heard(receiver, 2)["event"] == "check.up"


@pytest.mark.realtime
def test_a_site_is_probed_from_three_regions(deployed, receiver):
    """The schedule sends probers in three regions to a site; what they say together is told.

    Its first probes come from the API itself. That it broke after them only the schedule's can find out.
    """
    with serving() as site:
        wish = {"name": "Shop", "type": "HTTP", "target": {"url": site.url}, "intervalSeconds": 10}
        check = deployed.ask("POST", "/v1/checks", wish | {"channelIds": [receiver.channel]})["id"]
        eventually(lambda: set(site.asked) == REGIONS, "a first probe from every region")
        site.is_down()
        eventually(deployed.ticks, "a tick of the schedule")
        told = heard(receiver, 1)
        assert (told["event"], told["target"]) == ("check.down", site.url)
        assert {one["code"] for one in told["regions"]} == {503}
        site.is_up()
        assert heard(receiver, 2)["event"] == "check.up"
        rounds = deployed.ask("GET", f"/api/v1/monitors/{check}/checks")["data"]
        assert {(one["status"], one["region"]) for one in rounds} >= {("DOWN", region) for region in REGIONS}
        deployed.ask("DELETE", f"/v1/checks/{check}")
        deployed.forget_probes(REGIONS)
    assert set(site.asked) == REGIONS


def test_the_deployment_changes_in_place_goes_and_comes_back(deployed):
    """With a region less it serves on, every resource being what it was, and that region's prober is gone.

    Destroyed and deployed again it has its data; destroyed with its data it leaves nothing. Each deployment
    makes, pings, reads and deletes a check over the API.
    """
    check = deployed.ask("POST", "/api/v3/checks/", {"name": "Backup"})["uuid"]
    before = deployed.things()
    deployed.deploy(PROBE_REGIONS=NEAR)
    assert f"{FAR:<15} is probed from no more" in deployed.said
    assert {name: one for name, (one, _) in deployed.things().items()} == {
        name: one for name, (one, _) in before.items()
    }
    told = {one["Environment"]["Variables"]["PROBE_REGIONS"] for one in deployed.functions()}
    assert told == {NEAR}
    assert [len(deployed.functions(region)) for region in (NEAR, FAR)] == [1, 0]

    deployed.deploy(PROBE_REGIONS=NEAR)
    assert sum("is as it should be" in line for line in deployed.said) == 2

    deployed.destroy()
    deployed.deploy(PROBE_REGIONS=NEAR)
    assert "tables that an earlier stack has left" in "\n".join(deployed.said)
    assert deployed.ask("GET", f"/api/v3/checks/{check}")["name"] == "Backup"

    deployed.destroy(DELETE_DATA="yes", FORCE="1")
    assert deployed.client("dynamodb").list_tables()["TableNames"] == []
    assert [deployed.functions(region) for region in sorted(REGIONS)] == [[], [], []]


@pytest.mark.parametrize("program", ["infra.deploy", "infra.destroy"])
def test_a_program_ends_with_a_sentence(program):
    """Started without a region it says so on one line, with exit status 2 and no traceback."""
    env = {name: value for name, value in os.environ.items() if name != "REGION"}
    done = subprocess.run(  # noqa: S603  our own programs
        [sys.executable, "-m", program], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Where to? Say a region: make deploy REGION=eu-central-1, for example.\n"
