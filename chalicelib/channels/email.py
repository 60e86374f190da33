"""E-mail by Amazon SES."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib import aws
from chalicelib.channels import wording
from chalicelib.channels.addresses import mail_address
from chalicelib.channels.base import Outlet, SendError
from chalicelib.core.alerts import Alert, Reason
from chalicelib.core.errors import Invalid
from chalicelib.core.words import excerpt, one_line

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"

LABELS = {
    Reason.WENT_DOWN: "Down",
    Reason.RECOVERED: "Up",
    Reason.WAS_DOWN: "Was down",
    Reason.STILL_DOWN: "Still down",
    Reason.CALLED_OFF: "Paused",
    Reason.ESCALATED: "Not taken on",
    Reason.SLOWED: "Slow",
    Reason.SPED_UP: "No longer slow",
    Reason.SLA_MISSED: "Service level",
    Reason.EXPIRING: "Domain",
    Reason.RENEWED: "Domain",
    Reason.TRIGGERED: "Incident",
    Reason.ACKNOWLEDGED: "Taken on",
    Reason.RESOLVED: "Resolved",
    Reason.DIGEST: "Week",
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
            "email": mail_address(config, "email"),
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
        if alert.reason in (Reason.WAS_DOWN, Reason.DIGEST):  # they tell of both
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
        "colour": wording.colour(alert),
        "subject": wording.subject(alert),
        "headline": wording.headline(alert),
        "facts": wording.facts(alert),
        "said": wording.said(alert),
        "project": one_line(alert.project),
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
    return SendError(excerpt(sentence), permanent=rejected)
