"""What people who move say at the command line, and what they move."""

from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from typing import NamedTuple

import yaml

from chalicelib.cli.__main__ import main

HOOK = "https://hooks.slack.com/services/T0/B0/secretsecret"
SHOP = """
channels:
- {name: Ops, type: SLACK, config: {webhookUrl: HOOK}}
- {name: Boss, type: EMAIL, config: {email: boss@example.org}}
policies:
- name: On call
  steps:
  - {after: 5m, channels: [Ops]}
  - {after: 1h, channels: [Boss]}
checks:
- name: Nightly backup
  schedule: 0 3 * * *
  timezone: Europe/Berlin
  grace: 30m
  channels: [Ops]
  policy: On call
  quiet_hours: {start: 22:00, end: 06:00}
- name: Shop
  type: http
  target:
    url: https://ann:secret@example.org/
    headers: {Authorization: Bearer secret, Accept: text/html}
    body: secret
  interval: 1m
windows:
- {title: Patch day, starts: 2026-03-10T22:00:00Z, ends: 2026-03-10T23:00:00Z, checks: [shop]}
""".replace("HOOK", HOOK)


class Told(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str


def tried(*arguments):
    """Give a command and return what it left behind."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = main(arguments)
        except SystemExit as end:
            status = end.code
    return Told(status, out.getvalue(), err.getvalue())


def said(*arguments):
    """Return what a command shows, which must not fail."""
    told = tried(*arguments)
    assert (told.status, told.err) == (0, "")
    return told.out


def exported(project_id, *options):
    """Return a project's export."""
    return said("export", "--project", project_id, *options)


def loaded(project_id, *options):
    """Return what a project's export says."""
    return yaml.safe_load(exported(project_id, *options))
