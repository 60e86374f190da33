"""Healthchecks, by its Management API v3: checks with their ids, so that pings need only go to another host.

Source: https://healthchecks.io/docs/api/. Of integrations the API tells names alone.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import requests

from chalicelib.cli.api import TIMEOUT, Trouble
from chalicelib.cli.importers.drafts import Draft, seconds, told, words

KEPT = ("manual_resume", "filter_subject", "filter_body", "filter_http_body", "filter_default_fail")
TEXTS = ("methods", "start_kw", "success_kw", "failure_kw")


def fetched(site: str, key: str) -> Draft:
    """Return what the project of *key* at *site* is; raises Trouble where it does not say."""
    site = site.rstrip("/")
    return drafted(_asked(f"{site}/api/v3/checks/", key), _asked(f"{site}/api/v3/channels/", key))


def drafted(checks: Mapping[str, Any], channels: Mapping[str, Any]) -> Draft:
    """Return the document that the API's two lists make; raises Trouble for what are no such lists."""
    draft = Draft()
    try:
        names = {each["id"]: str(each["name"] or each["kind"]) for each in channels["channels"]}
        for each in channels["channels"]:
            draft.remark(f"channel {names[each['id']]} ({each['kind']})", "make one of this name first")
        for each in checks["checks"]:
            draft.checks.append(_check(draft, each, names))
    except (LookupError, TypeError, AttributeError, ValueError):
        raise Trouble("that is no answer of Healthchecks'") from None
    return draft


def _check(draft: Draft, each: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    name = str(each["name"])
    check_id = each.get("uuid") or str(each.get("ping_url") or "").rpartition("/")[2]
    if not check_id:
        draft.remark(f"check {name}", "gets a new address: a read-only key does not see the old one")
    heard = [names[one] for one in str(each.get("channels") or "").split(",") if one in names]
    return {
        **told(id=check_id),
        "name": name,
        "slug": each.get("slug") or "",
        **told(
            paused=each.get("status") == "paused",
            tags=words(each.get("tags") or ""),
            description=each.get("desc"),
        ),
        **_rhythm(each),
        "grace": seconds(each["grace"]),
        **told(**{field: each.get(field) for field in (*KEPT, *TEXTS)}, channels=heard),
    }


def _rhythm(each: Mapping[str, Any]) -> dict[str, Any]:
    if each.get("schedule"):
        return {"schedule": each["schedule"], "timezone": each.get("tz") or "UTC"}
    return {"every": seconds(each["timeout"])}


def _asked(url: str, key: str) -> Mapping[str, Any]:
    try:
        # A redirect could carry the key elsewhere.
        answer = requests.get(url, headers={"X-Api-Key": key}, timeout=TIMEOUT, allow_redirects=False)
        document = answer.json()
    except (requests.RequestException, ValueError):
        raise Trouble(f"{url} does not answer as Healthchecks does") from None
    if answer.status_code != HTTPStatus.OK or not isinstance(document, dict):
        raise Trouble(f"{url} answers {answer.status_code}")
    return document
