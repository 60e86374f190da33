"""`python -m chalicelib.cli NOUN VERB …`: manage a deployment from a terminal."""

import sys
from collections.abc import Sequence

from chalicelib.cli.api import Trouble
from chalicelib.cli.arguments import parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what *arguments* say and show what comes of it; return the exit status, of a refusal mostly 1."""
    wish = parser().parse_args(arguments)
    try:
        shown = wish.do(wish)
    except Trouble as trouble:
        sys.stderr.write(f"wakeful: {trouble}\n")
        return trouble.status
    sys.stdout.write(f"{shown}\n" if shown else "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
