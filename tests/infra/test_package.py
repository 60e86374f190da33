import json
import re
import subprocess
import sys
import zipfile
from importlib.util import MAGIC_NUMBER

import pytest

from app import app
from infra.package import NEVER_SHIPPED, ROOT, Halt, lint, package

pytestmark = pytest.mark.xdist_group("package")  # `--dist loadgroup` then builds once, not once a process

CREATED = "CREATE_COMPLETE"
UNCHECKED = b"\x01\0\0\0"  # the flags of bytecode that is believed without a look at its source
TOOLS = {"boto3", "moto", "pytest", "hypothesis", "pip", "setuptools", "samtranslator", "cfnlint"}

REGION = {"AWS_REGION": "us-east-1"}
ALONE = (sys.executable, "-S", "-E", "-P")  # without site-packages, our environment and this folder

IMPORT_ALL = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
for module in sys.argv[2:]:
    importlib.import_module(module)
"""

IMPORT_HANDLER = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
module, _, name = sys.argv[2].rpartition(".")
assert callable(getattr(importlib.import_module(module), name))
assert module == "app" or "app" not in sys.modules
"""


def test_two_builds_are_one(builds):
    """The same sources give the same bytes, in another folder and, but for names, under another prefix."""
    here, elsewhere = builds
    assert here.code.read_bytes() == elsewhere.code.read_bytes()
    hashes = r"[0-9a-f]{10,}"  # of the API's deployment, which sees the API's name
    with_our_names = re.sub(hashes, "", elsewhere.text).replace(elsewhere.prefix, here.prefix)
    assert re.sub(hashes, "", here.text) == with_our_names


def test_the_prefix_reaches_every_name(builds):
    """Under another prefix no name is left that another Wakeful in the account may bear."""
    assert not re.search(r"\bwakeful[-\"]", builds[1].text)


def test_lint_bites(built, tmp_path):
    """A template that CloudFormation would refuse is refused here, and the sentence says where to look."""
    bad = tmp_path / "template.json"
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeOut": 30}}
    bad.write_text(json.dumps({**built.template, "Resources": {"Scans": queue}, "Outputs": {}}))
    with pytest.raises(Halt, match=r"(?s)mend infra/resources\.json.*VisibilityTimeOut"):
        lint(bad)


def test_a_folder_without_an_app_is_refused(tmp_path):
    """Packaging from the wrong folder says what is missing there."""
    with pytest.raises(Halt, match=r"no app\.py"):
        package(tmp_path, tmp_path / "build")


def test_a_prefix_must_be_fit_for_names(tmp_path):
    """A prefix that no queue could bear is refused before anything is built."""
    with pytest.raises(Halt, match="small letters, digits and hyphens"):
        package(tmp_path, tmp_path / "build", "Wake Full")


def test_the_zip_holds_the_pinned_packages_and_no_other(built):
    """The zip holds exactly the packages that requirements.txt pins, each able to tell its version."""
    pinned = set()
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        name, _, version = line.partition(" ")[0].partition("==")
        if version:
            pinned.add(f"{re.sub(r'[-_.]+', '_', name).lower()}-{version}")
    assert {n.partition(".dist-info")[0] for n in built.names if n.endswith("/METADATA")} == pinned


def test_the_zip_holds_no_tools(built):
    """No tests, no tools and no local stack travel to Lambda."""
    tops = {name.split("/")[0] for name in built.names}
    assert not tops & {"tests", "infra", *TOOLS}
    ours = {part for name in built.names if name.startswith("chalicelib/") for part in name.split("/")}
    assert not ours & {"local", "cli.py"}
    assert {"local", "cli.py"} <= set(NEVER_SHIPPED)


def test_every_module_brings_its_bytecode(built):
    """Each module has bytecode that Lambda's Python takes without looking at the source."""
    with zipfile.ZipFile(built.code) as archive:
        for name in filter(lambda name: name.endswith(".py"), built.names):
            folder, slash, module = name.rpartition("/")
            cached = f"{folder}{slash}__pycache__/{module[:-3]}.{sys.implementation.cache_tag}.pyc"
            assert archive.read(cached).startswith(MAGIC_NUMBER + UNCHECKED)


