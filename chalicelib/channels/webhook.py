"""Webhooks: an HTTP request of the customer's own making, for down and for up, signed where asked."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from chalicelib.channels import wording
from chalicelib.channels.base import MASK, Outlet
from chalicelib.channels.fields import unmasked
from chalicelib.channels.placeholders import in_body, in_header, in_url
from chalicelib.channels.posting import LONG_WORD, TOKEN, post, secrets_in
from chalicelib.channels.signed import SECRET_LIMIT, sign, written
from chalicelib.core.alerts import Alert, Reason
from chalicelib.core.consensus import Result
from chalicelib.core.errors import Invalid
from chalicelib.core.summaries import iso_seconds
from chalicelib.guard.addresses import Refused, refuse_literal
from chalicelib.guard.fetching import Call
from chalicelib.guard.headers import AGENT, HEADER_NAME, RESERVED

LIMIT = 1000  # characters of a URL, of a body, and of all headers together
STATUSES = ("down", "up")
METHODS = ("GET", "POST", "PUT")
BLANK: dict[str, Any] = {"method": "POST", "url": "", "headers": {}, "body": ""}
PLAIN_HEADERS = ("accept", "content-type", "user-agent")


class Webhook:
    """The transport of kind WEBHOOK."""

    def __init__(self, config: dict[str, Any], outlet: Outlet) -> None:
        self._config = config
        self._outlet = outlet

    @staticmethod
    def check(config: dict[str, Any], *, allow_private: bool) -> dict[str, Any]:
        """Return {down, up, secret}; each status has a method, url, headers and body (R44).

        As a person writes it, `url` speaks for both statuses and `urlDown` for one; so do the others.
        """
        stored: dict[str, Any] = {status: _checked(config, status) for status in STATUSES}
        urls = [stored[status]["url"] for status in STATUSES]
        if not any(urls):
            raise Invalid("url", "is required")
        for name, url in zip(("urlDown", "urlUp"), urls, strict=True):
            try:
                if url:
                    refuse_literal(url, allow_private=allow_private)
            except Refused as refusal:
                raise Invalid(name if name in config else "url", f"is refused: {refusal}") from None
        return {**stored, "secret": unmasked("secret", config.get("secret") or "", SECRET_LIMIT)}

    @staticmethod
    def mask(config: dict[str, Any]) -> dict[str, Any]:
        """Return what may be shown, in the words a person writes: neither tokens nor headers nor bodies."""
        down, up = (_shown(config[status]) for status in STATUSES)
        secret = {"secret": MASK if config["secret"] else ""}
        if config["down"] == config["up"]:
            return {**down, **secret}
        split = {
            f"{field}{status}": side[field]
            for field in BLANK
            for status, side in (("Down", down), ("Up", up))
        }
        return {**split, **secret}

    def send(self, alert: Alert) -> None:
        """Send *alert*, or nothing where its status has no URL; raises SendError."""
        status = self._status(alert)
        side = self._config[status]
        if not side["url"]:
            return
        call = compose(alert, status, side, self._config["secret"], self._outlet.clock())
        post(call, self._outlet, _secrets(call, self._config["secret"]))

    def _status(self, alert: Alert) -> str:
        # Who only hears of one status must hear a test, and an outage that was over before it was told.
        whoever = alert.reason in (Reason.TEST, Reason.WAS_DOWN)
        if whoever and not self._config[alert.status]["url"]:
            return "up" if alert.status == "down" else "down"
        return alert.status


def compose(alert: Alert, status: str, side: Mapping[str, Any], secret: str, at: datetime) -> Call:
    """Return the request that tells *alert*; the customer's own headers go to the customer's host alone."""
    body = b"" if side["method"] == "GET" else _body(alert, status, side["body"])
    headers = {
        "User-Agent": AGENT,
        "X-Wakeful-Delivery": alert.delivery_id,
    }
    if body:
        is_json = body.lstrip()[:1] in (b"{", b"[")
        headers["Content-Type"] = "application/json" if is_json else "text/plain; charset=utf-8"
    if secret:
        headers["X-Wakeful-Signature"] = sign(body, at, secret)
    own = {name: in_header(value, alert, status) for name, value in side["headers"].items()}
    return Call(side["method"], in_url(side["url"], alert, status), headers, own, body or None)


def _body(alert: Alert, status: str, template: str) -> bytes:
    return in_body(template, alert, status) if template else written(document(alert, status))


def document(alert: Alert, status: str) -> dict[str, Any]:
    """Return what a webhook without a body of its own is told."""
    thing = {"id": alert.monitor_id, "name": alert.name}
    of_channel = alert.reason in (Reason.TEST, Reason.CHANNEL_BROKE)
    return {
        "delivery_id": alert.delivery_id,
        "event": wording.event(alert),
        "reason": alert.reason.value,
        "status": status,
        "message": wording.headline(alert),
        "cause": wording.why(alert),
        "at": iso_seconds(alert.at),
        "began": iso_seconds(alert.began),
        "lasted": int(alert.lasted.total_seconds()) if alert.lasted is not None else None,
        "monitor": None
        if of_channel or not alert.monitor_id
        else {**thing, "slug": alert.slug, "tags": alert.tags.split()},
        "channel": thing if of_channel else None,
        "incident": _incident(alert),
        "figures": dict(alert.figures) or None,
        "project": alert.project,
        "target": alert.target or None,
        "regions": [_found(result) for result in alert.evidence] if alert.target else None,
        "exit_status": alert.exit_status,
        "summary": alert.summary,
    }


def _incident(alert: Alert) -> dict[str, Any] | None:
    told = alert.incident
    if told is None:
        return {"id": alert.incident_id} if alert.incident_id else None
    return {
        "id": told.incident_id,
        "title": told.title,
        "status": told.stage.value,
        "assignee": told.assignee or None,
        "external_ids": told.external_ids,
    }


def _found(result: Result) -> dict[str, Any]:
    return {
        "region": result.region,
        "error": result.error or None,
        "code": result.code,
        "ms": round(result.ms) if result.ms is not None else None,
    }


def _checked(config: Mapping[str, Any], status: str) -> dict[str, Any]:
    name, method = _given(config, "method", status)
    if not isinstance(method, str) or method.upper() not in METHODS:
        raise Invalid(name, f"must be one of {', '.join(METHODS)}")
    return {
        "method": method.upper(),
        "url": unmasked(*_given(config, "url", status), LIMIT),
        "headers": _headers(*_given(config, "headers", status)),
        "body": unmasked(*_given(config, "body", status), LIMIT),
    }


def _given(config: Mapping[str, Any], field: str, status: str) -> tuple[str, Any]:
    """Return (name, value) of *field* for *status*: its own, else both's, else what was stored before."""
    for name in (f"{field}{status.capitalize()}", field):
        if config.get(name) is not None:
            return name, config[name]
    before = config.get(status)
    return field, before.get(field, BLANK[field]) if isinstance(before, dict) else BLANK[field]


