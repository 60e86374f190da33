import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from infra.package import ROOT, build, package
from infra.packaging.libraries import MACHINES, native
from infra.packaging.templates import PREFIX
from tests.infra import moto_cloudformation

OTHER = "harbour"  # a second Wakeful in the same account
HOME, ELSEWHERE = "us-east-1", "eu-west-1"


class Plan:
    """A template, opened."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text()
        self.template = json.loads(self.text)
        self.resources = self.template["Resources"]

    def of_type(self, kind: str) -> dict:
        """Return the properties of all resources of one type by logical name."""
        alike = {name: resource for name, resource in self.resources.items() if resource["Type"] == kind}
        return {name: resource.get("Properties", {}) for name, resource in alike.items()}


class Built(Plan):
    """One build, opened: the code, the template of home, and the one of the prober in each further region."""

    def __init__(self, target: Path, prefix: str, architecture: str) -> None:
        super().__init__(target / "template.json")
        self.prober = Plan(target / "prober.json")
        self.prefix = prefix
        self.architecture = architecture
        self.code = target / "wakeful.zip"
        with zipfile.ZipFile(self.code) as archive:
            self.names = archive.namelist()


@pytest.fixture(scope="session")
def builds(tmp_path_factory):
    """Build twice at the same time: the repository, and a copy of it elsewhere under another prefix.

    Both are for this machine, where some tests run what is in the zip.
    """
    here, copy = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("copy")
    for name in ("app.py", "requirements.txt"):
        shutil.copy(ROOT / name, copy)
    for name in (".chalice", "chalicelib", "infra"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "deploy*"))
    program = (
        "from infra.package import ROOT, build; from infra.packaging.libraries import native; "
        f"build(ROOT, ROOT / 'build', {OTHER!r}, native())"
    )
    with subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-c", program], cwd=copy, stderr=subprocess.PIPE
    ) as elsewhere:
        package(ROOT, here, architecture=native())
        _, complaint = elsewhere.communicate()
    assert elsewhere.returncode == 0, complaint.decode()
    return Built(here, PREFIX, native()), Built(copy / "build", OTHER, native())


@pytest.fixture(scope="session")
def built(builds):
    """Build the repository."""
    return builds[0]


@pytest.fixture(scope="session")
def foreign(tmp_path_factory):
    """Build the repository for the processor that this machine has not."""
    folder = tmp_path_factory.mktemp("foreign")
    (other,) = MACHINES.keys() - {native()}
    build(ROOT, folder, architecture=other)
    return Built(folder, PREFIX, other)


@pytest.fixture(scope="session")
def unpacked(built, tmp_path_factory):
    """Lay the code out as Lambda does."""
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(built.code) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(params=["home", "prober"])
def plan(request, built):
    """Hand over the template of home, then the one of a prober elsewhere."""
    return built if request.param == "home" else built.prober


class Account:
    """An AWS account on moto."""

    def __init__(self, code: Path, key: str) -> None:
        self._code = code
        self._key = key

    def client(self, service: str, region: str = HOME):
        """Return a client."""
        return boto3.client(service, region)

    def create(self, name: str, plan: Plan, region: str = HOME, **parameters: str) -> None:
        """Create a stack as it is deployed: with the code in a bucket of the same region."""
        place = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != HOME else {}
        bucket = f"code-{region}"
        self.client("s3", region).create_bucket(Bucket=bucket, **place)
        self.client("s3", region).upload_file(str(self._code), bucket, self._key)
        told = {"CodeBucket": bucket, **parameters}
        self.client("cloudformation", region).create_stack(
            StackName=name,
            TemplateBody=plan.text,
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in told.items()],
        )

    def outputs(self, name: str) -> dict[str, str]:
        """Return what a stack at home tells."""
        (stack,) = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


@pytest.fixture(scope="module")
def account(built):
    """Create the home stack in an account on moto."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        moto_cloudformation.install(patch)
        account = Account(built.code, built.template["Parameters"]["CodeKey"]["Default"])
        account.create("wakeful", built)
        yield account


@pytest.fixture(scope="module")
def elsewhere(account, built):
    """Create a prober's stack in another region, too, which is told what the home stack tells."""
    told = account.outputs("wakeful")
    account.create(
        "wakeful-prober",
        built.prober,
        ELSEWHERE,
        HomeResultsQueueUrl=told["ResultsQueueUrl"],
        HomeResultsQueueArn=told["ResultsQueueArn"],
        SenderRoleArns=told["ProbeSenderRoleArns"],
    )
    return account
