"""How a noun of the command line gets its verbs: each leaves in the parsed arguments what is to be done."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable

from chalicelib.cli.api import Question, ask, find_door


class Verbs:
    """The verbs of one noun, each a question to the API."""

    def __init__(self, noun: ArgumentParser, local_key: str) -> None:
        """Take a *noun*, and which key of the local stack opens what it speaks of."""
        self._parsers = noun.add_subparsers(metavar="VERB", required=True)
        self._local_key = local_key

    def add(
        self, name: str, question: Callable[[Namespace], Question], text: str, *parents: ArgumentParser
    ) -> ArgumentParser:
        """Add a verb; *question* makes what is asked, and may end with usage by the `refuse` it finds."""
        added = self._parsers.add_parser(
            name, help=text, description=text, parents=parents, allow_abbrev=False
        )
        added.add_argument("--json", action="store_true", help="show the answer as it comes")
        added.set_defaults(do=_asked, ask=question, refuse=added.error, local_key=self._local_key)
        return added


def an_id(text: str) -> str:
    """Return *text*; raises ArgumentTypeError where it is empty, and the path would be that of the list."""
    if not text:
        raise ArgumentTypeError("an id is not empty")
    return text


def _asked(wish: Namespace) -> str:
    """Return what the deployment answers, as it is shown; raises Trouble."""
    question = wish.ask(wish)
    answer = ask(find_door(wish.base_url, wish.key, wish.local_key), question)
    return answer.text if wish.json else str(question.show(answer.document))
