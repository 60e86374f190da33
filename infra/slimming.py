"""Make a deployment zip smaller, faster to start and the same every time.

    python -S -E infra/slimming.py fat.zip slim.zip

Chalice's zip holds botocore's descriptions of four hundred services and no bytecode. Lambda can not write
bytecode beside the code, so without ours every cold start compiles every module again.

Run it in an interpreter of its own, as above: what `marshal` writes depends on which strings the process has
seen before.
"""

from __future__ import annotations

import importlib.util
import marshal
import sys
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# The AWS services that the code calls. A client of any other would fail with UnknownServiceError.
SERVICES = frozenset({"dynamodb", "sesv2", "sns", "sqs", "sts"})

# What compilers and type checkers read, and running code does not.
DEAD_WEIGHT = (".c", ".h", ".pyi", ".pyx", "/py.typed")

# Unchecked: the interpreter believes the bytecode without looking at the source (PEP 552).
UNCHECKED_HASH = (0b01).to_bytes(4, "little")

# The oldest date that a zip can hold, as good as any other that never changes.
LONG_AGO = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    """Slim the zip named first into the zip named second."""
    source, target = sys.argv[1:]
    with zipfile.ZipFile(source) as fat, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as slim:
        for name, content in contents(fat):
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            slim.writestr(entry, content)


def contents(fat: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    """Yield what is worth carrying, in a fixed order, each module followed by its bytecode."""
    for name in sorted(filter(is_wanted, fat.namelist())):
        content = fat.read(name)
        if name.endswith(".dist-info/METADATA"):
            content = head(content)
        yield name, content
        if name.endswith(".py"):
            yield importlib.util.cache_from_source(name), bytecode(name, content)


def is_wanted(name: str) -> bool:
    """Tell whether running code may ask for the file *name*."""
    top, *rest = name.split("/")
    if top.endswith(".dist-info"):
        return rest == ["METADATA"]  # importlib.metadata.version() reads nothing else
    if name.startswith("botocore/data/") and len(rest) > 2:  # noqa: PLR2004  data/<service>/<file>
        return rest[1] in SERVICES and not rest[-1].startswith("examples-")
    return not (name.endswith(("/", *DEAD_WEIGHT)) or top.endswith(".data") or "__pycache__" in name)


def head(metadata: bytes) -> bytes:
    """Keep the fields of a METADATA file; the readme below the first empty line goes."""
    return metadata.partition(b"\n\n")[0].rstrip() + b"\n"


def bytecode(name: str, source: bytes) -> bytes:
    """Compile *source* as if it already lay where Lambda unpacks it."""
    code = compile(source, f"/var/task/{name}", "exec", dont_inherit=True, optimize=0)
    header = importlib.util.MAGIC_NUMBER + UNCHECKED_HASH + importlib.util.source_hash(source)
    return header + marshal.dumps(code)


if __name__ == "__main__":
    main()
