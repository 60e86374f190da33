"""Jira Cloud: the ticket that an incident has there follows it, by comments and transitions (R114)."""

import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import msgspec

from chalicelib.channels import letters
from chalicelib.channels.addresses import mail_address, server
from chalicelib.channels.base import MASK, Outlet, SendError
from chalicelib.channels.fields import shaped, unmasked
from chalicelib.channels.posting import accepted, ask, in_json, post
from chalicelib.core.alerts import Alert, Reason
from chalicelib.core.errors import Invalid
from chalicelib.guard.fetching import Call, Reply
from chalicelib.guard.headers import AGENT

SYSTEM = "jira"  # what tickets of ours call it
SITE = "https://example.atlassian.net"
TOKEN = re.compile(r"[!-~]{8,500}")
PROJECT = re.compile(r"[A-Z][A-Z0-9_]+")
KEY = re.compile(r"([A-Z][A-Z0-9_]+)-[0-9]+")
NAME_LIMIT = 100
DONE, STARTED = "Done", "In Progress"

COMMENT_LIMIT = 30_000  # of the 32,767 letters that Jira takes
# A token that was taken back ends the channel. That there is no such ticket, or none that we may see, does
# not: it is one person's slip of the pen.
REFUSED = (401,)
NEWEST = "comment?orderBy=-created&maxResults=20"
MANY = 1 << 20  # bytes: twenty comments are rarely more, and what was told last comes first

# With these begin emphasis, links, mentions, pictures, tables and macros.
MARKUP = re.compile(r"[\\{}\[\]*_^~+!|]")

COMMENTED = frozenset({Reason.ACKNOWLEDGED, Reason.ESCALATED, Reason.STILL_DOWN})


class Transition(msgspec.Struct):
    """A step that Jira's workflow offers for a ticket."""

    id: str
    name: str


class Transitions(msgspec.Struct):
    """All that it offers now."""

    transitions: list[Transition] = []


class Jira:
    """The transport of kind JIRA."""

    def __init__(self, config: dict[str, Any], outlet: Outlet) -> None:
        self._config = config
        self._outlet = outlet

    @staticmethod
    def check(config: dict[str, Any], *, allow_private: bool) -> dict[str, Any]:
        """Return {site, email, token, project, transition, startTransition}: three must be given (R44).

        With *project* only that project's tickets are followed. The transitions are names, in any case:
        what ends an incident, and what is done when somebody takes it on. An empty one asks for none.
        """
        return {
            "site": server("site", config.get("site"), SITE, allow_private=allow_private),
            "email": mail_address(config, "email"),
            "token": shaped(config, "token", TOKEN, "must be an API token: letters without spaces"),
            "project": _project(config.get("project") or ""),
            "transition": _name("transition", config.get("transition"), DONE),
            "startTransition": _name("startTransition", config.get("startTransition"), STARTED),
        }

    @staticmethod
    def mask(config: dict[str, Any]) -> dict[str, Any]:
        """Return all but the token: whoever knows it is that user."""
        return {**config, "token": MASK}

    def send(self, alert: Alert) -> None:
        """Tell *alert* in its incident's ticket, or nothing where it has none here; raises SendError.

        An acknowledgement and the end of an incident are a comment and a transition, where the ticket's
        workflow offers it; an escalation and a reminder are comments. Nothing else is told. A test asks
        Jira who we are.
        """
        if alert.reason is Reason.TEST:
            self._get("myself")
            return
        ticket = self._ticket(alert)
        if ticket is None or not (alert.reason.closes or alert.reason in COMMENTED):
            return
        self._comment(ticket, alert)
        if alert.reason.closes:
            self._move(ticket, self._config["transition"], alert)
        elif alert.reason is Reason.ACKNOWLEDGED:
            self._move(ticket, self._config["startTransition"], alert)

    def _ticket(self, alert: Alert) -> str | None:
        """Return the path of the incident's ticket, or None where this channel has nothing to say there."""
        key = KEY.fullmatch(alert.incident.external_ids.get(SYSTEM, "")) if alert.incident else None
        if key is None or self._config["project"] not in ("", key[1]):
            return None
        return f"issue/{key[0]}"

    def _comment(self, ticket: str, alert: Alert) -> None:
        """Write the comment, unless an earlier attempt at this delivery did."""
        newest = self._get(f"{ticket}/{NEWEST}", MANY)
        if alert.delivery_id.encode() not in newest.body:
            self._post(f"{ticket}/comment", {"body": comment(alert)}, alert)

    def _move(self, ticket: str, name: str, alert: Alert) -> None:
        """Make the transition that is called *name*; that there is none now may well be right."""
        reply = self._get(f"{ticket}/transitions", MANY)
        try:
            offered = msgspec.json.decode(reply.body, type=Transitions).transitions
        except msgspec.DecodeError:
            raise SendError("Jira's list of transitions cannot be read.") from None
        for transition in offered:
            if transition.name.casefold() == name.casefold():
                self._post(f"{ticket}/transitions", {"transition": {"id": transition.id}}, alert)
                return

    def _get(self, path: str, max_bytes: int = 4_096) -> Reply:
        call = Call("GET", self._url(path), {"User-Agent": AGENT}, self._credentials())
        reply = ask(call, self._outlet, max_bytes)
        return accepted(reply, self._outlet, self._secrets(), gone=REFUSED)

    def _post(self, path: str, body: dict[str, Any], alert: Alert) -> None:
        call = in_json(self._url(path), body, alert, self._credentials())
        post(call, self._outlet, self._secrets(), gone=REFUSED)

    def _url(self, path: str) -> str:
        return f"{self._config['site']}/rest/api/2/{path}"

    def _credentials(self) -> dict[str, str]:
        return {"Authorization": f"Basic {self._basic()}"}

    def _basic(self) -> str:
        return b64encode(f"{self._config['email']}:{self._config['token']}".encode()).decode()

    def _secrets(self) -> Iterator[str]:
        yield self._config["token"]
        yield self._basic()


def comment(alert: Alert) -> str:
    """Return *alert* as a comment, which Jira shows letter by letter; the delivery's id is as it is."""
    told = letters.fit(letters.sentence(alert), COMMENT_LIMIT, spell=escape)
    return f"{told}\n\nDelivery {alert.delivery_id}"


def escape(text: str) -> str:
    """Return *text* without what Jira would read as markup, or as the name of somebody to call."""
    return MARKUP.sub(r"\\\g<0>", text)


def _project(value: object) -> str:
    project = unmasked("project", value, NAME_LIMIT)
    if project and not PROJECT.fullmatch(project):
        raise Invalid("project", "must be the key of a project, like OPS")
    return project


def _name(name: str, value: object, default: str) -> str:
    return default if value is None else unmasked(name, value, NAME_LIMIT).strip()
