"""Services that have no kind of their own here, by one of Apprise's plugins each.

Whoever writes an Apprise URL could with most of them send us to any host, or have us run a program of this
machine. So only plugins that speak to fixed hosts of their vendor are let in, and infra/packaging/slimming.py
ships no other. Three sorts of these stay outside all the same:

- Platforms for incidents: to close what it opened they must be told an outage's own id, for which Apprise has
  no word.
- Vendors who answer 200 to what they refuse, where the plugin looks no further: it would read as sent.
- Chats where a text can call everybody, and the plugin does not take that out.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from threading import get_ident
from typing import Any

from chalicelib.channels import letters, wording
from chalicelib.channels.addresses import URL_LIMIT
from chalicelib.channels.base import MASK, Outlet, SendError
from chalicelib.channels.fields import present, unmasked
from chalicelib.channels.sentences import AMBER, GREEN, RED, SLATE
from chalicelib.core.alerts import Alert
from chalicelib.core.errors import Invalid

SCHEMA = re.compile(r"([a-z0-9]+)://", re.IGNORECASE)

# Apprise's schema: the plugin's module and class.
SERVICES = {
    "46elks": ("fortysixelks", "Notify46Elks"),
    "brevo": ("brevo", "NotifyBrevo"),
    "bulksms": ("bulksms", "NotifyBulkSMS"),
    "flock": ("flock", "NotifyFlock"),
    "gchat": ("google_chat", "NotifyGoogleChat"),
    "ifttt": ("ifttt", "NotifyIFTTT"),
    "line": ("line", "NotifyLine"),
    "mailgun": ("mailgun", "NotifyMailgun"),
    "msgbird": ("messagebird", "NotifyMessageBird"),
    "pbul": ("pushbullet", "NotifyPushBullet"),
    "postmark": ("postmark", "NotifyPostmark"),
    "pover": ("pushover", "NotifyPushover"),
    "prowl": ("prowl", "NotifyProwl"),
    "resend": ("resend", "NotifyResend"),
    "sendgrid": ("sendgrid", "NotifySendGrid"),
    "sinch": ("sinch", "NotifySinch"),
    "telnyx": ("telnyx", "NotifyTelnyx"),
    "threema": ("threema", "NotifyThreema"),
    "twilio": ("twilio", "NotifyTwilio"),
    "viber": ("viber", "NotifyViber"),
    "webex": ("webexteams", "NotifyWebexTeams"),
    "whatsapp": ("whatsapp", "NotifyWhatsApp"),
    "wxteams": ("webexteams", "NotifyWebexTeams"),
    "zoom": ("zoom", "NotifyZoom"),
}

# What a kind of our own does better; it honours Retry-After, and knows a refusal that is for good.
OWN_KINDS = {
    schema: kind
    for kind, schemas in {
        "DISCORD": "discord",
        "EMAIL": "mailto mailtos ses",
        "NTFY": "ntfy ntfys",
        "OPSGENIE": "opsgenie",
        "PAGERDUTY": "pagerduty",
        "SLACK": "slack mmost mmosts",
        "SNS_TOPIC": "sns",
        "TEAMS": "msteams workflow workflows",
        "TELEGRAM": "tgram",
        "WEBHOOK": "form forms http https json jsons xml xmls",
    }.items()
    for schema in schemas.split()
}

# Whatever a URL asks for. Together with the limit on recipients, who are told one after the other, it keeps a
# test within what API Gateway waits for (R48).
MANNERS: dict[str, Any] = {"verify": True, "redirect": False, "cto": 3, "rto": 5, "retry": 0}
RECIPIENTS = 3

TYPES = {RED: "failure", AMBER: "warning", GREEN: "success", SLATE: "info"}
BRIEF = 500  # characters; a plugin that takes no more sends text messages
STATUS = re.compile(r"error=(\d{3})\b")

# Its warnings name recipients, and sometimes keys; urllib3's name whole URLs.
logging.getLogger("apprise").propagate = False
logging.getLogger("urllib3").setLevel(logging.ERROR)


class ThroughApprise:
    """The transport of kind APPRISE."""

    def __init__(self, config: dict[str, Any], outlet: Outlet) -> None:
        del outlet  # Apprise reaches the world by itself
        self._config = config

    @staticmethod
    def check(config: dict[str, Any], *, allow_private: bool) -> dict[str, Any]:
        """Return {url}: an Apprise URL of a service in SERVICES, which its plugin understands (R44)."""
        del allow_private  # no URL of these leads anywhere but to its vendor
        url = unmasked("url", present("url", config.get("url")), URL_LIMIT)
        own = OWN_KINDS.get(schema_of(url))
        if own:
            raise Invalid("url", f"is of a service with a kind of its own: make a channel of type {own}")
        if len(plugin_for(url)) > RECIPIENTS:
            raise Invalid("url", f"must not name more than {RECIPIENTS} recipients")
        return {"url": url}

    @staticmethod
    def mask(config: dict[str, Any]) -> dict[str, Any]:
        """Return the service alone: what else there is are keys and recipients."""
        return {"url": f"{schema_of(config['url'])}://{MASK}"}

    def send(self, alert: Alert) -> None:
        """Send *alert*; raises SendError, never for good: Apprise does not tell a refusal from a fault."""
        try:
            plugin = plugin_for(self._config["url"])
        except Invalid as why:
            raise SendError(f"The channel's {why}.") from None
        with statuses() as seen:
            is_sent = _notify(plugin, alert)
        if not is_sent:
            answered = f", but answered {seen[-1]}" if seen else ""
            raise SendError(f"{plugin.service_name} did not take the message{answered}.")


def schema_of(url: str) -> str:
    """Return by which Apprise knows the service of *url*, or "" where it names none."""
    found = SCHEMA.match(url)
    return found[1].lower() if found else ""


def plugin_for(url: str) -> Any:
    """Return the plugin that *url* asks for, ready to send; raises Invalid where it makes no sense to it.

    No reason repeats what was given. Apprise's own loader would import all plugins to find this one.
    """
    if schema_of(url) not in SERVICES:
        raise Invalid("url", f"must begin with one of {', '.join(f'{schema}://' for schema in SERVICES)}")
    module, name = SERVICES[schema_of(url)]
    kind = getattr(import_module(f"apprise.plugins.{module}"), name)
    asset = import_module("apprise.asset").AppriseAsset(
        app_id="Wakeful",
        app_desc="Wakeful",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        storage_mode="memory",
    )
    # Markdown is escaped on its way, and HTML is not worth it: Apprise joins all words by no-break spaces.
    form = "markdown" if kind.notify_format == "markdown" else "text"
    try:
        plugin = kind(**{**(kind.parse_url(url) or {}), **MANNERS, "format": form}, asset=asset)
    except TypeError:  # its word for what is missing, or wrong
        raise Invalid("url", f"is not as Apprise wants it for {kind.service_name}") from None
    if getattr(plugin, "encryption_key", None):
        # Lambda has no `cryptography`, and Pushover's plugin would then send in the clear.
        raise Invalid("url", "asks for encryption, which is not possible here")
    plugin.request_rate_per_sec = 0.0  # it would sleep between two recipients
    return plugin


def _notify(plugin: Any, alert: Alert) -> bool:
    try:
        return bool(plugin.notify(**message(alert, plugin)))
    except Exception as error:  # noqa: BLE001  its words may show keys, so they must not come into a log
        raise SendError(f"The plugin for {plugin.service_name} broke: {type(error).__name__}.") from None


def message(alert: Alert, plugin: Any) -> dict[str, Any]:
    """Return *alert* as *plugin* takes it: titled where it shows titles, without facts where it is brief."""
    is_brief = plugin.body_maxlen < BRIEF
    return {
        "title": wording.subject(alert) if plugin.title_maxlen > 0 else "",
        "body": letters.sentence(alert) if is_brief else letters.letter(alert),
        "body_format": "text",
        "notify_type": TYPES[wording.colour(alert)],
        "overflow": "truncate",
    }


@contextmanager
def statuses() -> Iterator[list[str]]:
    """Collect the HTTP statuses that plugins complain of meanwhile: they themselves return True or False."""
    listener = Listener(logging.WARNING)
    logger = logging.getLogger("apprise")
    logger.addHandler(listener)
    try:
        yield listener.seen
    finally:
        logger.removeHandler(listener)


class Listener(logging.Handler):
    """Hears what plugins say in the thread that made it."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.seen: list[str] = []
        self._thread = get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the status in *record*, and nothing else of it."""
        if record.thread == self._thread:
            self.seen += STATUS.findall(record.getMessage())
