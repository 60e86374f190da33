"""Make a deployment zip smaller, faster to start and the same every time.

    python -S -E infra/packaging/slimming.py slim.zip ours.zip packages/

What Chalice and pip bring holds botocore's descriptions of four hundred services, Apprise's plugins for half
as many, and no bytecode. Lambda can not write bytecode beside the code, so without ours every cold start
compiles every module again.

Run it in an interpreter of its own, as above: what `marshal` writes depends on which strings the process has
seen before.
"""

from __future__ import annotations

import importlib.util
import marshal
import re
import sys
import zipfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Files = Mapping[str, Callable[[], bytes]]

# The AWS services that the code calls. A client of any other would fail with UnknownServiceError.
SERVICES = frozenset({"dynamodb", "sesv2", "sns", "sqs", "sts"})

# The plugins of Apprise that channels may use: those of chalicelib/channels/through_apprise.py.
PLUGINS = frozenset(
    {
        "brevo",
        "bulksms",
        "flock",
        "fortysixelks",
        "google_chat",
        "ifttt",
        "line",
        "mailgun",
        "messagebird",
        "postmark",
        "prowl",
        "pushbullet",
        "pushover",
        "resend",
        "sendgrid",
        "sinch",
        "telnyx",
        "threema",
        "twilio",
        "viber",
        "webexteams",
        "whatsapp",
        "zoom",
    }
)

# What else of Apprise is for other plugins, for its own command, for pictures and for other languages.
SPARE = re.compile(
    r"apprise/(assets|compat|i18n)/"
    r"|apprise/cli\.py"
    r"|apprise/(attachment|config)/(file|http|memory)\.py"
    r"|apprise/utils/(pem|pgp|socket|wkd|xml)\.py"
)

# Whose sources stay at home: they are read to understand a log, and weigh more than all of our own code.
BYTECODE_ALONE = ("apprise/", "dns/", "jinja2/")

# What compilers and type checkers read, and running code does not.
DEAD_WEIGHT = (".c", ".h", ".pyi", ".pyx", "/py.typed")

# What is there twice, since botocore takes certifi's certificates and zones are read from tzdata; what
# urllib3 does in a browser; and commands.
UNASKED = (
    "bin/",
    "botocore/cacert.pem",
    "dateutil/zoneinfo/dateutil-zoneinfo.tar.gz",
    "urllib3/contrib/emscripten/",
)

# Unchecked: the interpreter believes the bytecode without looking at the source (PEP 552).
UNCHECKED_HASH = (0b01).to_bytes(4, "little")

# The oldest date that a zip can hold, as good as any other that never changes.
LONG_AGO = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    """Slim the zips and folders named second and later into the zip named first."""
    target, *sources = sys.argv[1:]
    files: dict[str, Callable[[], bytes]] = {}
    for source in map(Path, sources):
        files |= in_folder(source) if source.is_dir() else in_zip(source)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as slim:
        for name, content in contents(files):
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            slim.writestr(entry, content, compresslevel=9)


def in_folder(folder: Path) -> Files:
    """Return the files of *folder* by their names, each to be read when it is wanted."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes for path in folder.rglob("*") if path.is_file()
    }


def in_zip(path: Path) -> Files:
    """Return the files of a zip by their names, each to be read when it is wanted."""
    archive = zipfile.ZipFile(path)
    return {name: partial(archive.read, name) for name in archive.namelist()}


def contents(files: Files) -> Iterator[tuple[str, bytes]]:
    """Yield what is worth carrying, in a fixed order, each module followed by its bytecode."""
    for name in sorted(filter(is_wanted, files)):
        content = files[name]()
        if name.endswith(".dist-info/METADATA"):
            content = head(content)
        is_module = name.endswith(".py")
        is_bare = is_module and name.startswith(BYTECODE_ALONE)
        if not is_bare:
            yield name, content
        if is_module:
            cached = f"{name}c" if is_bare else importlib.util.cache_from_source(name)
            yield cached, bytecode(name, content)


def is_wanted(name: str) -> bool:
    """Tell whether running code may ask for the file *name*."""
    top, *rest = name.split("/")
    if top.endswith(".dist-info"):
        return rest == ["METADATA"]  # importlib.metadata.version() reads nothing else
    if name.startswith("botocore/data/") and len(rest) > 2:  # noqa: PLR2004  data/<service>/<file>
        return rest[1] in SERVICES and not rest[-1].startswith("examples-")
    if top == "apprise":
        return is_wanted_of_apprise(name)
    is_dead = name.endswith(("/", *DEAD_WEIGHT)) or name.startswith(UNASKED)
    return not (is_dead or {"__pycache__", "tests"} & set(rest))


def is_wanted_of_apprise(name: str) -> bool:
    """Tell whether the plugins in use may ask for the file *name* of Apprise."""
    folder, _, module = name.rpartition("/")
    if name.startswith("apprise/plugins/"):
        wanted = {f"{plugin}.py" for plugin in ("__init__", "base", *PLUGINS)}
        return folder == "apprise/plugins" and module in wanted
    return name.endswith(".py") and not SPARE.match(name)


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
