"""E-mail by Amazon SES."""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib import aws
from chalicelib.channels import wording
from chalicelib.channels.base import Outlet, SendError
from chalicelib.channels.fields import shaped
from chalicelib.core.alerts import Alert, Reason
from chalicelib.core.errors import Invalid

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
ADDRESS_LIMIT = 254  # RFC 5321's, less the angle brackets
LOCAL_LIMIT = 64
# ASCII alone: SES takes no other local part, and other domains have their xn-- form. Quoted local parts
# are allowed by the RFC and used by nobody but those who try what a mailer does with them.
ADDRESS = re.compile(
    r"(?!.*\.\.)[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}"
)

LABELS = {
    Reason.WENT_DOWN: "Down",
    Reason.RECOVERED: "Up",
    Reason.WAS_DOWN: "Was down",
    Reason.STILL_DOWN: "Still down",
    Reason.CALLED_OFF: "Paused",
    Reason.CHANNEL_BROKE: "Channel",
    Reason.TEST: "Test",
}

# By what SES calls them; the rest speaks for itself. None of them is the fault of the address.
OPERATORS = {
    "MailFromDomainNotVerifiedException": "SES has not verified the domain of MAIL_FROM.",
    "AccountSuspendedException": "SES has suspended this account's sending.",
    "SendingPausedException": "SES has paused this account's sending.",
    "LimitExceededException": "SES's sending quota is used up.",
}


class Email:
    """The transport of kind EMAIL."""

    def __init__(self, config: dict[str, Any], outlet: Outlet) -> None:
        self._config = config
        self._outlet = outlet

    @staticmethod
    def check(config: dict[str, Any], *, allow_private: bool) -> dict[str, Any]:
        """Return {email, up, down}: one address, and the statuses it wants to hear of (R44)."""
        del allow_private  # an address is no target of ours: SES goes there
        return {
            "email": _address(config),
            "up": _flag("up", config.get("up")),
            "down": _flag("down", config.get("down")),
        }

    @staticmethod
    def mask(config: dict[str, Any]) -> dict[str, Any]:
        """Return all of it: an address is no secret to those who may read channels."""
        return dict(config)

    def send(self, alert: Alert) -> None:
        """Send *alert*, or nothing where its status is not wanted; raises SendError."""
        if not self._wants(alert):
            return
        settings = self._outlet.settings
        if not settings.mail_from:
            raise SendError("No sender is set: the operator must set MAIL_FROM to an address that SES knows.")
        from botocore.exceptions import BotoCoreError, ClientError

        client = aws.client("sesv2", settings.region, settings.endpoint_url)
        try:
            client.send_email(
                FromEmailAddress=settings.mail_from,
                Destination={"ToAddresses": [self._config["email"]]},
                Content={"Simple": message(alert)},
            )
        except ClientError as error:
            raise _refusal(error, self._config["email"]) from None
        except BotoCoreError as error:
            raise SendError(f"SES could not be reached: {type(error).__name__}.") from None

    def _wants(self, alert: Alert) -> bool:
        if alert.reason in (Reason.TEST, Reason.CHANNEL_BROKE):
            return True
        if alert.reason is Reason.WAS_DOWN:  # it tells of both
            return bool(self._config["down"] or self._config["up"])
        return bool(self._config[alert.status])


def message(alert: Alert) -> dict[str, Any]:
    """Return *alert* as SES's simple message: subject, both bodies and headers."""
    return {
        "Subject": {"Data": wording.subject(alert), "Charset": "UTF-8"},
        "Body": {
            "Text": {"Data": render("email.txt.j2", alert), "Charset": "UTF-8"},
            "Html": {"Data": render("email.html.j2", alert), "Charset": "UTF-8"},
        },
        "Headers": [
            {"Name": "Auto-Submitted", "Value": "auto-generated"},  # no holiday answers, please (RFC 3834)
            {"Name": "X-Wakeful-Delivery", "Value": alert.delivery_id},
        ],
    }


def render(template: str, alert: Alert) -> str:
    """Return the body of *alert*'s mail, written by *template*."""
    words = {
        "label": LABELS[alert.reason],
        "colour": wording.COLOURS[alert.reason],
        "subject": wording.subject(alert),
        "headline": wording.headline(alert),
        "facts": wording.facts(alert),
        "said": wording.said(alert),
        "project": wording.one_line(alert.project),
        "delivery_id": alert.delivery_id,
    }
    return _templates().get_template(template).render(words)


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _address(config: dict[str, Any]) -> str:
    address = shaped(config, "email", ADDRESS, "must be one e-mail address")
    if len(address) > ADDRESS_LIMIT or len(address.partition("@")[0]) > LOCAL_LIMIT:
        raise Invalid("email", "is too long")
    return address


def _flag(name: str, value: object) -> bool:
    if value is None:
        return True
    if not isinstance(value, bool):
        raise Invalid(name, "must be true or false")
    return value


def _refusal(error: "ClientError", address: str) -> SendError:
    """Return what SES's answer means; only an address that SES itself turns down is given up."""
    code = error.response["Error"].get("Code", "")
    text = error.response["Error"].get("Message", "")
    rejected = code == "MessageRejected" and address.lower() in text.lower()
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
    sentence = OPERATORS.get(code) or f"SES answered {status} {code}".strip() + (f": {text}" if text else ".")
    return SendError(wording.excerpt(sentence), permanent=rejected)
