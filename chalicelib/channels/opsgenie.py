"""Opsgenie by its Alert API: an incident creates an alert there, and its end closes it.

Nobody is called for a missed service level, nor for a week's digest: there would be nothing to close.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from chalicelib.channels import letters, wording
from chalicelib.channels.base import MASK, Outlet
from chalicelib.channels.fields import choice, shaped
from chalicelib.channels.posting import SUCCESS, in_json, post
from chalicelib.core.alerts import Alert, Reason
from chalicelib.core.words import one_line

API_KEY = re.compile(r"[0-9A-Za-z-]{8,100}")
REFUSED = (401, 403, 422)  # the key is wrong, may not create alerts, or its integration is switched off
# Whoever closed the alert by hand, and cleared it away, wanted what we want when we tell more of it.
CLEARED_AWAY = 404

SOURCE = "Wakeful"
CREATE, ACKNOWLEDGE, CLOSE = "create", "acknowledge", "close"
URGENT = "P1"
MILDER = {Reason.TEST: "P5", Reason.SLOWED: "P3", Reason.EXPIRING: "P3"}
SILENT = frozenset({Reason.SLA_MISSED, Reason.DIGEST})

# Opsgenie refuses the whole alert where a field is longer. All details together have 8,000 characters: the
# dozen facts of a message keep well below.
MESSAGE_LIMIT = 130
DESCRIPTION_LIMIT = 15_000
ENTITY_LIMIT = 512
DETAIL_LIMIT = 500
TAGS, TAG_LIMIT = 20, 50


class Opsgenie:
    """The transport of kind OPSGENIE."""

    addresses: ClassVar[Mapping[str, str]] = {
        "us": "https://api.opsgenie.com",
        "eu": "https://api.eu.opsgenie.com",
    }

    def __init__(self, config: dict[str, Any], outlet: Outlet) -> None:
        self._config = config
        self._outlet = outlet

    @staticmethod
    def check(config: dict[str, Any], *, allow_private: bool) -> dict[str, Any]:
        """Return {apiKey, region}: only the first need be given (R44)."""
        del allow_private  # Opsgenie's addresses are ours to know
        must = "must be the key of an API integration: letters, digits and hyphens"
        return {
            "apiKey": shaped(config, "apiKey", API_KEY, must),
            "region": choice(config, "region", Opsgenie.addresses, "us"),
        }

    @staticmethod
    def mask(config: dict[str, Any]) -> dict[str, Any]:
        """Return all but the key: whoever knows it may wake people."""
        return {**config, "apiKey": MASK}

    def send(self, alert: Alert) -> None:
        """Do to the alert of *alert*'s incident what *actions* says, if anything; raises SendError."""
        for action in actions(alert):
            if action == CREATE:
                self._post("/v2/alerts", creation(alert), alert)
            else:
                path = f"/v2/alerts/{quote(_alias(alert), safe='')}/{action}?identifierType=alias"
                self._post(path, note(alert), alert, done=(*SUCCESS, CLEARED_AWAY))

    def _post(self, path: str, body: dict[str, Any], alert: Alert, done: Collection[int] = SUCCESS) -> None:
        key = self._config["apiKey"]
        url = self.addresses[self._config["region"]] + path
        call = in_json(url, body, alert, {"Authorization": f"GenieKey {key}"})
        post(call, self._outlet, (key,), gone=REFUSED, done=done)


def actions(alert: Alert) -> tuple[str, ...]:
    """Return what *alert* does to the alert at Opsgenie, in order."""
    if alert.reason in SILENT:
        return ()
    if alert.reason in (Reason.TEST, Reason.WAS_DOWN):  # begun and over
        return CREATE, CLOSE
    if alert.reason is Reason.ACKNOWLEDGED:
        return (ACKNOWLEDGE,)
    return (CLOSE,) if alert.reason.closes else (CREATE,)


def creation(alert: Alert) -> dict[str, Any]:
    """Return what creates the alert, or counts once more where it is open already."""
    description = "\n\n".join(filter(None, (letters.sentence(alert), letters.carried(alert))))
    return {
        "message": one_line(wording.subject(alert), MESSAGE_LIMIT),
        "alias": _alias(alert),
        "description": letters.fit(description, DESCRIPTION_LIMIT),
        "details": {label: one_line(text, DETAIL_LIMIT) for label, text in letters.rows(alert)},
        "entity": one_line(wording.title(alert), ENTITY_LIMIT),
        "tags": [one_line(tag, TAG_LIMIT) for tag in alert.tags.split()[:TAGS]],
        "priority": MILDER.get(alert.reason, URGENT),
        "source": SOURCE,
    }


def note(alert: Alert) -> dict[str, Any]:
    """Return what is noted where the alert is acknowledged or closed."""
    return {"source": SOURCE, "note": wording.headline(alert)}


def _alias(alert: Alert) -> str:
    return alert.incident_id or alert.delivery_id
