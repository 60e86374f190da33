"""Uptime Kuma, by the JSON backup of its 1.x versions: `monitorList` and `notificationList`."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from chalicelib.cli.api import Trouble
from chalicelib.cli.importers.drafts import Draft, seconds, told
from chalicelib.core.wheel import FAST, is_ring

MINUTE, DAY, LONGEST_TIMEOUT = 60, 86_400, 60  # seconds
MOST_FAILURES = 10
PLAIN_STATUSES = "200-299"

Kuma = Mapping[str, Any]


def drafted(text: str) -> Draft:
    """Return the document that a backup makes; raises Trouble for what is none."""
    draft = Draft()
    try:
        backup = json.loads(text)
        names = {}
        for each in backup.get("notificationList") or []:
            if _channel(draft, each):
                names[str(each["id"])] = str(each["name"])
        for each in backup["monitorList"]:
            _monitor(draft, each, names)
    except (LookupError, TypeError, AttributeError, ValueError):
        raise Trouble("that is no backup of Uptime Kuma's") from None
    return draft


def _channel(draft: Draft, each: Kuma) -> bool:
    """Add a notification to *draft*; return whether we have such channels."""
    config = json.loads(each["config"]) if isinstance(each["config"], str) else each["config"]
    kind = str(config.get("type"))
    if kind not in CHANNELS:
        draft.remark(
            f"notification {each['name']}", f"of type {kind} has no counterpart; make a channel for it"
        )
        return False
    ours, fields = CHANNELS[kind]
    draft.channels.append({"name": str(each["name"]), "type": ours, "config": told(**fields(config))})
    return True


CHANNELS: dict[str, tuple[str, Callable[[Kuma], dict[str, Any]]]] = {
    "discord": ("DISCORD", lambda kuma: {"webhookUrl": kuma.get("discordWebhookUrl")}),
    "ntfy": (
        "NTFY",
        lambda kuma: {
            "topic": kuma.get("ntfytopic"),
            "server": str(kuma.get("ntfyserverurl") or "").rstrip("/"),
            "token": kuma.get("ntfyaccesstoken"),
        },
    ),
    "Opsgenie": (
        "OPSGENIE",
        lambda kuma: {"apiKey": kuma.get("opsgenieApiKey"), "region": kuma.get("opsgenieRegion")},
    ),
    "PagerDuty": ("PAGERDUTY", lambda kuma: {"routingKey": kuma.get("pagerdutyIntegrationKey")}),
    "slack": ("SLACK", lambda kuma: {"url": kuma.get("slackwebhookURL")}),
    "smtp": ("EMAIL", lambda kuma: {"email": kuma.get("smtpTo")}),
    "teams": ("TEAMS", lambda kuma: {"webhookUrl": kuma.get("webhookUrl")}),
    "telegram": (
        "TELEGRAM",
        lambda kuma: {"botToken": kuma.get("telegramBotToken"), "chatId": kuma.get("telegramChatID")},
    ),
    "webhook": ("WEBHOOK", lambda kuma: {"url": kuma.get("webhookURL")}),
}


def _monitor(draft: Draft, each: Kuma, names: Mapping[str, str]) -> None:
    kind, name = str(each["type"]), str(each["name"])
    if kind not in TARGETS and kind != "push":
        draft.remark(f"monitor {name}", f"of type {kind} has no counterpart")
        return
    if each.get("upsideDown"):
        draft.remark(f"monitor {name}", "is upside down, which nothing here is")
        return
    common = told(
        paused=not each.get("active", True),
        tags=[_tag(tag) for tag in each.get("tags") or []],
        description=each.get("description"),
    )
    heard = [
        names[number]
        for number, is_on in (each.get("notificationIDList") or {}).items()
        if is_on and number in names
    ]
    watched = _beats(draft, each) if kind == "push" else _watched(draft, each)
    draft.checks.append({"name": name, **watched, **common, **told(channels=heard)})


def _beats(draft: Draft, each: Kuma) -> dict[str, Any]:
    draft.remark(f"monitor {each['name']}", "is pushed to: its job must ping the new address")
    retries = int(each.get("maxretries") or 0) * int(each.get("retryInterval") or each["interval"])
    return {
        "type": "heartbeat",
        "every": seconds(max(MINUTE, int(each["interval"]))),
        "grace": seconds(retries),
    }


def _watched(draft: Draft, each: Kuma) -> dict[str, Any]:
    kind, target = TARGETS[str(each["type"])](draft, each)
    return {
        "type": kind,
        "target": target,
        "interval": seconds(_interval(draft, each)),
        **told(
            timeout=seconds(min(max(float(each["timeout"]), 1), LONGEST_TIMEOUT))
            if each.get("timeout")
            else None
        ),
        "failure_threshold": min(1 + int(each.get("maxretries") or 0), MOST_FAILURES),
        "recovery_threshold": 1,
    }


def _interval(draft: Draft, each: Kuma) -> int:
    """Return the interval, or the next longer one that we know."""
    wanted = int(each["interval"])
    if is_ring(timedelta(seconds=wanted)):
        return wanted
    fast = next((count for count in FAST if count >= wanted), MINUTE)
    found = fast if wanted <= MINUTE else min(-(-wanted // MINUTE) * MINUTE, DAY)
    draft.remark(f"monitor {each['name']}", f"is asked every {found} s, not every {wanted} s")
    return found


def _http(draft: Draft, each: Kuma) -> tuple[str, dict[str, Any]]:
    statuses = ",".join(each.get("accepted_statuscodes") or [PLAIN_STATUSES])
    headers = json.loads(each["headers"]) if each.get("headers") else None
    if each.get("authMethod") or each.get("basic_auth_user"):
        draft.remark(f"monitor {each['name']}", "signs in: give the Authorization header by hand")
    target = {
        "url": each["url"],
        **told(
            method=each.get("method") if each.get("method") != "GET" else None,
            headers=headers,
            body=each.get("body"),
            expected_status=statuses if statuses != PLAIN_STATUSES else None,
            assertions=_assertions(each),
        ),
        "redirects": min(int(each.get("maxredirects", 10)), 10),
    }
    return "http", target | ({"verify_tls": False} if each.get("ignoreTls") else {})


def _assertions(each: Kuma) -> list[dict[str, str]]:
    if each["type"] == "keyword" and each.get("keyword"):
        comparison = "not_contains" if each.get("invertKeyword") else "contains"
        return [{"source": "body", "comparison": comparison, "value": str(each["keyword"])}]
    return []


def _tcp(_: Draft, each: Kuma) -> tuple[str, dict[str, Any]]:
    return "tcp", {"host": each["hostname"], "port": int(each["port"])}


def _dns(_: Draft, each: Kuma) -> tuple[str, dict[str, Any]]:
    server = str(each.get("dns_resolve_server") or "").split(",")[0].strip()
    record = each.get("dns_resolve_type") or "A"
    return "dns", {"host": each["hostname"], "record_type": record, **told(resolver=server)}


TARGETS: dict[str, Callable[[Draft, Kuma], tuple[str, dict[str, Any]]]] = {
    "http": _http,
    "keyword": _http,
    "port": _tcp,
    "dns": _dns,
}


def _tag(tag: Kuma) -> str:
    """Return a tag as one word: name, or name:value."""
    parts = (str(tag.get("name") or ""), str(tag.get("value") or ""))
    return ":".join("-".join(part.split()) for part in parts if part)
