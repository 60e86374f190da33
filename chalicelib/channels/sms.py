"""Text messages by Amazon SNS: one segment each, for each is paid."""

import re
from typing import Any

from chalicelib.channels import wording
from chalicelib.channels.base import Outlet
from chalicelib.channels.fields import shaped
from chalicelib.channels.letters import fit
from chalicelib.channels.sns import Gone, bare, publish
from chalicelib.core.alerts import Alert

NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164

# What one segment takes: letters of GSM 03.38, or of UTF-16 where there is any other among them.
GSM_LIMIT, UTF_16_LIMIT = 140, 70
ONE = frozenset(
    "\n !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
    "£¥èéùìòÇØøÅåÆæßÉ¤¡ÄÖÑÜ§¿äöñüà"
)
TWO = frozenset("^{}\\[~]|€")  # each is sent as an escape and a letter
GSM = ONE | TWO

# A missing right is the operator's to mend.
NUMBER_GONE: Gone = (("OptedOut", ""), ("InvalidParameter", "PhoneNumber"))
AT_ONCE = {"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}}


class Sms:
    """The transport of kind SMS."""

    def __init__(self, config: dict[str, Any], outlet: Outlet) -> None:
        self._config = config
        self._outlet = outlet

    @staticmethod
    def check(config: dict[str, Any], *, allow_private: bool) -> dict[str, Any]:
        """Return {phoneNumber}, as E.164 writes it (R44)."""
        del allow_private  # a telephone is no target of ours
        must = "must be a number with its country code, like +4712345678"
        return {"phoneNumber": shaped(config, "phoneNumber", NUMBER, must)}

    @staticmethod
    def mask(config: dict[str, Any]) -> dict[str, Any]:
        """Return all of it: a number is no secret to those who may read channels."""
        return dict(config)

    def send(self, alert: Alert) -> None:
        """Send *alert*; raises SendError."""
        publish(
            self._outlet,
            self._outlet.settings.region,
            NUMBER_GONE,
            PhoneNumber=self._config["phoneNumber"],
            Message=text(alert),
            MessageAttributes=AT_ONCE,
        )


def text(alert: Alert) -> str:
    """Return *alert* in one segment: what happened to which, and as much of the cause as still fits."""
    written = ". ".join(filter(None, (wording.subject(alert), wording.why(alert))))
    plain = "".join(letter if letter in GSM else bare(letter).replace("`", "'") for letter in written)
    if GSM.issuperset(plain):
        return fit(plain, GSM_LIMIT, size=septets, mark="...")
    return fit(written, UTF_16_LIMIT)


def septets(text: str) -> int:
    """Return how many letters GSM makes of *text*."""
    return len(text) + sum(letter in TWO for letter in text)
