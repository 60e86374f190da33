"""What SES does with a mail that it receives: it hands it to a topic, whole, in base64."""

import json
from base64 import b64encode
from collections.abc import Sequence
from itertools import count

from chalicelib.local.emulation import client
from chalicelib.settings import Settings

LARGEST = 150_000  # bytes that SES hands to a topic


class Inbox:
    """Takes mails for the deployment of *settings*."""

    def __init__(self, settings: Settings) -> None:
        self._sns = client("sns", settings.region, settings.endpoint_url)
        self._topic = settings.flips_topic_arn.removesuffix("flips") + "mails"
        self._numbers = count(1)
        self.is_open = bool(settings.mail_domain)

    def take(self, recipients: Sequence[str], raw: bytes) -> None:
        """Take one mail for *recipients*."""
        notice = {
            "notificationType": "Received",
            "mail": {"messageId": f"local-{next(self._numbers)}", "destination": list(recipients)},
            "receipt": {"recipients": list(recipients)},
            "content": b64encode(raw).decode(),
        }
        self._sns.publish(TopicArn=self._topic, Message=json.dumps(notice))