def test_every_file_of_ours_travels(built):
    """Templates and other files beside our modules are in the zip, as the modules are."""
    folder = ROOT / "chalicelib"
    files = {path.relative_to(ROOT) for path in folder.rglob("*") if path.is_file()}
    shipped = {path.as_posix() for path in files if not set(path.parts) & set(NEVER_SHIPPED)}
    assert {name for name in built.names if name.startswith("chalicelib/") and ".pyc" not in name} == shipped


def test_every_service_in_use_is_described(built):
    """Botocore finds the description of every service that the code makes a client of."""
    described = {name.split("/")[2] for name in built.names if re.match(r"botocore/data/[^/]+/.", name)}
    ours = [name for name in built.names if name.startswith("chalicelib/") and name.endswith(".py")]
    with zipfile.ZipFile(built.code) as archive:
        sources = "\n".join(archive.read(name).decode() for name in ours)
    in_use = set(re.findall(r'client\(\s*"([a-z0-9-]+)"', sources))
    assert "dynamodb" in in_use
    assert in_use <= described


@pytest.mark.skipif(sys.platform != "linux", reason="the zip holds machine code for Linux")
def test_every_handler_imports_from_the_zip_alone(built, unpacked):
    """Every handler of the template exists in the zip and needs nothing beside it; no worker loads app.py."""
    command = [*ALONE, "-c", IMPORT_HANDLER, str(unpacked)]
    running = {
        function["Handler"]: subprocess.Popen(  # noqa: S603  our own program
            [*command, function["Handler"]], env=REGION, cwd="/", stderr=subprocess.PIPE, text=True
        )
        for function in built.of_type("AWS::Lambda::Function").values()
    }
    complaints = {handler: process.communicate()[1] for handler, process in running.items()}
    assert {handler: text for handler, text in complaints.items() if running[handler].returncode} == {}
    assert set(running) == {"app.app", *(source.handler_string for source in app.event_sources)}


@pytest.mark.skipif(sys.platform != "linux", reason="the zip holds machine code for Linux")
def test_every_module_imports_from_the_zip_alone(built, unpacked):
    """What handlers import only when called is in the zip too, with all that it needs."""
    ours = [name for name in built.names if name.startswith("chalicelib/") and name.endswith(".py")]
    modules = [name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in ours]
    command = [*ALONE, "-c", IMPORT_ALL, str(unpacked), *modules]
    subprocess.run(command, env=REGION, cwd="/", check=True)  # noqa: S603  our own program


def test_the_stack_comes_up(stack, built):
    """The very template that deploys is created whole, but for what waits for a setting."""
    (described,) = stack["cloudformation"].describe_stacks(StackName="wakeful")["Stacks"]
    resources = stack["cloudformation"].describe_stack_resources(StackName="wakeful")["StackResources"]
    assert described["StackStatus"] == CREATED
    assert {resource["ResourceStatus"] for resource in resources} == {CREATED}
    created = {resource.get("LogicalResourceId") for resource in resources} - {None}
    assert created == {name for name, made in built.resources.items() if "Condition" not in made}


def test_the_api_has_our_routes(stack):
    """The created API has every route of the app and no other, and the stage that our addresses name."""
    (api,) = stack["apigateway"].get_rest_apis()["items"]
    pages = stack["apigateway"].get_paginator("get_resources").paginate(restApiId=api["id"])
    resources = [resource for page in pages for resource in page["items"]]
    found = {r["path"]: set(r["resourceMethods"]) for r in resources if r.get("resourceMethods")}
    assert found == {path: set(methods) for path, methods in app.routes.items()}
    assert [stage["stageName"] for stage in stack["apigateway"].get_stages(restApiId=api["id"])["item"]] == [
        "api"
    ]
