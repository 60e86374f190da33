"""Whether AWS would take what was built, and what it weighs."""

from __future__ import annotations

import re
import subprocess
import zipfile
from typing import TYPE_CHECKING

from infra.halting import Halt
from infra.packaging.templates import SOURCES, functions, paths
from infra.packaging.tools import tool

if TYPE_CHECKING:
    from pathlib import Path

    from infra.packaging.templates import Template

# What Lambda takes, in bytes: a zip uploaded at once, a zip unpacked; and CloudFormation from a bucket.
ZIP_LIMIT = 50 * 2**20
UNPACKED_LIMIT = 250 * 2**20
TEMPLATE_LIMIT = 10**6


def lint(*templates: Path) -> str:
    """Return what cfn-lint would rather see otherwise; raises Halt at what CloudFormation would refuse."""
    command = [tool("cfn-lint"), "--format", "parseable", *map(str, templates)]
    result = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  our own tool
    said = result.stdout
    for template in templates:
        said = said.replace(f"{template}:", f"{template.name}: ")
    found = [line for line in said.splitlines() if line.strip()]
    if any(re.search(r":E\d{4}:", line) for line in found) or (result.returncode and not found):
        listing = "\n".join(f"  {line}" for line in found) or result.stderr
        refused = " or ".join(template.name for template in templates)
        raise Halt(f"cfn-lint refuses {refused}; mend {SOURCES}:\n{listing}")
    return "\n".join(f"cfn-lint          {line}" for line in found or ["nothing to say"])


def weigh(code: Path) -> str:
    """Return the size of the zip; raises Halt when Lambda would not take it."""
    with zipfile.ZipFile(code) as archive:
        entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    n_compiled = sum(entry.filename.endswith(".pyc") for entry in entries)
    if code.stat().st_size > ZIP_LIMIT or unpacked > UNPACKED_LIMIT:
        raise Halt(f"{code.name} is too large for Lambda: look for what crept into requirements.txt.")
    sizes = f"{_megabytes(code.stat().st_size)}, unpacked {_megabytes(unpacked)}"
    return f"{code.name:<18}{sizes}, with the bytecode of {n_compiled} modules"


def weigh_template(template: Path) -> str:
    """Return the size of a template; raises Halt when CloudFormation would not take it."""
    size = template.stat().st_size
    if size > TEMPLATE_LIMIT:
        raise Halt(f"{template.name} is over a megabyte: CloudFormation takes no more.")
    return f"{template.name:<18}{size // 1000} kB"


def describe(sam: Template, architecture: str) -> str:
    """Return what Chalice found to package."""
    return f"chalice package   {len(functions(sam))} functions on {architecture}, {len(paths(sam))} paths"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
