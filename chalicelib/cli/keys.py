"""`key …`: the keys that open a deployment."""

from argparse import ArgumentParser, Namespace
from urllib.parse import quote

from chalicelib.cli import showing
from chalicelib.cli.api import Question
from chalicelib.cli.verbs import Verbs, an_id

KEYS = "/v1/api-keys"


def add_verbs(noun: ArgumentParser) -> None:
    """Add the verbs; the local stack's admin key is used, for it manages all the others."""
    verbs = Verbs(noun, "admin_key")
    issue = verbs.add("issue", _issue, "Make a key, and show it this once.")
    issue.add_argument("name", metavar="NAME", help="what people know it by")
    issue.add_argument("--level", choices=("project", "organization"), help="how far it reaches (project)")
    issue.add_argument("--permission", choices=("read", "write"), help="what it may do (write)")
    issue.add_argument("--project", metavar="ID", help="what it opens (the project of the key that asks)")
    issue.add_argument("--style", help="whose keys it looks like: haspulse, healthchecks, … (haspulse)")
    verbs.add("list", _list, "Show the keys, without what is secret.")
    revoke = verbs.add("revoke", _revoke, "Take a key back: it opens nothing any more.")
    revoke.add_argument("id", metavar="ID", type=an_id)


def _issue(wish: Namespace) -> Question:
    if wish.project and wish.level == "organization":
        wish.refuse("a key of organization level opens every project: leave out --project")
    given = {
        "name": wish.name,
        "level": wish.level and wish.level.upper(),
        "permission": wish.permission and wish.permission.upper(),
        "projectId": wish.project,
        "style": wish.style,
    }
    body = {name: value for name, value in given.items() if value is not None}
    return Question("POST", KEYS, showing.new_key, body, holds="fullKey")


def _list(_: Namespace) -> Question:
    return Question("GET", KEYS, showing.keys, holds="apiKeys")


def _revoke(wish: Namespace) -> Question:
    path = f"{KEYS}/{quote(wish.id, safe='')}"
    return Question("DELETE", path, lambda _: f"{wish.id} opens nothing any more.")
