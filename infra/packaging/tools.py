"""The programs that packaging runs, and how it ends when one of them fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from infra.halting import Halt

LAST_WORDS = 15  # lines


def tool(name: str) -> str:
    """Return the path of a tool that came with this interpreter's packages; raises Halt without it."""
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        raise Halt(f"{name} is not installed here: run `pip install -r requirements-package.txt`.")
    return str(path)


def run(what: str, *command: str | Path, **environment: str) -> None:
    """Run *command*; raises Halt with its last words when it fails."""
    result = subprocess.run(  # noqa: S603  our own tools, with our own arguments
        list(map(str, command)), check=False, capture_output=True, text=True, env=os.environ | environment
    )
    if result.returncode:
        said = (result.stdout + result.stderr).splitlines()[-LAST_WORDS:]
        last_words = "\n".join(f"  {line}" for line in said)
        raise Halt(f"{what} failed; the cause is most often in the last line below:\n{last_words}")
