"""What the command line may say: nouns, each with its verbs, and the deeds that need neither."""

from argparse import ArgumentParser

from chalicelib.cli import converting, founding, keys, monitors, moving


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
    for name, text, add, more in NOUNS:
        add(nouns.add_parser(name, help=text, description=more or None, allow_abbrev=False))
    return made


NOUNS = (
    ("monitor", "URLs that are watched", monitors.add_verbs, ""),
    ("key", "keys that open the deployment", keys.add_verbs, ""),
    ("bootstrap", "make the first organization and its keys", founding.add_to, founding.TEXT),
    ("export", "show a project's configuration as YAML", moving.add_export, moving.EXPORT),
    ("import", "make a project what a YAML file says", moving.add_import, moving.IMPORT),
    ("convert", "show the checks of another product as YAML", converting.add_verbs, converting.TEXT),
)
