"""The packages that Lambda needs beside our own code, for the processor that they shall run on."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from infra.packaging.tools import run

# What Lambda calls its processors, and what wheels call them.
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
ARM = "arm64"  # a fifth cheaper, by the millisecond

# The C library of Lambda's Linux, 2.x: Amazon Linux 2 up to Python 3.11, Amazon Linux 2023 from 3.12 on.
OLDER_GLIBC, NEWER_GLIBC = 26, 34
NEWER_SINCE = (3, 12)
OLDEST_GLIBC = 17  # which wheels say by their newer names; manylinux2014 is the older name of the same

# Published as sources alone, without machine code: built here, they are the same for every processor.
WITHOUT_WHEEL = frozenset({"oncalendar"})

IDLE = 86_400  # seconds


def native() -> str:
    """Return Lambda's name of this machine's processor."""
    machine = platform.machine()
    return {"aarch64": "arm64", "AMD64": "x86_64"}.get(machine, machine)


def fetch(root: Path, architecture: str) -> Path:
    """Return a folder with the packages that *root* requires; pip takes ten seconds the first time."""
    kept = _shelf(root, architecture)
    if kept.exists():
        os.utime(kept)  # in use
        return kept
    kept.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="arriving-", dir=kept.parent) as scratch:
        arriving = Path(scratch) / "packages"
        _install(root, architecture, arriving)
        try:
            arriving.rename(kept)
        except OSError:  # another build was faster, brought the same, and may be reading it
            if not kept.exists():
                raise
    _clear_away(kept.parent)
    return kept


def _clear_away(shelves: Path) -> None:
    """Remove what no build has used for a day: others of this checkout may read what is younger."""
    now = shelves.stat().st_mtime  # something has just arrived
    for shelf in shelves.glob("packages-*"):
        with suppress(OSError):
            if shelf.stat().st_mtime < now - IDLE:
                shutil.rmtree(shelf)


def _shelf(root: Path, architecture: str) -> Path:
    """Name the folder that keeps the packages of these requirements for this Python and *architecture*."""
    rules = sys.version, _platforms(architecture), sorted(WITHOUT_WHEEL)
    wanted = (root / "requirements.txt").read_bytes() + repr(rules).encode()
    return root / "build" / f"packages-{architecture}-{hashlib.sha256(wanted).hexdigest()[:16]}"


def _install(root: Path, architecture: str, target: Path) -> None:
    """Let pip lay out all that is pinned, and nothing that is not."""
    pins = [line.partition("#")[0].strip() for line in (root / "requirements.txt").read_text().splitlines()]
    built_here = [pin for pin in pins if pin.partition("==")[0] in WITHOUT_WHEEL]
    ready_made = [pin for pin in pins if pin and pin not in built_here]
    pip = sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "--no-compile"
    foreign = "--only-binary=:all:", "--implementation=cp", f"--python-version={platform.python_version()}"
    run("pip install", *pip, *foreign, *_platforms(architecture), "--target", target, *ready_made)
    if built_here:
        run("pip install", *pip, "--no-build-isolation", "--target", target, *built_here)


def _platforms(architecture: str) -> list[str]:
    """Say which wheels for Linux run on Lambda, the newest first."""
    newest = NEWER_GLIBC if sys.version_info[:2] >= NEWER_SINCE else OLDER_GLIBC
    linuxes = [f"manylinux_2_{minor}" for minor in range(newest, OLDEST_GLIBC - 1, -1)]
    return [f"--platform={linux}_{MACHINES[architecture]}" for linux in (*linuxes, "manylinux2014")]
