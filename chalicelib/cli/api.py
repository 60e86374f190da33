"""How the command line reaches a deployment: where it is, what opens it, and what it answers."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

READY = Path(".local/ready.json")  # of the stack that runs in this folder
NO_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    UnicodeError,
)
TIMEOUT = 30.0  # seconds; API Gateway gives up after 29


class Trouble(Exception):
    """It did not work; the message is one sentence about why, *status* what the program ends with."""

    def __init__(self, sentence: str, status: int = 1) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Door:
    """Where a deployment is, and the key that opens it."""

    url: str
    key: str


@dataclass(frozen=True, slots=True)
class Question:
    """A request, and how its answer, which *holds* a field of that name, is shown to a person."""

    method: str
    path: str
    show: Callable[[dict[str, Any]], str]
    body: dict[str, Any] | None = None
    holds: str = "data"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came, and what it says."""

    text: str
    document: dict[str, Any]


class _Bearer(AuthBase):
    """Puts the key into the request; requests would otherwise take what .netrc has for the host."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return *request* with the key."""
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


def find_door(url: str, key: str, local_key: str) -> Door:
    """Return the door that *url* and *key* name, else the environment, else the local stack.

    *local_key* says which of the local stack's keys. Raises Trouble where nothing names it.
    """
    local = _local_stack(local_key)
    url = (url or os.environ.get("WAKEFUL_URL") or local.url).rstrip("/")
    # The local stack's key is for the local stack alone.
    key = key or os.environ.get("WAKEFUL_KEY") or (local.key if url == local.url else "")
    if not url:
        raise Trouble("no address: give --url, set WAKEFUL_URL, or run the local stack in this folder")
    if not key:
        raise Trouble("no key: give --key or set WAKEFUL_KEY")
    if not (key.isascii() and key.isprintable()):
        raise Trouble("that is no key: keys are made of letters, digits and underscores")
    return Door(url, key)


def _local_stack(key: str) -> Door:
    try:
        facts = json.loads(READY.read_text())
        return Door(facts["base_url"], facts[key])
    except (OSError, ValueError, LookupError, TypeError):
        return Door("", "")


def ask(door: Door, question: Question) -> Reply:
    """Return the answer to *question*; raises Trouble for refusals and for silence."""
    try:
        # A redirect could carry the key elsewhere, and the API never answers with one.
        response = requests.request(
            question.method,
            door.url + question.path,
            json=question.body,
            auth=_Bearer(door.key),
            timeout=TIMEOUT,
            allow_redirects=False,
        )
    except NO_ADDRESS:
        raise Trouble(f"{door.url} is no address that begins with http:// or https://") from None
    except requests.Timeout:
        raise Trouble(f"{door.url} did not answer within {TIMEOUT:g} s") from None
    except (requests.RequestException, HTTPError):
        raise Trouble(f"{door.url} does not answer") from None
    return _reply(response, question.holds)


def _reply(response: requests.Response, holds: str) -> Reply:
    if response.status_code == HTTPStatus.NO_CONTENT:
        return Reply("", {})
    try:
        document = response.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Trouble(f"the server answered {response.status_code} with what is no answer of Wakeful's")
    if response.status_code >= HTTPStatus.MULTIPLE_CHOICES or holds not in document:
        said = document.get("message") or document.get("error")
        raise Trouble(str(said or f"the server answered {response.status_code}"))
    return Reply(response.text, document)
