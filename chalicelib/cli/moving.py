"""`export` and `import`: a project's configuration as one YAML file, and a project made what a file says.

Both work on the tables, as `bootstrap` does, and not by a key. No API shows a secret again, and a backup
without secrets restores nothing; none of the APIs can say everything; and a file is checked whole before
any of it is stored.
"""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from chalicelib.cli.api import Trouble
from chalicelib.cli.converting import text_of

if TYPE_CHECKING:
    from chalicelib.cli.planning import Plan
    from chalicelib.core.configuration import Change, Configuration
    from chalicelib.core.tenancy import Caller
    from chalicelib.settings import Settings
    from chalicelib.toolbox import Toolbox

TABLES = "It works on the tables themselves, with AWS credentials and the region of the environment."
EXPORT = f"Show what people configured in a project as YAML, which `import` takes. {TABLES}"
IMPORT = f"Make a project what a YAML file says; what it does not speak of stays. {TABLES}"
WIRES = ("chores_topic_arn", "deliveries_queue_url", "probes_queue_url", "wakes_queue_url")  # of Settings
PROJECT = "the project (that of --key or WAKEFUL_KEY)"


def add_export(made: ArgumentParser) -> None:
    """Let *made* be the command that writes a file."""
    made.add_argument("--project", default="", metavar="ID", help=PROJECT)
    made.add_argument("--with-secrets", action="store_true", help="as they are; else they are masked")
    made.set_defaults(do=_export)


def add_import(made: ArgumentParser) -> None:
    """Let *made* be the command that reads a file."""
    made.add_argument("file", metavar="FILE", help="of YAML, as `export` writes it; - reads standard input")
    made.add_argument("--project", default="", metavar="ID", help=PROJECT)
    made.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    made.add_argument("--prune", action="store_true", help="delete what the file does not speak of")
    made.set_defaults(do=_import)


def _export(wish: Namespace) -> str:
    """Return a project's configuration; raises Trouble."""
    from chalicelib.cli.masks import without_secrets
    from chalicelib.cli.planning import HEADER, VERSION
    from chalicelib.cli.yaml_text import written
    from chalicelib.core.configuration import document, labels
    from chalicelib.services.configuration import ahead, of_project

    with _in_sentences():
        tools, caller = _place(wish)
        found = ahead(of_project(tools, caller.project_id), tools.clock())
    told = document(found, labels(found))
    shown = told if wish.with_secrets else without_secrets(told)
    return written({HEADER: VERSION, **{name: each for name, each in shown.items() if each}}).removesuffix(
        "\n"
    )


def _import(wish: Namespace) -> str:
    """Return what changed, or would; raises Trouble, with all faults of the file."""
    from chalicelib.cli.differences import lines
    from chalicelib.cli.planning import Plan
    from chalicelib.cli.yaml_text import read
    from chalicelib.services.configuration import of_project

    told = read(text_of(wish.file), wish.file)
    with _in_sentences():
        tools, caller = _place(wish)
        plan = Plan(tools, caller, of_project(tools, caller.project_id), tools.clock())
        wanted = _wanted(plan, told, wish.file)
        changes = plan.changes(wanted)
        if not wish.dry_run:
            _carry_out(plan, wanted, changes, prune=wish.prune)
    return "\n".join([*lines(changes), _summary(changes, wish)])


def _wanted(plan: "Plan", told: Any, source: str) -> "Configuration":
    from chalicelib.core.errors import Invalid, InvalidFields

    try:
        return plan.wanted(told)
    except Invalid as refusal:
        faults = refusal.faults if isinstance(refusal, InvalidFields) else ((refusal.field, refusal.reason),)
        told_faults = "".join(f"\n  {field} {reason}".rstrip() for field, reason in faults)
        raise Trouble(f"nothing was stored, for {source} cannot be so:{told_faults}") from None


def _carry_out(plan: "Plan", wanted: "Configuration", changes: "list[Change]", *, prune: bool) -> None:
    from chalicelib.core.errors import Refusal
    from chalicelib.services.configuration import Placement

    _require_wires(plan.tools.settings)
    done = 0
    try:
        for _ in Placement(plan.tools, plan.caller, wanted, plan.now).carry_out(changes, prune=prune):
            done += 1
    except Refusal as refusal:
        raise Trouble(f"{refusal}; {done} changes were made, and the same once more makes the rest") from None


def _require_wires(settings: "Settings") -> None:
    """Raise Trouble where the other rooms of the deployment are out of reach: what is new is probed."""
    missing = [name.upper() for name in WIRES if not getattr(settings, name)]
    if missing:
        raise Trouble(
            "nothing was stored: import needs the environment of the deployment's functions, "
            f"and there is no {', '.join(missing)}"
        )


def _summary(changes: "list[Change]", wish: Namespace) -> str:
    gone = sum(not change.after for change in changes)
    count = len(changes) - (0 if wish.prune else gone)
    kept = "" if wish.prune or not gone else f" What begins with - stays: --prune deletes it ({gone})."
    if not count:
        return f"Nothing changes.{kept}"
    verb = "would change; nothing was stored" if wish.dry_run else "changed"
    return f"{count} {verb}.{kept}"


@contextmanager
def _in_sentences() -> Iterator[None]:
    """Let a refusal of ours be told as one sentence."""
    from chalicelib.core.errors import Refusal, Unavailable

    try:
        yield
    except Unavailable as silence:
        raise Trouble(f"{silence}: are AWS credentials, AWS_REGION and WAKEFUL_PREFIX right?") from None
    except Refusal as refusal:
        raise Trouble(str(refusal)) from None


def _place(wish: Namespace) -> "tuple[Toolbox, Caller]":
    """Return the tools, and who acts in which project: the holder of a key, or the operator.

    Raises Trouble where neither is named, and Refusal for a key or a project that there is not.
    """
    from dataclasses import replace

    from chalicelib.services import access
    from chalicelib.services.configuration import operator
    from chalicelib.storage.keys import Lane
    from chalicelib.toolbox import current

    tools = current()
    if wish.project:
        return tools, operator(tools, wish.project, tools.clock())
    key = wish.key or os.environ.get("WAKEFUL_KEY", "")
    if not key:
        raise Trouble("which project? give --project, or a key of it by --key or WAKEFUL_KEY")
    return tools, replace(access.enter(tools, key, Lane.V1, tools.clock()), is_wide=False)
