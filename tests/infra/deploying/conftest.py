import json
import os
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from moto.acm.models import acm_backends
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend

from app import app
from chalicelib.local.emulation import emulated_aws
from chalicelib.local.front import Front
from chalicelib.settings import Settings
from chalicelib.toolbox import Toolbox, using
from infra.deploy import deploy
from infra.deploying.reach import Answer, Operator
from infra.destroy import destroy
from infra.packaging.templates import PREFIX
from tests.infra import moto_cloudformation
from tests.infra.deploying import moto_change_sets
from tests.infra.deploying.moto_change_sets import Weather
from tests.infra.deploying.sketch import sketch

HOME, NEAR, FAR = "eu-central-1", "eu-west-1", "ap-southeast-1"
ACCOUNT = "123456789012"
CLIENTS: dict = {}  # they are as good for the next account as for this one


class Cloud:
    """An AWS account on moto, and an operator who says `make deploy` and `make destroy`."""

    def __init__(self, weather: Weather, folder: Path, patch: pytest.MonkeyPatch, session) -> None:
        self.weather = weather
        self.code = "the code"
        self.said: list[str] = []
        self.typed = ""
        self.rests = 0
        self.at_rest = lambda: None  # what happens meanwhile
        self.broken = "nothing"  # what a path begins with that is not answered
        self.front = Front(app)
        self.asked: list[str] = []  # by the look around
        self.folder = folder  # where the environment is left
        self._patch = patch
        self._prefix = PREFIX
        self.operator = Operator(session, self.said.append, self.hear, self.rest, self.ask, clients=CLIENTS)

    def deploy(self, **told: str) -> str:
        """Deploy, and return what was said."""
        return self._run(deploy, told, lambda *order: sketch(*order, self.code), self.folder)

    def destroy(self, **told: str) -> str:
        """Destroy, and return what was said."""
        return self._run(destroy, told, self.folder)

    def _run(self, act, told, *more):
        self.said.clear()
        act(self.operator, {"REGION": HOME, **told}, *more)
        return "\n".join(self.said)

    def hear(self, _question: str) -> str:
        """Let the operator type; raises EOFError where nobody sits at the terminal."""
        if not self.typed:
            raise EOFError
        return self.typed

    def rest(self, _seconds: float) -> None:
        """Let time pass at once."""
        self.rests += 1
        self.at_rest()

    @contextmanager
    def before(self, service: str, operation: str, act):
        """Let something happen before each call of *operation* at home while the block runs."""
        from chalicelib import aws

        ours = [self.client(service), aws.client(service, HOME, None)]
        event = f"before-call.{service}.{operation}"
        for client in ours:
            client.meta.events.register(event, act)
        try:
            yield
        finally:
            for client in ours:
                client.meta.events.unregister(event, act)

    @staticmethod
    def reply(status: int):
        """Return what stands for an HTTP answer where none was sent."""
        return SimpleNamespace(status_code=status, headers={})

    def start_afresh(self) -> None:
        """Let the operator find out once more who they are."""
        self.operator.session, self.operator.clients = boto3.session.Session(), {}

    def client(self, service: str, region: str = HOME):
        """Return a client that looks at the account."""
        return self.operator.client(service, region)

    def ask(self, method: str, url: str, headers: dict[str, str], body: str = "") -> Answer:
        """Ask the API that the stack tells of; it answers from the tables of the stack."""
        self.asked.append(url)
        outputs = self.outputs()
        doors = [outputs[door].rstrip("/") for door in ("EndpointURL", "PingUrl") if door in outputs]
        (target,) = [url.removeprefix(door) for door in doors if url.startswith(door)]
        if self.broken in (target[: len(self.broken)], url[: len(self.broken)]):
            return Answer(502, "Bad Gateway")
        with self.settings() as settings, using(Toolbox(settings)):
            reply = self.front.ask(method, target, {"host": "wakeful.test", **headers}, body.encode())
        return Answer(reply.status, reply.text)

    def outputs(self) -> dict[str, str]:
        """Return what the home stack tells."""
        (stack,) = self.client("cloudformation").describe_stacks(StackName=self._prefix)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def parameters(self) -> dict[str, str]:
        """Return what the home stack was told."""
        (stack,) = self.client("cloudformation").describe_stacks(StackName=self._prefix)["Stacks"]
        return {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}

    def function(self) -> dict:
        """Return the configuration of the home stack's function."""
        functions = self.client("lambda").list_functions()["Functions"]
        return next(one for one in functions if one["FunctionName"].startswith(f"{self._prefix}-APIHandler"))

    @contextmanager
    def at_another_door(self, prefix: str):
        """Speak of the stage with *prefix* while the block runs."""
        self._prefix, before = prefix, self._prefix
        try:
            yield
        finally:
            self._prefix = before

    @staticmethod
    def validate(arn: str) -> None:
        """Let the authority issue a certificate."""
        acm_backends[ACCOUNT][HOME].get_certificate(arn).status = "ISSUED"

    @contextmanager
    def settings(self):
        """Hand over what the function reads from its environment."""
        with self._patch.context() as brief:
            for name, value in self.function()["Environment"]["Variables"].items():
                brief.setenv(name, str(value))
            brief.setenv("AWS_REGION", HOME)
            yield replace(Settings.from_env(), prefix=os.environ["WAKEFUL_PREFIX"])

    def stacks(self) -> dict[tuple[str, str], str]:
        """Return the status of every stack by region and name."""
        return {(region, name): status for region, name, status in self.weather.stacks()}

    def buckets(self) -> set[str]:
        """Return the names of all buckets."""
        return {bucket["Name"] for bucket in self.client("s3").list_buckets()["Buckets"]}

    def tables(self) -> set[str]:
        """Return the names of all tables at home."""
        return set(self.client("dynamodb").list_tables()["TableNames"])

    def checks(self, key: str) -> list[str]:
        """Return the names of all checks that *key* sees."""
        url = self.outputs()["EndpointURL"].rstrip("/")
        answer = self.ask("GET", f"{url}/api/v3/checks/", {"X-Api-Key": key})
        return [check["name"] for check in json.loads(answer.text)["checks"]]


def shown(said: str, name: str) -> str:
    """Return what was shown under *name*."""
    (line,) = [line for line in said.splitlines() if line.split()[:1] == [name]]
    return line.split()[1]


@pytest.fixture(scope="session")
def session():
    """What boto3 has read of AWS's services: it takes a second, and is the same for everybody."""
    with emulated_aws():
        return boto3.session.Session()


def few_regions(patch: pytest.MonkeyPatch) -> None:
    """Let the account have five regions and one that is not enabled: the others only take time."""
    kept = {HOME, NEAR, FAR, "us-east-1", "us-west-2", "me-south-1"}
    regions = [region for region in RegionsAndZonesBackend.regions if region.name in kept]
    patch.setattr(RegionsAndZonesBackend, "regions", regions)


@pytest.fixture
def cloud(monkeypatch, tmp_path, session):
    """An empty account, and an operator with credentials."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # a second, and nobody asks for them
    with emulated_aws(), monkeypatch.context() as patch:
        moto_cloudformation.install(patch)
        few_regions(patch)
        yield Cloud(moto_change_sets.install(patch), tmp_path, monkeypatch, session)