def _headers(name: str, value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise Invalid(name, "must be an object of names and texts")
    for header, text in value.items():
        if not isinstance(header, str) or not HEADER_NAME.fullmatch(header):
            raise Invalid(name, "must have names that HTTP allows")
        if RESERVED.fullmatch(header):
            raise Invalid(name, f"must not set {header}")
        if not unmasked(name, text, LIMIT).isprintable():
            raise Invalid(name, "must not contain control characters")
    if sum(len(header) + len(text) for header, text in value.items()) > LIMIT:
        raise Invalid(name, f"must not be longer than {LIMIT} characters together")
    return dict(value)


def _shown(side: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "method": side["method"],
        "url": _shown_url(side["url"]),
        "headers": dict.fromkeys(side["headers"], MASK),
        "body": MASK if side["body"] else "",
    }


def _shown_url(url: str) -> str:
    """Return *url* without what may be a secret in it, so that people still recognise their hook."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    path = "/".join(MASK if TOKEN.fullmatch(part) else part for part in parts.path.split("/"))
    query = "&".join(_shown_pair(pair) for pair in parts.query.split("&") if pair)
    return urlunsplit((parts.scheme, f"{MASK}@{host}" if host != parts.netloc else host, path, query, ""))


def _shown_pair(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}={MASK}" if equals else MASK


def _secrets(call: Call, secret: str) -> Iterator[str]:
    """Yield all that must not come back in a receiver's words: it may repeat what it was sent."""
    yield secret
    for name, value in call.credentials.items():
        if name.lower() not in PLAIN_HEADERS:
            yield value
            yield from (word for word in value.split() if len(word) >= LONG_WORD)
    yield from secrets_in(call.url)
