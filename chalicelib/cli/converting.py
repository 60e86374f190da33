"""`convert`: what another product knows of its checks, as a file that `import` takes."""

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from chalicelib.cli.api import Trouble

TEXT = "Show the checks of another product as YAML, with comments on what is to be done by hand."
KEY = "HEALTHCHECKS_KEY"


def add_verbs(noun: ArgumentParser) -> None:
    """Add a verb for each product."""
    products = noun.add_subparsers(metavar="PRODUCT", required=True)
    healthchecks = products.add_parser(
        "healthchecks", help="by its API", description=f"{TEXT} The key of the project there is in {KEY}."
    )
    healthchecks.add_argument(
        "site", metavar="URL", nargs="?", default="https://healthchecks.io", help="(https://healthchecks.io)"
    )
    healthchecks.set_defaults(do=_healthchecks)
    kuma = products.add_parser("uptime-kuma", help="by its JSON backup", description=TEXT)
    kuma.add_argument("file", metavar="FILE", help="the backup; - reads standard input")
    kuma.set_defaults(do=_uptime_kuma)


def _healthchecks(wish: Namespace) -> str:
    from chalicelib.cli.importers import healthchecks

    key = os.environ.get(KEY, "")
    if not (key and key.isascii() and key.isprintable()):
        raise Trouble(f"no key: set {KEY} to a read-write key of the project, which alone sees its addresses")
    return healthchecks.fetched(wish.site, key).text(wish.site).removesuffix("\n")


def _uptime_kuma(wish: Namespace) -> str:
    from chalicelib.cli.importers import uptime_kuma

    return uptime_kuma.drafted(text_of(wish.file)).text(wish.file).removesuffix("\n")


def text_of(name: str) -> str:
    """Return what is in the file of that *name*, or comes by standard input; raises Trouble."""
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not in UTF-8"
        raise Trouble(f"{name} cannot be read: {reason}") from None
