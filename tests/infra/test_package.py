import json
import re
import subprocess
import sys
import zipfile
from importlib.util import MAGIC_NUMBER

import pytest

from app import app
from chalicelib.messages import ResultBundle
from chalicelib.queues import Queues
from chalicelib.settings import Settings
from infra.halting import Halt
from infra.package import ROOT, package
from infra.packaging.libraries import ARM, MACHINES
from infra.packaging.scales import lint
from infra.packaging.sources import NEVER_SHIPPED, STAGE
from infra.packaging.templates import join_methods
from tests.infra.conftest import ELSEWHERE, HOME

pytestmark = pytest.mark.xdist_group("package")  # `--dist loadgroup` then builds once, not once a process

CREATED = "CREATE_COMPLETE"
UNCHECKED = b"\x01\0\0\0"  # the flags of bytecode that is believed without a look at its source
ELF_MACHINES = {"arm64": 183, "x86_64": 62}  # elf.h: EM_AARCH64, EM_X86_64
TOOLS = {"boto3", "moto", "pytest", "hypothesis", "pip", "setuptools", "samtranslator", "cfnlint"}

REGION = {"AWS_REGION": "us-east-1"}
ALONE = (sys.executable, "-S", "-E", "-P")  # without site-packages, our environment and this folder

IMPORT_ALL = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
for module in sys.argv[2:]:
    importlib.import_module(module)
assert "apprise" not in sys.modules  # 100 ms that only those pay who use it
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
    for ours, theirs in ((here, elsewhere), (here.prober, elsewhere.prober)):
        with_our_names = re.sub(hashes, "", theirs.text).replace(elsewhere.prefix, here.prefix)
        assert re.sub(hashes, "", ours.text) == with_our_names


def test_the_prefix_reaches_every_name(builds):
    """Under another prefix no name is left that another Wakeful in the account may bear."""
    other = builds[1]
    assert not re.search(r"\bwakeful[-\"]", other.text + other.prober.text)


def compiled(built):
    """Return the processors that the zip's machine code is for, by file, and the names of all other files."""
    with zipfile.ZipFile(built.code) as archive:
        heads = {name: archive.read(name)[:20] for name in built.names if name.endswith(".so")}
    assert all(head.startswith(b"\x7fELF\x02\x01") for head in heads.values())  # 64 bits, little end first
    machine = MACHINES[built.architecture]
    processors = {name.replace(machine, ""): int.from_bytes(h[18:20], "little") for name, h in heads.items()}
    return processors, set(built.names) - set(heads)


def test_each_processor_gets_its_machine_code(built, foreign):
    """A zip for the other processor holds the same files, but for machine code, which is that processor's."""
    ours, same_here = compiled(built)
    theirs, same_there = compiled(foreign)
    assert same_here == same_there
    assert set(ours) == set(theirs) != set()
    for zipped, processors in ((built, ours), (foreign, theirs)):
        assert set(processors.values()) == {ELF_MACHINES[zipped.architecture]}
        for plan in (zipped, zipped.prober):
            functions = plan.of_type("AWS::Lambda::Function").values()
            assert {tuple(f["Architectures"]) for f in functions} == {(zipped.architecture,)}


def test_the_configuration_says_what_is_built():
    """Chalice's configuration names the processor that `make package` builds for."""
    configuration = json.loads((ROOT / ".chalice" / "config.json").read_text())
    assert configuration["stages"][STAGE]["lambda_architecture"] == ARM


def test_lint_bites(built, tmp_path):
    """A template that CloudFormation would refuse is refused, and the sentence says where to look."""
    bad = tmp_path / "template.json"
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeOut": 30}}
    bad.write_text(json.dumps({**built.template, "Resources": {"Scans": queue}, "Outputs": {}}))
    with pytest.raises(Halt, match=r"(?s)mend infra/resources\.json.*VisibilityTimeOut"):
        lint(built.code.with_name("prober.json"), bad)


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
    assert not ours & {"local", "cli"}
    assert {"local", "cli"} <= set(NEVER_SHIPPED)


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
    ours = (*app.event_sources, *app.pure_lambda_functions)
    assert set(running) == {"app.app", *(source.handler_string for source in ours)}


