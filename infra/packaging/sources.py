"""Our own code: what of it travels, and what Chalice makes of it."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING

from infra.halting import Halt
from infra.packaging.templates import ANY_REGION, PREFIX, functions, named
from infra.packaging.tools import run, tool

if TYPE_CHECKING:
    from pathlib import Path

    from infra.packaging.templates import Template

STAGE = "prod"

# The workshop's own rooms: they run on the developer's machine alone.
NEVER_SHIPPED = ("__pycache__", "local", "cli")


def copy_sources(root: Path, workshop: Path, architecture: str) -> None:
    """Copy what Chalice reads into *workshop*, for a Lambda of *architecture*.

    In the repository itself Chalice would keep every zip it ever made, and take an old one for a new one when
    files were only renamed. It finds no requirements there: the packages are fetched meanwhile.
    """
    for name in ("app.py", "requirements.txt", "infra/resources.json", "infra/prober.json"):
        if not (root / name).exists():
            raise Halt(f"There is no {name} in {root}: run this from a whole copy of the repository.")
    for name in ("app.py", "infra/resources.json"):
        shutil.copy(root / name, workshop)
    (workshop / "requirements.txt").touch()
    shutil.copytree(
        root / "chalicelib", workshop / "chalicelib", ignore=shutil.ignore_patterns(*NEVER_SHIPPED)
    )
    shutil.copytree(root / ".chalice", workshop / ".chalice", ignore=shutil.ignore_patterns("deploy*"))
    config = workshop / ".chalice" / "config.json"
    settings = json.loads(config.read_text())
    settings["stages"][STAGE]["lambda_architecture"] = architecture
    config.write_text(json.dumps(settings))


def run_chalice(workshop: Path, prefix: str) -> tuple[Path, Template]:
    """Let Chalice package the copy in *workshop*; return its zip, and its SAM template under *prefix*."""
    command = tool("chalice"), "--project-dir", workshop, "package", "--stage", STAGE
    merge = "--merge-template", workshop / "resources.json", workshop / "out"
    run("chalice package", *command, *merge, WAKEFUL_PREFIX=PREFIX, AWS_DEFAULT_REGION=ANY_REGION)
    template = named((workshop / "out" / "sam.json").read_text(), prefix)
    ours = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for name, function in functions(template).items():
        runtime = function["Properties"]["Runtime"]
        if runtime != ours:
            raise Halt(f"{name} would run on {runtime}, our bytecode is of {ours}: package with that Python.")
    return workshop / "out" / "deployment.zip", template
