"""Build what AWS gets: build/wakeful.zip, build/template.json, and build/prober.json for each further region.

    python infra/package.py [--prefix wakeful]

Chalice collects the code and writes a SAM template; `slimming.py` rewrites the zip. The template becomes
plain CloudFormation here already, so that AWS, cfn-lint, the tests and a curious reader all get the same one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
STAGE = "prod"
PREFIX = "wakeful"  # of every name in the code and in infra/*.json; --prefix replaces it

# Neither the zip nor the template depends on the region, but Chalice and SAM will not start without one.
ANY_REGION = "us-east-1"

# What Lambda takes, in bytes: a zip uploaded at once, a zip unpacked; and CloudFormation from a bucket.
ZIP_LIMIT = 50 * 2**20
UNPACKED_LIMIT = 250 * 2**20
TEMPLATE_LIMIT = 10**6

# Where everything in the templates comes from.
SOURCES = "infra/resources.json, infra/prober.json, .chalice/config.json or .chalice/policy-*.json"

# What a prober elsewhere has in common with the one at home, which Chalice describes.
AS_AT_HOME = ("Architectures", "Handler", "MemorySize", "Runtime", "Timeout")

# The workshop's own rooms: they run on the developer's machine alone.
NEVER_SHIPPED = ("__pycache__", "local", "cli")

# What Chalice puts into its zip anew each time.
FRESH = frozenset({"app.py", "chalicelib", "chalice"})

Template = dict[str, Any]


class Halt(Exception):
    """Packaging can not go on; the message says why and what to do next."""


@dataclass(frozen=True)
class Package:
    """What one build left in the target folder, and what there is to tell about it."""

    code: Path
    templates: tuple[Path, ...]
    digest: str
    report: tuple[str, ...]


def package(root: Path, target: Path, prefix: str = PREFIX) -> Package:
    """Build the app of *root* into the folder *target*, and look whether AWS would take it."""
    built = build(root, target, prefix)
    seen = weigh(built.code), *map(weigh_template, built.templates), *map(lint, built.templates)
    return replace(built, report=(*built.report, *seen))


def build(root: Path, target: Path, prefix: str = PREFIX) -> Package:
    """Build the app of *root* into the folder *target*."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", prefix):
        raise Halt(f"The prefix {prefix!r} will not do for names: use small letters, digits and hyphens.")
    target.mkdir(parents=True, exist_ok=True)
    code = target / "wakeful.zip"
    with tempfile.TemporaryDirectory() as scratch:
        workshop = Path(scratch)
        copy_sources(root, workshop)
        kept = kept_packages(root)
        if kept.exists():
            reuse_packages(kept, workshop)
        sam = run_chalice(workshop, prefix)
        fat = workshop / "out" / "deployment.zip"
        keep_packages(fat, kept)
        found = describe(sam, fat)
        run("slimming", sys.executable, "-S", "-E", root / "infra" / "slimming.py", fat, code)
    digest = hashlib.sha256(code.read_bytes()).hexdigest()
    home = to_cloudformation(sam, f"{prefix}-{digest[:16]}.zip")
    elsewhere = to_prober(named((root / "infra" / "prober.json").read_text(), prefix), home)
    templates = {target / "template.json": home, target / "prober.json": elsewhere}
    for path, template in templates.items():
        path.write_text(json.dumps(template, indent=1, sort_keys=True) + "\n")
    return Package(code, tuple(templates), digest, (found,))


def copy_sources(root: Path, workshop: Path) -> None:
    """Copy what Chalice reads into *workshop*.

    In the repository itself Chalice would keep every zip it ever made, and take an old one for a new one when
    files were only renamed.
    """
    for name in ("app.py", "requirements.txt", "infra/resources.json", "infra/prober.json"):
        if not (root / name).exists():
            raise Halt(f"There is no {name} in {root}: run this from a whole copy of the repository.")
        shutil.copy(root / name, workshop)
    shutil.copytree(
        root / "chalicelib", workshop / "chalicelib", ignore=shutil.ignore_patterns(*NEVER_SHIPPED)
    )
    shutil.copytree(root / ".chalice", workshop / ".chalice", ignore=shutil.ignore_patterns("deploy*"))


