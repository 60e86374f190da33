"""`bootstrap`: the first organization, project and keys of a deployment, put straight into its tables."""

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace

from chalicelib.cli import showing
from chalicelib.cli.api import Trouble

TEXT = (
    "Make the first organization, its project and its keys, and show the keys this once. "
    "It works on the tables themselves, with AWS credentials and the region of the environment."
)
NAME_LIMIT = 100
DONE_BEFORE = 2  # the exit status of whoever comes second


def add_to(made: ArgumentParser) -> None:
    """Let *made* be the command."""
    made.add_argument(
        "--name", default="My project", type=_name, help="of both, up to 100 characters (My project)"
    )
    made.add_argument("--json", action="store_true", help="show it as JSON")
    made.set_defaults(do=_bootstrap)


def _bootstrap(wish: Namespace) -> str:
    """Return what was made; raises Trouble where there is an organization, or no database."""
    from chalicelib.core.errors import Conflict, Unavailable  # heavy from here on, and --help needs none
    from chalicelib.services.tenancy import found_first
    from chalicelib.toolbox import current

    tools = current()
    try:
        made = found_first(tools, wish.name, tools.clock())
    except Conflict:
        raise Trouble(
            "this deployment has been founded before, and its keys were shown then; "
            "with its admin key, `key issue` makes more",
            DONE_BEFORE,
        ) from None
    except Unavailable as silence:
        raise Trouble(f"{silence}: are AWS credentials, AWS_REGION and WAKEFUL_PREFIX right?") from None
    return json.dumps(made.opening) if wish.json else showing.foundation(made.opening)


def _name(text: str) -> str:
    if not (text.strip() and text.isprintable() and len(text) <= NAME_LIMIT):
        raise ArgumentTypeError(f"a name has 1 to {NAME_LIMIT} printable characters")
    return text