@pytest.mark.skipif(sys.platform != "linux", reason="the zip holds machine code for Linux")
def test_every_module_imports_from_the_zip_alone(built, unpacked):
    """What handlers import only when called is in the zip too, with all that it needs."""
    ours = [name for name in built.names if name.startswith("chalicelib/") and name.endswith(".py")]
    modules = [name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in ours]
    command = [*ALONE, "-c", IMPORT_ALL, str(unpacked), *modules]
    subprocess.run(command, env=REGION, cwd="/", check=True)  # noqa: S603  our own program


def test_the_zip_is_small(built):
    """The zip has at most 8 MB: a cold start, and a copy in every region, cost by its size."""
    assert built.code.stat().st_size <= 8 * 10**6


def created(account, name, region):
    """Return the logical names of what a stack consists of, now that all of it is there."""
    cloudformation = account.client("cloudformation", region)
    (described,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    resources = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    assert {described["StackStatus"], *(resource["ResourceStatus"] for resource in resources)} == {CREATED}
    return {resource.get("LogicalResourceId") for resource in resources} - {None}


def unconditional(plan):
    """Return the logical names of what a template always creates."""
    return {name for name, made in plan.resources.items() if "Condition" not in made}


def test_the_stacks_come_up(elsewhere, built):
    """The very templates that deploy are created whole, but for what waits for a setting."""
    assert created(elsewhere, "wakeful", HOME) == unconditional(built)
    assert created(elsewhere, "wakeful-prober", ELSEWHERE) == unconditional(built.prober)


def test_a_prober_elsewhere_reports_home(elsewhere, monkeypatch):
    """What a Lambda of another region sends as a result arrives in the queue at home."""
    function = elsewhere.client("lambda", ELSEWHERE).get_function_configuration(FunctionName="wakeful-probe")
    for name, value in (function["Environment"]["Variables"] | {"AWS_REGION": ELSEWHERE}).items():
        monkeypatch.setenv(name, value)
    Queues(Settings.from_env()).results(ResultBundle(()))
    url = elsewhere.outputs("wakeful")["ResultsQueueUrl"]
    (message,) = elsewhere.client("sqs").receive_message(QueueUrl=url)["Messages"]
    assert ResultBundle.from_json(message["Body"]) == ResultBundle(())


def test_whoever_orders_probes_is_let_in_elsewhere(elsewhere, built):
    """The roles that may send to the prober at home, and nobody else, may send to one in another region."""
    sqs = elsewhere.client("sqs", ELSEWHERE)
    url = sqs.get_queue_url(QueueName="wakeful-probes")["QueueUrl"]
    policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    (statement,) = json.loads(policy)["Statement"]
    assert statement["Action"] == "sqs:SendMessage"
    assert "Condition" not in statement
    roles = elsewhere.client("iam").list_roles()["Roles"]
    names = {role["Arn"]: role["RoleName"] for role in roles}
    let_in = {names[arn].removeprefix("wakeful-").rpartition("-")[0] for arn in statement["Principal"]["AWS"]}
    assert let_in == {name for name, role in built.of_type("AWS::IAM::Role").items() if orders_probes(role)}


def orders_probes(role):
    """Whether a role of the home template may send to the prober at home."""
    allowed = json.dumps(
        [
            statement["Resource"]
            for policy in role.get("Policies", ())
            for statement in policy["PolicyDocument"]["Statement"]
            if "sqs:SendMessage" in statement["Action"]
        ]
    )
    return "ProbesQueue" in allowed


def test_the_api_has_our_routes(account):
    """The created API has every path of the app and no other, and the stage that our addresses name.

    Each takes any method: which of them a path knows is the app's to say.
    """
    gateway = account.client("apigateway")
    (api,) = gateway.get_rest_apis()["items"]
    pages = gateway.get_paginator("get_resources").paginate(restApiId=api["id"])
    resources = [resource for page in pages for resource in page["items"]]
    found = {r["path"]: set(r["resourceMethods"]) for r in resources if r.get("resourceMethods")}
    assert found == {path: {"ANY"} for path in app.routes}
    assert [stage["stageName"] for stage in gateway.get_stages(restApiId=api["id"])["item"]] == ["api"]


def test_methods_that_differ_are_not_joined():
    """A path whose methods are not all described alike is refused, since one could not stand for all."""
    same, other = {"consumes": ["*/*"]}, {"consumes": ["*/*"], "security": [{"api_key": []}]}
    paths = {"/": {"get": same, "post": same}, "/checks": {"get": same, "post": other}}
    api = {"Properties": {"DefinitionBody": {"paths": paths}}}
    with pytest.raises(Halt, match="The methods of /checks differ"):
        join_methods({"Resources": {"RestAPI": api}})