def kept_packages(root: Path) -> Path:
    """Name the zip that keeps the packages of these requirements for this Python; pip takes ten seconds."""
    wanted = (root / "requirements.txt").read_bytes() + sys.version.encode()
    return root / "build" / f"packages-{hashlib.sha256(wanted).hexdigest()[:16]}.zip"


def reuse_packages(kept: Path, workshop: Path) -> None:
    """Hand Chalice the packages it fetched an earlier time, so that it asks pip for none."""
    with zipfile.ZipFile(kept) as archive:
        theirs = [name for name in archive.namelist() if name.split("/")[0] not in FRESH]
        archive.extractall(workshop / "vendor", theirs)
    (workshop / "requirements.txt").write_text("")


def keep_packages(fat: Path, kept: Path) -> None:
    """Keep what was fetched, and forget what other requirements fetched."""
    if kept.exists():
        return
    kept.parent.mkdir(exist_ok=True)
    for outdated in kept.parent.glob("packages-*.zip"):
        outdated.unlink()
    arriving = kept.with_suffix(f".{os.getpid()}")
    shutil.copy(fat, arriving)
    arriving.replace(kept)


def run_chalice(workshop: Path, prefix: str) -> Template:
    """Let Chalice package the copy in *workshop* and return its SAM template, all names with *prefix*."""
    command = tool("chalice"), "--project-dir", workshop, "package", "--stage", STAGE
    merge = "--merge-template", workshop / "resources.json", workshop / "out"
    run("chalice package", *command, *merge, WAKEFUL_PREFIX=PREFIX, AWS_DEFAULT_REGION=ANY_REGION)
    template = named((workshop / "out" / "sam.json").read_text(), prefix)
    ours = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for name, function in functions(template).items():
        runtime = function["Properties"]["Runtime"]
        if runtime != ours:
            raise Halt(f"{name} would run on {runtime}, our bytecode is of {ours}: package with that Python.")
    return template


def named(text: str, prefix: str) -> Template:
    """Return the template *text*, all names with *prefix*."""
    template: Template = json.loads(re.sub(rf'\b{PREFIX}(?=["-])', prefix, text))
    return template


def functions(sam: Template) -> Template:
    """Return the functions of a SAM template by their logical names."""
    return {
        name: resource
        for name, resource in sam["Resources"].items()
        if resource.get("Type") == "AWS::Serverless::Function"
    }


def to_cloudformation(sam: Template, code_key: str) -> Template:
    """Do SAM's transformation here, with the code at the template's own parameters CodeBucket and CodeKey."""
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.translator.transform import transform

    for function in functions(sam).values():
        function["Properties"]["CodeUri"] = {"Bucket": {"Ref": "CodeBucket"}, "Key": {"Ref": "CodeKey"}}
    sam["Parameters"]["CodeKey"]["Default"] = code_key
    board = sam["Resources"]["Dashboard"]["Properties"]
    board["DashboardBody"] = {"Fn::Sub": json.dumps(board["DashboardBody"])}  # CloudWatch wants it as text
    try:
        with some_region():
            plain: Template = transform(sam, {}, NoManagedPolicies())
    except InvalidDocumentException as error:
        causes = "\n".join(f"  {cause.message}" for cause in error.causes)
        raise Halt(f"SAM refuses the template; mend {SOURCES}:\n{causes}") from error
    return plain


def to_prober(template: Template, home: Template) -> Template:
    """Return the *template* of a prober elsewhere, with the very code that the one of *home* runs."""
    at_home = home["Resources"]["Probe"]["Properties"]
    template["Resources"]["Probe"]["Properties"] |= {name: at_home[name] for name in AS_AT_HOME}
    template["Parameters"]["CodeKey"]["Default"] = home["Parameters"]["CodeKey"]["Default"]
    return template


