"""Our model in the words of the Management API v3."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from chalicelib.core.alerts import Channel
from chalicelib.core.badges import ALL, FORMATS, TWO_STATES, sign
from chalicelib.core.monitors import Monitor, unique_key
from chalicelib.core.signals import Ping
from chalicelib.core.summaries import iso_seconds, rhythm, summarize
from chalicelib.core.tenancy import Project


@dataclass(frozen=True, slots=True)
class Place:
    """Where we are reached: *site* begins our URLs, *ping_site* those that take pings.

    *mail_domain* ends our addresses, where there is one.
    """

    site: str
    ping_site: str
    mail_domain: str = ""

    def mail_address(self, monitor_id: str) -> str | None:
        """Return the address that takes a check's pings, or None: no address beats one that leads nowhere."""
        return f"{monitor_id}@{self.mail_domain}" if self.mail_domain else None


def check(monitor: Monitor, place: Place, now: datetime, *, readonly: bool) -> dict[str, Any]:
    """Return a check, its keys in the documented order.

    A read-only key sees no way to act on the check, but a stable name for it (R264-R270, R276).
    """
    site = place.site
    spec = monitor.spec
    shown = summarize(spec, monitor.state, now) | {"badge_url": f"{site}/b/2/{spec.badge_key}.svg"}
    if readonly:
        return shown | {"unique_key": unique_key(spec.monitor_id)} | rhythm(spec)
    management = f"{site}/api/v3/checks/{spec.monitor_id}"
    return (
        shown
        | {
            "uuid": spec.monitor_id,
            "ping_url": f"{place.ping_site}/ping/{spec.monitor_id}",
            "ping_email": place.mail_address(spec.monitor_id),
            "update_url": management,
            "pause_url": f"{management}/pause",
            "resume_url": f"{management}/resume",
            "channels": ",".join(sorted(spec.channels)),
        }
        | rhythm(spec)
    )


def ping(shown: Ping, took: timedelta | None, site: str) -> dict[str, Any]:
    """Return a line of the log; `duration` is there only where a run ended (R342, R343)."""
    arrival = shown.arrival
    log = f"{site}/api/v3/checks/{shown.monitor_id}/pings"
    document: dict[str, Any] = {
        "type": shown.action.value,
        "date": shown.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "n": shown.n,
        "scheme": arrival.scheme,
        "remote_addr": arrival.remote_addr,
        "method": arrival.method,
        "ua": arrival.agent,
        "rid": arrival.rid or None,
    }
    if took is not None:
        document["duration"] = took.total_seconds()
    return document | {"body_url": f"{log}/{shown.n}/body" if arrival.body_size else None}


def flip(at: datetime, *, is_up: bool) -> dict[str, Any]:
    """Return a change of status (R351)."""
    return {"timestamp": iso_seconds(at), "up": int(is_up)}


def channel(shown: Channel) -> dict[str, Any]:
    """Return an integration (R359)."""
    return {"id": shown.channel_id, "name": shown.name, "kind": shown.kind.lower()}


def badges(project: Project, tag: str, site: str) -> dict[str, str]:
    """Return the addresses of a tag's badges, in two states and in three (R360, R361)."""
    signature = sign(tag, project.badge_secret)
    name = "" if tag == ALL else f"/{quote(tag, safe='')}"
    found = {}
    for form in FORMATS:
        for suffix, states in ((TWO_STATES, ""), ("", "3")):
            address = f"{site}/badge/{project.badge_key}/{signature}{suffix}{name}.{form}"
            found[f"{form}{states}"] = address
    return found
