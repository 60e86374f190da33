import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import boto3
import pytest
from moto import mock_aws

from infra.package import PREFIX, ROOT, package
from tests.infra import moto_cloudformation

OTHER = "harbour"  # a second Wakeful in the same account


class Built(NamedTuple):
    """One build, opened."""

    prefix: str
    code: Path
    names: list[str]  # in the zip
    text: str
    template: dict
    resources: dict

    def of_type(self, kind: str) -> dict:
        """Return the properties of all resources of one type by logical name."""
        alike = {name: resource for name, resource in self.resources.items() if resource["Type"] == kind}
        return {name: resource.get("Properties", {}) for name, resource in alike.items()}


def opened(target: Path, prefix: str) -> Built:
    """Read what was built into *target*."""
    code, text = target / "wakeful.zip", (target / "template.json").read_text()
    template = json.loads(text)
    with zipfile.ZipFile(code) as archive:
        return Built(prefix, code, archive.namelist(), text, template, template["Resources"])


@pytest.fixture(scope="session")
def builds(tmp_path_factory):
    """Build twice at the same time: the repository, and a copy of it elsewhere under another prefix."""
    here, copy = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("copy")
    for name in ("app.py", "requirements.txt"):
        shutil.copy(ROOT / name, copy)
    for name in (".chalice", "chalicelib", "infra"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "deploy*"))
    program = f"import package; package.build(package.ROOT, package.ROOT / 'build', {OTHER!r})"
    with subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-c", program], cwd=copy / "infra", stderr=subprocess.PIPE
    ) as elsewhere:
        package(ROOT, here)
        _, complaint = elsewhere.communicate()
    assert elsewhere.returncode == 0, complaint.decode()
    return opened(here, PREFIX), opened(copy / "build", OTHER)


@pytest.fixture(scope="session")
def built(builds):
    """Build the repository."""
    return builds[0]


@pytest.fixture(scope="session")
def unpacked(built, tmp_path_factory):
    """Lay the code out as Lambda does."""
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(built.code) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def stack(built, monkeypatch):
    """Create the stack on moto; hand over the clients that can look at it."""
    moto_cloudformation.install(monkeypatch)
    with mock_aws():
        clients = {name: boto3.client(name, "us-east-1") for name in ("s3", "cloudformation", "apigateway")}
        clients["s3"].create_bucket(Bucket="code")
        key = built.template["Parameters"]["CodeKey"]["Default"]
        clients["s3"].upload_file(str(built.code), "code", key)
        clients["cloudformation"].create_stack(
            StackName="wakeful",
            TemplateBody=built.text,
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": "CodeBucket", "ParameterValue": "code"}],
        )
        yield clients