@contextmanager
def some_region() -> Iterator[None]:
    """Let there be a region where the environment names none."""
    before = os.environ.get("AWS_DEFAULT_REGION")
    os.environ["AWS_DEFAULT_REGION"] = before or ANY_REGION
    try:
        yield
    finally:
        if before is None:
            del os.environ["AWS_DEFAULT_REGION"]


class NoManagedPolicies:
    """SAM asks for the ARNs of managed policies by name; our policies are all our own."""

    def load(self) -> dict[str, str]:
        """Return none."""
        return {}


def lint(template: Path) -> str:
    """Return what cfn-lint would rather see otherwise; raises Halt at what CloudFormation would refuse."""
    command = [tool("cfn-lint"), "--format", "parseable", str(template)]
    result = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  our own tool
    found = [line.removeprefix(f"{template}:") for line in result.stdout.splitlines() if line.strip()]
    if any(re.search(r":E\d{4}:", line) for line in found) or (result.returncode and not found):
        listing = "\n".join(f"  {line}" for line in found) or result.stderr
        raise Halt(f"cfn-lint refuses {template.name}; mend {SOURCES}:\n{listing}")
    return "\n".join(f"cfn-lint          {template.name}: {line}" for line in found or ["nothing to say"])


def weigh(code: Path) -> str:
    """Return the size of the zip; raises Halt when Lambda would not take it."""
    with zipfile.ZipFile(code) as archive:
        entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    n_compiled = sum(entry.filename.endswith(".pyc") for entry in entries)
    if code.stat().st_size > ZIP_LIMIT or unpacked > UNPACKED_LIMIT:
        raise Halt(f"{code.name} is too large for Lambda: look for what crept into requirements.txt.")
    sizes = f"{megabytes(code.stat().st_size)}, unpacked {megabytes(unpacked)}"
    return f"{code.name:<18}{sizes}, with the bytecode of {n_compiled} modules"


def weigh_template(template: Path) -> str:
    """Return the size of a template; raises Halt when CloudFormation would not take it."""
    size = template.stat().st_size
    if size > TEMPLATE_LIMIT:
        raise Halt(f"{template.name} is over a megabyte: CloudFormation takes no more.")
    return f"{template.name:<18}{size // 1000} kB"


def describe(sam: Template, fat: Path) -> str:
    """Return what Chalice found to package."""
    paths = sam["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    size, n_routes = megabytes(fat.stat().st_size), sum(len(methods) for methods in paths.values())
    return f"chalice package   {size}, {len(functions(sam))} functions, {n_routes} routes"


def megabytes(size: int) -> str:
    """Return *size* for people."""
    return f"{size / 1e6:.1f} MB"


def tool(name: str) -> str:
    """Return the path of a tool that came with this interpreter's packages."""
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        raise Halt(f"{name} is not installed here: run `pip install -r requirements-dev.txt`.")
    return str(path)


def run(what: str, *command: str | Path, **environment: str) -> None:
    """Run *command*; raises Halt with its last words when it fails."""
    result = subprocess.run(  # noqa: S603  our own tools, with our own arguments
        list(map(str, command)), check=False, capture_output=True, text=True, env=os.environ | environment
    )
    if result.returncode:
        last_words = "\n".join(f"  {line}" for line in (result.stdout + result.stderr).splitlines()[-15:])
        raise Halt(f"{what} failed; the cause is most often in the last line below:\n{last_words}")


def main(arguments: list[str]) -> int:
    """Package this repository and say what was done."""
    parser = argparse.ArgumentParser(description="Build the zip and the CloudFormation template.")
    parser.add_argument("--prefix", default=PREFIX, help="of every table, queue and topic")
    parser.add_argument("--target", type=Path, default=ROOT / "build", help="the folder to build into")
    wish = parser.parse_args(arguments)
    try:
        built = package(ROOT, wish.target, wish.prefix)
    except Halt as halt:
        sys.stderr.write(f"{halt}\n")
        return 1
    files = ", ".join(map(str, (built.code, *built.templates)))
    lines = (*built.report, f"written           {files}", f"sha256            {built.digest}")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
