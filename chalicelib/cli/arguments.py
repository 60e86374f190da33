"""What the command line may say: nouns, each with its verbs, and the one deed that needs neither."""

from argparse import ArgumentParser

from chalicelib.cli import founding, keys, monitors


def parser() -> ArgumentParser:
    """Return the parser; what it leaves in `do` does what was said, and returns what is to be shown.

    Where the deployment is stands before the noun: after the verb, a URL is one to watch and gets no key.
    """
    made = ArgumentParser(
        prog="python -m chalicelib.cli",
        description="Manage a deployment of Wakeful.",
        allow_abbrev=False,
    )
    made.add_argument(
        "--url", dest="base_url", default="", help="the deployment (WAKEFUL_URL; the local stack)"
    )
    made.add_argument("--key", default="", help="what opens it (WAKEFUL_KEY; the local stack's)")
    nouns = made.add_subparsers(metavar="NOUN", required=True)
    monitors.add_verbs(nouns.add_parser("monitor", help="URLs that are watched"))
    keys.add_verbs(nouns.add_parser("key", help="keys that open the deployment"))
    founding.add_to(
        nouns.add_parser(
            "bootstrap",
            help="make the first organization and its keys",
            description=founding.TEXT,
            allow_abbrev=False,
        )
    )
    return made
