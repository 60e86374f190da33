"""A mail arrives that a job sent: it is a ping like any other."""

import logging
from collections.abc import Iterable
from datetime import datetime

from chalicelib.core.errors import NotFound, TooMany
from chalicelib.core.mails import Mail, MailAddress, address_of, read
from chalicelib.core.signals import BODY_LIMIT, EMAIL, Action, Arrival
from chalicelib.services.receiving import take
from chalicelib.toolbox import Toolbox

AGENT_LIMIT = 200

log = logging.getLogger(__name__)


def receive(tools: Toolbox, mail_id: str, recipients: Iterable[str], raw: bytes, now: datetime) -> None:
    """Take one mail for each of *recipients* that is a check's; others are dropped, as post is (R319).

    *mail_id* stays the same when a mail is brought again: so a repetition is known for one.
    """
    mail = read(raw)
    for recipient in recipients:
        address = address_of(recipient, tools.settings.mail_domain)
        monitor_id = _monitor_of(tools, address) if address else ""
        if not monitor_id:
            log.info("a mail is for nobody here", extra={"mail_id": mail_id})
            continue
        try:
            take(tools, monitor_id, _arrival(f"{mail_id}/{monitor_id}", mail, raw), now)
        except (NotFound, TooMany) as refusal:
            log.info("a mail is dropped: %s", refusal, extra={"mail_id": mail_id, "monitor_id": monitor_id})


def _monitor_of(tools: Toolbox, address: MailAddress) -> str:
    """Return the id of the monitor that *address* means, "" where it means none, or more than one."""
    if address.monitor_id:
        return address.monitor_id
    try:
        project = tools.projects.of_ping_key(address.ping_key)
    except NotFound:
        return ""
    found = tools.monitors.with_slug(project.project_id, address.slug)
    return found[0] if len(found) == 1 else ""


def _arrival(arrival_id: str, mail: Mail, raw: bytes) -> Arrival:
    body = raw[:BODY_LIMIT]
    return Arrival(
        arrival_id=arrival_id,
        action=Action.SUCCESS,
        scheme=EMAIL,
        method="",
        agent=f"Email from {mail.sender}"[:AGENT_LIMIT],
        body=body,
        body_size=len(body),
        subject=mail.subject,
        text=mail.text,
    )
