"""A mail was received by SES: it is a ping."""

import json
from base64 import b64decode
from typing import Any

from chalice import Blueprint

from chalicelib.faults import wordless
from chalicelib.settings import queue_name

blueprint = Blueprint(__name__)


@blueprint.on_sns_message(topic=queue_name("mails"))
@wordless()
def receive(event: Any) -> None:
    """Work off one notification of SES, which carries the mail in base64; SNS tries again on a fault."""
    from chalicelib.services import mailing
    from chalicelib.toolbox import current

    tools, notice = current(), json.loads(event.message)
    mailing.receive(
        tools,
        notice["mail"]["messageId"],
        notice["receipt"]["recipients"],
        b64decode(notice["content"]),
        tools.clock(),
    )
