"""Channels as URLs, both ways: slack://hooks/T/B/X, mailto:, https:, pagerduty:// and others (R100)."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from chalicelib.channels import transport_for
from chalicelib.channels.base import MASK
from chalicelib.core.alerts import Channel
from chalicelib.core.errors import Invalid
from chalicelib.services.addressing import Address

FORMS = (
    "slack://hooks/T…/B…/…, mailto:who@example.org, https://…, pagerduty://KEY, opsgenie://KEY, "
    "discord://ID/TOKEN, ntfy://TOPIC or jira://user:token@site/PROJECT"
)
SLACK = "https://hooks.slack.com/services/"
DISCORD = "https://discord.com/api/webhooks/"
SCHEME = re.compile(r"([a-z]+):(?://)?(.*)", re.IGNORECASE | re.DOTALL)
HOOK = re.compile(r"hooks/([A-Za-z0-9]+)/([A-Za-z0-9]+)/([A-Za-z0-9]+)")
BOT = re.compile(r"(\d+)/([\w-]+)", re.ASCII)
PROJECT = re.compile(r"([^:@/\s]+):([^:@/\s]+)@([A-Za-z0-9.-]+)/([A-Za-z][A-Za-z0-9_]*)")


def is_url(text: str) -> bool:
    """Whether *text* begins as a URL of a known form does."""
    found = SCHEME.match(text)
    return found is not None and found[1].lower() in SCHEMES


def address_of(url: str) -> Address:
    """Return where *url* leads; raises Invalid for what is of no known form. No reason repeats a secret."""
    found = SCHEME.fullmatch(url)
    scheme = found[1].lower() if found else ""
    if not found or scheme not in SCHEMES:
        raise Invalid("", f"must be {FORMS}")
    if MASK in url:
        raise Invalid("", "is masked; name the channel by its id")
    return SCHEMES[scheme](found[2] if scheme not in ("http", "https") else url)


def shown(channels: Iterable[Channel]) -> dict[str, str]:
    """Return each channel's id, and what it is shown as: a URL without secrets, if that leads to it alone."""
    urls = {channel.channel_id: _shown(channel) for channel in channels}
    often = Counter(urls.values())
    return {channel_id: url if url and often[url] == 1 else channel_id for channel_id, url in urls.items()}


def _slack(rest: str) -> Address:
    found = _matched(HOOK, rest, "slack://hooks/T…/B…/…")
    team, bot, secret = found.groups()
    return Address("SLACK", {"url": f"{SLACK}{team}/{bot}/{secret}"}, f"Slack {team}/{bot}")


def _mail(rest: str) -> Address:
    return Address("EMAIL", {"email": unquote(rest)}, unquote(rest))


def _web(url: str) -> Address:
    if url.startswith(SLACK):
        return _slack(f"hooks/{url.removeprefix(SLACK)}")
    if url.startswith(DISCORD):
        return _discord(url.removeprefix(DISCORD))
    return Address("STATUSPULSE", {"url": url}, f"Webhook {urlsplit(url).hostname or ''}".strip()[:100])


def _pagerduty(rest: str) -> Address:
    return Address("PAGERDUTY", {"routingKey": rest}, "PagerDuty")


def _opsgenie(rest: str) -> Address:
    return Address("OPSGENIE", {"apiKey": rest}, "Opsgenie")


def _discord(rest: str) -> Address:
    _matched(BOT, rest, "discord://ID/TOKEN")
    return Address("DISCORD", {"webhookUrl": DISCORD + rest}, "Discord")


def _ntfy(rest: str) -> Address:
    return Address("NTFY", {"topic": rest}, "ntfy")


def _jira(rest: str) -> Address:
    found = _matched(PROJECT, rest, "jira://user:token@site/PROJECT")
    user, token, site, project = (unquote(part) for part in found.groups())
    config = {"site": f"https://{site}", "email": user, "token": token, "project": project}
    return Address("JIRA", config, f"Jira {project}")


def _matched(form: re.Pattern[str], rest: str, said: str) -> re.Match[str]:
    found = form.fullmatch(rest)
    if not found:
        raise Invalid("", f"must be of the form {said}")
    return found


SCHEMES: Mapping[str, Callable[[str], Address]] = {
    "slack": _slack,
    "mailto": _mail,
    "https": _web,
    "http": _web,
    "pagerduty": _pagerduty,
    "opsgenie": _opsgenie,
    "discord": _discord,
    "ntfy": _ntfy,
    "jira": _jira,
}
HIDDEN = {
    "PAGERDUTY": f"pagerduty://{MASK}",
    "OPSGENIE": f"opsgenie://{MASK}",
    "DISCORD": f"discord://{MASK}",
    "NTFY": f"ntfy://{MASK}",
}


def _shown(channel: Channel) -> str:
    """Return what *channel* is shown as, or "" where no URL of ours would make it."""
    if channel.kind in HIDDEN:
        return HIDDEN[channel.kind]
    if channel.kind == "SLACK" and channel.config["url"].startswith(SLACK):
        team, _, rest = channel.config["url"].removeprefix(SLACK).partition("/")
        return f"slack://hooks/{team}/{rest.partition('/')[0]}/{MASK}"
    if channel.kind not in OPEN:
        return ""
    return OPEN[channel.kind](transport_for(channel.kind).mask(channel.config))


OPEN: Mapping[str, Callable[[dict[str, Any]], str]] = {
    "EMAIL": lambda config: f"mailto:{config['email']}",
    "STATUSPULSE": lambda config: str(config["url"]),
    "JIRA": lambda config: (
        f"jira://{config['email']}:{MASK}@{urlsplit(config['site']).netloc}/{config['project']}"
    ),
}
