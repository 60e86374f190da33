"""Build what AWS gets: build/wakeful.zip, build/template.json, and build/prober.json for each further region.

    python -m infra.package [--prefix wakeful] [--architecture arm64]

Chalice collects our code and writes a SAM template, while pip fetches the packages; `packaging/slimming.py`
makes one zip of both. The template becomes plain CloudFormation here already, so that AWS, cfn-lint, the
tests and a curious reader all get the same one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from infra.halting import Halt
from infra.packaging.libraries import ARM, MACHINES, fetch, native
from infra.packaging.scales import describe, lint, weigh, weigh_template
from infra.packaging.sources import copy_sources, run_chalice
from infra.packaging.templates import PREFIX, Template, named, to_cloudformation, to_prober
from infra.packaging.tools import run

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
NATIVE = "native"  # the word for this machine's own processor


@dataclass(frozen=True)
class Package:
    """What one build left in the target folder, and what there is to tell about it."""

    code: Path
    templates: tuple[Path, ...]
    digest: str
    report: tuple[str, ...]


def package(root: Path, target: Path, prefix: str = PREFIX, architecture: str = ARM) -> Package:
    """Build the app of *root* into the folder *target*, and look whether AWS would take it."""
    built = build(root, target, prefix, architecture, look=lint)
    seen = weigh(built.code), *map(weigh_template, built.templates)
    return replace(built, report=(*built.report, *seen))


def build(
    root: Path,
    target: Path,
    prefix: str = PREFIX,
    architecture: str = ARM,
    look: Callable[..., str] | None = None,
) -> Package:
    """Build the app of *root* into the folder *target*, for Lambdas of *architecture*.

    While the zip is in work, *look* is handed the paths of the templates; they lack nothing but its name. Who
    builds only to compare, as tests do, may leave it out: cfn-lint takes as long as all the rest.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", prefix):
        raise Halt(f"The prefix {prefix!r} will not do for names: use small letters, digits and hyphens.")
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="arriving-", dir=target) as aside:
        built = _build(root, Path(aside), prefix, architecture, look)
        for made in (
            built.code,
            *built.templates,
        ):  # each at once: whoever reads the last build reads it whole
            made.replace(target / made.name)
    return replace(
        built,
        code=target / built.code.name,
        templates=tuple(target / made.name for made in built.templates),
    )


def _build(
    root: Path, target: Path, prefix: str, architecture: str, look: Callable[..., str] | None
) -> Package:
    code = target / "wakeful.zip"
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(1) as beside:
        workshop = Path(scratch)
        copy_sources(root, workshop, architecture)
        fetching = beside.submit(fetch, root, architecture)
        ours, sam = run_chalice(workshop, prefix)
        slimming = beside.submit(lambda: _slim(root, code, ours, fetching.result()))
        report = [describe(sam, architecture)]
        home = to_cloudformation(sam)
        elsewhere = to_prober(named((root / "infra" / "prober.json").read_text(), prefix), home)
        templates = {target / "template.json": home, target / "prober.json": elsewhere}
        _write(templates)
        if look:
            report.append(look(*templates))
        slimming.result()
    digest = hashlib.sha256(code.read_bytes()).hexdigest()
    for template in templates.values():
        template["Parameters"]["CodeKey"]["Default"] = f"{prefix}-{digest[:16]}.zip"
    _write(templates)
    return Package(code, tuple(templates), digest, tuple(report))


def _slim(root: Path, code: Path, *sources: Path) -> None:
    """Make the zip *code* of what is worth carrying."""
    run("slimming", sys.executable, "-S", "-E", root / "infra/packaging/slimming.py", code, *sources)


def _write(templates: dict[Path, Template]) -> None:
    for path, template in templates.items():
        path.write_text(json.dumps(template, indent=1, sort_keys=True) + "\n")


def main(arguments: list[str]) -> int:
    """Package this repository and say what was done."""
    parser = argparse.ArgumentParser(description="Build the zip and the CloudFormation template.")
    parser.add_argument("--prefix", default=PREFIX, help="of every table, queue and topic")
    parser.add_argument("--target", type=Path, default=ROOT / "build", help="the folder to build into")
    parser.add_argument(
        "--architecture",
        choices=[*MACHINES, NATIVE],
        default=ARM,
        help="the processor of the Lambdas; native is that of this machine, to try the zip here",
    )
    wish = parser.parse_args(arguments)
    architecture = native() if wish.architecture == NATIVE else wish.architecture
    try:
        built = package(ROOT, wish.target, wish.prefix, architecture)
    except Halt as halt:
        sys.stderr.write(f"{halt}\n")
        return 1
    files = ", ".join(map(str, (built.code, *built.templates)))
    lines = (*built.report, f"written           {files}", f"sha256            {built.digest}")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
