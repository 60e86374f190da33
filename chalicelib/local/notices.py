"""What the stack tells those who want to use it: words on the terminal, and two files under .local/."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from chalicelib.local.stack import Stack

FOLDER = Path(".local")  # of where the stack was started, so that two checkouts do not mix theirs

WELCOME = """\
Ready: {base_url}

  admin key      {admin_key}
  API key        {api_key}
  read-only key  {read_only_key}
  ping key       {ping_key}

Create a check, ping it, see that it is up:

  curl -sS {base_url}/api/v3/checks/ -H 'X-Api-Key: {api_key}' \
-d '{{"name": "Try me", "slug": "try-me", "timeout": 3600, "unique": ["name"]}}'
  curl -sS -m 10 --retry 5 {base_url}/ping/{ping_key}/try-me
  curl -sS '{base_url}/api/v3/checks/?slug=try-me' -H 'X-Api-Key: {api_key}' | grep -o '"status": "[a-z]*"'

Watch a URL:

  curl -sS {base_url}/api/v1/uptime-monitors -H 'Authorization: Bearer {api_key}' \
-d '{{"uptime_monitor": {{"name": "My site", "url": "{base_url}/local", "check_interval": 1}}}}'
  curl -sS {base_url}/api/v1/uptime-monitors -H 'Authorization: Bearer {api_key}'

E-mails that would have left: {base_url}/local/outbox
{memory} Ctrl-C stops it."""
FORGETFUL = "All of this is forgotten when the stack stops."
REMEMBERING = "The endpoint may remember all of this; the next start makes a new project with new keys there."


def facts(stack: Stack) -> dict[str, str]:
    """Return where the stack is, and what opens it."""
    return {"base_url": stack.base_url} | stack.foundation.opening


def welcome(stack: Stack) -> str:
    """Return what a person needs to begin."""
    return WELCOME.format(memory=REMEMBERING if stack.remembers else FORGETFUL, **facts(stack))


@contextmanager
def announced(stack: Stack) -> Iterator[None]:
    """Keep ready.json for programs and env for shells while the block runs; each appears as a whole."""
    told = facts(stack)
    variables = "".join(f"export {name.upper()}={value}\n" for name, value in told.items())
    notices = {FOLDER / "env": variables, FOLDER / "ready.json": json.dumps(told, indent=2) + "\n"}
    FOLDER.mkdir(exist_ok=True)
    for path, text in notices.items():
        _write(path, text)
    try:
        yield
    finally:
        for path, text in notices.items():
            if path.exists() and path.read_text() == text:  # else another stack has begun here since
                path.unlink()


def _write(path: Path, text: str) -> None:
    with NamedTemporaryFile("w", dir=path.parent, delete=False) as draft:  # for its owner's eyes alone
        draft.write(text)
    os.replace(draft.name, path)  # noqa: PTH105  the name is a str
