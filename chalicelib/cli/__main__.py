"""`python -m chalicelib.cli monitor …`: manage what is watched, from a terminal."""

import sys
from collections.abc import Sequence

from chalicelib.cli.api import Trouble, ask, find_door
from chalicelib.cli.arguments import parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask what *arguments* say and show the answer; return the exit status: 1 where it is a refusal."""
    wish = parser().parse_args(arguments)
    question = wish.ask(wish)
    try:
        answer = ask(find_door(wish.base_url, wish.key), question)
    except Trouble as trouble:
        sys.stderr.write(f"wakeful: {trouble}\n")
        return 1
    shown = answer.text if wish.json else question.show(answer.document)
    sys.stdout.write(f"{shown}\n" if shown else "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
