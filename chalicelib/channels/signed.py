"""Webhooks of a fixed shape: one JSON document, signed, by two secrets while one replaces the other."""

import hmac
import json
from datetime import UTC, datetime
from typing import Any

from chalicelib.channels.addresses import host_alone, web_address
from chalicelib.channels.base import MASK, Outlet
from chalicelib.channels.fields import present, unmasked
from chalicelib.channels.posting import post, secrets_in
from chalicelib.core.alerts import Alert
from chalicelib.core.errors import Invalid
from chalicelib.core.status import Impact
from chalicelib.guard.fetching import Call
from chalicelib.guard.headers import AGENT

SECRET_LEAST, SECRET_LIMIT = 8, 200
SEVERITIES = {Impact.CRITICAL: "critical", Impact.MAJOR: "major", Impact.MINOR: "minor", Impact.NONE: "minor"}


def sign(body: bytes, at: datetime, *secrets: str) -> str:
    """Return the signature of *body*: t=<unix seconds>, and v1=<hex HMAC-SHA256 of "t.body"> by each secret.

    The time is signed too, so that what was overheard cannot be sent again later.
    """
    stamp = int(at.timestamp())
    signed = b"%d." % stamp + body
    return ",".join([f"t={stamp}", *(f"v1={hexdigest(signed, secret)}" for secret in secrets)])


def hexdigest(body: bytes, secret: str) -> str:
    """Return the HMAC-SHA256 of *body* by *secret* in lower-case hex."""
    return hmac.digest(secret.encode("utf-8", "replace"), body, "sha256").hex()


def written(document: object) -> bytes:
    """Return *document* as JSON in UTF-8; moments in it become texts."""
    text = json.dumps(document, ensure_ascii=False, default=iso_ms)
    return text.encode("utf-8", "replace")


def iso_ms(moment: datetime | None) -> str | None:
    """Return ISO 8601 in UTC with milliseconds and Z, or None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def checked(config: dict[str, Any], *, allow_private: bool, needs_secret: bool) -> dict[str, Any]:
    """Return {url, secret, previousSecret}; the last may be "", and the secret where it is not needed."""
    if needs_secret:
        present("secret", config.get("secret"))
    return {
        "url": web_address("url", config.get("url"), allow_private=allow_private),
        "secret": _secret("secret", config.get("secret") or ""),
        "previousSecret": _secret("previousSecret", config.get("previousSecret") or ""),
    }


def _secret(name: str, value: object) -> str:
    secret = unmasked(name, value, SECRET_LIMIT)
    if secret and len(secret) < SECRET_LEAST:
        raise Invalid(name, f"must have at least {SECRET_LEAST} characters")
    return secret


def masked(config: dict[str, Any]) -> dict[str, Any]:
    """Return the host of the URL, and which secrets there are."""
    hidden = {name: MASK if config[name] else "" for name in ("secret", "previousSecret")}
    return {"url": host_alone(config["url"]), **hidden}


def secrets_of(config: dict[str, Any]) -> tuple[str, ...]:
    """Return the secrets in use, the newest first."""
    return tuple(filter(None, (config["secret"], config["previousSecret"])))


def deliver(
    body: bytes, alert: Alert, config: dict[str, Any], outlet: Outlet, headers: dict[str, str]
) -> None:
    """Post *body* to the URL of *config* under *headers* and our own; raises SendError."""
    ours = {
        "User-Agent": AGENT,
        "Content-Type": "application/json",
        "X-Wakeful-Delivery": alert.delivery_id,
    }
    call = Call("POST", config["url"], {**ours, **headers}, body=body)
    post(call, outlet, (*secrets_of(config), *secrets_in(config["url"])))
